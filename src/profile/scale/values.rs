//! Schema of the values that come from KEDA and the HPA: the model's enums, as editors complete and explain them.
//!
//! The model knows no schema, so each enum has its counterpart here; a test compares the two.

#![expect(dead_code, reason = "only the schema of these types is used")]

use schemars::JsonSchema;

/// Choice among several policies.
#[derive(JsonSchema)]
#[schemars(rename = "SelectPolicy")]
pub(super) enum SelectPolicyValue {
    /// The policy that allows the largest change.
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// Unit of a policy's value.
#[derive(JsonSchema)]
#[schemars(rename = "PolicyKind")]
pub(super) enum PolicyKindValue {
    /// Pods.
    Pods,
    /// Percentage of the current replicas.
    Percent,
}

/// Relation between `replicas` and the current replicas.
#[derive(JsonSchema)]
#[schemars(rename = "FallbackBehavior", rename_all = "camelCase")]
pub(super) enum FallbackBehaviorValue {
    /// `replicas`, whatever the current count is.
    Static,
    /// The current replicas.
    CurrentReplicas,
    /// The larger of `replicas` and the current replicas.
    CurrentReplicasIfHigher,
    /// The smaller of `replicas` and the current replicas.
    CurrentReplicasIfLower,
    /// The formula is evaluated with `nil` for a trigger that cannot be read; `replicas` where the result is `nil`.
    ScalingModifiers,
}

/// Number of Jobs to create from the queue and the Jobs that exist.
#[derive(JsonSchema)]
#[schemars(rename = "Strategy", rename_all = "kebab-case")]
pub(super) enum StrategyValue {
    /// Subtracts running Jobs from the queue: for items that count until they are processed.
    Default,
    /// Subtracts pending Jobs only: for items that leave the list, uncounted, when their Job starts.
    Accurate,
    /// Starts as many Jobs as `max-replica-count` allows.
    Eager,
    /// Subtracts a share of the running Jobs, and a fixed number.
    Custom,
}

/// Meaning of a trigger's target.
#[derive(JsonSchema)]
#[schemars(rename = "MetricType")]
pub(super) enum MetricTypeValue {
    /// Value per pod.
    AverageValue,
    /// The value itself, whose ratio to the target multiplies the ready pods.
    Value,
}

/// Demand of several triggers.
#[derive(JsonSchema)]
#[schemars(rename = "Calculation", rename_all = "kebab-case")]
pub(super) enum CalculationValue {
    /// The largest queue.
    Max,
    /// The smallest queue of the active triggers.
    Min,
    /// The average of the active triggers.
    Avg,
    /// The sum of the active triggers.
    Sum,
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;
    use crate::scaler::{Calculation, FallbackBehavior, MetricType, PolicyKind, SelectPolicy, Strategy};

    /// Reads every value of the schema `S` as the model's `T`, and returns how many there are.
    fn values<S: JsonSchema, T: DeserializeOwned>() -> usize {
        let schema = schemars::schema_for!(S).to_value();
        let known = schema["oneOf"].as_array().expect("each value has a description");
        let read = |value: &Value| serde_json::from_value::<T>(value["const"].clone());
        known.iter().map(read).filter(|read| read.as_ref().map_err(|error| panic!("{error}")).is_ok()).count()
    }

    #[test]
    fn schema_has_the_values_of_the_model() {
        assert_eq!(values::<SelectPolicyValue, SelectPolicy>(), 3);
        assert_eq!(values::<PolicyKindValue, PolicyKind>(), 2);
        assert_eq!(values::<FallbackBehaviorValue, FallbackBehavior>(), 5);
        assert_eq!(values::<StrategyValue, Strategy>(), 4);
        assert_eq!(values::<CalculationValue, Calculation>(), 4);
        assert_eq!(values::<MetricTypeValue, MetricType>(), 2);
    }
}

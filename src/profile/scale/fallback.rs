//! `[scale.fallback]`: replicas while KEDA cannot read a trigger.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::FallbackBehaviorValue;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
use crate::scaler::{Fallback, FallbackBehavior, Formula};

/// `[scale.fallback]`: replicas while a trigger cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FallbackTable {
    /// Failed reads in a row before the fallback applies: failureThreshold.
    #[schemars(extend("x-default" = "required", "examples" = [3]))]
    pub failure_threshold: u32,
    /// Replicas of the fallback.
    #[schemars(extend("x-default" = "required", "examples" = [5]))]
    pub replicas: u32,
    /// Relation between `replicas` and the current replicas.
    #[serde(default)]
    #[schemars(with = "Option<FallbackBehaviorValue>")]
    #[schemars(extend("default" = "static", "examples" = ["currentReplicasIfHigher"]))]
    pub behavior: Option<FallbackBehavior>,
}

impl FallbackTable {
    /// Checks it with a formula over the triggers `names`.
    pub(super) fn check(self, source: &Source, formula: Option<&Formula>, names: &[&str]) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "fallback", key], message));
        for (key, count) in [("failure-threshold", self.failure_threshold), ("replicas", self.replicas)] {
            if i32::try_from(count).is_err() {
                return wrong(key, "must be at most 2147483647");
            }
        }
        if self.behavior != Some(FallbackBehavior::ScalingModifiers) {
            return Ok(());
        }
        let Some(formula) = formula else {
            return wrong("behavior", "requires a `formula` in [scale] with a value for `nil`, as in `busy ?? 0`");
        };
        let Some(unread) = formula.unevaluable_without(names) else { return Ok(()) };
        let names = unread.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let message = format!(
            "leaves the formula without a value if {names} cannot be read, and KEDA then scales to zero under load: give a \
             value for `nil` in the formula, as in `({} ?? 0)`",
            unread[0]
        );
        wrong("behavior", &message)
    }
}

impl From<FallbackTable> for Fallback {
    fn from(FallbackTable { failure_threshold, replicas, behavior }: FallbackTable) -> Self {
        Self { failure_threshold, replicas, behavior: behavior.unwrap_or_default() }
    }
}

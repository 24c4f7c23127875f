//! `[[scale.triggers]]`: triggers next to those of the list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::MetricTypeValue;
use super::{AuthenticationReference, ScaleKind};
use crate::profile::error::ProfileError;
use crate::profile::name::object_name;
use crate::profile::source::Source;
use crate::scaler::{Counted, MetricType, TRIGGERS, Trigger};

/// Largest number of further triggers.
const MOST: usize = 8;

/// Types that the HPA reads itself, in place of KEDA.
const OF_RESOURCES: [&str; 2] = ["cpu", "memory"];

/// Parameters of common types with the target value and the activation value.
const TARGETS: [(&str, &str, &str); 14] = [
    ("prometheus", "threshold", "activationThreshold"),
    ("kafka", "lagThreshold", "activationLagThreshold"),
    ("rabbitmq", "value", "activationValue"),
    ("aws-sqs-queue", "queueLength", "activationQueueLength"),
    ("aws-cloudwatch", "targetMetricValue", "activationTargetMetricValue"),
    ("gcp-pubsub", "value", "activationValue"),
    ("azure-queue", "queueLength", "activationQueueLength"),
    ("azure-servicebus", "messageCount", "activationMessageCount"),
    ("postgresql", "targetQueryValue", "activationTargetQueryValue"),
    ("mysql", "queryValue", "activationQueryValue"),
    ("metrics-api", "targetValue", "activationTargetValue"),
    ("redis", "listLength", "activationListLength"),
    ("redis-cluster", "listLength", "activationListLength"),
    ("redis-sentinel", "listLength", "activationListLength"),
];

/// `[[scale.triggers]]`: a trigger next to those of the list.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TriggerTable {
    /// Name: in formulas, and of the column that `simulate` plays its values from.
    #[schemars(extend("x-default" = "required", "examples" = ["requests"]))]
    pub name: String,
    /// Type, as KEDA names it; not `cpu` or `memory`.
    #[serde(rename = "type")]
    #[schemars(extend("x-default" = "required", "examples" = ["prometheus", "cron"]))]
    pub kind: String,
    /// Parameters of the type.
    #[schemars(extend("x-default" = "required", "examples" = [{ "serverAddress": "http://prometheus.monitoring:9090", "query": "sum(rate(requests[1m]))", "threshold": "100" }]))]
    pub metadata: BTreeMap<String, String>,
    /// Target value that the parameters set; the model's only.
    #[schemars(range(min = 0))]
    #[schemars(extend("x-default" = "read from `metadata` for common types; 1 for cron", "examples" = [100]))]
    pub target: Option<f64>,
    /// Value up to which the parameters keep the trigger inactive; the model's only.
    #[schemars(range(min = 0))]
    #[schemars(extend("x-default" = "read from `metadata` for common types; else 0", "examples" = [5]))]
    pub activation: Option<f64>,
    /// Meaning of the target: metricType.
    #[schemars(with = "Option<MetricTypeValue>")]
    #[schemars(extend("default" = "AverageValue", "examples" = ["Value"]))]
    pub metric_type: Option<MetricType>,
    /// Existing object with its credentials: authenticationRef.
    #[schemars(extend("x-default" = "none", "examples" = [{ "name": "prometheus" }]))]
    pub authentication: Option<AuthenticationReference>,
}

/// Returns the names of triggers.
pub fn trigger_names(triggers: &[TriggerTable]) -> Vec<&str> {
    triggers.iter().map(|trigger| trigger.name.as_str()).collect()
}

impl TriggerTable {
    /// Returns the trigger for the model.
    pub(super) fn trigger(&self) -> Trigger {
        Trigger {
            key: String::new(),
            counted: Counted::Other(Arc::from(self.name.as_str())),
            // The profile's check has found it before.
            target: self.target().unwrap_or(1.0),
            activation: self.activation.or_else(|| self.parameter(|(.., activation)| activation)).unwrap_or(0.0),
            metric_type: self.metric_type.unwrap_or_default(),
        }
    }

    /// Returns the target value; `None` where it is not known.
    fn target(&self) -> Option<f64> {
        let of_cron = (self.kind == "cron").then_some(1.0);
        self.target.or_else(|| self.parameter(|(_, target, _)| target)).or(of_cron)
    }

    /// Returns the number in a parameter of a common type.
    fn parameter(&self, name: fn(&(&str, &'static str, &'static str)) -> &'static str) -> Option<f64> {
        let known = TARGETS.iter().find(|(kind, ..)| *kind == self.kind)?;
        self.metadata.get(name(known))?.trim().parse().ok()
    }
}

/// Checks the triggers.
pub(super) fn check(triggers: &[TriggerTable], kind: ScaleKind, source: &Source) -> Result<(), ProfileError> {
    if triggers.len() > MOST {
        return Err(source.error_at(&["scale", "triggers"], format!("must be at most {MOST}")));
    }
    let mut names = BTreeSet::new();
    for (index, trigger) in triggers.iter().enumerate() {
        let index = index.to_string();
        let refuse = |is_wrong: bool, key: &str, message: &str| {
            let path = ["scale", "triggers", index.as_str(), key];
            if is_wrong && !source.is_reported(&path) { Err(source.error_at(&path, message)) } else { Ok(()) }
        };
        let name = trigger.name.as_str();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        refuse(!is_name, "name", "must be letters, digits and `_`, as a formula may name it")?;
        let is_taken = TRIGGERS.contains(&name) || !names.insert(name);
        refuse(is_taken, "name", "is the name of another trigger: choose another")?;
        let is_resource = OF_RESOURCES.contains(&trigger.kind.as_str());
        refuse(
            is_resource,
            "type",
            "is read by the HPA itself, and not supported here: add it to the rendered object",
        )?;
        let is_empty = trigger.kind.trim().is_empty();
        refuse(is_empty, "type", "is empty: set a type of KEDA, such as `prometheus`")?;
        let has_no_hpa = trigger.metric_type.is_some() && kind == ScaleKind::ScaledJob;
        refuse(has_no_hpa, "metric-type", "is refused in a ScaledJob, which has no HPA: remove it")?;
        let target = trigger.target();
        refuse(target.is_none(), "type", "has a target value that is not known here: set `target`, for `simulate`")?;
        let key = if trigger.target.is_some() { "target" } else { "metadata" };
        let is_positive = |target: f64| target.is_finite() && target > 0.0;
        refuse(target.is_some_and(|target| !is_positive(target)), key, "must have a target above 0")?;
        let is_number = |value: f64| value.is_finite() && value >= 0.0;
        refuse(trigger.activation.is_some_and(|value| !is_number(value)), "activation", "must be at least 0")?;
        if let Some(Err(message)) = trigger.authentication.as_ref().map(|reference| object_name(&reference.name)) {
            refuse(true, "authentication", &message.to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::profile::Profile;

    fn profile(lines: &str) -> Result<Profile, String> {
        Profile::parse("q.toml", &format!("[[scale.triggers]]\n{lines}")).map_err(|error| error.to_string())
    }

    #[test]
    fn targets_of_common_types_are_read_from_their_parameters() {
        for (lines, target, activation) in [
            ("type = \"prometheus\"\nmetadata = { threshold = \"2.5\", activationThreshold = \"1\" }", 2.5, 1.0),
            ("type = \"cron\"\nmetadata = {}", 1.0, 0.0),
            ("type = \"nats-jetstream\"\nmetadata = {}\ntarget = 7\nactivation = 3", 7.0, 3.0),
            ("type = \"kafka\"\nmetadata = { lagThreshold = \"50\" }\ntarget = 7", 7.0, 0.0),
        ] {
            let trigger =
                profile(&format!("name = \"a\"\n{lines}\n")).unwrap().scaler_settings("l").triggers.pop().unwrap();
            assert_eq!(
                (trigger.counted.name(), trigger.target, trigger.activation),
                ("a", target, activation),
                "{lines}"
            );
        }
    }

    #[test]
    fn wrong_triggers_are_errors_at_their_place() {
        for (lines, place, message) in [
            (
                "name = \"a-b\"\ntype = \"cron\"\nmetadata = {}",
                "q.toml:2:8: scale.triggers[0].name",
                "as a formula may name it",
            ),
            (
                "name = \"busy\"\ntype = \"cron\"\nmetadata = {}",
                "q.toml:2:8: scale.triggers[0].name",
                "another trigger",
            ),
            ("name = \"a\"\ntype = \"cpu\"\nmetadata = {}", "q.toml:3:8: scale.triggers[0].type", "HPA itself"),
            ("name = \"a\"\ntype = \"nats\"\nmetadata = {}", "q.toml:3:8: scale.triggers[0].type", "set `target`"),
            (
                "name = \"a\"\ntype = \"kafka\"\nmetadata = { lagThreshold = \"0\" }",
                "q.toml:4:12: scale.triggers[0].metadata",
                "above 0",
            ),
            (
                "name = \"a\"\ntype = \"cron\"\nmetadata = {}\nauthentication = { name = \"A\" }",
                "q.toml:5:18: scale.triggers[0].authentication",
                "lower-case",
            ),
            (
                "name = \"a\"\ntype = \"cron\"\nmetadata = {}\nmetric-type = \"Value\"\n[scale]\nkind = \"ScaledJob\"",
                "q.toml:5:15: scale.triggers[0].metric-type",
                "ScaledJob",
            ),
        ] {
            let error = profile(&format!("{lines}\n")).unwrap_err();
            assert!(error.starts_with(place) && error.contains(message), "{lines}: {error}");
        }
    }
}

//! Nodes for the pods: `node-selector`, `tolerations`, `affinity`, `topology-spread` and `priority-class` of `[deploy]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::error::ProfileError;
use super::super::name::object_name;
use super::super::source::Source;

/// Labels or annotations.
pub type Texts = BTreeMap<String, String>;

/// Labels that qscale sets, most of them in selectors.
const OWN_LABELS: [&str; 6] = ["name", "instance", "component", "part-of", "managed-by", "version"];

/// Fields of a Kubernetes type, with its own names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct KubernetesFields(pub serde_json::Map<String, serde_json::Value>);

/// `[[deploy.tolerations]]`: taint of nodes that the pods tolerate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TolerationTable {
    /// Key of the taint.
    #[schemars(extend("x-default" = "all keys", "examples" = ["dedicated"]))]
    pub key: Option<String>,
    /// Comparison of the values.
    #[schemars(extend("default" = "Equal", "examples" = ["Exists"]))]
    pub operator: Option<TolerationOperator>,
    /// Value of the taint.
    #[schemars(extend("x-default" = "none", "examples" = ["workers"]))]
    pub value: Option<String>,
    /// Effect of the taint.
    #[schemars(extend("x-default" = "all effects", "examples" = ["NoSchedule"]))]
    pub effect: Option<TaintEffect>,
    /// Seconds that a pod stays on a node with the taint; with the effect `NoExecute`.
    #[schemars(extend("x-default" = "unlimited", "examples" = [60]))]
    pub seconds: Option<u32>,
}

/// Comparison of a toleration with a taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TolerationOperator {
    /// Equal values.
    Equal,
    /// Any value.
    Exists,
}

/// Effect of a taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TaintEffect {
    /// Keeps new pods away.
    NoSchedule,
    /// Keeps new pods away where others can take them.
    PreferNoSchedule,
    /// Evicts pods.
    NoExecute,
}

/// `[[deploy.topology-spread]]`: how evenly the consumers are spread over nodes, zones or other parts of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TopologySpreadTable {
    /// Label of nodes whose values are the parts.
    #[schemars(extend("x-default" = "required", "examples" = ["topology.kubernetes.io/zone"]))]
    pub topology_key: String,
    /// Largest difference of the number of pods in two parts.
    #[schemars(range(min = 1), extend("default" = 1, "examples" = [2]))]
    pub max_skew: Option<std::num::NonZeroU16>,
    /// Treatment of a pod that would make the difference larger.
    #[schemars(extend("default" = "ScheduleAnyway", "examples" = ["DoNotSchedule"]))]
    pub when_unsatisfiable: Option<WhenUnsatisfiable>,
}

/// Reaction to a spread that cannot be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum WhenUnsatisfiable {
    /// The pod waits.
    DoNotSchedule,
    /// The pod runs on the node that fits best.
    ScheduleAnyway,
}

impl TolerationTable {
    /// Rejects what Kubernetes rejects.
    pub(super) fn check(&self, source: &Source, index: usize) -> Result<(), ProfileError> {
        let index = index.to_string();
        let wrong = |key: &str, message: &str| Err(source.error_at(&["deploy", "tolerations", &index, key], message));
        let exists = self.operator == Some(TolerationOperator::Exists);
        if exists && self.value.is_some() {
            return wrong("value", "is ignored with `operator = \"Exists\"`: remove it");
        }
        if !exists && self.key.is_none() {
            return wrong("operator", "must be \"Exists\" without a `key`");
        }
        if self.seconds.is_some() && self.effect != Some(TaintEffect::NoExecute) {
            return wrong("seconds", "requires `effect = \"NoExecute\"`");
        }
        Ok(())
    }
}

/// Rejects labels and annotations that Kubernetes rejects, and labels that qscale sets. `key` is the key of `[deploy]`.
pub(super) fn check_texts(source: &Source, key: &str, texts: &Texts) -> Result<(), ProfileError> {
    let is_label = key != "annotations";
    for (name, value) in texts {
        let wrong = |message: &str| Err(source.error_at(&["deploy", key, name], message));
        let (prefix, own) = name.rsplit_once('/').map_or((None, name.as_str()), |(prefix, own)| (Some(prefix), own));
        if !is_name(own) || own.is_empty() || prefix.is_some_and(|prefix| object_name(prefix).is_err()) {
            return wrong(
                "has an invalid name: use `name` or `example.com/name`, with letters, digits, `-`, `_` and `.`, and a \
                 letter or digit at both ends",
            );
        }
        if is_label && !is_name(value) {
            return wrong(
                "has an invalid value for a label: use up to 63 letters, digits, `-`, `_` and `.`, with a letter or \
                 digit at both ends",
            );
        }
        if key == "labels" && prefix == Some("app.kubernetes.io") && OWN_LABELS.contains(&own) {
            return wrong("is set by qscale, and objects are selected by it: use another label");
        }
    }
    Ok(())
}

/// Reports whether `text` can be the value of a label.
fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let at_end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63 && text.chars().all(known) && at_end(text.chars().next()) && at_end(text.chars().next_back())
}

//! The scale target and its pods.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::metadata::{ObjectMetadata, StatusCondition, moment};
use super::scale::LiveScale;

/// A scale target of any kind: Deployment, StatefulSet, custom resource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LiveTarget {
    /// `metadata`.
    pub metadata: ObjectMetadata,
    /// `spec`.
    pub spec: WorkloadSpec,
    /// `status`. The API server leaves out counts of zero.
    pub status: WorkloadStatus,
}

/// `spec` of a target.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct WorkloadSpec {
    /// `replicas`; the default of the API is 1.
    pub replicas: Option<i32>,
    selector: LabelSelector,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LabelSelector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<LabelExpression>,
}

/// One of `matchExpressions`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct LabelExpression {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl LabelExpression {
    /// Returns the expression as a query writes it; `None` for an operator that is not known.
    fn query(&self) -> Option<String> {
        let Self { key, operator, values } = self;
        match operator.as_str() {
            "In" => Some(format!("{key} in ({})", values.join(","))),
            "NotIn" => Some(format!("{key} notin ({})", values.join(","))),
            "Exists" => Some(key.clone()),
            "DoesNotExist" => Some(format!("!{key}")),
            _ => None,
        }
    }
}

/// `status.selector`, which some custom resources have as text for the subresource `/scale`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum StatusSelector {
    Text(String),
    Other(IgnoredAny),
}

/// `status` of a target.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadStatus {
    /// `replicas`.
    pub replicas: i32,
    /// `readyReplicas`; unknown to some custom resources.
    pub ready_replicas: Option<i32>,
    /// `availableReplicas`.
    pub available_replicas: i32,
    /// `terminatingReplicas`; not counted by older versions, and by other kinds.
    pub terminating_replicas: Option<i32>,
    /// `conditions`.
    pub conditions: Vec<StatusCondition>,
    observed_generation: Option<u64>,
    selector: Option<StatusSelector>,
}

impl LiveTarget {
    /// Returns true if its controller has not seen its latest generation.
    pub fn is_ignored(&self) -> bool {
        self.metadata.generation.zip(self.status.observed_generation).is_some_and(|(latest, seen)| seen < latest)
    }

    /// Takes the counts and the selector of its scale, in place of those that other kinds have under these names.
    pub fn take_scale(&mut self, scale: &LiveScale) {
        let LiveScale { spec, status } = scale;
        (self.spec.replicas, self.status.replicas) = (Some(spec.replicas), status.replicas);
        if !status.selector.is_empty() {
            self.spec.selector = LabelSelector::default();
            self.status.selector = Some(StatusSelector::Text(status.selector.clone()));
        }
    }

    /// Returns the label selector of its pods; `None` if it has none.
    pub fn selector(&self) -> Option<String> {
        let LabelSelector { match_labels, match_expressions } = &self.spec.selector;
        let pairs = match_labels.iter().map(|(key, value)| Some(format!("{key}={value}")));
        // With a part left out it would select other pods as well.
        let parts: Vec<String> =
            pairs.chain(match_expressions.iter().map(LabelExpression::query)).collect::<Option<_>>()?;
        match &self.status.selector {
            _ if !parts.is_empty() => Some(parts.join(",")),
            Some(StatusSelector::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }
}

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClusterPod {
    /// `metadata`.
    pub metadata: ObjectMetadata,
    /// `status`.
    pub status: PodStatus,
}

/// `status` of a pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodStatus {
    /// `phase`.
    pub phase: String,
    /// `conditions`.
    pub conditions: Vec<StatusCondition>,
    /// `containerStatuses`.
    pub container_statuses: Vec<ContainerStatus>,
    init_container_statuses: Vec<ContainerStatus>,
}

/// One of `status.containerStatuses`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerStatus {
    /// `ready`.
    pub ready: bool,
    /// `restartCount`.
    pub restart_count: u32,
    state: ContainerState,
    last_state: ContainerState,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct ContainerState {
    waiting: Option<Waiting>,
    running: Option<Started>,
    terminated: Option<Terminated>,
}

/// Start of a container that runs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Started {
    started_at: Option<String>,
}

/// Why a container does not run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// `reason`, such as `ImagePullBackOff`.
    pub reason: String,
    /// `message`.
    pub message: String,
}

/// End of a container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Terminated {
    /// `exitCode`.
    pub exit_code: i32,
    /// `reason`, such as `OOMKilled`.
    pub reason: String,
    /// `message`.
    pub message: String,
}

/// Reason of containers that wait for the init containers.
const INITIALIZING: &str = "PodInitializing";

impl ContainerStatus {
    fn ended(&self) -> Option<&Terminated> {
        self.state.terminated.as_ref().or(self.last_state.terminated.as_ref())
    }

    /// Returns the time since 1970 from which on it has run and not been ready.
    fn unready_since(&self) -> Option<Duration> {
        moment(self.state.running.as_ref().filter(|_| !self.ready)?.started_at.as_deref())
    }
}

impl ClusterPod {
    /// Returns what the first container that cannot start waits for; the others wait for the init containers.
    pub fn waiting(&self) -> Option<&Waiting> {
        let mut waiting = self.containers().filter_map(|container| container.state.waiting.as_ref());
        waiting.find(|waiting| waiting.reason != INITIALIZING)
    }

    /// Returns the end of the first container that ended, now or before it was started again.
    pub fn ended(&self) -> Option<&Terminated> {
        let PodStatus { container_statuses, init_container_statuses, .. } = &self.status;
        let failed = init_container_statuses.iter().filter_map(ContainerStatus::ended).find(|end| end.exit_code != 0);
        failed.or_else(|| container_statuses.iter().find_map(ContainerStatus::ended))
    }

    /// Returns the largest number of restarts of a container; a native sidecar is one of the init containers.
    pub fn restarts(&self) -> u32 {
        self.containers().map(|container| container.restart_count).max().unwrap_or(0)
    }

    /// Returns the earliest time since 1970 from which on a container has run and not been ready.
    pub fn unready_since(&self) -> Option<Duration> {
        self.containers().filter_map(ContainerStatus::unready_since).min()
    }

    fn containers(&self) -> impl Iterator<Item = &ContainerStatus> {
        self.status.init_container_statuses.iter().chain(&self.status.container_statuses)
    }

    /// Returns true if all its containers are ready.
    pub fn is_ready(&self) -> bool {
        let containers = &self.status.container_statuses;
        !containers.is_empty() && containers.iter().all(|container| container.ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selector_has_labels_and_expressions() {
        let selector = |target: serde_json::Value| serde_json::from_value::<LiveTarget>(target).unwrap().selector();
        let expressions = serde_json::json!([
            { "key": "tier", "operator": "In", "values": ["a", "b"] },
            { "key": "old", "operator": "DoesNotExist" },
        ]);
        let both = serde_json::json!({ "spec": { "selector": { "matchLabels": { "app": "w" }, "matchExpressions": expressions } } });
        assert_eq!(selector(both).as_deref(), Some("app=w,tier in (a,b),!old"));
        let unknown = serde_json::json!([{ "key": "k", "operator": "Near" }]);
        assert_eq!(selector(serde_json::json!({ "spec": { "selector": { "matchExpressions": unknown } } })), None);
        assert_eq!(selector(serde_json::json!({ "status": { "selector": "app=x" } })).as_deref(), Some("app=x"));
        assert_eq!(selector(serde_json::json!({ "status": { "selector": { "app": "x" } } })), None);
        assert_eq!(selector(serde_json::json!({})), None);
    }
}

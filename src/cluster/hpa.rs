//! HorizontalPodAutoscalers.

use std::time::Duration;

use serde::Deserialize;

use super::metadata::{ObjectMetadata, StatusCondition, TargetReference, condition, moment};
use crate::scaler::{Behavior, PolicyKind, Rules, ScalingPolicy, SelectPolicy};
use crate::units::thousandths;

/// An HPA of `autoscaling/v2`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LiveHpa {
    /// `metadata`.
    pub metadata: ObjectMetadata,
    /// `spec`.
    pub spec: HpaSpec,
    /// `status`.
    pub status: HpaStatus,
}

/// `spec` of an HPA.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HpaSpec {
    /// `scaleTargetRef`.
    pub scale_target_ref: TargetReference,
    pub(super) behavior: Option<LiveBehavior>,
}

/// `status` of an HPA.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HpaStatus {
    /// `conditions`.
    pub conditions: Vec<StatusCondition>,
    /// `currentReplicas`.
    current_replicas: u32,
    current_metrics: Option<Vec<MetricStatus>>,
    last_scale_time: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct MetricStatus {
    external: Option<ExternalStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct ExternalStatus {
    metric: MetricName,
    current: CurrentValue,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct MetricName {
    name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CurrentValue {
    average_value: Option<String>,
    value: Option<String>,
}

/// `behavior` as the API server keeps it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LiveBehavior {
    scale_up: Option<LiveRules>,
    scale_down: Option<LiveRules>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LiveRules {
    stabilization_window_seconds: Option<u64>,
    select_policy: Option<SelectPolicy>,
    policies: Vec<LivePolicy>,
    tolerance: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LivePolicy {
    #[serde(rename = "type")]
    kind: PolicyKind,
    value: u32,
    period_seconds: u64,
}

impl LiveHpa {
    /// Returns the condition `kind`.
    pub fn condition(&self, kind: &str) -> Option<&StatusCondition> {
        condition(&self.status.conditions, kind)
    }

    /// Returns the time of its last change of the replicas, as the time since 1970.
    pub fn last_scaled(&self) -> Option<Duration> {
        moment(self.status.last_scale_time.as_deref())
    }

    /// Returns the value of the trigger with this index at the last sync.
    pub(super) fn value(&self, index: usize) -> Option<f64> {
        let prefix = format!("s{index}-");
        let metrics = self.status.current_metrics.iter().flatten();
        let ExternalStatus { current, .. } =
            metrics.filter_map(|metric| metric.external.as_ref()).find(|seen| seen.metric.name.starts_with(&prefix))?;
        let per_pod = current.average_value.as_deref().and_then(quantity);
        let pods = f64::from(self.status.current_replicas);
        per_pod.map(|value| total(value, pods)).or_else(|| current.value.as_deref().and_then(quantity))
    }
}

impl LiveBehavior {
    /// Returns the behavior; what is left out has the defaults of Kubernetes.
    pub(super) fn behavior(&self) -> Behavior {
        Behavior {
            up: rules(self.scale_up.as_ref(), Rules::default_up()),
            down: rules(self.scale_down.as_ref(), Rules::default_down()),
        }
    }
}

fn rules(live: Option<&LiveRules>, default: Rules) -> Rules {
    let Some(live) = live else { return default };
    let policy = |policy: &LivePolicy| ScalingPolicy::new(policy.kind, policy.value, policy.period_seconds);
    Rules {
        stabilization_window: live
            .stabilization_window_seconds
            .map_or(default.stabilization_window, Duration::from_secs),
        select_policy: live.select_policy.unwrap_or(default.select_policy),
        policies: match live.policies.as_slice() {
            [] => default.policies,
            policies => policies.iter().map(policy).collect(),
        },
        tolerance: live.tolerance.as_deref().and_then(quantity),
    }
}

/// Returns the sum of an average, which the HPA has rounded up to thousandths: a whole number where it may have been one.
fn total(per_pod: f64, pods: f64) -> f64 {
    let (sum, least) = (per_pod * pods, (per_pod - 0.001) * pods);
    let whole = sum.round();
    if (least..=sum + 1e-6).contains(&whole) { whole } else { thousandths(sum) }
}

/// Parses a quantity, such as `6500m` or `1k`.
fn quantity(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 9] = [
        ("Ki", 1024.0),
        ("Mi", 1024.0 * 1024.0),
        ("Gi", 1024.0 * 1024.0 * 1024.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
    ];
    let unit = UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1.0));
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_of_an_average_is_whole_where_it_may_have_been() {
        for (per_pod, pods, sum) in
            [(5.6, 5.0, 28.0), (4.286, 7.0, 30.0), (0.5, 3.0, 1.5), (0.334, 3.0, 1.0), (0.0, 4.0, 0.0)]
        {
            assert_eq!(Some(total(per_pod, pods)), Some(sum), "{per_pod} × {pods}");
        }
    }

    #[test]
    fn quantities_of_metrics_are_numbers() {
        for (text, value) in [("5", 5.0), ("125667m", 125.667), ("1k", 1e3), ("2Ki", 2048.0), ("1e3", 1e3)] {
            assert_eq!(quantity(text), Some(value), "{text}");
        }
        assert_eq!(quantity("many"), None);
    }
}

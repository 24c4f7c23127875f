//! The HPA's `behavior`: stabilization windows and scaling policies.

use std::time::Duration;

use serde::Deserialize;

/// `behavior` of an HPA, both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Behavior {
    /// `scaleUp`.
    pub up: Rules,
    /// `scaleDown`.
    pub down: Rules,
}

/// One direction of `behavior`, complete except for the tolerance, whose default is the cluster's.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// `stabilizationWindowSeconds`.
    pub stabilization_window: Duration,
    /// `selectPolicy`.
    pub select_policy: SelectPolicy,
    /// `policies`.
    pub policies: Vec<ScalingPolicy>,
    /// `tolerance`; `None` stands for the cluster's default, usually 0.1.
    pub tolerance: Option<f64>,
}

/// Largest change allowed within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalingPolicy {
    /// Unit of `value`.
    pub kind: PolicyKind,
    /// Largest change within the period; more than zero.
    pub value: u32,
    /// `periodSeconds`.
    pub period: Duration,
}

/// Unit of a policy's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum PolicyKind {
    /// Pods.
    Pods,
    /// Percentage of the current replicas.
    Percent,
}

/// Choice among several policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum SelectPolicy {
    /// The policy that allows the largest change.
    #[default]
    Max,
    /// The policy that allows the smallest change.
    Min,
    /// No change in this direction.
    Disabled,
}

/// Direction of a change in replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More replicas.
    Up,
    /// Fewer replicas.
    Down,
}

impl Rules {
    /// Kubernetes' default for `scaleUp`: at once, doubling or by four pods every 15 seconds.
    pub fn default_up() -> Self {
        Self {
            stabilization_window: Duration::ZERO,
            select_policy: SelectPolicy::Max,
            policies: vec![
                ScalingPolicy::new(PolicyKind::Percent, 100, 15),
                ScalingPolicy::new(PolicyKind::Pods, 4, 15),
            ],
            tolerance: None,
        }
    }

    /// Kubernetes' default for `scaleDown`: after a stabilization window of five minutes, any number of pods.
    pub fn default_down() -> Self {
        Self {
            stabilization_window: Duration::from_secs(300),
            select_policy: SelectPolicy::Max,
            policies: vec![ScalingPolicy::new(PolicyKind::Percent, 100, 15)],
            tolerance: None,
        }
    }
}

impl ScalingPolicy {
    /// A change of `value` pods or percent within `seconds`.
    pub const fn new(kind: PolicyKind, value: u32, seconds: u64) -> Self {
        Self { kind, value, period: Duration::from_secs(seconds) }
    }
}

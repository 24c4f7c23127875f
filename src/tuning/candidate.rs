//! Settings that a search tries.

use std::time::Duration;

/// Settings that the profile fixes, and those that it leaves free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts about a profile")]
pub struct Bounds {
    /// `minReplicaCount`, kept as it is: scaling to zero is not for a search to decide.
    pub min: Option<u32>,
    /// `maxReplicaCount`, the upper limit.
    pub max: Option<u32>,
    /// `idleReplicaCount: 0`: no pods while inactive, whatever `min` is.
    pub idle: bool,
    /// A ScaledJob, which has no HPA.
    pub jobs: bool,
    /// Several triggers, which can be added up.
    pub several_triggers: bool,
    /// An activation value above 0.
    pub activation: bool,
    /// `useCachedMetrics`.
    pub cached: bool,
    /// A `tolerance` of `behavior.scaleUp` above the usual one.
    pub tolerance: bool,
    /// Items that a pod processes at a time.
    pub concurrency: u32,
    /// Pods that are ready at once, to see if their start is what takes too long.
    pub instant: bool,
}

/// Settings to try, and maybe to propose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools, reason = "independent settings")]
pub struct Candidate {
    /// `listLength`.
    pub list_length: u64,
    /// `minReplicaCount`.
    pub min: u32,
    /// `maxReplicaCount`.
    pub max: u32,
    /// `pollingInterval`.
    pub polling: Duration,
    /// `cooldownPeriod`.
    pub cooldown: Duration,
    /// Time for items in flight to finish when a pod terminates.
    pub drain: Duration,
    /// Metric of the HPA.
    pub metric: HpaMetric,
    /// Scaling policies for scaling up.
    pub scale_up: ScaleUp,
    /// Keeps the activation value of the profile, in place of 0.
    pub activation: bool,
    /// Keeps `useCachedMetrics` of the profile.
    pub cached: bool,
    /// Keeps the `tolerance` of the profile.
    pub tolerance: bool,
    /// Items that a pod processes at a time.
    pub concurrency: u32,
    /// Pods are ready at once.
    pub instant: bool,
}

/// Metric that the HPA follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HpaMetric {
    /// That of the profile.
    Own,
    /// The sum of all triggers.
    Sum,
}

/// Scaling policies for scaling up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScaleUp {
    /// Those of the profile.
    Own,
    /// Any step in one sync.
    Unlimited,
}

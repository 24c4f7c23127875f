//! Settings of a ScaledObject, or of the part of it that a ScaledJob shares.

use std::time::Duration;

use super::behavior::Behavior;
use super::defaults::{COOLDOWN_PERIOD, MAX_REPLICA_COUNT, MIN_REPLICA_COUNT, POLLING_INTERVAL};
use super::fallback::Fallback;
use super::pause::Pause;
use super::trigger::{Composite, Trigger};

/// A ScaledObject, or the part of it that a ScaledJob shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `minReplicaCount`.
    pub min: u32,
    /// `maxReplicaCount`.
    pub max: u32,
    /// `idleReplicaCount`.
    pub idle: Option<u32>,
    /// `pollingInterval`.
    pub polling: Duration,
    /// `cooldownPeriod`.
    pub cooldown: Duration,
    /// `initialCooldownPeriod`.
    pub initial_cooldown: Duration,
    /// The HPA's `behavior`; without it the HPA follows other rules.
    pub behavior: Option<Behavior>,
    /// `triggers`.
    pub triggers: Vec<Trigger>,
    /// `scalingModifiers`, in place of the largest proposal.
    pub composite: Option<Composite>,
    /// `useCachedMetrics`: the HPA gets the values of KEDA's last poll.
    pub cached: bool,
    /// `fallback`.
    pub fallback: Option<Fallback>,
    /// Pause annotations.
    pub pause: Pause,
    /// `autoscaling.keda.sh/force-activation`.
    pub force_activation: bool,
}

/// KEDA's defaults, without any trigger.
impl Default for Settings {
    fn default() -> Self {
        Self {
            min: MIN_REPLICA_COUNT,
            max: MAX_REPLICA_COUNT,
            idle: None,
            polling: POLLING_INTERVAL,
            cooldown: COOLDOWN_PERIOD,
            initial_cooldown: Duration::ZERO,
            behavior: None,
            triggers: Vec::new(),
            composite: None,
            cached: false,
            fallback: None,
            pause: Pause::default(),
            force_activation: false,
        }
    }
}

/// Lateness of KEDA's timer plus the length of a poll: 1 ms in recordings of KEDA 2.20. It decides where the cooldown
/// period is a multiple of the polling interval.
const POLL_OVERHEAD: Duration = Duration::from_millis(1);

impl Settings {
    /// Returns the time between two polls: `scale_handler.go::startScaleLoop` restarts its timer after each.
    pub fn poll_period(&self) -> Duration {
        self.polling + POLL_OVERHEAD
    }
}

//! Obstacles to a target wait.

use std::fmt;
use std::time::Duration;

use super::demand::MAX_PODS;

/// Reason for which no settings meet the target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Settings of which each alone is in the way: with another value of one of them, the target is met.
    #[error("{}", joined(.0))]
    Obstacles(Vec<Obstacle>),
    /// Settings that are in the way together.
    #[error("{}; no other value of one of them is enough", joined(.0))]
    Together(Vec<Obstacle>),
    /// More pods than are ever proposed.
    #[error("more than {MAX_PODS} pods are needed, even if all of them run from the start")]
    Beyond,
}

/// A setting that is in the way, and the value that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// `maxReplicaCount` is too low.
    Max {
        /// The bound.
        max: u32,
        /// Value that meets the target.
        needed: u32,
        /// Slots that the load keeps busy, if there are not more slots than that.
        busy: Option<u64>,
        /// Slots of all pods.
        slots: u32,
    },
    /// `minReplicaCount` is too low.
    Min {
        /// The bound.
        min: u32,
        /// Value that meets the target.
        needed: u32,
        /// Time of poll, sync and pod start.
        reaction: Duration,
    },
    /// `idleReplicaCount` is 0.
    Idle {
        /// Time of poll, sync and pod start.
        reaction: Duration,
    },
    /// An activation value above 0.
    Activation,
    /// `useCachedMetrics`.
    Cached,
    /// A `tolerance` of `behavior.scaleUp`.
    Tolerance,
    /// The time until a pod is ready.
    Start {
        /// That time.
        start: Duration,
    },
    /// Items that a pod processes at a time.
    Concurrency {
        /// The setting.
        concurrency: u32,
        /// Value that meets the target.
        needed: u32,
    },
}

impl Refusal {
    /// Returns the settings that are in the way.
    pub fn obstacles(&self) -> &[Obstacle] {
        match self {
            Self::Obstacles(obstacles) | Self::Together(obstacles) => obstacles,
            Self::Beyond => &[],
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Max { max, needed, busy, slots } => {
                write!(f, "max-replica-count = {max} is too low")?;
                if let Some(busy) = busy {
                    let have = if max == 1 { "pod has" } else { "pods have" };
                    write!(f, ": the sustained load keeps {busy} slots busy, and {max} {have} {slots}")?;
                }
                write!(f, "; max-replica-count = {needed} meets the target")
            }
            Self::Min { min, needed, reaction } => write!(
                f,
                "min-replica-count = {min} is too low: scaling up takes up to {}; min-replica-count = {needed} meets the target",
                humantime::format_duration(reaction)
            ),
            Self::Idle { reaction } => write!(
                f,
                "idle-replica-count = 0 is too low: scaling up from zero takes up to {}; without it the target is met",
                humantime::format_duration(reaction)
            ),
            Self::Activation => f.write_str(
                "activation-list-length or activation-target is too high: KEDA leaves so few items waiting; without it \
                 the target is met",
            ),
            Self::Cached => f.write_str(
                "use-cached-metrics = true delays the HPA by a polling interval; without it the target is met",
            ),
            Self::Tolerance => f.write_str(
                "tolerance in [scale.behavior.scale-up] is too high: the HPA keeps its replicas; with the usual 0.1 the target \
                 is met",
            ),
            Self::Start { start } => write!(
                f,
                "pods take {} to their first item (start-time and boot-time); faster ones meet the target",
                humantime::format_duration(start)
            ),
            Self::Concurrency { concurrency, needed } => write!(
                f,
                "concurrency = {concurrency} is too low; concurrency = {needed} meets the target if items take no longer \
                 when processed concurrently"
            ),
        }
    }
}

fn joined(obstacles: &[Obstacle]) -> String {
    obstacles.iter().map(Obstacle::to_string).collect::<Vec<_>>().join(". Or: ")
}

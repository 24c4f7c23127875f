//! Decisions and their reasons, made from the numbers that decided.

use std::fmt;
use std::time::Duration;

use super::behavior::{Direction, PolicyKind, ScalingPolicy};
use super::count::{Count, Inactivity};
use crate::units::counted;

/// Result of one poll or sync.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Desired replicas.
    pub replicas: u32,
    /// Reason for them, whether they changed or not.
    pub reason: Reason,
}

/// Reason for the desired replicas.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// KEDA: a trigger is active, and there were too few replicas for the HPA to act.
    Activated {
        /// The active trigger.
        count: Count,
        /// Replicas after activation, whatever the count is.
        replicas: u32,
    },
    /// KEDA: a trigger is active; the HPA decides.
    Active(Count),
    /// KEDA: `autoscaling.keda.sh/force-activation`.
    Forced,
    /// KEDA: inactive, at zero.
    Inactive(Inactivity),
    /// KEDA: inactive for the whole cooldown.
    CooledDown {
        /// The cooldown that has ended.
        cooldown: Cooldown,
        /// Cause of the inactivity.
        inactivity: Inactivity,
    },
    /// KEDA: inactive, but not for long enough.
    CoolingDown {
        /// The cooldown that applies.
        cooldown: Cooldown,
        /// Time until it ends, if no trigger becomes active.
        remaining: Duration,
        /// Cause of the inactivity.
        inactivity: Inactivity,
    },
    /// KEDA or HPA: fewer replicas than `minReplicaCount`.
    BelowMin(u32),
    /// KEDA: inactive, with the minimum that stays; the HPA decides.
    AtMin {
        /// The minimum.
        min: u32,
        /// Cause of the inactivity.
        inactivity: Inactivity,
    },
    /// KEDA: it cannot connect, and does nothing at all.
    NotBuilt,
    /// KEDA or HPA: a trigger cannot be read, so nothing changes.
    Unreadable,
    /// KEDA: a trigger cannot be read, and the fallback has so many replicas.
    Fallback(u32),
    /// KEDA or HPA: paused, in one direction or both.
    Paused(PausedBy),
    /// HPA: disabled at zero replicas.
    AtZero,
    /// HPA: more replicas than `maxReplicaCount`.
    AboveMax(u32),
    /// HPA: the replicas that a metric proposes, and the limit that changes them.
    Proposed {
        /// The largest proposal.
        proposal: Proposal,
        /// Replicas before.
        from: u32,
        /// The limit that decided in place of the proposal.
        limit: Option<Limit>,
    },
}

/// Desired replicas before limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The metric.
    pub count: Count,
    /// Target value.
    pub target: f64,
    /// The target is about the value per pod.
    pub per_pod: bool,
    /// Ready pods that the ratio of the value to its target multiplies; `None` where the target is per pod, or without pods.
    pub multiplied: Option<u32>,
    /// Proposed replicas.
    pub replicas: u32,
    /// Usage ratio that is within the tolerance.
    pub tolerated: Option<Tolerated>,
}

/// A usage ratio within the tolerance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerated {
    /// Value per pod, over its target.
    pub ratio: f64,
    /// Largest deviation from 1 without a change.
    pub tolerance: f64,
}

/// A cooldown of KEDA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooldown {
    /// Its length.
    pub period: Duration,
    /// `initialCooldownPeriod`, of an object that has never been active.
    pub initial: bool,
    /// Replicas at its end.
    pub replicas: u32,
}

/// Annotation that pauses an object, in one direction or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausedBy {
    /// `autoscaling.keda.sh/paused`.
    Paused,
    /// `autoscaling.keda.sh/paused-replicas`, with its value.
    Replicas(u32),
    /// `autoscaling.keda.sh/paused-scale-in`.
    ScaleIn,
    /// `autoscaling.keda.sh/paused-scale-out`.
    ScaleOut,
}

/// Limit that replaces or delays a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// `maxReplicaCount`.
    Max(u32),
    /// `minReplicaCount`.
    Min(u32),
    /// The HPA's own minimum of 1.
    LastPod,
    /// A stabilization window.
    StabilizationWindow {
        /// Direction that it delays.
        direction: Direction,
        /// Replicas that it holds.
        replicas: u32,
        /// Time until the recommendation leaves the window.
        remaining: Duration,
        /// Length of the window.
        window: Duration,
    },
    /// Without `behavior`: twice the replicas in one sync, or four.
    ScaleUpFactor {
        /// Largest number of replicas after this sync.
        max: u32,
    },
    /// A scaling policy.
    Policy {
        /// Its direction.
        direction: Direction,
        /// The policy that decides.
        policy: ScalingPolicy,
    },
    /// `selectPolicy: Disabled`.
    Disabled(Direction),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activated { count, replicas } => {
                write!(f, "activated: {count}")?;
                if !count.from_fallback {
                    write!(f, " ({} {})", count.activation_field(), count.activation)?;
                }
                if *replicas > 1 {
                    write!(f, ", minReplicaCount {replicas}")?;
                }
                Ok(())
            }
            Self::Active(count) => write!(f, "active: {count}; the HPA decides"),
            Self::Forced => f.write_str("active: autoscaling.keda.sh/force-activation"),
            Self::Inactive(Inactivity::NoItems) => f.write_str("inactive: no active trigger"),
            Self::Inactive(inactivity) => inactivity.fmt(f),
            Self::CooledDown { cooldown, inactivity } => match cooldown.replicas {
                0 => write!(f, "{inactivity} for {cooldown}: scaled to zero"),
                idle => write!(f, "{inactivity} for {cooldown}: scaled to idleReplicaCount {idle}"),
            },
            Self::CoolingDown { cooldown, remaining, inactivity } => {
                write!(f, "{inactivity}{} {cooldown} ends in {}", inactivity.separator(), Seconds(*remaining))
            }
            Self::BelowMin(min) => write!(f, "below minReplicaCount {min}"),
            Self::AtMin { min, inactivity } => {
                write!(f, "{inactivity}{} minReplicaCount {min} stays; the HPA decides", inactivity.separator())
            }
            Self::NotBuilt => f.write_str("KEDA cannot connect to Redis: nothing changes"),
            Self::Unreadable => f.write_str("a trigger cannot be read: nothing changes"),
            Self::Fallback(replicas) => {
                write!(f, "a trigger cannot be read, fallback.replicas {replicas}: nothing changes")
            }
            Self::Paused(by) => by.fmt(f),
            Self::AtZero => f.write_str("0 replicas: the HPA is disabled until KEDA activates"),
            Self::AboveMax(max) => write!(f, "above maxReplicaCount {max}"),
            Self::Proposed { proposal, limit: None, .. } => proposal.fmt(f),
            Self::Proposed { proposal, limit: Some(limit), .. } => {
                let caps =
                    matches!(limit, Limit::Max(_) | Limit::Min(_) | Limit::LastPod | Limit::ScaleUpFactor { .. });
                write!(f, "{proposal}{} {limit}", if caps { ',' } else { ';' })
            }
        }
    }
}

impl fmt::Display for PausedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("paused: autoscaling.keda.sh/paused"),
            Self::Replicas(replicas) => write!(f, "paused: autoscaling.keda.sh/paused-replicas {replicas}"),
            Self::ScaleIn => f.write_str("scale-down paused: autoscaling.keda.sh/paused-scale-in"),
            Self::ScaleOut => f.write_str("scale-up paused: autoscaling.keda.sh/paused-scale-out"),
        }
    }
}

impl fmt::Display for Cooldown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = if self.initial { "initialCooldownPeriod" } else { "cooldownPeriod" };
        write!(f, "{field} ({})", Seconds(self.period))
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, target, per_pod, multiplied, replicas, tolerated } = self;
        write!(f, "{count} ÷ {target}")?;
        if *per_pod {
            f.write_str(" per pod")?;
        }
        match (tolerated, multiplied) {
            (Some(Tolerated { ratio, tolerance }), _) => {
                if *per_pod {
                    write!(f, " ÷ {}", ReplicaCount(*replicas))?;
                }
                let limit = if *ratio < 1.0 { 1.0 - tolerance } else { 1.0 + tolerance };
                write!(f, ": within tolerance ({ratio:.2}, limit {limit:.2})")
            }
            (None, Some(ready)) => write!(f, " × {ready} ready = {}", ReplicaCount(*replicas)),
            (None, None) => write!(f, " = {}", ReplicaCount(*replicas)),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max(max) => write!(f, "capped at maxReplicaCount {max}"),
            Self::Min(min) => write!(f, "raised to minReplicaCount {min}"),
            Self::LastPod => f.write_str("raised to 1: only KEDA scales to zero"),
            Self::StabilizationWindow { direction, replicas, remaining, window } => {
                f.write_str(if *direction == Direction::Up { "scaleUp " } else { "" })?;
                let (window, remaining) = (Seconds(*window), Seconds(*remaining));
                write!(f, "stabilization window ({window}) holds {replicas} for another {remaining}")
            }
            Self::ScaleUpFactor { max } => write!(f, "capped at {max} in one sync (2 × replicas, at least 4)"),
            Self::Policy { direction, policy: ScalingPolicy { kind, value, period } } => {
                let (field, sign) = match direction {
                    Direction::Up => ("scaleUp", '+'),
                    Direction::Down => ("scaleDown", '−'),
                };
                let unit = match (kind, value) {
                    (PolicyKind::Percent, _) => "%",
                    (PolicyKind::Pods, 1) => " pod",
                    (PolicyKind::Pods, _) => " pods",
                };
                write!(f, "{field} policy allows {sign}{value}{unit} per {}", Seconds(*period))
            }
            Self::Disabled(Direction::Up) => f.write_str("scaleUp selectPolicy is Disabled"),
            Self::Disabled(Direction::Down) => f.write_str("scaleDown selectPolicy is Disabled"),
        }
    }
}

/// A number of replicas, in words.
struct ReplicaCount(u32);

impl fmt::Display for ReplicaCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.0, "replica", "replicas"))
    }
}

/// Whole seconds, rounded up.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0.as_millis().div_ceil(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaler::Counted;

    fn count(value: f64) -> Count {
        Count { counted: Some(Counted::Waiting), value, from_fallback: false, activation: 0.0 }
    }

    fn proposed(value: f64, replicas: u32, limit: Option<Limit>) -> Reason {
        let proposal =
            Proposal { count: count(value), target: 50.0, per_pod: true, multiplied: None, replicas, tolerated: None };
        Reason::Proposed { proposal, from: 1, limit }
    }

    #[test]
    fn reason_shows_the_sum_and_the_field_that_decides() {
        let cooldown = Cooldown { period: Duration::from_secs(300), initial: false, replicas: 0 };
        let remaining = Duration::from_secs(285);
        let window = Limit::StabilizationWindow {
            direction: Direction::Down,
            replicas: 5,
            remaining,
            window: Duration::from_secs(300),
        };
        let policy =
            |kind, value| Limit::Policy { direction: Direction::Up, policy: ScalingPolicy::new(kind, value, 15) };
        let tolerated = Some(Tolerated { ratio: 1.08, tolerance: 0.1 });
        let proposal =
            Proposal { count: count(216.0), target: 50.0, per_pod: true, multiplied: None, replicas: 4, tolerated };
        let below = || Inactivity::BelowActivation(Count { activation: 15.0, ..count(15.0) });
        for (reason, text) in [
            (
                proposed(274.0, 6, Some(Limit::Max(5))),
                "274 waiting ÷ 50 per pod = 6 replicas, capped at maxReplicaCount 5",
            ),
            (proposed(50.0, 1, None), "50 waiting ÷ 50 per pod = 1 replica"),
            (
                proposed(0.0, 0, Some(window)),
                "0 waiting ÷ 50 per pod = 0 replicas; stabilization window (300s) holds 5 for another 285s",
            ),
            (
                proposed(999.0, 20, Some(policy(PolicyKind::Pods, 4))),
                "999 waiting ÷ 50 per pod = 20 replicas; scaleUp policy allows +4 pods per 15s",
            ),
            (
                proposed(999.0, 20, Some(policy(PolicyKind::Percent, 100))),
                "999 waiting ÷ 50 per pod = 20 replicas; scaleUp policy allows +100% per 15s",
            ),
            (
                Reason::Proposed { proposal, from: 4, limit: None },
                "216 waiting ÷ 50 per pod ÷ 4 replicas: within tolerance (1.08, limit 1.10)",
            ),
            (Reason::Activated { count: count(50.0), replicas: 1 }, "activated: 50 waiting (activationListLength 0)"),
            (Reason::Inactive(below()), "15 waiting, activationListLength 15: inactive"),
            (Reason::Inactive(Inactivity::NotEvaluated), "the formula cannot be evaluated: inactive"),
            (
                Reason::CooledDown { cooldown, inactivity: Inactivity::NoItems },
                "inactive for cooldownPeriod (300s): scaled to zero",
            ),
            (
                Reason::CooledDown { cooldown, inactivity: below() },
                "15 waiting, activationListLength 15: inactive for cooldownPeriod (300s): scaled to zero",
            ),
            (
                Reason::CoolingDown { cooldown, remaining, inactivity: Inactivity::NoItems },
                "inactive: cooldownPeriod (300s) ends in 285s",
            ),
            (
                Reason::CoolingDown { cooldown, remaining, inactivity: below() },
                "15 waiting, activationListLength 15: inactive; cooldownPeriod (300s) ends in 285s",
            ),
            (
                Reason::AtMin { min: 2, inactivity: below() },
                "15 waiting, activationListLength 15: inactive; minReplicaCount 2 stays; the HPA decides",
            ),
            (Reason::Paused(PausedBy::Paused), "paused: autoscaling.keda.sh/paused"),
        ] {
            assert_eq!(reason.to_string(), text);
        }
    }
}

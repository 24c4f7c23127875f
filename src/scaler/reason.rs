//! Why the count is what it is, made from the numbers that decided.

use std::fmt;
use std::time::Duration;

use super::behavior::{Direction, PolicyKind, ScalingPolicy};
use super::trigger::Counted;

/// What came of one look.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// How many pods there shall be.
    pub replicas: u32,
    /// Why as many, whether that is a change or not.
    pub reason: Reason,
}

/// Why there shall be as many pods.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// KEDA: there was no pod, and there is something to do.
    Activated {
        /// What there is.
        count: Count,
        /// So many pods are started, whatever is counted.
        pods: u32,
    },
    /// KEDA: there is something to do, and pods for it.
    Active(Count),
    /// KEDA: an annotation says that there is something to do, whatever is counted.
    Forced,
    /// KEDA: nothing to do, and no pod.
    Idle,
    /// KEDA: there is something, and not more than may be left waiting.
    BelowActivation(Count),
    /// KEDA: nothing to do for long enough.
    CooledDown {
        /// How long nothing was to do.
        idle: Duration,
        /// How long that has to be.
        period: Duration,
    },
    /// KEDA: nothing to do, but not for long enough yet.
    Cooldown {
        /// How long it will still be, if nothing comes.
        left: Duration,
        /// How long it has to be in all.
        period: Duration,
    },
    /// KEDA: fewer pods than there have to be.
    Minimum(u32),
    /// KEDA: nothing to do, and so many pods are there all the same; what is beyond them is the HPA's.
    AtMinimum(u32),
    /// KEDA: it cannot connect, and so does nothing at all.
    NotBuilt,
    /// KEDA or HPA: not everything is known, and so nothing is done.
    Unreadable,
    /// KEDA: what cannot be read counts as `fallback` says.
    Fallback(u32),
    /// KEDA or HPA: paused by an annotation, in one direction or in both.
    Paused(PausedBy),
    /// HPA: it does nothing while there is no pod.
    AtZero,
    /// HPA: more pods than may be.
    OverMax(u32),
    /// HPA: fewer pods than the HPA keeps.
    UnderMin(u32),
    /// HPA: what the count of a trigger asks for, and what keeps it from being done.
    Proposed {
        /// What asks for the most.
        proposal: Proposal,
        /// How many pods there were.
        from: u32,
        /// What had the last word, where it was not the wish.
        limit: Option<Limit>,
    },
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Count {
    /// What is counted; `None` for a formula over several.
    pub counted: Option<Counted>,
    /// How much.
    pub value: f64,
    /// Whether nobody has counted, and that is the fallback's word.
    pub stands_in: bool,
    /// What it has to be more than.
    pub activation: f64,
}

/// How many pods a trigger asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// What is counted; `None` for a formula over several.
    pub counted: Option<Counted>,
    /// How much.
    pub value: f64,
    /// Whether nobody has counted, and that is the fallback's word.
    pub stands_in: bool,
    /// How much for one pod.
    pub target: f64,
    /// So many pods.
    pub pods: u32,
    /// There where the count is near enough to do nothing.
    pub tolerated: Option<Tolerated>,
}

/// A count that is off, and not far enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerated {
    /// How much a pod has to do, over what it should have to do.
    pub ratio: f64,
    /// How far from 1 that may be.
    pub tolerance: f64,
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

/// What keeps a wish from being done, or done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The most pods there may be.
    Max(u32),
    /// The fewest pods there may be.
    Min(u32),
    /// The HPA keeps one pod, whatever is asked for.
    LastPod,
    /// What was asked for not long ago is more cautious.
    Window {
        /// Which way it holds.
        direction: Direction,
        /// How many pods were asked for then.
        pods: u32,
        /// For how much longer that counts.
        left: Duration,
        /// For how long it does in all.
        window: Duration,
    },
    /// Without `behavior`: twice as many in one step, or four.
    FirstSteps {
        /// The most pods after this step.
        most: u32,
    },
    /// A scaling policy.
    Policy {
        /// Which way.
        direction: Direction,
        /// The one that decides.
        policy: ScalingPolicy,
    },
    /// No step in this direction at all.
    Disabled(Direction),
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Busy => "at work",
            Self::Delayed => "delayed",
            Self::Landing => "landing",
        })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counted, value, stands_in, .. } = self;
        match (counted, stands_in) {
            (Some(counted), false) => write!(f, "{value} {counted}"),
            (None, false) => write!(f, "the formula gives {value}"),
            (Some(counted), true) => write!(f, "fallback: {value} {counted}, which nobody could read"),
            (None, true) => write!(f, "fallback: {value}, for what nobody could read"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activated { count, pods } => {
                write!(f, "{count}")?;
                if count.activation > 0.0 && !count.stands_in {
                    write!(f, ", more than the {} that wake nobody", count.activation)?;
                }
                match pods {
                    1 => f.write_str(": KEDA starts the first"),
                    pods => write!(f, ": KEDA starts the first {pods}"),
                }
            }
            Self::Active(count) => write!(f, "{count}: the HPA decides"),
            Self::Forced => f.write_str("made active by an annotation"),
            Self::Idle => f.write_str("nothing to do"),
            Self::BelowActivation(count) => write!(f, "{count}, and {} wake nobody (activation)", count.activation),
            Self::CooledDown { period, .. } => {
                write!(f, "nothing to do for the cooldown of {}: KEDA ends them all at once", Seconds(*period))
            }
            Self::Cooldown { left, period } => {
                write!(f, "nothing to do; the cooldown of {} ends in {}", Seconds(*period), Seconds(*left))
            }
            Self::Minimum(pods) | Self::UnderMin(pods) => write!(f, "{pods} at least"),
            Self::AtMinimum(pods) => write!(f, "nothing to do, and {pods} at least: the rest is the HPA's"),
            Self::NotBuilt => f.write_str("KEDA cannot connect to Redis, and does nothing"),
            Self::Unreadable => f.write_str("a count cannot be read: nothing is changed"),
            Self::Fallback(pods) => write!(f, "a count cannot be read, and the fallback is {pods}: nothing is changed"),
            Self::Paused(PausedBy::Paused | PausedBy::Replicas(_)) => f.write_str("paused by an annotation"),
            Self::Paused(PausedBy::ScaleOut) => f.write_str("paused by an annotation: no pod is added"),
            Self::Paused(PausedBy::ScaleIn) => f.write_str("paused by an annotation: no pod is taken away"),
            Self::AtZero => f.write_str("no pod: the HPA waits for KEDA to start the first"),
            Self::OverMax(pods) => write!(f, "{pods} at most"),
            Self::Proposed { proposal, limit: None, .. } => proposal.fmt(f),
            Self::Proposed { proposal, limit: Some(limit), .. } => write!(f, "{proposal}; {limit}"),
        }
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counted, value, stands_in, target, pods, tolerated } = *self;
        let count = Count { counted, value, stands_in, activation: 0.0 };
        match tolerated {
            Some(Tolerated { ratio, tolerance }) => {
                let near = tolerance * 100.0;
                write!(f, "{count} / {target} a pod is {ratio:.2} of {pods} pods: within {near} %, near enough")
            }
            None => write!(f, "{count} / {target} a pod asks for {pods}"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max(pods) => write!(f, "{pods} at most"),
            Self::Min(pods) => write!(f, "{pods} at least"),
            Self::LastPod => f.write_str("the HPA keeps one: the step to none is KEDA's"),
            Self::Window { direction: Direction::Down, pods, left, window } => {
                write!(f, "the window of {} holds {pods} for {} more", Seconds(*window), Seconds(*left))
            }
            Self::Window { direction: Direction::Up, pods, left, window } => {
                write!(f, "the window of {} allows no more than {pods} for {} more", Seconds(*window), Seconds(*left))
            }
            Self::FirstSteps { most } => write!(f, "{most} at most in this step: twice as many, or 4"),
            Self::Policy { direction, policy: ScalingPolicy { kind, value, period } } => {
                let sign = if *direction == Direction::Up { '+' } else { '-' };
                let unit = if *kind == PolicyKind::Pods { "" } else { " %" };
                write!(f, "the policy allows {sign}{value}{unit} in {}", Seconds(*period))
            }
            Self::Disabled(Direction::Up) => f.write_str("adding pods is disabled"),
            Self::Disabled(Direction::Down) => f.write_str("taking pods away is disabled"),
        }
    }
}

/// Whole seconds, begun ones counted.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_millis().div_ceil(1000))
    }
}

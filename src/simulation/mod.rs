//! A workload played through in no time: arrivals, pods that start, work, drain and stop, KEDA's looks and the HPA's.
//!
//! Pure: the same scenario gives the same run, down to the last bit.

mod calendar;
mod chance;
mod fleet;
mod pod;
mod recorder;
mod run;
mod scenario;
mod summary;

use std::time::Duration;

pub use self::run::run;
pub use self::scenario::{Jobs, Protection, Scenario, Unforeseen};
pub use self::summary::{Summary, Waits};
use crate::scaler::{Created, Reason};

/// All there is to say of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// How things stood, once a second from the start on.
    pub points: Vec<Point>,
    /// What KEDA and the HPA decided, in order: steps, and refusals to take one.
    pub changes: Vec<Change>,
    /// What it comes to.
    pub summary: Summary,
}

/// How things stood at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Since the start.
    pub at: Duration,
    /// Items that wait.
    pub backlog: u64,
    /// Items in flight.
    pub in_flight: u64,
    /// Pods there shall be.
    pub desired: u32,
    /// Pods there are that were not told to stop.
    pub current: u32,
    /// Those of them that work, or could.
    pub ready: u32,
    /// Pods that were told to stop, and finish what they have.
    pub terminating: u32,
    /// Why there shall be as many; the last word that was said of it.
    pub reason: Why,
}

/// One decision, or the same refusal as long as it lasted.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When, since the start.
    pub at: Duration,
    /// When it was last said; the same where it was said once.
    pub until: Duration,
    /// Who decided.
    pub by: By,
    /// Pods there were to be before.
    pub from: u32,
    /// Pods there are to be; the same where nothing was changed.
    pub to: u32,
    /// Why.
    pub reason: Why,
}

/// Who decides how many pods there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// KEDA's own loop.
    Keda,
    /// The HPA that it makes.
    Hpa,
}

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keda => "KEDA",
            Self::Hpa => "HPA",
        })
    }
}

/// Why something was decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// Nobody has looked yet.
    NotLooked,
    /// Of a ScaledObject.
    Scaled(Reason),
    /// Of a ScaledJob.
    Jobs(Created),
    /// Jobs that ended by themselves.
    JobsEnded,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotLooked => f.write_str("nobody has looked yet"),
            Self::Scaled(reason) => reason.fmt(f),
            Self::Jobs(created) => created.fmt(f),
            Self::JobsEnded => f.write_str("Jobs have ended by themselves"),
        }
    }
}

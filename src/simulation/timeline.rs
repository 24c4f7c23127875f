//! Results of a run, over time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::summary::Summary;
use crate::scaler::{Controller, Created, Inactivity, JobReason, Reason, Standing};

/// Result of a run.
#[derive(Debug, Clone)]
pub struct Run {
    /// State of every second, from the start.
    pub points: Vec<Point>,
    /// Decisions of KEDA and the HPA, in order: changes, and reasons for none.
    pub changes: Vec<Change>,
    /// Summary.
    pub summary: Summary,
}

/// State at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Time since the start.
    pub at: Duration,
    /// Waiting items.
    pub backlog: u64,
    /// Items in flight.
    pub in_flight: u64,
    /// Desired replicas.
    pub desired: u32,
    /// Pods that are not terminating.
    pub current: u32,
    /// Ready pods.
    pub ready: u32,
    /// Terminating pods.
    pub terminating: u32,
    /// Controller that the explanation is of; `None` before the first poll or sync.
    pub by: Option<Controller>,
    /// Explanation of the desired replicas.
    pub reason: Explanation,
    /// Latest decisions of both controllers about a ScaledObject.
    pub standing: Arc<Standing>,
}

/// A change, or a reason for none while it lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Time since the start.
    pub at: Duration,
    /// Time of the last poll or sync with this decision.
    pub until: Duration,
    /// Other decisions came in between.
    pub broken: bool,
    /// Controller that decided.
    pub by: Controller,
    /// Replicas before.
    pub from: u32,
    /// Replicas after.
    pub to: u32,
    /// Explanation of the decision.
    pub reason: Explanation,
}

/// Explanation of a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Explanation {
    /// No poll or sync yet.
    NotPolled,
    /// Decision about a ScaledObject.
    Scaled(Reason),
    /// Decision about a ScaledJob.
    Jobs(Created),
    /// Completion of Jobs.
    JobsEnded,
}

impl Explanation {
    /// Returns true if the text counts items, whose number changes while the reason stays the same.
    pub fn counts_items(&self) -> bool {
        match self {
            Self::NotPolled | Self::JobsEnded => false,
            Self::Scaled(reason) => match reason {
                Reason::Proposed { .. } => true,
                Reason::Inactive(inactivity) | Reason::CoolingDown { inactivity, .. } => {
                    matches!(inactivity, Inactivity::BelowActivation(_))
                }
                _ => false,
            },
            Self::Jobs(created) => match &created.reason {
                JobReason::Demand(_) | JobReason::BelowMin(_) => true,
                JobReason::Inactive(inactivity) | JobReason::AtMin { inactivity, .. } => {
                    matches!(inactivity, Inactivity::BelowActivation(_))
                }
                JobReason::Paused | JobReason::Unreadable => false,
            },
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPolled => f.write_str("no poll or sync yet"),
            Self::Scaled(reason) => reason.fmt(f),
            Self::Jobs(created) => created.fmt(f),
            Self::JobsEnded => f.write_str("Jobs have completed"),
        }
    }
}

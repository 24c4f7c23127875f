//! Record of decisions: changes, and reasons for none while they last.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::timeline::{Change, Explanation};
use crate::scaler::{Controller, Created, Inactivity, JobReason, Limit, Reason, StrategyRule};

/// Decisions so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) changes: Vec<Change>,
    /// Number of changes.
    pub(super) steps: u64,
    /// Entries of each controller since the last change.
    plateau: [Plateau; 2],
}

/// Entries of a controller since the last change, by their index.
#[derive(Debug, Default)]
struct Plateau {
    all: Vec<usize>,
    /// The one that holds now.
    current: Option<usize>,
}

impl Recorder {
    /// Records a decision; the same reason again, before the next change, extends its entry.
    pub(super) fn decided(&mut self, at: Duration, by: Controller, from: u32, to: u32, cause: &Explanation) {
        if from == to {
            let Self { changes, plateau, .. } = self;
            let Plateau { all, current } = &mut plateau[by as usize];
            if is_unremarkable(cause) {
                *current = None;
                return;
            }
            if let Some(known) = all.iter().copied().find(|known| key(&changes[*known].reason) == key(cause)) {
                changes[known].until = at;
                changes[known].broken |= *current != Some(known);
                *current = Some(known);
                return;
            }
            all.push(changes.len());
            *current = Some(changes.len());
        } else {
            self.steps += 1;
            self.plateau = Default::default();
        }
        self.changes.push(Change { at, until: at, broken: false, by, from, to, reason: cause.clone() });
    }
}

/// Tells if a decision needs no explanation.
fn is_unremarkable(cause: &Explanation) -> bool {
    match cause {
        Explanation::NotPolled | Explanation::JobsEnded => true,
        Explanation::Jobs(created) => match &created.reason {
            JobReason::Inactive(inactivity) | JobReason::AtMin { inactivity, .. } => *inactivity == Inactivity::NoItems,
            // Items in flight have their Jobs.
            JobReason::Demand(_) => created.waiting == 0,
            JobReason::Paused | JobReason::BelowMin(_) | JobReason::Unreadable => false,
        },
        Explanation::Scaled(reason) => match reason {
            Reason::Proposed { proposal, from, limit: None } => {
                // Exactly the replicas that the metric proposes.
                proposal.replicas == *from && proposal.tolerated.is_none_or(|near| (near.ratio - 1.0).abs() < 0.005)
            }
            Reason::Active(_)
            | Reason::AtZero
            | Reason::Inactive(Inactivity::NoItems)
            | Reason::AtMin { .. }
            | Reason::Proposed { limit: Some(Limit::Min(_) | Limit::LastPod), .. } => true,
            _ => false,
        },
    }
}

/// Identity of a reason, whatever its numbers are.
#[derive(PartialEq)]
enum ReasonKey {
    /// The rule of a ScaledObject.
    Scaled(Discriminant<Reason>),
    /// A cause of inactivity, and the rule that follows from it.
    Inactive(Discriminant<Reason>, Discriminant<Inactivity>),
    /// The limit of a proposal, and the replicas that a window holds.
    Limited(Discriminant<Limit>, u32),
    /// The rule of a ScaledJob.
    Jobs(Discriminant<JobReason>),
    /// The rule of its strategy.
    Strategy(Discriminant<StrategyRule>),
    /// Anything else.
    Other(Discriminant<Explanation>),
}

fn key(cause: &Explanation) -> ReasonKey {
    match cause {
        Explanation::Scaled(Reason::Proposed { limit: Some(limit), .. }) => {
            let held = if let Limit::StabilizationWindow { replicas, .. } = limit { *replicas } else { 0 };
            ReasonKey::Limited(discriminant(limit), held)
        }
        Explanation::Scaled(reason) => match reason {
            Reason::Inactive(inactivity) | Reason::CoolingDown { inactivity, .. } => {
                ReasonKey::Inactive(discriminant(reason), discriminant(inactivity))
            }
            _ => ReasonKey::Scaled(discriminant(reason)),
        },
        Explanation::Jobs(Created { reason: JobReason::Demand(sum), .. }) => {
            ReasonKey::Strategy(discriminant(&sum.rule))
        }
        Explanation::Jobs(created) => ReasonKey::Jobs(discriminant(&created.reason)),
        Explanation::NotPolled | Explanation::JobsEnded => ReasonKey::Other(discriminant(cause)),
    }
}

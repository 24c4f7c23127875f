//! Record of decisions: changes, and reasons for none while they last.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::timeline::{Change, Explanation};
use crate::scaler::{Controller, Limit, Reason};

/// Decisions so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) changes: Vec<Change>,
    /// Number of changes.
    pub(super) steps: u64,
    /// Index of the last entry of each controller.
    last: [Option<usize>; 2],
}

impl Recorder {
    /// Records a decision; the same reason again extends its entry.
    pub(super) fn decided(&mut self, at: Duration, by: Controller, from: u32, to: u32, cause: &Explanation) {
        let index = by as usize;
        if from != to {
            self.steps += 1;
            self.last = [None, None];
        } else if is_unremarkable(cause) {
            self.last[index] = None;
            return;
        } else if let Some(change) = self.last[index].and_then(|last| self.changes.get_mut(last))
            && key(&change.reason) == key(cause)
        {
            change.until = at;
            return;
        } else {
            self.last[index] = Some(self.changes.len());
        }
        self.changes.push(Change { at, until: at, by, from, to, reason: cause.clone() });
    }
}

/// Tells if a decision needs no explanation.
fn is_unremarkable(cause: &Explanation) -> bool {
    match cause {
        Explanation::NotPolled | Explanation::JobsEnded => true,
        Explanation::Jobs(created) => created.wanted <= created.unfinished.running,
        Explanation::Scaled(reason) => match reason {
            Reason::Proposed { proposal, from, limit: None } => {
                // Exactly the replicas that the metric proposes.
                proposal.replicas == *from && proposal.tolerated.is_none_or(|near| (near.ratio - 1.0).abs() < 0.005)
            }
            Reason::Active(_)
            | Reason::AtZero
            | Reason::Idle
            | Reason::AtMin(_)
            | Reason::Proposed { limit: Some(Limit::Min(_) | Limit::LastPod), .. } => true,
            _ => false,
        },
    }
}

/// Identity of a reason: the rule, and the replicas that a window holds.
type ReasonKey = (Discriminant<Explanation>, Option<Discriminant<Reason>>, Option<Discriminant<Limit>>, u32);

fn key(cause: &Explanation) -> ReasonKey {
    let (reason, limit, held) = match cause {
        Explanation::Scaled(reason @ Reason::Proposed { limit: Some(limit), .. }) => {
            let held = if let Limit::StabilizationWindow { replicas, .. } = limit { *replicas } else { 0 };
            (Some(discriminant(reason)), Some(discriminant(limit)), held)
        }
        Explanation::Scaled(reason) => (Some(discriminant(reason)), None, 0),
        _ => (None, None, 0),
    };
    (discriminant(cause), reason, limit, held)
}

//! What of a run is kept: decisions, and refusals as long as they last.

use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::{By, Change, Why};
use crate::scaler::{Limit, Reason};

/// The decisions so far.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) changes: Vec<Change>,
    /// How many of them changed something.
    pub(super) steps: u64,
    /// Where the last word of each stands.
    last: [Option<usize>; 2],
}

impl Recorder {
    /// Takes note of a decision; the same refusal again is one that goes on.
    pub(super) fn decided(&mut self, at: Duration, by: By, from: u32, to: u32, why: &Why) {
        let index = by as usize;
        if from != to {
            self.steps += 1;
            self.last = [None, None];
        } else if says_nothing(why) {
            self.last[index] = None;
            return;
        } else if let Some(change) = self.last[index].and_then(|last| self.changes.get_mut(last))
            && kind(&change.reason) == kind(why)
        {
            change.until = at;
            return;
        } else {
            self.last[index] = Some(self.changes.len());
        }
        self.changes.push(Change { at, until: at, by, from, to, reason: why.clone() });
    }
}

/// Whether there is nothing to explain: all is as anybody would expect.
fn says_nothing(why: &Why) -> bool {
    match why {
        Why::NotLooked | Why::JobsEnded => true,
        Why::Jobs(created) => created.wanted <= created.unfinished.running,
        Why::Scaled(reason) => match reason {
            Reason::Proposed { proposal, from, limit: None } => {
                // As many as there should be, to the last item.
                proposal.pods == *from && proposal.tolerated.is_none_or(|near| (near.ratio - 1.0).abs() < 0.005)
            }
            Reason::Active(_)
            | Reason::AtZero
            | Reason::Idle
            | Reason::AtMinimum(_)
            | Reason::Proposed { limit: Some(Limit::Min(_) | Limit::LastPod), .. } => true,
            _ => false,
        },
    }
}

/// What makes two refusals the same: the rule, and the count that a window holds.
type Kind = (Discriminant<Why>, Option<Discriminant<Reason>>, Option<Discriminant<Limit>>, u32);

fn kind(why: &Why) -> Kind {
    let (reason, limit, held) = match why {
        Why::Scaled(reason @ Reason::Proposed { limit: Some(limit), .. }) => {
            let held = if let Limit::Window { pods, .. } = limit { *pods } else { 0 };
            (Some(discriminant(reason)), Some(discriminant(limit)), held)
        }
        Why::Scaled(reason) => (Some(discriminant(reason)), None, 0),
        _ => (None, None, 0),
    };
    (discriminant(why), reason, limit, held)
}

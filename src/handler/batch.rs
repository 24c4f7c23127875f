//! Several items in one call of a handler.

use super::Disposition;

/// Outcome of a call for several items.
#[derive(Debug)]
pub(crate) enum BatchOutcome {
    /// The same for all.
    All(Disposition),
    /// One per item, in their order.
    Each(Vec<Disposition>),
}

impl Disposition {
    /// Returns the outcome of another item of the same call.
    pub(super) fn copy(&self) -> Self {
        match self {
            Self::Ack => Self::Ack,
            Self::Retry { reason, stderr, spend, after } => {
                Self::Retry { reason: reason.clone(), stderr: stderr.clone(), spend: *spend, after: *after }
            }
            Self::DeadLetter { reason, stderr } => Self::DeadLetter { reason: reason.clone(), stderr: stderr.clone() },
            Self::Expired { reason } => Self::Expired { reason: reason.clone() },
            Self::Unrunnable(reason) => Self::Unrunnable(reason.clone()),
            // No other item is processed after one whose output was closed.
            Self::Interrupted | Self::Closed(_) => Self::Interrupted,
        }
    }

    /// Returns the outcome of each of `count` items whose handler has given one for all.
    ///
    /// A handler that cannot process several items says nothing about a single one: each is tried again, alone.
    pub(super) fn of_several(self, count: usize) -> Self {
        match self {
            Self::DeadLetter { reason, stderr } if count > 1 => {
                let reason = format!("{reason}, for a batch of {count}");
                Self::Retry { reason, stderr, spend: true, after: None }
            }
            outcome => outcome,
        }
    }
}

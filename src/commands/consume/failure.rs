//! Outcome of items whose handler failed.

use std::time::Duration;

use rand::RngExt as _;

use crate::delivery::history::History;
use crate::delivery::item::Item;
use crate::delivery::retry::{RetryDecision, RetryPolicy};
use crate::queue::{Claim, Finished};

/// A failed attempt.
pub(super) struct Failure {
    pub(super) reason: String,
    /// End of the handler's stderr.
    pub(super) stderr: Vec<u8>,
    /// True if the failure spends an attempt.
    pub(super) spends: bool,
    /// Redis time (ms since 1970).
    pub(super) now: u64,
}

impl Failure {
    /// Schedules the next attempt, or dead-letters the item if there is to be none.
    pub(super) fn retry(&self, claim: Claim, policy: &RetryPolicy) -> Finished {
        let (id, item, history) = self.record(claim);
        match policy.decide(&history, self.spends, self.now, rand::rng().random()) {
            RetryDecision::Retry(after) => {
                let delay = Duration::from_millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                tracing::warn!(
                    id = %history.id, attempt = history.attempts, reason = %history.reason,
                    delay = %humantime::format_duration(delay), "item failed, retrying"
                );
                Finished::Retry { id, after, history }
            }
            RetryDecision::DeadLetter => self.finish(id, &item, history),
        }
    }

    /// Dead-letters an item that can never be processed.
    pub(super) fn dead_letter(&self, claim: Claim) -> Finished {
        let (id, item, history) = self.record(claim);
        self.finish(id, &item, history)
    }

    /// Adds the failure to the history of the item.
    fn record(&self, claim: Claim) -> (String, Item, History) {
        let (id, item) = (claim.id.clone(), claim.item.clone());
        let mut history = claim.into_history(self.now);
        history.attempts += u32::from(self.spends);
        self.reason.clone_into(&mut history.reason);
        history.stderr = String::from_utf8_lossy(&self.stderr).into_owned();
        (id, item, history)
    }

    fn finish(&self, id: String, item: &Item, history: History) -> Finished {
        tracing::error!(id = %history.id, reason = %history.reason, %item, "item dead-lettered");
        Finished::DeadLetter { id, history: History { died: Some(self.now), ..history } }
    }
}

//! Outcome of items whose handler failed, and warnings of what befell claims.

use std::time::Duration;

use rand::RngExt as _;

use super::item_log;
use super::plan::Plan;
use crate::delivery::expiry::ExpiredOutcome;
use crate::delivery::history::History;
use crate::delivery::retry::RetryDecision;
use crate::queue::{Claim, Exchanged, Finished};
use crate::units::{millis, redis_time, thousandths};

/// A failed attempt.
pub(super) struct Failure {
    pub(super) reason: String,
    /// End of the handler's stderr.
    pub(super) stderr: Vec<u8>,
    /// True if the failure spends an attempt.
    pub(super) spends: bool,
    /// Time until the next attempt, if the handler gave one.
    pub(super) after: Option<Duration>,
    /// Redis time (ms since 1970).
    pub(super) now: u64,
    /// Handler duration.
    pub(super) duration: Duration,
}

impl Failure {
    /// Schedules the next attempt, or dead-letters the item if there is to be none.
    pub(super) fn retry(&self, claim: Claim, plan: &Plan) -> Finished {
        let payload = item_log::payload(&claim);
        let (id, history) = self.record(claim);
        match plan.retry.decide(&history, self.spends, self.now, rand::rng().random()) {
            RetryDecision::Retry(backoff) => {
                // At once, a handler that is overloaded would be asked again without a pause, for as long as it is; after the
                // age at which an item is given up, a retry would only give it up.
                let after = self.after.filter(|after| !after.is_zero());
                let after = after.map_or(backoff, |after| after.min(plan.retry.max_age));
                tracing::warn!(
                    event = "item_failed",
                    item = history.id,
                    list = plan.list,
                    attempt = self.attempt(&history),
                    outcome = "retried",
                    reason = history.reason,
                    seconds = thousandths(self.duration.as_secs_f64()),
                    next_retry = redis_time(self.now.saturating_add(millis(after))),
                    payload,
                    "item failed, retrying"
                );
                Finished::Retry { id, after, history }
            }
            RetryDecision::DeadLetter => self.finish(id, history, payload, plan),
        }
    }

    /// Dead-letters an item that can never be processed.
    pub(super) fn dead_letter(&self, claim: Claim, plan: &Plan) -> Finished {
        let payload = item_log::payload(&claim);
        let (id, history) = self.record(claim);
        self.finish(id, history, payload, plan)
    }

    /// Gives up an item that has expired, as the plan says.
    pub(super) fn expire(&self, claim: Claim, plan: &Plan) -> Finished {
        let outcome = plan.retention.expired;
        item_log::expired(&claim, outcome, &self.reason, plan);
        let (id, history) = self.record(claim);
        match outcome {
            ExpiredOutcome::Dead => Finished::DeadLetter { id, history: History { died: Some(self.now), ..history } },
            ExpiredOutcome::Drop => Finished::Acknowledge { id },
        }
    }

    /// Adds the failure to the history of the item.
    fn record(&self, claim: Claim) -> (String, History) {
        let id = claim.id.clone();
        let mut history = claim.into_history(self.now);
        history.attempts = history.attempts.saturating_add(self.spends.into());
        self.reason.clone_into(&mut history.reason);
        history.stderr = String::from_utf8_lossy(&self.stderr).into_owned();
        (id, history)
    }

    /// Number of the attempt, from 1: the history does not count one that spends none.
    fn attempt(&self, history: &History) -> u32 {
        history.attempts.saturating_add((!self.spends).into())
    }

    fn finish(&self, id: String, history: History, payload: Option<String>, plan: &Plan) -> Finished {
        tracing::error!(
            event = "item_failed",
            item = history.id,
            list = plan.list,
            attempt = self.attempt(&history),
            outcome = "dead",
            reason = history.reason,
            seconds = thousandths(self.duration.as_secs_f64()),
            payload,
            "item dead-lettered"
        );
        Finished::DeadLetter { id, history: History { died: Some(self.now), ..history } }
    }
}

/// Logs that time has passed without Redis, or that it has lost its data.
pub(super) fn warn(exchanged: &Exchanged, data_lost: bool, is_idle: bool) {
    if exchanged.clock_jumped {
        tracing::warn!(event = "clock_jumped", "clock of Redis jumped: renewing leases before any counts as expired");
    }
    if exchanged.expired && data_lost && !is_idle {
        tracing::warn!(
            event = "data_lost",
            "Redis lost the items in flight: was it flushed, or restarted without its data?"
        );
    } else if exchanged.expired && !data_lost {
        tracing::warn!(event = "lease_expired", "lease expired before it was renewed: items in flight are redelivered");
    }
}

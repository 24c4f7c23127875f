//! Log entries of items: one per attempt that has ended.

use std::time::Duration;

use tracing::Level;

use super::attempt::Attempt;
use super::job::Job;
use super::plan::Plan;
use crate::delivery::expiry::ExpiredOutcome;
use crate::units::thousandths;

/// Logs items that were processed: those of commands as events, those of simulated work only in detail.
pub(super) fn processed<T: Attempt>(items: &[T], duration: Duration, plan: &Plan) {
    let seconds = thousandths(duration.as_secs_f64());
    match plan.job {
        Job::Command(_) | Job::Lines(_) | Job::Http(_) => {
            for item in items {
                tracing::info!(
                    event = "item_processed",
                    item = item.id(),
                    list = plan.list,
                    attempt = item.number(),
                    outcome = "acknowledged",
                    seconds,
                    "item processed"
                );
            }
        }
        Job::Work { .. } if tracing::enabled!(Level::DEBUG) => {
            for item in items {
                tracing::debug!(
                    event = "item_processed", item = item.id(), list = plan.list, attempt = item.number(),
                    outcome = "acknowledged", seconds, payload = %item.item(), "item processed"
                );
            }
        }
        Job::Work { .. } => {}
    }
}

/// Logs an item that has expired.
pub(super) fn expired(item: &impl Attempt, outcome: ExpiredOutcome, reason: &str, plan: &Plan) {
    let outcome = match outcome {
        ExpiredOutcome::Dead => "dead",
        ExpiredOutcome::Drop => "dropped",
    };
    let (id, list, payload) = (item.id(), &plan.list, payload(item));
    tracing::warn!(event = "item_expired", item = id, list, outcome, reason, payload, "item expired");
}

/// Logs items whose handler was aborted: those of commands as events, those of simulated work only in detail.
pub(super) fn interrupted<T: Attempt>(items: &[T], duration: Duration, plan: &Plan) {
    let seconds = thousandths(duration.as_secs_f64());
    for item in items {
        let (id, attempt, list) = (item.id(), item.number(), &plan.list);
        let (event, outcome) = ("item_interrupted", "requeued");
        if matches!(plan.job, Job::Work { .. }) {
            tracing::debug!(event, item = id, list, attempt, outcome, seconds, "item interrupted");
        } else {
            tracing::info!(event, item = id, list, attempt, outcome, seconds, "item interrupted");
        }
    }
}

/// Returns the payload of an item that failed, for a log in detail.
pub(super) fn payload(item: &impl Attempt) -> Option<String> {
    tracing::enabled!(Level::DEBUG).then(|| item.item().to_string())
}

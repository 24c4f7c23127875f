//! Outcomes of items: reported to Redis by the next exchange.

use super::super::StopReason;
use super::super::attempt::Completed;
use super::super::failure::Failure;
use super::super::item_log;
use super::Consumer;
use crate::handler::Disposition;
use crate::queue::{Claim, Finished};

impl Consumer<'_> {
    pub(super) fn collect(&mut self) {
        for completed in self.workers.completed() {
            self.settle(completed);
        }
        // The item claimed first is to be claimed first again.
        let overdue = self.workers.overdue().into_iter().rev();
        self.finished.extend(overdue.map(|claim| Finished::Requeue { id: claim.id }));
    }

    /// Decides the outcome of items.
    fn settle(&mut self, completed: Completed<Claim>) {
        let Completed { items, disposition, duration } = completed;
        if !matches!(disposition, Disposition::Expired { .. }) {
            self.tally.handled(duration, items.len());
        }
        let now = self.claims.schedule().redis_now();
        match disposition {
            Disposition::Ack => {
                item_log::processed(&items, duration, self.plan);
                self.finished.extend(items.into_iter().map(|claim| Finished::Acknowledge { id: claim.id }));
            }
            Disposition::Retry { reason, stderr, spend: spends, after } => {
                let failure = Failure { reason, stderr, spends, after, now, duration };
                self.finished.extend(items.into_iter().map(|claim| failure.retry(claim, self.plan)));
            }
            Disposition::DeadLetter { reason, stderr } => {
                let failure = Failure { reason, stderr, spends: true, after: None, now, duration };
                self.finished.extend(items.into_iter().map(|claim| failure.dead_letter(claim, self.plan)));
            }
            Disposition::Expired { reason } => {
                let failure = Failure { reason, stderr: Vec::new(), spends: false, after: None, now, duration };
                for claim in items {
                    self.expired.insert(claim.id.clone());
                    self.finished.push(failure.expire(claim, self.plan));
                }
            }
            // Still claimed, and requeued at the end.
            Disposition::Interrupted => item_log::interrupted(&items, duration, self.plan),
            // No other item can be processed either. The drain time starts now.
            Disposition::Unrunnable(reason) => {
                if matches!(self.stop_reason, StopReason::Orderly) {
                    tracing::error!(event = "handler_cannot_run", %reason, "handler cannot run, stopping");
                }
                self.stop_reason = StopReason::Unrunnable(reason);
                self.deadline.stop.cancel();
            }
            Disposition::Closed(error) => {
                self.stop_reason = StopReason::Closed(error);
                self.deadline.stop.cancel();
            }
        }
    }
}

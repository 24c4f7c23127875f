//! Work of a consumer now and then: items of crashed consumers, dead letters beyond the limit, and the pause of the list.

use super::super::notifier::Notifier;
use super::Consumer;
use crate::queue::{DeadLetterLimit, QueueError, Redelivered, Waiter};

impl Consumer<'_> {
    /// Removes dead letters beyond the limit, when it is time.
    pub(super) async fn trim(&mut self) -> Result<(), QueueError> {
        match self.trimming.due(self.tally) {
            Some(limit) => self.trim_to(limit).await,
            None => Ok(()),
        }
    }

    /// Removes those that have come beyond the limit since, at the end.
    pub(super) async fn trim_last(&mut self) -> Result<(), QueueError> {
        while let Some(limit) = self.trimming.missed(self.tally) {
            match self.trim_to(limit).await {
                // Left to the next consumer.
                Err(error) if error.is_stop() => break,
                trimmed => trimmed?,
            }
        }
        Ok(())
    }

    async fn trim_to(&mut self, limit: DeadLetterLimit) -> Result<(), QueueError> {
        let trim = self.deadline.run(self.is_idle(), self.claims.trim_dead_letters(limit));
        let trimmed = self.workers.report_during(self.tally, trim).await?;
        self.trimming.observe(trimmed, self.tally, self.plan);
        Ok(())
    }

    /// Redelivers items of crashed consumers.
    pub(super) async fn redeliver(&mut self) -> Result<Redelivered, QueueError> {
        let idle = self.is_idle();
        let redeliver = self.deadline.run(idle, self.claims.redeliver());
        let found = self.workers.report_during(self.tally, redeliver).await?;
        self.found.0 += found.redelivered;
        self.found.1 += found.dead;
        if !found.more {
            let (redelivered, dead) = std::mem::take(&mut self.found);
            if redelivered + dead > 0 {
                tracing::warn!(
                    event = "consumer_crashed",
                    redelivered,
                    dead,
                    "consumer crashed, redelivered its items"
                );
            }
        }
        Ok(found)
    }

    /// Looks now and then whether the list is paused; if it is, nothing is waited for, and time does not count as idle.
    pub(super) async fn check_pause(&mut self, notifier: &mut Notifier<Waiter>) -> Result<(), QueueError> {
        if self.pause.is_check_due() {
            let is_paused = self.deadline.run(self.is_idle(), self.claims.is_paused());
            let is_paused = self.workers.report_during(self.tally, is_paused).await?;
            self.pause.observe(is_paused, self.plan);
        }
        if self.pause.is_paused() {
            self.idleness.restart();
            notifier.interrupt();
        }
        Ok(())
    }
}

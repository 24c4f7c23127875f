//! Work of a consumer for all: items of crashed consumers, and dead letters beyond the limit.

use super::Consumer;
use crate::queue::{QueueError, Redelivered};

impl Consumer<'_> {
    /// Removes dead letters beyond the limit, when it is time.
    pub(super) async fn trim(&mut self) -> Result<(), QueueError> {
        if let Some(limit) = self.trimming.due(self.tally) {
            let trim = self.deadline.run(self.is_idle(), self.claims.trim_dead_letters(limit));
            let trimmed = self.workers.report_during(self.tally, trim).await?;
            self.trimming.observe(trimmed, self.tally, self.plan);
        }
        Ok(())
    }

    /// Redelivers items of crashed consumers.
    pub(super) async fn redeliver(&mut self) -> Result<Redelivered, QueueError> {
        let idle = self.is_idle();
        let found = self.deadline.run(idle, self.claims.redeliver()).await?;
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
}

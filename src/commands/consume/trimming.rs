//! Limit on the dead letters of the list, which a consumer applies now and then.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;
use crate::delivery::tally::Tally;
use crate::queue::{DeadLetterLimit, Trimmed};

/// Shortest time until it is applied again, while items are dead-lettered.
const BUSY_INTERVAL: Duration = Duration::from_secs(1);

/// Time after which it is applied in any case: dead letters age, and other consumers dead-letter items, too.
const IDLE_INTERVAL: Duration = Duration::from_secs(30);

/// Limit on dead letters, and the last time it was applied.
pub(super) struct Trimming {
    limit: DeadLetterLimit,
    applied: Option<Instant>,
    /// Number of items that this consumer had dead-lettered by then.
    dead: u64,
    /// True if more were to be removed.
    more: bool,
}

impl Trimming {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self { limit: plan.retention.dead_letters, applied: None, dead: 0, more: false }
    }

    /// Returns the limit, if it is time to apply it.
    pub(super) fn due(&self, tally: &Tally) -> Option<DeadLetterLimit> {
        let since = self.applied.map(|applied| applied.elapsed());
        let is_new = tally.dead + tally.expired > self.dead;
        let interval = if is_new { BUSY_INTERVAL } else { IDLE_INTERVAL };
        let is_due = self.more || since.is_none_or(|since| since >= interval);
        (is_due && !self.limit.is_none()).then_some(self.limit)
    }

    /// Returns the limit, if items have been dead-lettered since it was applied.
    pub(super) fn missed(&self, tally: &Tally) -> Option<DeadLetterLimit> {
        let is_missed = self.more || tally.dead + tally.expired > self.dead;
        (is_missed && !self.limit.is_none()).then_some(self.limit)
    }

    /// Records a result; `None` if the user may not remove dead letters.
    pub(super) fn observe(&mut self, trimmed: Option<Trimmed>, tally: &mut Tally, plan: &Plan) {
        (self.applied, self.dead) = (Some(Instant::now()), tally.dead + tally.expired);
        let Some(Trimmed { removed, more }) = trimmed else {
            self.limit = DeadLetterLimit::default();
            return;
        };
        self.more = more;
        if removed > 0 {
            tally.trimmed += removed;
            let event = "dead_letters_removed";
            tracing::warn!(event, list = plan.list, removed, "dead letters beyond the limit removed");
        }
    }
}

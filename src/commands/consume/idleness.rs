//! Time without items, after which a consumer may exit.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;
use crate::queue::Exchanged;

/// Longest wait for an item if the consumer exits when it is idle: it looks at the time in between.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Time without items.
pub(super) struct Idleness {
    since: Instant,
    /// Time after which the consumer exits.
    longest: Option<Duration>,
    /// Time within which a delayed item must be due for the consumer to wait for it.
    await_due: Duration,
    /// Time until the next delayed item is due, at the last exchange.
    due: Option<Duration>,
}

impl Idleness {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self { since: Instant::now(), longest: plan.idle_exit, await_due: plan.await_due, due: None }
    }

    /// Begins anew: an item is in flight, or was.
    pub(super) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Records the result of an exchange. Time without Redis is not idle time.
    pub(super) fn observe(&mut self, exchanged: &Exchanged) {
        self.due = exchanged.due;
        if !exchanged.items.is_empty() || exchanged.interrupted {
            self.restart();
        }
    }

    /// Returns true if the consumer is to exit.
    pub(super) fn is_over(&self) -> bool {
        let is_awaited = self.due.is_some_and(|due| due <= self.await_due);
        !is_awaited && self.longest.is_some_and(|longest| self.since.elapsed() >= longest)
    }

    /// Returns the longest time to wait for an item before the consumer may have to exit.
    pub(super) fn longest_wait(&self) -> Duration {
        self.longest.map_or(Duration::MAX, |longest| longest.min(LONGEST_WAIT))
    }
}

//! Times at which a consumer calls Redis although no item has finished and none is wanted.

use std::time::{Duration, Instant};

use super::exchange_call::ExchangeReply;

/// Shortest time between two calls that look for delayed items although the list has enough others.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// When the lease is to be renewed, and when the next delayed item is due.
#[derive(Debug)]
pub(super) struct LeaseSchedule {
    lease: Duration,
    /// When the call that last renewed the lease was sent.
    renewed: Option<Instant>,
    due: Option<Instant>,
}

impl LeaseSchedule {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, renewed: None, due: None }
    }

    /// Returns true if the next call is to renew the lease, and to claim delayed items before others.
    pub(super) fn is_renewal_due(&self, now: Instant) -> bool {
        let Some(renewed) = self.renewed else { return true };
        let since = now.saturating_duration_since(renewed);
        since >= self.lease / 3 || (since >= LOOK_INTERVAL && self.due.is_some_and(|due| due <= now))
    }

    /// Returns the time until the next delayed item is due, as far as it is known.
    pub(super) fn due(&self, now: Instant) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(now))
    }

    /// Makes the next call renew the lease.
    pub(super) fn expire(&mut self) {
        self.renewed = None;
    }

    /// Records the reply to a call that was sent at `sent` and answered at `now`.
    pub(super) fn observe(&mut self, sent: Instant, now: Instant, reply: &ExchangeReply) {
        if reply.ends.is_some() {
            self.renewed = Some(sent);
        }
        if reply.looked {
            self.due = reply.due.map(|due| now + due);
        }
    }
}

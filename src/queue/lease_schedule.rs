//! Times at which a consumer calls Redis although no item has finished and none is wanted.

use std::time::{Duration, Instant};

use super::clock::ServerClock;
use super::exchange_call::ExchangeReply;

/// Shortest time between two calls that look for delayed items although the list has enough others.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Longest and shortest time to wait for an item.
const WAIT: [Duration; 2] = [Duration::from_secs(10), Duration::from_millis(10)];

/// Longest time by which a search for crashed consumers follows the end of a lease: one of many consumers is the first.
const SEARCH_DELAY: Duration = Duration::from_secs(2);

/// Number of leases between two searches for times that a clock has made wrong, when no lease ends early.
const SEARCH_LEASES: u32 = 8;

/// Times at which to renew the lease, to claim the next delayed item, and to search for crashed consumers.
#[derive(Debug)]
pub struct LeaseSchedule {
    lease: Duration,
    /// Time at which the call that last renewed the lease was sent.
    renewed: Instant,
    /// True if the next call is to renew the lease in any case.
    is_overdue: bool,
    due: Option<Instant>,
    /// End of the last wait for an item, unless one arrives.
    wait_ends: Instant,
    search: Instant,
    is_postponed: bool,
    clock: ServerClock,
}

impl LeaseSchedule {
    pub(super) fn new(lease: Duration) -> Self {
        let now = Instant::now();
        Self {
            lease,
            renewed: now,
            is_overdue: true,
            due: None,
            wait_ends: now,
            search: now,
            is_postponed: false,
            clock: ServerClock::default(),
        }
    }

    /// Returns true if the next call is to renew the lease, and to claim delayed items before others if it `claims` any.
    pub(super) fn is_renewal_due(&self, claims: bool) -> bool {
        let since = self.renewed.elapsed();
        let is_item_due = claims && self.is_item_due();
        self.is_overdue || since >= self.lease / 3 || (is_item_due && since >= LOOK_INTERVAL)
    }

    /// Returns true if a delayed item is due, as far as is known.
    pub fn is_item_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    /// Returns true if it is time to search for crashed consumers.
    pub fn is_search_due(&self) -> bool {
        self.search <= Instant::now()
    }

    /// Returns when the next call is due at the latest, though no item finishes.
    ///
    /// While a wait for an item `is_waiting`, its end is when the lease is renewed and due items are claimed, except those that
    /// were delayed since it began. Without a free slot (`claims`), none is claimed.
    pub fn next_call(&self, is_waiting: bool, claims: bool) -> Instant {
        let renewal =
            if self.is_overdue { self.renewed } else { self.renewed + self.lease / if is_waiting { 2 } else { 3 } };
        let due = if is_waiting { self.due_before_wait_ends() } else { self.due };
        let due = due.filter(|_| claims).unwrap_or(renewal);
        renewal.min(due).min(self.search)
    }

    /// Returns when the next delayed item is due, if that is well before the last wait for an item ends: it was delayed since
    /// the wait began.
    pub fn due_before_wait_ends(&self) -> Option<Instant> {
        self.due.filter(|due| *due + LOOK_INTERVAL < self.wait_ends)
    }

    /// Begins a wait for an item; returns how long to wait: until the lease is to be renewed or a delayed item is due, and at
    /// most `longest`.
    pub(super) fn begin_wait(&mut self, longest: Duration) -> Duration {
        let (now, renewal) = (Instant::now(), self.renewed + self.lease / 3);
        let until = self.due.map_or(renewal, |due| due.min(renewal));
        let time = until.saturating_duration_since(now).min(longest).clamp(WAIT[1], WAIT[0]);
        self.wait_ends = now + time;
        time
    }

    /// Estimates the time of Redis (ms since 1970).
    pub fn redis_now(&self) -> u64 {
        self.clock.now()
    }

    /// Returns the time until the next delayed item is due, as far as it is known.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    /// Returns the time at which the call that last renewed the lease was sent.
    pub fn renewed(&self) -> Instant {
        self.renewed
    }

    /// Makes the next call renew the lease.
    pub(super) fn expire(&mut self) {
        self.is_overdue = true;
    }

    /// Records the reply to a call that Redis ran after it was `asked` for, and soon after it was `begun`; returns true if the
    /// clock of Redis has jumped. `jitter` is a random number from 0 to 1.
    pub(super) fn observe(&mut self, asked: Instant, begun: Instant, reply: &ExchangeReply, jitter: f64) -> bool {
        let now = Instant::now();
        if let Some(ends) = reply.ends {
            let gap = begun.saturating_duration_since(self.renewed);
            if gap > self.lease || (gap > self.lease / 2 && !self.is_postponed) {
                self.postpone_search(now);
            } else if ends < self.lease / 2 && !self.is_postponed {
                // All others renew earlier.
                self.search = self.search.min(now + ends + SEARCH_DELAY.min(self.lease / 3).mul_f64(jitter));
            }
            (self.renewed, self.is_overdue) = (begun.max(self.renewed), false);
        }
        if reply.looked {
            self.due = reply.due.map(|due| now + due);
        }
        let has_jumped = reply.now.is_some_and(|redis_now| self.clock.observe(asked, now, redis_now));
        if has_jumped {
            self.postpone_search(now);
        }
        has_jumped
    }

    /// Postpones the search by a lease: Redis or this consumer was unavailable, or leases seem to have expired that were set by
    /// another clock. Other consumers may be alive, and are given time to renew.
    fn postpone_search(&mut self, now: Instant) {
        (self.search, self.is_postponed) = (now + self.lease, true);
    }

    /// Records a search, which is to go on at once if there is `more` to do. `jitter` is a random number from 0 to 1.
    pub(super) fn searched(&mut self, more: bool, jitter: f64) {
        let pause = if more { Duration::ZERO } else { (self.lease * SEARCH_LEASES).mul_f64(0.5 + jitter / 2.0) };
        (self.search, self.is_postponed) = (Instant::now() + pause, false);
    }
}

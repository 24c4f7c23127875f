//! One pod: it starts, works, is told to stop, and is gone.

use std::time::Duration;

/// One pod.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    pub(super) created: Duration,
    /// When it became ready; `None` while it starts.
    pub(super) ready: Option<Duration>,
    /// What it has in flight, with a number for each.
    pub(super) hands: Vec<Held>,
    pub(super) phase: Phase,
    /// By which those that are otherwise equal are told apart.
    pub(super) uid: u64,
    /// Since when its hands are as full as they are.
    pub(super) since: Duration,
    /// How long it had nothing in flight.
    pub(super) idle: Duration,
    /// When it was gone.
    pub(super) gone: Option<Duration>,
}

/// An item in flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) work: u64,
    pub(super) item: Item,
}

/// An item, by when it was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) pushed: Duration,
    pub(super) number: u64,
    /// Whether it was begun before.
    pub(super) again: bool,
}

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is being started, or works.
    Alive,
    /// It was told to stop: it takes nothing more.
    Terminating,
    /// Its container has ended, and nobody has taken note yet: a Job.
    Ended,
    /// There is nothing left of it.
    Gone,
}

impl Pod {
    pub(super) fn new(created: Duration, uid: u64) -> Self {
        Self {
            created,
            ready: None,
            hands: Vec::new(),
            phase: Phase::Alive,
            uid,
            since: created,
            idle: Duration::ZERO,
            gone: None,
        }
    }

    pub(super) fn takes_items(&self) -> bool {
        self.phase == Phase::Alive && self.ready.is_some()
    }

    /// Counts the time up to `now` with the hands as they are.
    pub(super) fn settle(&mut self, now: Duration) {
        if self.hands.is_empty() {
            self.idle += now.saturating_sub(self.since);
        }
        self.since = now;
    }

    /// The order in which a ReplicaSet ends its pods: those that are not ready first, then those that became ready later,
    /// by powers of two of the nanoseconds since, then at random.
    ///
    /// `controller_utils.go::ActivePodsWithRanks.Less`, with `LogarithmicScaleDown`: times of readiness are whole seconds.
    pub(super) fn victim_order(&self, now: Duration) -> (bool, u32, u64) {
        let since = self.ready.map_or(Duration::ZERO, |ready| now.saturating_sub(Duration::from_secs(ready.as_secs())));
        (self.ready.is_some(), u128::BITS - since.as_nanos().leading_zeros(), self.uid)
    }
}

//! One pod, from its creation to its end.

use std::time::Duration;

/// A pod.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    pub(super) created: Duration,
    /// Its container has started.
    pub(super) running: bool,
    /// Time at which it is ready for its first item; `None` before.
    pub(super) ready: Option<Duration>,
    /// Items in flight.
    pub(super) in_flight: Vec<Held>,
    /// Number of items claimed so far.
    pub(super) claimed: u64,
    pub(super) phase: PodPhase,
    /// Orders pods that are otherwise equal.
    pub(super) uid: u64,
    /// Time of the last change of its items in flight.
    pub(super) since: Duration,
    /// Time without an item in flight.
    pub(super) idle: Duration,
    /// Time of its end.
    pub(super) gone: Option<Duration>,
}

/// An item in flight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) work: u64,
    pub(super) item: QueuedItem,
}

/// An item of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QueuedItem {
    pub(super) pushed: Duration,
    pub(super) number: u64,
    /// Place of its list.
    pub(super) list: usize,
    /// Redelivered: it was claimed before.
    pub(super) redelivered: bool,
}

/// Phase of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PodPhase {
    /// Starting or running.
    Alive,
    /// Told to stop: it claims nothing more.
    Terminating,
    /// Container ended, Job not complete yet.
    Ended,
    /// Gone.
    Gone,
}

impl Pod {
    pub(super) fn new(created: Duration, uid: u64) -> Self {
        Self {
            created,
            running: false,
            ready: None,
            in_flight: Vec::new(),
            claimed: 0,
            phase: PodPhase::Alive,
            uid,
            since: created,
            idle: Duration::ZERO,
            gone: None,
        }
    }

    /// Tells if it claims another item, of at most `limit`.
    pub(super) fn takes_items(&self, limit: Option<u64>) -> bool {
        self.phase == PodPhase::Alive && self.ready.is_some() && limit.is_none_or(|limit| self.claimed < limit)
    }

    /// Counts the idle time up to `now`.
    pub(super) fn settle(&mut self, now: Duration) {
        if self.in_flight.is_empty() {
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

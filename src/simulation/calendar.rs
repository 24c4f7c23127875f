//! What happens when: events in the order of their times, and of their making where these are equal.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// So many items are put on the list.
    Arrival(u64),
    /// The container of a pod has started.
    Running(usize),
    /// A pod is ready to take items.
    Ready(usize),
    /// A pod has finished an item.
    Done {
        /// Index of the pod.
        pod: usize,
        /// Number of the attempt; one that was interrupted never finishes.
        work: u64,
    },
    /// A pod has had the time it may take to finish.
    Overdue(usize),
    /// A Job counts as complete.
    Complete(usize),
    /// KEDA polls.
    Poll,
    /// The HPA syncs.
    Sync,
    /// Things are written down.
    Sample,
}

/// Events to come.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    made: u64,
}

impl Calendar {
    pub(super) fn add(&mut self, at: Duration, event: Event) {
        self.made += 1;
        self.events.push(Reverse((at, self.made, event)));
    }

    pub(super) fn next(&mut self) -> Option<(Duration, Event)> {
        self.events.pop().map(|Reverse((at, _, event))| (at, event))
    }
}

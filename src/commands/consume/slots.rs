//! Slots of a consumer: one set for all of its lists, and how many each list may claim now.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::plan::Plan;
use crate::delivery::list_order::ListOrder;
use crate::workload::RateLimit;

/// Slots that lists share.
struct Slots {
    state: Mutex<SlotState>,
    /// One per list: the others have changed what it may claim.
    changes: Vec<Notify>,
}

struct SlotState {
    slots: usize,
    max_items: u64,
    /// Number of items that were claimed to be begun.
    claimed: u64,
    rate: Option<RateLimit>,
    start: Instant,
    order: ListOrder,
    /// Items in flight of each list.
    in_flight: Vec<usize>,
    /// Items that each list has asked for, and that may come.
    expects: Vec<usize>,
    /// Items of each list among those in flight that have come after others had been given their slots.
    queued: Vec<usize>,
    /// Lists that may hold items, and are allowed to claim them.
    wants: Vec<bool>,
    /// Lists that have been idle for long enough.
    is_idle: Vec<bool>,
    /// Number of lists that are connected.
    connected: usize,
    is_over: bool,
}

/// The slots as one list has them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Share {
    slots: Arc<Slots>,
    place: usize,
}

impl Share {
    /// Creates the shares of all lists of a plan.
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        let count = plan.lists.keys().len();
        let state = SlotState {
            slots: plan.slots(),
            max_items: plan.max_items.unwrap_or(u64::MAX),
            claimed: 0,
            rate: plan.rate.map(RateLimit::new),
            start: Instant::now(),
            order: ListOrder::of(&plan.lists),
            in_flight: vec![0; count],
            expects: vec![0; count],
            queued: vec![0; count],
            wants: vec![true; count],
            is_idle: vec![false; count],
            connected: 0,
            is_over: false,
        };
        let changes = (0..count).map(|_| Notify::new()).collect();
        let slots = Arc::new(Slots { state: Mutex::new(state), changes });
        (0..count).map(|place| Self { slots: Arc::clone(&slots), place }).collect()
    }

    /// Place of the list among all.
    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Number of lists.
    pub(super) fn lists(&self) -> usize {
        self.slots.changes.len()
    }

    /// Returns true if there is no other list.
    pub(super) fn is_alone(&self) -> bool {
        self.lists() == 1
    }

    /// Records that a list is connected; returns true for the last one.
    pub(super) fn connected(&self) -> bool {
        let mut state = self.state();
        state.connected += 1;
        state.connected == self.lists()
    }

    /// Number of slots without an item of any list, at most `room`.
    pub(super) fn free(&self, in_flight: usize, room: usize) -> usize {
        let mut state = self.state();
        let expected = state.expects[self.place];
        self.hold(&mut state, in_flight, expected);
        state.free(0).min(room)
    }

    /// Returns how many items the list may claim now, while `in_flight` are, and `expected` may come that it has asked for;
    /// `prefetch` of all these may wait for a slot.
    pub(super) fn allowed(&self, in_flight: usize, expected: usize, prefetch: usize, room: usize) -> usize {
        let mut state = self.state();
        self.hold(&mut state, in_flight, expected);
        let left = usize::try_from(state.max_items.saturating_sub(state.claimed)).unwrap_or(usize::MAX);
        let most = state.free(prefetch).min(room).min(left).min(state.permitted());
        let spare = most.saturating_sub(state.expects.iter().sum());
        if self.is_alone() { spare } else { state.order.part(self.place, spare, &state.wants, &state.expects) }
    }

    /// Records how many items may come that the list has asked for.
    pub(super) fn expect(&self, items: usize) {
        let mut state = self.state();
        let in_flight = state.in_flight[self.place];
        self.hold(&mut state, in_flight, items);
    }

    /// Records that `claimed` items have come, and that `begun` of them were begun: the others had expired.
    pub(super) fn begun(&self, claimed: usize, begun: usize) {
        let mut state = self.state();
        state.claimed += claimed as u64;
        if let Some(rate) = &mut state.rate {
            rate.begun(begun);
        }
        state.in_flight[self.place] += begun;
        state.expects[self.place] = state.expects[self.place].saturating_sub(claimed);
        let SlotState { order, wants, .. } = &mut *state;
        order.begun(self.place, begun, wants);
        if state.claimed >= state.max_items {
            self.wake_others();
        }
    }

    /// Returns true if no more items are to be begun.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.is_over || state.claimed >= state.max_items
    }

    /// Records whether the list may hold items that it is allowed to claim.
    pub(super) fn want(&self, wants: bool) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.wants[self.place], wants);
        if before && !wants {
            self.wake_wanting(&state);
        }
    }

    /// Lets the other lists go first, and gives them all slots but those of `in_flight` items.
    pub(super) fn give_way(&self, in_flight: usize) {
        self.want(false);
        self.hold(&mut self.state(), in_flight, 0);
    }

    /// Records that all queued `items` are requeued, not begun.
    pub(super) fn returned(&self, items: usize) {
        let mut state = self.state();
        state.claimed = state.claimed.saturating_sub(items as u64);
        state.queued[self.place] = 0;
    }

    /// Returns how many of the `queued` items, which are among those in flight, have a slot now, and at most `room`.
    pub(super) fn startable(&self, in_flight: usize, queued: usize, room: usize) -> usize {
        let mut state = self.state();
        state.queued[self.place] = queued;
        let expected = state.expects[self.place];
        self.hold(&mut state, in_flight, expected);
        let running = state.in_flight.iter().sum::<usize>().saturating_sub(state.queued.iter().sum());
        let started = state.slots.saturating_sub(running).min(queued).min(room);
        state.queued[self.place] = queued - started;
        started
    }

    /// Records whether the list has been idle for long enough; returns true if all have, and the consumer is to end.
    pub(super) fn idle(&self, is_idle: bool) -> bool {
        let mut state = self.state();
        state.is_idle[self.place] = is_idle;
        let is_over = state.is_idle.iter().all(|is_idle| *is_idle);
        if is_over && !std::mem::replace(&mut state.is_over, true) {
            self.wake_others();
        }
        is_over
    }

    /// Number of items in flight of all lists.
    pub(super) fn in_flight(&self) -> usize {
        self.state().in_flight.iter().sum()
    }

    /// Returns when an item may be begun again at the latest, if the rate allows none now.
    pub(super) fn next(&self) -> Option<Instant> {
        let state = self.state();
        Some(state.start + state.rate?.next()?)
    }

    /// Waits until other lists have changed what this one may claim; forever if there are none. Cancel-safe.
    pub(super) async fn changed(&self) {
        if self.is_alone() {
            std::future::pending::<()>().await;
        } else {
            self.slots.changes[self.place].notified().await;
        }
    }

    /// Makes the other lists look at what they may claim, and at what has finished.
    pub(super) fn wake_others(&self) {
        for (place, change) in self.slots.changes.iter().enumerate() {
            if place != self.place {
                change.notify_one();
            }
        }
    }

    /// Records what the list holds; the other lists may claim what it holds no more.
    fn hold(&self, state: &mut SlotState, in_flight: usize, expected: usize) {
        let before = std::mem::replace(&mut state.in_flight[self.place], in_flight)
            + std::mem::replace(&mut state.expects[self.place], expected);
        if in_flight + expected < before {
            self.wake_wanting(state);
        }
    }

    /// Makes the other lists that want slots look at what they may claim.
    fn wake_wanting(&self, state: &SlotState) {
        for (place, change) in self.slots.changes.iter().enumerate() {
            if place != self.place && (state.wants[place] || state.queued[place] > 0) {
                change.notify_one();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, SlotState> {
        self.slots.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlotState {
    /// Number of items that the rate permits to begin now.
    fn permitted(&mut self) -> usize {
        let elapsed = self.start.elapsed();
        self.rate.as_mut().map_or(usize::MAX, |rate| rate.allowed(elapsed))
    }

    /// Number of items that may be added to those in flight, of which `prefetch` may have no slot.
    fn free(&self, prefetch: usize) -> usize {
        (self.slots + prefetch).saturating_sub(self.in_flight.iter().sum())
    }
}

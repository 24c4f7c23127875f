//! Items that are claimed before a slot is free, so that a short handler is followed by the next without a call to Redis.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;
use crate::delivery::guarantee::DeliveryGuarantee;

/// Mean duration of handlers below which items are prefetched: longer ones hide the call to Redis, and keep others waiting.
const SHORT: Duration = Duration::from_millis(10);

/// Number of items prefetched at most: more make no call to Redis cheaper.
const MOST: usize = 64;

/// Time that items wait for a slot at most, if none becomes free. Then other consumers may have them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Items that have been claimed, and wait for a slot.
pub(super) struct Prefetch<T> {
    /// True if items that wait can be left to others: Redis keeps them until they are acknowledged.
    is_returnable: bool,
    /// Number of items that may wait while handlers are short.
    most: usize,
    items: Vec<T>,
    /// Time at which an item last came or went.
    changed: Instant,
    /// Mean duration of the last handlers, newer ones with more weight; `None` until one has ended.
    mean: Option<Duration>,
}

impl<T> Prefetch<T> {
    /// Creates the queue of a plan. Nothing is prefetched at most once, since all that waits would be lost in a crash; nor for
    /// batches, which gather items, or several lists, which share the slots.
    pub(super) fn new(plan: &Plan) -> Self {
        let is_returnable = plan.delivery == DeliveryGuarantee::AtLeastOnce;
        let is_possible = is_returnable && plan.batch.is_none() && plan.one_of_several().is_none();
        let most = if is_possible { plan.slots().min(MOST) } else { 0 };
        Self { is_returnable, most, items: Vec::new(), changed: Instant::now(), mean: None }
    }

    /// Number of items that wait.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of items that may wait now.
    pub(super) fn limit(&self) -> usize {
        if self.mean.is_some_and(|mean| mean < SHORT) { self.most } else { 0 }
    }

    /// Records that a handler took so long.
    pub(super) fn observe(&mut self, duration: Duration) {
        self.mean = Some(self.mean.map_or(duration, |mean| (mean * 7 + duration) / 8));
    }

    pub(super) fn add(&mut self, items: Vec<T>) {
        if self.items.is_empty() {
            (self.items, self.changed) = (items, Instant::now());
        } else {
            self.items.extend(items);
        }
    }

    /// Takes the first `count` items.
    pub(super) fn take(&mut self, count: usize) -> Vec<T> {
        if count > 0 {
            self.changed = Instant::now();
        }
        if count >= self.items.len() { std::mem::take(&mut self.items) } else { self.items.drain(..count).collect() }
    }

    /// Takes all items.
    pub(super) fn abandon(&mut self) -> Vec<T> {
        std::mem::take(&mut self.items)
    }

    /// Returns when the items that wait are left to others; `None` if none are.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.is_returnable && !self.items.is_empty()).then(|| self.changed + PATIENCE)
    }

    /// Returns true if items have waited for so long that they are left to others.
    pub(super) fn is_overdue(&self) -> bool {
        self.due().is_some_and(|due| due <= Instant::now())
    }

    /// Takes all items because they are overdue. None are prefetched until handlers have ended again.
    pub(super) fn give_up(&mut self) -> Vec<T> {
        self.mean = None;
        self.abandon()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefetch(most: usize) -> Prefetch<u32> {
        Prefetch { is_returnable: true, most, items: Vec::new(), changed: Instant::now(), mean: None }
    }

    #[tokio::test(start_paused = true)]
    async fn items_are_prefetched_while_handlers_are_short() {
        let mut prefetch = prefetch(3);
        assert_eq!(prefetch.limit(), 0);
        prefetch.observe(Duration::from_millis(1));
        assert_eq!(prefetch.limit(), 3);
        prefetch.observe(Duration::from_secs(1));
        assert_eq!(prefetch.limit(), 0);
        for _ in 0..100 {
            prefetch.observe(Duration::from_millis(1));
        }
        assert_eq!(prefetch.limit(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn items_that_get_no_slot_are_given_up_together() {
        let mut prefetch = prefetch(3);
        prefetch.observe(Duration::from_millis(1));
        prefetch.add(vec![1, 2]);
        prefetch.add(vec![3]);
        tokio::time::advance(PATIENCE * 2 / 3).await;
        assert_eq!(prefetch.take(1), [1]);
        tokio::time::advance(PATIENCE * 2 / 3).await;
        assert!(!prefetch.is_overdue());
        tokio::time::sleep_until(prefetch.due().unwrap()).await;
        assert!(prefetch.is_overdue());
        assert_eq!(prefetch.give_up(), [2, 3]);
        assert_eq!((prefetch.due(), prefetch.limit()), (None, 0));
    }
}

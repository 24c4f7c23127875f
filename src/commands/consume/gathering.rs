//! Items that are gathered until they make a batch.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::Attempt;

/// Size of the items of a batch, in bytes, from which no more are added.
const MOST: usize = 4 * 1024 * 1024;

/// Batches in which items are handed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchPlan {
    /// Items in a batch at most.
    pub(super) size: usize,
    /// Time that an item waits for others.
    pub(super) linger: Duration,
}

/// Items that have been claimed, and wait for others or for a free call.
pub(super) struct Gathering<T> {
    plan: BatchPlan,
    /// Items and the times of their arrival, in order.
    items: VecDeque<(T, Instant)>,
    bytes: usize,
    /// Items that have failed before. Each is handed over alone, so that none fails because of another twice.
    alone: VecDeque<T>,
    /// True once no others are to come.
    is_complete: bool,
}

impl<T: Attempt> Gathering<T> {
    pub(super) fn new(plan: BatchPlan) -> Self {
        Self { plan, items: VecDeque::new(), bytes: 0, alone: VecDeque::new(), is_complete: false }
    }

    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.items.len() + self.alone.len()
    }

    /// Number of items that may be added while `calls` are free.
    pub(super) fn room(&self, calls: usize) -> usize {
        if self.bytes >= MOST { 0 } else { calls.saturating_mul(self.plan.size).saturating_sub(self.len()) }
    }

    pub(super) fn add(&mut self, items: Vec<T>) {
        let now = Instant::now();
        for item in items {
            if item.number() > 1 {
                self.alone.push_back(item);
            } else {
                self.bytes += item.item().0.len();
                self.items.push_back((item, now));
            }
        }
    }

    /// Makes what is gathered due: no more items are to come.
    pub(super) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Returns when the next batch is to be handed over; `None` if there is no item.
    pub(super) fn due(&self) -> Option<Instant> {
        let is_due = !self.alone.is_empty() || self.items.len() >= self.plan.size || self.bytes >= MOST;
        if is_due || (self.is_complete && !self.items.is_empty()) {
            return Some(Instant::now());
        }
        self.items.front().map(|(_, arrived)| *arrived + self.plan.linger)
    }

    /// Takes the next batch, if it is due.
    pub(super) fn take(&mut self) -> Option<Vec<T>> {
        self.due().filter(|due| *due <= Instant::now())?;
        if let Some(item) = self.alone.pop_front() {
            return Some(vec![item]);
        }
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < self.plan.size
            && bytes < MOST
            && let Some((item, _)) = self.items.pop_front()
        {
            bytes += item.item().0.len();
            batch.push(item);
        }
        self.bytes -= bytes;
        Some(batch)
    }

    /// Takes all items.
    pub(super) fn abandon(&mut self) -> Vec<T> {
        self.bytes = 0;
        self.alone.drain(..).chain(self.items.drain(..).map(|(item, _)| item)).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::delivery::history::History;
    use crate::delivery::item::Item;
    use crate::queue::Claim;

    fn claims(numbers: std::ops::Range<usize>) -> Vec<Claim> {
        let claim = |number: usize| Claim { id: number.to_string(), item: Item(Bytes::from("x")), history: None };
        numbers.map(claim).collect()
    }

    fn gathering(size: usize, linger: u64) -> Gathering<Claim> {
        Gathering::new(BatchPlan { size, linger: Duration::from_secs(linger) })
    }

    fn ids(batch: Option<Vec<Claim>>) -> Option<Vec<String>> {
        batch.map(|batch| batch.into_iter().map(|claim| claim.id).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn batch_is_handed_over_when_it_is_full_or_has_lingered() {
        let mut gathering = gathering(3, 2);
        assert_eq!(gathering.due(), None);
        gathering.add(claims(0..4));
        assert_eq!(ids(gathering.take()).unwrap(), ["0", "1", "2"]);
        assert!(gathering.take().is_none());
        tokio::time::sleep(Duration::from_secs(1)).await;
        gathering.add(claims(4..5));
        tokio::time::sleep_until(gathering.due().unwrap()).await;
        assert_eq!(ids(gathering.take()).unwrap(), ["3", "4"]);
        gathering.add(claims(5..6));
        gathering.complete();
        assert_eq!(ids(gathering.take()).unwrap(), ["5"]);
        assert_eq!((gathering.len(), gathering.due()), (0, None));
    }

    #[test]
    fn item_that_has_failed_is_handed_over_alone() {
        let mut gathering = gathering(10, 0);
        let [mut failed, mut crashed] = <[Claim; 2]>::try_from(claims(0..2)).unwrap();
        failed.history = Some(History { attempts: 1, ..History::default() });
        crashed.history = Some(History { crashes: 1, ..History::default() });
        gathering.add([vec![failed, crashed], claims(2..3)].concat());
        assert_eq!(ids(gathering.take()).unwrap(), ["0"]);
        assert_eq!(ids(gathering.take()).unwrap(), ["1", "2"]);
    }

    #[test]
    fn batches_are_bounded_in_bytes() {
        let mut gathering = gathering(1000, 60);
        assert_eq!(gathering.room(2), 2000);
        let large = |id: &str| Claim { id: id.to_owned(), item: Item(Bytes::from(vec![0; MOST / 2])), history: None };
        gathering.add(vec![large("a"), large("b"), large("c")]);
        assert_eq!(gathering.room(2), 0);
        assert_eq!(ids(gathering.take()).unwrap(), ["a", "b"]);
        assert!(gathering.take().is_none());
        assert_eq!(gathering.room(2), 1999);
    }
}

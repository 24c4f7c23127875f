//! Items that are processed by a pool of processes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::attempt::{Attempt, Completed};
use super::plan::Plan;
use crate::handler::{Assignment, Disposition, PoolItem, PoolResult, ProcessPool};

/// Items that a pool has.
pub(super) struct Serving<T> {
    pool: ProcessPool,
    list: Arc<str>,
    consumer: Arc<str>,
    /// Number of the last item.
    last: u64,
    in_flight: HashMap<u64, Serviced<T>>,
}

/// An item that a pool has.
struct Serviced<T> {
    item: T,
    id: String,
    begun: Instant,
}

impl<T: Attempt> Serving<T> {
    pub(super) fn new(pool: ProcessPool, plan: &Plan) -> Self {
        let (list, consumer) = (plan.list.as_str().into(), plan.consumer.as_str().into());
        Self { pool, list, consumer, last: 0, in_flight: HashMap::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.in_flight.len()
    }

    /// Number of items that the processes can take now.
    pub(super) fn room(&self) -> usize {
        self.pool.room()
    }

    /// Ids of the items in flight.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.in_flight.values().map(|serviced| serviced.id.as_str())
    }

    pub(super) fn begin(&mut self, items: Vec<T>) {
        let begun = Instant::now();
        let items = items.into_iter().map(|item| {
            self.last += 1;
            let id = item.id();
            let assignment = Assignment {
                item: item.item().clone(),
                id: id.clone(),
                attempt: item.number(),
                list: Arc::clone(&self.list),
                consumer: Arc::clone(&self.consumer),
            };
            self.in_flight.insert(self.last, Serviced { item, id, begun });
            PoolItem { ticket: self.last, assignment }
        });
        let items = items.collect();
        self.pool.begin(items);
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        let (now, mut completed) = (Instant::now(), Vec::new());
        for PoolResult { ticket, disposition } in self.pool.results() {
            let serviced = ticket.and_then(|ticket| self.in_flight.remove(&ticket));
            let duration = serviced.as_ref().map_or_else(Default::default, |serviced| now - serviced.begun);
            let items: Vec<T> = serviced.into_iter().map(|serviced| serviced.item).collect();
            if !items.is_empty() || matches!(disposition, Disposition::Unrunnable(_)) {
                completed.push(Completed { items, disposition, duration });
            }
        }
        completed
    }

    /// Waits until items may have finished, or there may be more room. Cancel-safe.
    pub(super) async fn progress(&self) {
        self.pool.progress().await;
    }

    /// Tells the processes that there are no more items.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// Waits until all processes have ended.
    pub(super) async fn end(&mut self) {
        self.pool.end().await;
    }
}

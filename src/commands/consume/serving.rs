//! Items that are processed by a pool of processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::until;
use super::attempt::{Attempt, Completed};
use super::gathering::Gathering;
use super::plan::Plan;
use super::slots::Share;
use crate::handler::{Assignment, Disposition, PoolCall, PoolItem, PoolResult, ProcessPool};

/// A pool that all lists of a consumer share. The tickets of a list are those whose remainder is its place.
pub(super) struct SharedPool {
    pool: ProcessPool,
    /// Results of each list that it has not taken yet.
    results: Mutex<Vec<Vec<PoolResult>>>,
}

impl SharedPool {
    pub(super) fn new(pool: ProcessPool, lists: usize) -> Self {
        Self { pool, results: Mutex::new((0..lists).map(|_| Vec::new()).collect()) }
    }

    /// Takes the results of the list at `place`; one about no item goes to the list that asks first.
    fn results(&self, place: usize) -> Vec<PoolResult> {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let lists = results.len() as u64;
        for result in self.pool.results() {
            let owner = result.ticket.map(|ticket| usize::try_from(ticket % lists).unwrap_or_default());
            results[owner.unwrap_or(place)].push(result);
        }
        std::mem::take(&mut results[place])
    }

    /// Waits until all processes have ended.
    pub(super) async fn end(mut self) {
        self.pool.close();
        self.pool.end().await;
    }
}

/// Items of a list that a pool has.
pub(super) struct Serving<T> {
    pool: Arc<SharedPool>,
    share: Share,
    list: Arc<str>,
    consumer: Arc<str>,
    /// Ticket of the last item.
    last: u64,
    in_flight: HashMap<u64, Serviced<T>>,
    /// Items that are to be handed over together.
    gathering: Option<Gathering<T>>,
    /// Items that were gathered when no others were to be begun.
    abandoned: Vec<T>,
}

/// An item that a pool has.
struct Serviced<T> {
    item: T,
    id: String,
    begun: Instant,
}

impl<T: Attempt> Serving<T> {
    pub(super) fn new(pool: Arc<SharedPool>, plan: &Plan, share: Share) -> Self {
        let (list, consumer) = (plan.list.as_str().into(), plan.list_consumer.as_str().into());
        let gathering = plan.batch.map(Gathering::new);
        let number = share.place() as u64;
        Self { pool, share, list, consumer, last: number, in_flight: HashMap::new(), gathering, abandoned: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.in_flight.len() + self.gathered()
    }

    /// Number of items that are not handed over yet.
    pub(super) fn gathered(&self) -> usize {
        self.gathering.as_ref().map_or(0, Gathering::len)
    }

    /// Number of items that the processes can take now, or that can be gathered for them.
    pub(super) fn room(&self) -> usize {
        let calls = self.pool.pool.room();
        self.gathering.as_ref().map_or(calls, |gathering| gathering.room(calls))
    }

    /// Ids of the items in flight.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.in_flight.values().map(|serviced| serviced.id.as_str())
    }

    /// Begins items, or gathers them.
    pub(super) fn begin(&mut self, items: Vec<T>) {
        if let Some(gathering) = &mut self.gathering {
            gathering.add(items);
            self.begin_batches();
        } else {
            let calls: Vec<PoolCall> = items.into_iter().map(|item| self.call([item])).collect();
            self.pool.pool.begin(calls);
        }
    }

    /// Begins the batches that are due, as far as processes can take them.
    fn begin_batches(&mut self) {
        while let Some(gathering) = &mut self.gathering
            && self.pool.pool.room() > 0
            && let Some(batch) = gathering.take()
        {
            let call = self.call(batch);
            self.pool.pool.begin([call]);
        }
    }

    fn call(&mut self, items: impl IntoIterator<Item = T>) -> PoolCall {
        let begun = Instant::now();
        let items = items.into_iter().map(|item| {
            self.last += self.share.lists() as u64;
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
        PoolCall(items.collect())
    }

    /// Makes what is gathered due, without waiting for more items.
    pub(super) fn flush(&mut self) {
        if let Some(gathering) = &mut self.gathering {
            gathering.complete();
        }
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        let (now, mut completed) = (Instant::now(), Vec::new());
        for PoolResult { ticket, disposition } in self.pool.results(self.share.place()) {
            let serviced = ticket.and_then(|ticket| self.in_flight.remove(&ticket));
            let duration = serviced.as_ref().map_or_else(Default::default, |serviced| now - serviced.begun);
            let items: Vec<T> = serviced.into_iter().map(|serviced| serviced.item).collect();
            if !items.is_empty() || matches!(disposition, Disposition::Unrunnable(_)) {
                completed.push(Completed { items, disposition, duration });
            }
        }
        if !self.abandoned.is_empty() {
            let (items, duration) = (std::mem::take(&mut self.abandoned), Duration::ZERO);
            completed.push(Completed { items, disposition: Disposition::Interrupted, duration });
        }
        self.begin_batches();
        completed
    }

    /// Waits until items may have finished, or there may be more room. Cancel-safe.
    pub(super) async fn progress(&self) {
        if !self.abandoned.is_empty() {
            return;
        }
        let due = self.gathering.as_ref().filter(|_| self.pool.pool.room() > 0).and_then(Gathering::due);
        tokio::select! {
            () = self.pool.pool.progress() => self.share.wake_others(),
            () = until(due) => {}
        }
    }

    /// Tells the processes that there are no more items, and ends those that are gathered unfinished.
    pub(super) fn close(&mut self) {
        self.abandoned.extend(self.gathering.as_mut().map(Gathering::abandon).unwrap_or_default());
        self.pool.pool.close();
    }
}

//! Items that are processed one by one, each by a handler in a task of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::super::until;
use super::attempt::{Attempt, Completed};
use super::gathering::Gathering;
use super::plan::Plan;
use super::slots::Share;
use crate::handler::{Assignment, BatchOutcome, Disposition, Handler};

/// Running handlers.
pub(super) struct Handling<T> {
    handler: Handler,
    list: Arc<str>,
    consumer: Arc<str>,
    abort: CancellationToken,
    running: JoinSet<Vec<Completed<T>>>,
    /// Ids of the items whose handlers run.
    ids: HashMap<Id, Vec<String>>,
    /// Number of these items.
    in_flight: usize,
    /// Items that are to be handed over together.
    gathering: Option<Gathering<T>>,
    /// Items whose handler ended at once.
    ended: Vec<Completed<T>>,
}

impl<T: Attempt> Handling<T> {
    pub(super) fn new(handler: Handler, plan: &Plan, abort: CancellationToken) -> Self {
        let (list, consumer) = (plan.list.as_str().into(), plan.list_consumer.as_str().into());
        let (running, ids, gathering) = (JoinSet::new(), HashMap::new(), plan.batch.map(Gathering::new));
        Self { handler, list, consumer, abort, running, ids, in_flight: 0, gathering, ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.in_flight + self.gathered()
    }

    /// Number of items that are not handed over yet.
    pub(super) fn gathered(&self) -> usize {
        self.gathering.as_ref().map_or(0, Gathering::len)
    }

    /// Ids of the items in flight.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.values().flatten().map(String::as_str)
    }

    /// Begins items, or gathers them.
    pub(super) fn begin(&mut self, items: Vec<T>) {
        match &mut self.gathering {
            Some(gathering) => gathering.add(items),
            None => items.into_iter().for_each(|item| self.begin_one(item)),
        }
        self.begin_batches();
    }

    fn begin_one(&mut self, item: T) {
        let assignment = self.assignment(&item);
        let (id, handler, abort) = (assignment.id.clone(), self.handler.clone(), self.abort.clone());
        let mut process = Box::pin(async move {
            let start = Instant::now();
            let disposition = handler.process(&assignment, &abort).await;
            Completed { items: vec![item], disposition, duration: start.elapsed() }
        });
        // A handler that takes no time needs no task.
        match process.as_mut().now_or_never() {
            Some(completed) => self.ended.push(completed),
            None => self.run(vec![id], async move { vec![process.await] }),
        }
    }

    fn run(&mut self, ids: Vec<String>, process: impl Future<Output = Vec<Completed<T>>> + Send + 'static) {
        self.in_flight += ids.len();
        self.ids.insert(self.running.spawn(process).id(), ids);
    }

    /// Begins the batches that are due, as far as calls are free.
    fn begin_batches(&mut self) {
        while let Some(gathering) = &mut self.gathering
            && let Some(permit) = self.handler.try_call()
            && let Some(batch) = gathering.take()
        {
            self.begin_batch(batch, permit);
        }
    }

    fn begin_batch(&mut self, batch: Vec<T>, permit: OwnedSemaphorePermit) {
        let assignments: Vec<Assignment> = batch.iter().map(|item| self.assignment(item)).collect();
        let ids = assignments.iter().map(|assignment| assignment.id.clone()).collect();
        let (handler, abort) = (self.handler.clone(), self.abort.clone());
        self.run(ids, async move {
            let start = Instant::now();
            let outcome = handler.process_batch(&assignments, &abort).await;
            let duration = start.elapsed();
            drop(permit);
            match outcome {
                BatchOutcome::All(disposition) => vec![Completed { items: batch, disposition, duration }],
                BatchOutcome::Each(dispositions) => {
                    let each = batch.into_iter().zip(dispositions);
                    each.map(|(item, disposition)| Completed { items: vec![item], disposition, duration }).collect()
                }
            }
        });
    }

    fn assignment(&self, item: &T) -> Assignment {
        Assignment {
            item: item.item().clone(),
            id: item.id(),
            attempt: item.number(),
            list: Arc::clone(&self.list),
            consumer: Arc::clone(&self.consumer),
        }
    }

    /// Number of items that can be begun, or gathered, by what processes them.
    pub(super) fn room(&self) -> usize {
        match &self.gathering {
            _ if !self.handler.is_ready() => 0,
            None => usize::MAX,
            Some(gathering) => gathering.room(self.handler.free_calls()),
        }
    }

    /// Makes what is gathered due, without waiting for more items.
    pub(super) fn flush(&mut self) {
        if let Some(gathering) = &mut self.gathering {
            gathering.complete();
        }
    }

    /// Ends the items that are gathered unfinished: no others are to be begun.
    pub(super) fn close(&mut self) {
        let items = self.gathering.as_mut().map(Gathering::abandon).unwrap_or_default();
        if !items.is_empty() {
            self.ended.push(Completed { items, disposition: Disposition::Interrupted, duration: Duration::ZERO });
        }
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.end(ended);
        }
        self.begin_batches();
        std::mem::take(&mut self.ended)
    }

    /// Waits until an item has finished, or others can be begun; forever if neither can happen. Cancel-safe.
    pub(super) async fn progress(&mut self, share: &Share) {
        if self.ended.is_empty() {
            let due = self.gathering.as_ref().and_then(Gathering::due);
            let call = async {
                until(due).await;
                self.handler.call().await
            };
            tokio::select! {
                biased;
                Some(ended) = self.running.join_next_with_id() => self.end(ended),
                () = self.handler.ready() => share.wake_others(),
                permit = call => {
                    if let Some(batch) = self.gathering.as_mut().and_then(Gathering::take) {
                        self.begin_batch(batch, permit);
                    }
                    // Of several lists that wait for a call, one has heard of it.
                    share.wake_others();
                }
            }
        }
    }

    fn end(&mut self, ended: Result<(Id, Vec<Completed<T>>), JoinError>) {
        let id = match ended {
            Ok((id, mut completed)) => {
                self.ended.append(&mut completed);
                id
            }
            // The items stay claimed, and are requeued when the consumer stops.
            Err(error) => {
                let (id, event) = (error.id(), "handler_panicked");
                let item = self.ids.get(&id).map(|ids| ids.join(" "));
                tracing::error!(event, item, %error, "handler panicked: this is a bug in qscale");
                id
            }
        };
        self.in_flight -= self.ids.remove(&id).map_or(0, |ids| ids.len());
    }
}

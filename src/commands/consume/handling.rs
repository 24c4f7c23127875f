//! Items that are processed one by one, each by a handler in a task of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Completed};
use super::plan::Plan;
use crate::handler::{Assignment, Handler};

/// Running handlers.
pub(super) struct Handling<T> {
    handler: Handler,
    list: Arc<str>,
    consumer: Arc<str>,
    running: JoinSet<Completed<T>>,
    /// Ids of the items whose handlers run.
    ids: HashMap<Id, String>,
    /// Items whose handler ended at once.
    ended: Vec<Completed<T>>,
}

impl<T: Attempt> Handling<T> {
    pub(super) fn new(handler: Handler, plan: &Plan) -> Self {
        let (list, consumer) = (plan.list.as_str().into(), plan.consumer.as_str().into());
        Self { handler, list, consumer, running: JoinSet::new(), ids: HashMap::new(), ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Ids of the items in flight.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.values().map(String::as_str)
    }

    pub(super) fn begin(&mut self, item: T, abort: &CancellationToken) {
        let assignment = Assignment {
            item: item.item().clone(),
            id: item.id(),
            attempt: item.number(),
            list: Arc::clone(&self.list),
            consumer: Arc::clone(&self.consumer),
        };
        let (id, handler, abort) = (item.id(), self.handler.clone(), abort.clone());
        let mut process = Box::pin(async move {
            let start = Instant::now();
            let disposition = handler.process(&assignment, &abort).await;
            Completed { items: vec![item], disposition, duration: start.elapsed() }
        });
        // A handler that takes no time needs no task.
        match process.as_mut().now_or_never() {
            Some(completed) => self.ended.push(completed),
            None => drop(self.ids.insert(self.running.spawn(process).id(), id)),
        }
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        while let Some(ended) = self.running.try_join_next_with_id() {
            self.end(ended);
        }
        std::mem::take(&mut self.ended)
    }

    /// Returns true if other items can be begun.
    pub(super) fn is_ready(&self) -> bool {
        self.handler.is_ready()
    }

    /// Waits until an item has finished, or others can be begun; forever if neither can happen. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        if self.ended.is_empty() {
            tokio::select! {
                biased;
                Some(ended) = self.running.join_next_with_id() => self.end(ended),
                () = self.handler.ready() => {}
            }
        }
    }

    fn end(&mut self, ended: Result<(Id, Completed<T>), JoinError>) {
        let id = match ended {
            Ok((id, completed)) => {
                self.ended.push(completed);
                id
            }
            // The item stays claimed, and is requeued when the consumer stops.
            Err(error) => {
                let (id, event) = (error.id(), "handler_panicked");
                tracing::error!(event, item = self.ids.get(&id), %error, "handler panicked: this is a bug in qscale");
                id
            }
        };
        self.ids.remove(&id);
    }
}

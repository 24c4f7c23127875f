//! Items that are processed one by one, each by a handler in a task of its own.

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::task::{JoinError, JoinSet};
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
    /// Items whose handler ended at once.
    ended: Vec<Completed<T>>,
}

impl<T: Attempt> Handling<T> {
    pub(super) fn new(handler: Handler, plan: &Plan) -> Self {
        let (list, consumer) = (plan.list.as_str().into(), plan.consumer.as_str().into());
        Self { handler, list, consumer, running: JoinSet::new(), ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn begin(&mut self, item: T, abort: &CancellationToken) {
        let assignment = Assignment {
            item: item.item().clone(),
            id: item.id(),
            attempt: item.number(),
            list: Arc::clone(&self.list),
            consumer: Arc::clone(&self.consumer),
        };
        let (handler, abort) = (self.handler.clone(), abort.clone());
        let mut process = Box::pin(async move {
            let start = Instant::now();
            let disposition = handler.process(&assignment, &abort).await;
            Completed { items: vec![item], disposition, duration: start.elapsed() }
        });
        // A handler that takes no time needs no task.
        match process.as_mut().now_or_never() {
            Some(completed) => self.ended.push(completed),
            None => drop(self.running.spawn(process)),
        }
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        let mut completed = std::mem::take(&mut self.ended);
        completed.extend(std::iter::from_fn(|| self.running.try_join_next()).filter_map(without_panic));
        completed
    }

    /// Waits until an item has finished; forever if none is in flight. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        if self.ended.is_empty() {
            match self.running.join_next().await {
                Some(completed) => self.ended.extend(without_panic(completed)),
                None => std::future::pending().await,
            }
        }
    }
}

fn without_panic<T>(completed: Result<Completed<T>, JoinError>) -> Option<Completed<T>> {
    // The item stays claimed, and is requeued when the consumer stops.
    completed.inspect_err(|error| tracing::error!(%error, "handler panicked: this is a bug in qscale")).ok()
}

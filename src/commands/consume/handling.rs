//! Items that are processed one by one, each by a handler in a task of its own.

use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Completed;
use super::plan::Plan;
use crate::handler::{Assignment, Handler};
use crate::queue::Claim;

/// Running handlers.
pub(super) struct Handling {
    handler: Handler,
    list: Arc<str>,
    consumer: Arc<str>,
    running: JoinSet<Completed>,
    /// Items whose handler ended at once.
    ended: Vec<Completed>,
}

impl Handling {
    pub(super) fn new(handler: Handler, plan: &Plan) -> Self {
        let (list, consumer) = (plan.list.as_str().into(), plan.consumer.as_str().into());
        Self { handler, list, consumer, running: JoinSet::new(), ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    pub(super) fn begin(&mut self, claim: Claim, abort: &CancellationToken) {
        let assignment = Assignment {
            item: claim.item.clone(),
            id: claim.name().to_owned(),
            attempt: claim.attempt(),
            list: Arc::clone(&self.list),
            consumer: Arc::clone(&self.consumer),
        };
        let (handler, abort) = (self.handler.clone(), abort.clone());
        let mut process = Box::pin(async move {
            let start = Instant::now();
            let disposition = handler.process(&assignment, &abort).await;
            Completed { claim, disposition, duration: start.elapsed() }
        });
        // A handler that takes no time needs no task.
        match process.as_mut().now_or_never() {
            Some(completed) => self.ended.push(completed),
            None => drop(self.running.spawn(process)),
        }
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed> {
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

fn without_panic(completed: Result<Completed, JoinError>) -> Option<Completed> {
    // The item stays claimed, and is requeued when the consumer stops.
    completed.inspect_err(|error| tracing::error!(%error, "handler panicked: this is a bug in qscale")).ok()
}

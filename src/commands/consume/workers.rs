//! Handlers that process items concurrently.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::telemetry::Telemetry;
use crate::delivery::tally::Tally;
use crate::handler::{Assignment, Disposition, Handler};
use crate::queue::Claim;

/// Running handlers, at most one per slot.
pub(super) struct Workers {
    handler: Handler,
    list: Arc<str>,
    consumer: Arc<str>,
    abort: CancellationToken,
    telemetry: Telemetry,
    slots: usize,
    running: JoinSet<Completed>,
    begun: u64,
}

/// An item whose handler has finished.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) claim: Claim,
    pub(super) disposition: Disposition,
    /// Handler duration.
    pub(super) duration: Duration,
}

impl Workers {
    pub(super) fn new(handler: Handler, plan: &Plan, telemetry: Telemetry, abort: CancellationToken) -> Self {
        Self {
            handler,
            list: plan.list.as_str().into(),
            consumer: plan.consumer.as_str().into(),
            abort,
            telemetry,
            slots: plan.concurrency as usize,
            running: JoinSet::new(),
            begun: 0,
        }
    }

    /// Number of items in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.running.len()
    }

    /// Number of items that can be begun now.
    pub(super) fn free_slots(&self) -> usize {
        self.slots.saturating_sub(self.running.len())
    }

    /// Number of items begun so far.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// Begins to process an item.
    pub(super) fn begin(&mut self, claim: Claim) {
        self.begun += 1;
        self.telemetry.begun(&claim);
        let assignment = Assignment {
            item: claim.item.clone(),
            id: claim.name().to_owned(),
            attempt: claim.attempt(),
            list: Arc::clone(&self.list),
            consumer: Arc::clone(&self.consumer),
        };
        let (handler, abort) = (self.handler.clone(), self.abort.clone());
        let telemetry = self.telemetry.clone();
        self.running.spawn(async move {
            let start = Instant::now();
            let disposition = handler.process(&assignment, &abort).await;
            let duration = start.elapsed();
            telemetry.handled(duration);
            Completed { claim, disposition, duration }
        });
    }

    /// Publishes the counts, and marks an iteration of the loop.
    pub(super) fn report(&self, tally: &Tally) {
        self.telemetry.report(tally, self.running.len());
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed> {
        std::iter::from_fn(|| self.running.try_join_next()).filter_map(without_panic).collect()
    }

    /// Waits for the next item to finish; forever if none is in flight. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Completed> {
        match self.running.join_next().await {
            Some(completed) => without_panic(completed),
            None => std::future::pending().await,
        }
    }
}

fn without_panic(completed: Result<Completed, JoinError>) -> Option<Completed> {
    // The item stays claimed, and is requeued when the consumer stops.
    completed.inspect_err(|error| tracing::error!(%error, "handler panicked: this is a bug in qscale")).ok()
}

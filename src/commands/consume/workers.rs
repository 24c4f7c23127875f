//! The items in flight, and what became of those that were.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Plan;
use super::vitals::Vitals;
use crate::delivery::tally::Tally;
use crate::handler::{Assignment, Disposition, Handler};
use crate::queue::Claim;

/// Handlers at work, never more than there are hands.
pub(super) struct Workers {
    handler: Handler,
    list: Arc<str>,
    consumer: Arc<str>,
    abort: CancellationToken,
    vitals: Vitals,
    hands: usize,
    running: JoinSet<Ended>,
    begun: u64,
}

/// One item that is out of hand.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) claimed: Claim,
    pub(super) disposition: Disposition,
    /// How long the handler had it.
    pub(super) took: Duration,
}

impl Workers {
    pub(super) fn new(handler: Handler, plan: &Plan, vitals: Vitals, abort: CancellationToken) -> Self {
        Self {
            handler,
            list: plan.list.as_str().into(),
            consumer: plan.consumer.as_str().into(),
            abort,
            vitals,
            hands: plan.concurrency as usize,
            running: JoinSet::new(),
            begun: 0,
        }
    }

    /// How many items are in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.running.len()
    }

    /// How many more may be begun now.
    pub(super) fn free(&self) -> usize {
        self.hands.saturating_sub(self.running.len())
    }

    /// How many have been begun in all.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// Begins an item.
    pub(super) fn begin(&mut self, claimed: Claim) {
        self.begun += 1;
        self.vitals.begun(&claimed);
        let assignment = Assignment {
            item: claimed.item.clone(),
            id: claimed.name().to_owned(),
            attempt: claimed.attempt(),
            list: Arc::clone(&self.list),
            consumer: Arc::clone(&self.consumer),
        };
        let (handler, abort) = (self.handler.clone(), self.abort.clone());
        let vitals = self.vitals.clone();
        self.running.spawn(async move {
            let start = Instant::now();
            let disposition = handler.work(&assignment, &abort).await;
            let took = start.elapsed();
            vitals.handled(took);
            Ended { claimed, disposition, took }
        });
    }

    /// Shows that the loop around them has turned, and what is done.
    pub(super) fn turned(&self, tally: &Tally) {
        self.vitals.turned(tally, self.running.len());
    }

    /// Takes what has ended, without waiting.
    pub(super) fn ended(&mut self) -> Vec<Ended> {
        std::iter::from_fn(|| self.running.try_join_next()).filter_map(sound).collect()
    }

    /// Waits for the next one to end; for ever when none is in flight.
    pub(super) async fn next(&mut self) -> Option<Ended> {
        match self.running.join_next().await {
            Some(ended) => sound(ended),
            None => std::future::pending().await,
        }
    }
}

fn sound(ended: Result<Ended, JoinError>) -> Option<Ended> {
    // What it held is still held, and goes back when the consumer leaves.
    ended.inspect_err(|error| tracing::error!("a handler ended with a bug in qscale: {error}")).ok()
}

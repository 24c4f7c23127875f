//! Slots for items in flight.

use tokio_util::sync::CancellationToken;

use super::Completed;
use super::handling::Handling;
use super::plan::Plan;
use super::printing::Printing;
use super::telemetry::Telemetry;
use crate::delivery::tally::Tally;
use crate::queue::Claim;

/// Items in flight, at most one per slot, and what processes them.
pub(super) struct Workers {
    processing: Processing,
    abort: CancellationToken,
    telemetry: Telemetry,
    slots: usize,
    begun: u64,
}

/// Way to process items.
pub(super) enum Processing {
    Handle(Handling),
    Print(Printing),
}

impl Workers {
    pub(super) fn new(processing: Processing, plan: &Plan, telemetry: Telemetry, abort: CancellationToken) -> Self {
        Self { processing, abort, telemetry, slots: plan.concurrency as usize, begun: 0 }
    }

    /// Number of items in flight.
    pub(super) fn in_flight(&self) -> usize {
        match &self.processing {
            Processing::Handle(handling) => handling.len(),
            Processing::Print(printing) => printing.len(),
        }
    }

    /// Number of items that can be begun now.
    pub(super) fn free_slots(&self) -> usize {
        self.slots.saturating_sub(self.in_flight())
    }

    /// Number of items begun so far.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// Begins to process items; those that take no time have finished on return.
    pub(super) fn begin(&mut self, claims: Vec<Claim>) {
        self.begun += claims.len() as u64;
        for claim in &claims {
            self.telemetry.begun(claim);
        }
        match &mut self.processing {
            Processing::Handle(handling) => claims.into_iter().for_each(|claim| handling.begin(claim, &self.abort)),
            Processing::Print(printing) => printing.begin(claims),
        }
    }

    /// Publishes the counts, and marks an iteration of the loop.
    pub(super) fn report(&self, tally: &Tally) {
        self.telemetry.report(tally, self.in_flight());
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed> {
        let completed = match &mut self.processing {
            Processing::Handle(handling) => handling.completed(),
            Processing::Print(printing) => printing.completed(),
        };
        for Completed { duration, .. } in &completed {
            self.telemetry.handled(*duration);
        }
        completed
    }

    /// Waits until an item has finished; forever if none is in flight. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        match &mut self.processing {
            Processing::Handle(handling) => handling.progress().await,
            Processing::Print(printing) => printing.progress(&self.abort).await,
        }
    }
}

//! Slots for items in flight.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Completed};
use super::handling::Handling;
use super::plan::Plan;
use super::prefetch::Prefetch;
use super::printing::{Printing, SharedPrinter};
use super::retention::Expiry;
use super::serving::{Serving, SharedPool};
use super::slots::Share;
use super::telemetry::Telemetry;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::MAX_INTERVAL;
use crate::handler::{Disposition, Handler};

/// Items of a list in flight, at most one per slot, and what processes them.
pub(super) struct Workers<T> {
    processing: Processing<T>,
    abort: CancellationToken,
    telemetry: Telemetry,
    share: Share,
    expiry: Option<Expiry>,
    /// Items that have expired, and were not begun.
    expired: Vec<Completed<T>>,
    /// Items that have finished during a call to Redis.
    finished: Vec<Completed<T>>,
    /// Items without a slot yet: prefetched, or come when other lists had been given their slots.
    queue: Prefetch<T>,
}

/// Time that other lists wait for a call to Redis at most: then they have the slots of items that have finished meanwhile.
const PATIENCE: Duration = Duration::from_secs(1);

/// Processor of the items of all lists. Cheap to clone.
#[derive(Clone)]
pub(super) enum Processor {
    Handler(Handler),
    Printer(Arc<SharedPrinter>),
    Pool(Arc<SharedPool>),
}

impl Processor {
    /// Waits for the end of what outlives the items: the last one of its clones does.
    pub(super) async fn end(self) {
        if let Self::Pool(pool) = self
            && let Some(pool) = Arc::into_inner(pool)
        {
            pool.end().await;
        }
    }
}

/// Items that are being processed, by how they are.
enum Processing<T> {
    Handle(Handling<T>),
    Print(Printing<T>),
    Serve(Serving<T>),
}

impl<T: Attempt> Workers<T> {
    pub(super) fn new(
        processor: Processor,
        plan: &Plan,
        telemetry: Telemetry,
        share: Share,
        abort: CancellationToken,
    ) -> Self {
        let processing = match processor {
            Processor::Handler(handler) => Processing::Handle(Handling::new(handler, plan, abort.clone())),
            Processor::Printer(printer) => Processing::Print(Printing::new(printer, share.clone())),
            Processor::Pool(pool) => Processing::Serve(Serving::new(pool, plan, share.clone())),
        };
        let expiry = plan.retention.expiry.clone();
        Self {
            processing,
            abort,
            telemetry,
            share,
            expiry,
            expired: Vec::new(),
            finished: Vec::new(),
            queue: Prefetch::new(plan),
        }
    }

    /// Number of items in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.begun() + self.queue.len()
    }

    /// Number of items in flight but for those that wait for others: these keep no consumer from being idle.
    pub(super) fn unfinished(&self) -> usize {
        let gathered = match &self.processing {
            Processing::Handle(handling) => handling.gathered(),
            Processing::Print(_) => 0,
            Processing::Serve(serving) => serving.gathered(),
        };
        self.in_flight() - gathered
    }

    /// Number of items that have a slot.
    fn begun(&self) -> usize {
        match &self.processing {
            Processing::Handle(handling) => handling.len(),
            Processing::Print(printing) => printing.len(),
            Processing::Serve(serving) => serving.len(),
        }
    }

    /// Ids of items in flight, at most `limit`; none of those that are printed.
    pub(super) fn ids(&self, limit: usize) -> Vec<&str> {
        match &self.processing {
            Processing::Handle(handling) => handling.ids().take(limit).collect(),
            Processing::Print(_) => Vec::new(),
            Processing::Serve(serving) => serving.ids().take(limit).collect(),
        }
    }

    /// Slots as this list has them.
    pub(super) fn share(&self) -> &Share {
        &self.share
    }

    /// Number of items that can be begun now, by the slots and by what processes them.
    pub(super) fn free_slots(&self) -> usize {
        self.share.free(self.in_flight(), self.room())
    }

    /// Number of items that may be claimed now, while `expected` others may come that were asked for.
    pub(super) fn allowed(&self, expected: usize) -> usize {
        let prefetch = self.prefetch();
        let room = self.room().saturating_add(prefetch.saturating_sub(self.queue.len()));
        self.share.allowed(self.in_flight(), expected, prefetch, room)
    }

    /// Number of items that may wait for a slot now: none while nothing can process them.
    fn prefetch(&self) -> usize {
        let is_working = match &self.processing {
            Processing::Serve(serving) => serving.len() > 0,
            Processing::Handle(handling) => handling.room() > 0,
            Processing::Print(_) => true,
        };
        if is_working { self.queue.limit() } else { 0 }
    }

    /// Number of items that can be begun now by what processes them.
    fn room(&self) -> usize {
        match &self.processing {
            Processing::Serve(serving) => serving.room(),
            Processing::Handle(handling) => handling.room(),
            Processing::Print(_) => usize::MAX,
        }
    }

    /// Begins to process items that have not expired; those that take no time have finished on return.
    pub(super) fn begin(&mut self, items: Vec<T>) {
        let taken = items.len();
        let items = self.keep(items);
        self.share.begun(taken, items.len());
        self.queue.add(items);
        self.start_queued();
        if self.share.is_over() {
            self.flush();
        }
    }

    /// Begins the items that have a slot; not those that are [overdue](Self::overdue), whose lease may have expired in a pause.
    fn start_queued(&mut self) {
        if self.queue.is_overdue() {
            return;
        }
        let room = if let Processing::Serve(serving) = &self.processing { serving.room() } else { usize::MAX };
        let count = self.share.startable(self.in_flight(), self.queue.len(), room);
        let items = self.queue.take(count);
        if !items.is_empty() {
            self.start(items);
        }
    }

    fn start(&mut self, items: Vec<T>) {
        for item in &items {
            self.telemetry.begun(item);
        }
        match &mut self.processing {
            Processing::Handle(handling) => handling.begin(items),
            Processing::Print(printing) => printing.begin(items),
            Processing::Serve(serving) => serving.begin(items),
        }
    }

    /// Returns the items that have not expired.
    fn keep(&mut self, items: Vec<T>) -> Vec<T> {
        let Some(expiry) = &self.expiry else { return items };
        let (now, mut kept) = (SystemTime::now(), Vec::with_capacity(items.len()));
        for item in items {
            match expiry.reason(item.item(), now) {
                None => kept.push(item),
                Some(reason) => {
                    let disposition = Disposition::Expired { reason };
                    self.expired.push(Completed { items: vec![item], disposition, duration: Duration::ZERO });
                }
            }
        }
        kept
    }

    /// Returns true if no more items are to be begun: those that wait for a slot may be left to others, and then more are claimed.
    pub(super) fn is_over(&self) -> bool {
        self.share.is_over() && self.queue.is_empty()
    }

    /// Takes the items that have waited for a slot for so long that other consumers are to have them.
    pub(super) fn overdue(&mut self) -> Vec<T> {
        if !self.queue.is_overdue() {
            return Vec::new();
        }
        let items = self.queue.give_up();
        self.share.returned(items.len());
        items
    }

    /// Publishes the counts, and marks an iteration of the loop.
    pub(super) fn report(&self, tally: &Tally) {
        self.telemetry.report(tally, self.in_flight());
    }

    /// Returns the items that have finished, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        self.take_completed();
        std::mem::take(&mut self.finished)
    }

    fn take_completed(&mut self) {
        let mut completed = match &mut self.processing {
            Processing::Handle(handling) => handling.completed(),
            Processing::Print(printing) => printing.completed(),
            Processing::Serve(serving) => serving.completed(),
        };
        for Completed { items, duration, .. } in &completed {
            self.telemetry.handled(*duration, items.len());
            self.queue.observe(*duration);
        }
        self.finished.append(&mut completed);
        self.finished.append(&mut self.expired);
        if !self.queue.is_empty() {
            self.start_queued();
        }
    }

    /// Waits for the result of a call to Redis, and marks the progress of the loop meanwhile: a large item over a slow link
    /// takes its time, and a server may be away. The other lists go on with the slots of what has finished.
    pub(super) async fn report_during<O>(&mut self, tally: &Tally, call: impl Future<Output = O>) -> O {
        let mut call = std::pin::pin!(call);
        let patience = if self.share.is_alone() { MAX_INTERVAL } else { PATIENCE };
        loop {
            if let Ok(result) = tokio::time::timeout(patience, &mut call).await {
                return result;
            }
            self.take_completed();
            self.share.give_way(self.in_flight());
            self.report(tally);
        }
    }

    /// Waits until an item may have finished or is [overdue](Self::overdue), or a slot may have become free; forever if nothing
    /// of it can happen. Cancel-safe.
    pub(super) async fn progress(&mut self) {
        if !self.finished.is_empty() {
            return;
        }
        let progress = async {
            match &mut self.processing {
                Processing::Handle(handling) => handling.progress(&self.share).await,
                Processing::Print(printing) => printing.progress(&self.abort).await,
                Processing::Serve(serving) => serving.progress().await,
            }
        };
        match self.queue.due() {
            None => progress.await,
            Some(due) => drop(tokio::time::timeout_at(due, progress).await),
        }
    }

    /// Begins the end before a stop: no more items are to come, and those that are gathered are begun.
    pub(super) fn flush(&mut self) {
        match &mut self.processing {
            Processing::Handle(handling) => handling.flush(),
            Processing::Serve(serving) => serving.flush(),
            Processing::Print(_) => {}
        }
    }

    /// Begins the end after a stop: no more items are to come, and those that no handler has are not begun.
    pub(super) fn close(&mut self) {
        if !self.queue.is_empty() {
            let (items, duration) = (self.queue.abandon(), Duration::ZERO);
            self.finished.push(Completed { items, disposition: Disposition::Interrupted, duration });
        }
        match &mut self.processing {
            Processing::Handle(handling) => handling.close(),
            Processing::Serve(serving) => serving.close(),
            Processing::Print(_) => {}
        }
    }
}

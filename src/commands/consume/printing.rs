//! Items that are processed by printing them: all that were claimed together at once.

use std::collections::VecDeque;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::Completed;
use crate::handler::{Disposition, LinePrinter};
use crate::queue::Claim;

/// Items whose lines are not written yet, and the printer that writes them.
pub(super) struct Printing {
    printer: LinePrinter,
    begun: VecDeque<(Claim, Instant)>,
    ended: Vec<Completed>,
}

impl Printing {
    pub(super) fn new(printer: LinePrinter) -> Self {
        Self { printer, begun: VecDeque::new(), ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.begun.len()
    }

    pub(super) fn begin(&mut self, claims: Vec<Claim>) {
        self.printer.print(claims.iter().map(|claim| claim.item.clone()));
        let start = Instant::now();
        self.begun.extend(claims.into_iter().map(|claim| (claim, start)));
        self.settle();
    }

    /// Returns the items that are printed, or never will be, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed> {
        self.settle();
        std::mem::take(&mut self.ended)
    }

    /// Waits until items are printed, or never will be; forever if none is in flight. Cancel-safe.
    pub(super) async fn progress(&mut self, abort: &CancellationToken) {
        while self.ended.is_empty() {
            tokio::select! {
                biased;
                () = self.printer.progress() => self.settle(),
                () = abort.cancelled(), if !self.begun.is_empty() => {
                    self.printer.abandon();
                    self.settle();
                    self.end(self.begun.len(), || Disposition::Interrupted);
                }
            }
        }
    }

    /// Ends the items that the printer reports on.
    fn settle(&mut self) {
        let printed = self.printer.report();
        self.end(printed.lines, || Disposition::Ack);
        if let Some(error) = printed.error {
            // No other line is written after one that has failed.
            let mut closed = Some(Disposition::Closed(error));
            self.end(self.begun.len(), || closed.take().unwrap_or(Disposition::Interrupted));
        }
    }

    /// Ends the first `items` of those in flight.
    fn end(&mut self, items: usize, mut disposition: impl FnMut() -> Disposition) {
        let now = Instant::now();
        let ended = self.begun.drain(..items.min(self.begun.len()));
        self.ended.extend(ended.map(|(claim, start)| Completed {
            claim,
            disposition: disposition(),
            duration: now - start,
        }));
    }
}

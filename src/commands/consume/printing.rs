//! Items that are processed by printing them: all that were claimed together at once.

use std::collections::VecDeque;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Completed};
use crate::handler::{Disposition, LinePrinter, Printed};

/// Items whose lines are not written yet, and the printer that writes them.
pub(super) struct Printing<T> {
    printer: LinePrinter,
    begun: VecDeque<(T, Instant)>,
    ended: Vec<Completed<T>>,
}

impl<T: Attempt> Printing<T> {
    pub(super) fn new(printer: LinePrinter) -> Self {
        Self { printer, begun: VecDeque::new(), ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.begun.len()
    }

    pub(super) fn begin(&mut self, items: Vec<T>) {
        let (start, is_alone) = (Instant::now(), self.begun.is_empty());
        let printed = self.printer.print(items.iter().map(T::item));
        if is_alone && printed.lines == items.len() {
            // The reader has taken everything at once.
            self.ended.push(Completed { items, disposition: Disposition::Ack, duration: start.elapsed() });
        } else {
            self.begun.extend(items.into_iter().map(|item| (item, start)));
            self.settle(printed);
        }
    }

    /// Returns the items that are printed, or never will be, without waiting.
    pub(super) fn completed(&mut self) -> Vec<Completed<T>> {
        if !self.begun.is_empty() {
            self.settle(self.printer.report());
        }
        std::mem::take(&mut self.ended)
    }

    /// Waits until items are printed, or never will be; forever if none is in flight. Cancel-safe.
    pub(super) async fn progress(&mut self, abort: &CancellationToken) {
        while self.ended.is_empty() {
            tokio::select! {
                biased;
                () = abort.cancelled(), if !self.begun.is_empty() => {
                    self.settle(self.printer.abandon());
                    self.end(self.begun.len(), || Disposition::Interrupted);
                }
                () = self.printer.progress() => self.settle(self.printer.report()),
            }
        }
    }

    /// Ends the items that the report is about.
    fn settle(&mut self, printed: Printed) {
        self.end(printed.lines, || Disposition::Ack);
        if let Some(error) = printed.error {
            // No other line is written after one that has failed.
            let mut closed = Some(Disposition::Closed(error));
            self.end(self.begun.len(), || closed.take().unwrap_or(Disposition::Interrupted));
        }
    }

    /// Ends the first `count` of the items in flight.
    fn end(&mut self, count: usize, mut disposition: impl FnMut() -> Disposition) {
        let now = Instant::now();
        let ended = self.begun.drain(..count.min(self.begun.len()));
        self.ended.extend(ended.map(|(item, start)| Completed {
            items: vec![item],
            disposition: disposition(),
            duration: now - start,
        }));
    }
}

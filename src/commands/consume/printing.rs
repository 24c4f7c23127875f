//! Items that are processed by printing them: all that were claimed together at once.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Completed};
use super::slots::Share;
use crate::delivery::item::Item;
use crate::handler::{Disposition, LinePrinter, Printed};

/// A printer that all lists of a consumer share.
pub(super) struct SharedPrinter {
    printer: LinePrinter,
    lines: Mutex<SharedLines>,
}

/// Lines on their way, and what each list has not been told of them.
struct SharedLines {
    /// Lists whose lines are not written yet, each with their number, in the order of the lines.
    order: VecDeque<(usize, usize)>,
    reports: Vec<Printed>,
}

impl SharedPrinter {
    pub(super) fn new(printer: LinePrinter, lists: usize) -> Self {
        let reports = (0..lists).map(|_| Printed::default()).collect();
        Self { printer, lines: Mutex::new(SharedLines { order: VecDeque::new(), reports }) }
    }

    /// Prints items of the list at `place`, and returns what became of its lines since the last report.
    fn print<'a>(&self, place: usize, items: impl ExactSizeIterator<Item = &'a Item>) -> Printed {
        let mut lines = self.lines();
        lines.order.push_back((place, items.len()));
        lines.record(self.printer.print(items));
        std::mem::take(&mut lines.reports[place])
    }

    fn report(&self, place: usize) -> Printed {
        let mut lines = self.lines();
        lines.record(self.printer.report());
        std::mem::take(&mut lines.reports[place])
    }

    /// Gives up the lines that are not written in full, of all lists.
    fn abandon(&self, place: usize) -> Printed {
        let mut lines = self.lines();
        lines.record(self.printer.abandon());
        std::mem::take(&mut lines.reports[place])
    }

    fn lines(&self) -> MutexGuard<'_, SharedLines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedLines {
    /// Tells each list what became of its lines; an error is that of all.
    fn record(&mut self, printed: Printed) {
        let mut left = printed.lines;
        while left > 0
            && let Some((place, count)) = self.order.front_mut()
        {
            let written = left.min(*count);
            self.reports[*place].lines += written;
            *count -= written;
            left -= written;
            if *count == 0 {
                self.order.pop_front();
            }
        }
        if let Some(error) = printed.error {
            for report in &mut self.reports {
                report.error = Some(io::Error::new(error.kind(), error.to_string()));
            }
        }
    }
}

/// Items of a list whose lines are not written yet, and the printer that writes them.
pub(super) struct Printing<T> {
    printer: Arc<SharedPrinter>,
    share: Share,
    begun: VecDeque<(T, Instant)>,
    ended: Vec<Completed<T>>,
}

impl<T: Attempt> Printing<T> {
    pub(super) fn new(printer: Arc<SharedPrinter>, share: Share) -> Self {
        Self { printer, share, begun: VecDeque::new(), ended: Vec::new() }
    }

    /// Number of items in flight.
    pub(super) fn len(&self) -> usize {
        self.begun.len()
    }

    pub(super) fn begin(&mut self, items: Vec<T>) {
        let (start, is_alone) = (Instant::now(), self.begun.is_empty());
        let printed = self.printer.print(self.share.place(), items.iter().map(T::item));
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
            self.settle(self.printer.report(self.share.place()));
        }
        std::mem::take(&mut self.ended)
    }

    /// Waits until items are printed, or never will be; forever if none is in flight. Cancel-safe.
    pub(super) async fn progress(&mut self, abort: &CancellationToken) {
        while self.ended.is_empty() {
            tokio::select! {
                biased;
                () = abort.cancelled(), if !self.begun.is_empty() => {
                    self.settle(self.printer.abandon(self.share.place()));
                    self.end(self.begun.len(), || Disposition::Interrupted);
                }
                () = self.printer.printer.progress() => {
                    self.settle(self.printer.report(self.share.place()));
                    self.share.wake_others();
                }
                // Another list has heard of the progress.
                () = self.share.changed() => {
                    self.settle(self.printer.report(self.share.place()));
                    return;
                }
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

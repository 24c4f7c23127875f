//! One of several lists: no item is popped that has no slot, so that a slot is not kept for an item of an empty list.

use color_eyre::eyre::Result;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::StopReason;
use super::super::attempt::Popped;
use super::super::notifier::Notifier;
use super::PlainConsumer;
use crate::delivery::item::Item;
use crate::files::heartbeat::MAX_INTERVAL;
use crate::queue::List;

impl PlainConsumer<'_> {
    /// Pops and processes items as far as other lists leave slots, until a limit is reached, none arrive or `stop` is
    /// cancelled. Another connection waits for items.
    pub(super) async fn pop_in_turn(&mut self, notifier: &mut Notifier<List>, stop: &CancellationToken) -> Result<()> {
        let share = self.workers.share().clone();
        let mut idle_since = Instant::now();
        // True while the list may hold items.
        let mut may_hold = true;
        loop {
            if let Some(waited) = notifier.ended() {
                waited?;
                may_hold = true;
            }
            self.settle();
            if !matches!(self.stop_reason, StopReason::Orderly) {
                // No other item can be processed either. The drain time starts now.
                stop.cancel();
            }
            if stop.is_cancelled() || share.is_over() {
                return Ok(());
            }
            self.check_pause().await?;
            if self.pause.is_paused() {
                notifier.interrupt();
            }
            let wants = may_hold && !self.pause.is_paused();
            share.want(wants);
            let slots = if wants { self.slots() } else { 0 };
            if slots > 0 {
                share.expect(slots);
                let outages = self.list.outages();
                let take = self.list.take(slots);
                let popped = self.workers.report_during(self.tally, take).await?;
                // Fewer than asked for may still be all that are popped at a time.
                may_hold = !popped.is_empty() || self.list.outages() > outages;
                if may_hold {
                    idle_since = Instant::now();
                }
                self.begin(popped, stop);
                share.expect(0);
                continue;
            }
            if self.workers.unfinished() > 0 || self.pause.is_paused() || self.workers.free_slots() == 0 {
                idle_since = Instant::now();
            }
            let is_idle = self.plan.idle_exit.is_some_and(|longest| idle_since.elapsed() >= longest);
            if share.idle(is_idle && !may_hold && self.workers.unfinished() == 0) {
                return Ok(());
            }
            if !may_hold && !self.pause.is_paused() && !notifier.is_waiting() {
                notifier.request(());
            }
            let next = Instant::now() + MAX_INTERVAL;
            let next = [self.pause.next(), share.next()].into_iter().flatten().fold(next, Instant::min);
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = self.workers.progress() => {}
                () = notifier.progress() => {}
                () = share.changed() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Begins items that were popped; while stopping they are not begun, and requeued.
    pub(super) fn begin(&mut self, popped: Vec<Item>, stop: &CancellationToken) {
        // Places of the lists interleave: no two items have the same.
        let (first, lists) = (self.workers.share().place() as u64, self.workers.share().lists() as u64);
        let place = |number: u64| number * lists + first;
        let numbers = self.tally.claimed + 1..;
        let popped: Vec<_> = numbers.zip(popped).map(|(number, item)| Popped { place: place(number), item }).collect();
        self.tally.claimed += popped.len() as u64;
        if stop.is_cancelled() {
            self.unfinished.extend(popped);
        } else {
            self.workers.begin(popped);
        }
    }
}

//! Waits for items: when they begin, how long they last, and what they bring.

use tokio::time::Instant;

use super::super::notifier::Notifier;
use super::Consumer;
use crate::queue::{Exchanged, QueueError, Waited, Waiter};

impl Consumer<'_> {
    /// Returns true if the consumer may end for want of items in this list.
    pub(super) fn is_idle_long_enough(&mut self, may_hold: bool) -> bool {
        let may_end = if self.workers.share().is_alone() { self.slots(false) > 0 } else { !may_hold };
        may_end && self.idleness.is_over()
    }

    /// Has the notifier wait for items, unless it does: with a slot for the item, or for several lists until the list, known to
    /// be empty, holds one. Returns when the wait is to be interrupted, if it is.
    pub(super) fn wait_for_items(&mut self, notifier: &mut Notifier<Waiter>, may_hold: bool) -> Option<Instant> {
        let is_alone = self.workers.share().is_alone();
        if notifier.is_waiting() {
            return if is_alone { self.interrupt_for_due_item(notifier) } else { None };
        }
        let longest = self.idleness.longest_wait();
        if !is_alone {
            if !may_hold && !self.pause.is_paused() {
                notifier.request(self.claims.begin_wait(longest, false));
            }
        } else if self.slots(false) > 0 {
            notifier.request(self.claims.begin_wait(longest, true));
        }
        None
    }

    /// Interrupts a wait if an item is due that can be claimed in the slot of the wait alone; returns when it will be.
    fn interrupt_for_due_item(&mut self, notifier: &Notifier<Waiter>) -> Option<Instant> {
        let due = Instant::from_std(self.claims.schedule().due_before_wait_ends()?);
        if self.slots(true) > 0 {
            return None;
        }
        if due <= Instant::now() {
            notifier.interrupt();
            return None;
        }
        Some(due)
    }

    /// Returns when the next call is due at the latest, though no item finishes.
    pub(super) fn next_call(&mut self, takes_slot: bool) -> Instant {
        let has_slots = self.slots(takes_slot) > 0;
        Instant::from_std(self.claims.schedule().next_call(takes_slot, has_slots))
    }

    /// Takes over what a wait has claimed; nothing, if it was stopped.
    pub(super) async fn end_wait(&mut self, waited: Result<Waited, QueueError>) -> Result<Exchanged, QueueError> {
        let idle = self.is_idle();
        match waited {
            Err(error) if error.is_stop() => Ok(Exchanged::default()),
            waited => {
                let end = self.deadline.run(idle, self.claims.end_wait(waited?));
                self.workers.report_during(self.tally, end).await
            }
        }
    }
}

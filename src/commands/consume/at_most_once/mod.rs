//! At-most-once delivery: items are popped and processed; those in flight are lost if the consumer crashes.

mod several;

use std::cmp::Reverse;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::StopReason;
use super::attempt::{Attempt as _, Completed, Popped};
use super::item_log;
use super::list_pause::ListPause;
use super::notifier::Notifier;
use super::plan::Plan;
use super::stop_deadline::REQUEUE_TIMEOUT;
use super::workers::Workers;
use crate::commands::until;
use crate::delivery::expiry::ExpiredOutcome;
use crate::delivery::item::Item;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::MAX_INTERVAL;
use crate::handler::Disposition;
use crate::queue::{List, QueueError, Redis};
use crate::shutdown::Shutdown;
use crate::units::thousandths;

/// Size of the items that are requeued by one command, in bytes.
const REQUEUE_SIZE: usize = 256 * 1024;

/// Pops and processes items until a limit is reached, none arrive or `stop` is cancelled; then requeues unfinished ones.
pub(super) async fn consume(
    plan: &Plan,
    redis: &Redis,
    workers: &mut Workers<Popped>,
    tally: &mut Tally,
    shutdown: &Shutdown,
) -> Result<StopReason> {
    let connection = redis.with_cancel(shutdown.stop.clone());
    let connect = || List::connect(&connection, &plan.list);
    let list = match connect().await {
        Err(error) if error.is_stop() => return Ok(StopReason::Orderly),
        connected => connected?,
    };
    let waiter = if workers.share().is_alone() {
        None
    } else {
        match connect().await {
            Err(error) if error.is_stop() => return Ok(StopReason::Orderly),
            connected => Some(connected?),
        }
    };
    if workers.share().connected() {
        plan.announce(redis);
    }
    let (unfinished, stop_reason) = (Vec::new(), StopReason::Orderly);
    let pause = ListPause::default();
    let mut consumer = PlainConsumer { plan, list, workers, tally, pause, unfinished, stop_reason };
    let result = match waiter {
        None => consumer.pop_and_process(&shutdown.stop).await,
        Some(waiter) => {
            let mut notifier = Notifier::start(waiter, &shutdown.stop);
            let result = match consumer.pop_in_turn(&mut notifier, &shutdown.stop).await {
                // Connected no more, because of the stop.
                Err(_) if shutdown.stop.is_cancelled() => Ok(()),
                result => result,
            };
            consumer.workers.share().want(false);
            notifier.stop().await;
            result
        }
    };

    super::announce_drain(consumer.workers, plan, shutdown);
    consumer.drain(&shutdown.stop).await;
    let PlainConsumer { list, unfinished, stop_reason, .. } = consumer;
    list.close().await;
    let requeued = requeue(unfinished, redis, &plan.list, tally).await;
    result?;
    requeued?;
    Ok(stop_reason)
}

/// A running consumer without leases.
struct PlainConsumer<'a> {
    plan: &'a Plan,
    list: List,
    workers: &'a mut Workers<Popped>,
    tally: &'a mut Tally,
    pause: ListPause,
    /// Items to requeue.
    unfinished: Vec<Popped>,
    stop_reason: StopReason,
}

impl PlainConsumer<'_> {
    async fn pop_and_process(&mut self, stop: &CancellationToken) -> Result<()> {
        let mut idle_since = Instant::now();
        while !self.workers.share().is_over() {
            self.settle();
            loop {
                self.check_pause().await?;
                if self.slots() > 0 || stop.is_cancelled() {
                    break;
                }
                let next = self.pause.next().into_iter().chain(self.workers.share().next()).min();
                tokio::select! {
                    biased;
                    () = stop.cancelled() => {}
                    () = self.progress() => {}
                    () = until(next) => {}
                }
                idle_since = Instant::now();
            }
            if !matches!(self.stop_reason, StopReason::Orderly) {
                // No other item can be processed either. The drain time starts now.
                stop.cancel();
            }
            if stop.is_cancelled() {
                break;
            }
            let outages = self.list.outages();
            let slots = self.slots();
            let pop = self.list.pop(slots, stop);
            let popped = match self.workers.report_during(self.tally, pop).await {
                Err(error) if error.is_stop() => break,
                popped => popped?,
            };
            let found = !popped.is_empty();
            // Time without Redis is not idle time.
            if found || self.workers.unfinished() > 0 || self.list.outages() > outages {
                idle_since = Instant::now();
            }
            self.begin(popped, stop);
            if stop.is_cancelled() {
                break;
            }
            let idle = !found && self.workers.unfinished() == 0;
            if idle && self.plan.idle_exit.is_some_and(|longest| idle_since.elapsed() >= longest) {
                break;
            }
        }
        Ok(())
    }

    /// Number of items that may be popped now.
    fn slots(&mut self) -> usize {
        let allowed = self.workers.allowed(0);
        if self.pause.is_paused() { 0 } else { allowed }
    }

    /// Looks now and then whether the list is paused.
    async fn check_pause(&mut self) -> Result<(), QueueError> {
        if self.pause.is_check_due() {
            let is_paused = match self.workers.report_during(self.tally, self.list.is_paused()).await {
                Err(error) if error.is_stop() => None,
                is_paused => is_paused?,
            };
            self.pause.observe(is_paused, self.plan);
        }
        Ok(())
    }

    /// Waits for the items still in flight.
    async fn drain(&mut self, stop: &CancellationToken) {
        if !stop.is_cancelled() {
            self.workers.flush();
        }
        self.settle();
        while self.workers.in_flight() > 0 {
            if stop.is_cancelled() {
                self.workers.close();
            }
            self.progress().await;
        }
    }

    /// Waits for the next item to finish, at most for the heartbeat interval. Cancel-safe.
    async fn progress(&mut self) {
        let share = self.workers.share().clone();
        tokio::select! {
            biased;
            () = self.workers.progress() => {}
            // Another list may have heard of the end of an item.
            () = share.changed() => {}
            () = tokio::time::sleep(MAX_INTERVAL) => {}
        }
        self.settle();
    }

    /// Counts the items that have finished, and keeps those that are to be requeued.
    fn settle(&mut self) {
        for Completed { items, disposition, duration } in self.workers.completed() {
            let has_expired = matches!(disposition, Disposition::Expired { .. });
            if !has_expired {
                self.tally.handled(duration, items.len());
            }
            match disposition {
                Disposition::Ack => {
                    self.tally.acknowledged += items.len() as u64;
                    item_log::processed(&items, duration, self.plan);
                    continue;
                }
                Disposition::Expired { reason } if self.plan.retention.expired == ExpiredOutcome::Drop => {
                    self.tally.expired += items.len() as u64;
                    for popped in &items {
                        item_log::expired(popped, ExpiredOutcome::Drop, &reason, self.plan);
                    }
                    continue;
                }
                // At-most-once delivery has no retries and no dead letters.
                Disposition::Retry { reason, .. }
                | Disposition::DeadLetter { reason, .. }
                | Disposition::Expired { reason } => {
                    let count = if has_expired { &mut self.tally.expired } else { &mut self.tally.dead };
                    *count += items.len() as u64;
                    for popped in &items {
                        // The only copy is in the log.
                        tracing::error!(
                            event = "item_failed", item = popped.id(), list = self.plan.list, attempt = popped.number(),
                            outcome = "dropped", %reason, seconds = thousandths(duration.as_secs_f64()), payload = %popped.item,
                            "item dropped"
                        );
                    }
                    continue;
                }
                Disposition::Interrupted => item_log::interrupted(&items, duration, self.plan),
                Disposition::Unrunnable(reason) => self.stop_reason = StopReason::Unrunnable(reason),
                Disposition::Closed(error) => self.stop_reason = StopReason::Closed(error),
            }
            self.unfinished.extend(items);
        }
        self.workers.report(self.tally);
    }
}

/// Puts unfinished items back on the list, in their former order.
async fn requeue(mut items: Vec<Popped>, redis: &Redis, key: &str, tally: &mut Tally) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    // The item popped last goes back first.
    items.sort_by_key(|popped| Reverse(popped.place));
    let batches = batches(items.into_iter().map(|popped| popped.item));
    // A new connection: the former one may have been lost while its items were in flight, which only a command shows.
    let over = CancellationToken::new();
    let end = over.clone();
    tokio::spawn(async move {
        tokio::time::sleep(REQUEUE_TIMEOUT).await;
        end.cancel();
    });
    let redis = redis.with_cancel(over).with_connect_for(REQUEUE_TIMEOUT);
    let report = |items: &[Item]| {
        for item in items {
            tracing::error!(event = "requeue_failed", payload = %item, "cannot requeue item");
        }
    };
    let mut list = match List::connect(&redis, key).await {
        Ok(list) => list,
        Err(error) => {
            for batch in &batches {
                report(batch);
            }
            return Err(error).wrap_err("cannot requeue unfinished items");
        }
    };
    let mut failed = None;
    for batch in batches {
        match list.requeue(&batch).await {
            Ok(()) => tally.requeued += batch.len() as u64,
            Err(error) => {
                report(&batch);
                failed.get_or_insert(error);
            }
        }
    }
    list.close().await;
    match failed {
        Some(error) => Err(error).wrap_err("cannot requeue unfinished items"),
        None => Ok(()),
    }
}

/// Splits items into batches that are small enough for one command each.
fn batches(items: impl IntoIterator<Item = Item>) -> Vec<Vec<Item>> {
    let (mut batches, mut room) = (Vec::<Vec<Item>>::new(), 0);
    for item in items {
        let size = item.0.len();
        match batches.last_mut() {
            Some(batch) if size <= room => batch.push(item),
            _ => {
                batches.push(vec![item]);
                room = REQUEUE_SIZE;
            }
        }
        room = room.saturating_sub(size);
    }
    batches
}

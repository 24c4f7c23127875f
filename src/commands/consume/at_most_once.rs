//! At-most-once delivery: items are popped and processed; those in flight are lost if the consumer crashes.

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::StopReason;
use super::plan::Plan;
use super::workers::{Completed, Workers};
use crate::delivery::item::Item;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::MAX_INTERVAL;
use crate::handler::Disposition;
use crate::queue::{Claim, List, Redis};
use crate::shutdown::Shutdown;

/// Time to wait for Redis when requeueing; Kubernetes waits a little longer than `drain`.
const REQUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Pops and processes items until a limit is reached, none arrive or `stop` is cancelled; then requeues unfinished ones.
pub(super) async fn consume(
    plan: &Plan,
    redis: &Redis,
    mut workers: Workers,
    tally: &mut Tally,
    shutdown: &Shutdown,
) -> Result<StopReason> {
    let mut list = match List::connect(&redis.with_cancel(shutdown.stop.clone()), &plan.list).await {
        Err(error) if error.is_stop() => return Ok(StopReason::Orderly),
        connected => connected?,
    };
    plan.announce(redis);
    let mut unfinished = ItemsInFlight::default();
    let result = pop_and_process(plan, &mut list, &mut workers, tally, &mut unfinished, shutdown).await;

    super::announce_drain(&workers);
    while workers.in_flight() > 0 {
        next(&mut workers, &mut unfinished, tally).await;
    }
    list.close().await;
    let requeued = requeue(unfinished.items, redis, &plan.list, tally).await;
    result?;
    requeued?;
    Ok(unfinished.stop_reason)
}

async fn pop_and_process(
    plan: &Plan,
    list: &mut List,
    workers: &mut Workers,
    tally: &mut Tally,
    unfinished: &mut ItemsInFlight,
    shutdown: &Shutdown,
) -> Result<()> {
    let stop = &shutdown.stop;
    let mut idle_since = Instant::now();
    while plan.max_items.is_none_or(|limit| workers.begun() < limit) {
        for completed in workers.completed() {
            unfinished.settle(completed, tally);
        }
        workers.report(tally);
        while workers.free_slots() == 0 && !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = next(workers, unfinished, tally) => {}
            }
        }
        if !matches!(unfinished.stop_reason, StopReason::Orderly) {
            // No other item can be processed either. The drain time starts now.
            stop.cancel();
        }
        if stop.is_cancelled() {
            break;
        }
        let outages = list.outages();
        let popped = match list.pop(stop).await {
            Err(error) if error.is_stop() => break,
            popped => popped?,
        };
        // Time without Redis is not idle time.
        if popped.is_some() || workers.in_flight() > 0 || list.outages() > outages {
            idle_since = Instant::now();
        }
        match popped {
            // Popped while stopping: not begun, and requeued.
            Some(item) if stop.is_cancelled() => {
                tally.claimed += 1;
                unfinished.items.push((tally.claimed, item));
            }
            Some(item) => {
                tally.claimed += 1;
                workers.begin(Claim { id: tally.claimed.to_string(), item, history: None });
            }
            None => {}
        }
        if plan.idle_exit.is_some_and(|idle| workers.in_flight() == 0 && idle_since.elapsed() >= idle) {
            break;
        }
    }
    Ok(())
}

/// Waits for the next item to finish, at most for the heartbeat interval.
async fn next(workers: &mut Workers, unfinished: &mut ItemsInFlight, tally: &mut Tally) {
    if let Ok(Some(completed)) = tokio::time::timeout(MAX_INTERVAL, workers.next()).await {
        unfinished.settle(completed, tally);
    }
    workers.report(tally);
}

/// Items to requeue, and the reason to stop.
#[derive(Default)]
struct ItemsInFlight {
    /// Items with the order in which they were popped.
    items: Vec<(u64, Item)>,
    stop_reason: StopReason,
}

impl ItemsInFlight {
    fn settle(&mut self, completed: Completed, tally: &mut Tally) {
        let Completed { claim: Claim { id, item, .. }, disposition, duration } = completed;
        tally.handled(duration);
        let number = id.parse().unwrap_or(u64::MAX);
        match disposition {
            Disposition::Ack => tally.acknowledged += 1,
            // At-most-once delivery has no retries and no dead letters.
            Disposition::Retry { reason, .. } | Disposition::DeadLetter { reason, .. } => {
                tally.dead += 1;
                tracing::error!(%reason, %item, "item dropped");
            }
            Disposition::Interrupted => self.items.push((number, item)),
            Disposition::Unrunnable(reason) => {
                self.items.push((number, item));
                self.stop_reason = StopReason::Unrunnable(reason);
            }
            Disposition::Closed(error) => {
                self.items.push((number, item));
                self.stop_reason = StopReason::Closed(error);
            }
        }
    }
}

/// Puts unfinished items back on the list, in their former order.
async fn requeue(mut items: Vec<(u64, Item)>, redis: &Redis, key: &str, tally: &mut Tally) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    // The item popped last goes back first.
    items.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    // A new connection: the former one may have been lost while its items were in flight, which only a command shows.
    let over = CancellationToken::new();
    let end = over.clone();
    tokio::spawn(async move {
        tokio::time::sleep(REQUEUE_TIMEOUT).await;
        end.cancel();
    });
    let redis = redis.with_cancel(over).with_connect_for(REQUEUE_TIMEOUT);
    let mut list = match List::connect(&redis, key).await {
        Ok(list) => list,
        Err(error) => {
            for (_, item) in &items {
                tracing::error!(%item, "cannot requeue item");
            }
            return Err(error).wrap_err("cannot requeue unfinished items");
        }
    };
    let mut failed = None;
    for (_, item) in items {
        match list.requeue(item.clone()).await {
            Ok(()) => tally.requeued += 1,
            Err(error) => {
                tracing::error!(%item, "cannot requeue item");
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

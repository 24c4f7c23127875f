//! At most once: a plain blocking pop, and nothing else.

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

use super::workers::{Ended, Workers};
use super::{Ending, Plan};
use crate::delivery::item::Item;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::TURN;
use crate::handler::Disposition;
use crate::queue::{Claim, List, QueueError, Redis};
use crate::shutdown::Shutdown;

/// How long to try to give back where Redis does not answer; Kubernetes waits a little longer than `drain`.
const REQUEUE_PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries of that.
const REQUEUE_PAUSE: Duration = Duration::from_millis(250);

/// Takes and works items until there are enough, none come, or `stop` asks; gives back what is unfinished then.
pub(super) async fn consume(
    plan: &Plan,
    redis: &Redis,
    mut workers: Workers,
    tally: &mut Tally,
    shutdown: &Shutdown,
) -> Result<Ending> {
    let mut list = List::connect(&redis.until(shutdown.stop.clone()), &plan.list).await?;
    plan.announce(redis);
    let mut unfinished = Unfinished::default();
    let taken = take(plan, &mut list, &mut workers, tally, &mut unfinished, shutdown).await;

    super::announce_drain(&workers);
    while workers.in_flight() > 0 {
        next(&mut workers, &mut unfinished, tally).await;
    }
    list.close().await;
    let requeued = requeue(unfinished.items, redis, &plan.list, tally).await;
    taken?;
    requeued?;
    Ok(unfinished.ending)
}

async fn take(
    plan: &Plan,
    list: &mut List,
    workers: &mut Workers,
    tally: &mut Tally,
    unfinished: &mut Unfinished,
    shutdown: &Shutdown,
) -> Result<()> {
    let stop = &shutdown.stop;
    let mut idle_since = Instant::now();
    while plan.max_items.is_none_or(|most| workers.begun() < most) {
        for ended in workers.ended() {
            unfinished.count(ended, tally);
        }
        workers.turned(tally);
        while workers.free() == 0 && !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = next(workers, unfinished, tally) => {}
            }
        }
        if !matches!(unfinished.ending, Ending::Orderly) {
            // No other item can be worked either. From here on the drain time counts.
            stop.cancel();
        }
        if stop.is_cancelled() {
            break;
        }
        let taken = match list.take(stop).await {
            Err(error) if error.is_stop() => break,
            taken => taken?,
        };
        if taken.is_some() || workers.in_flight() > 0 {
            idle_since = Instant::now();
        }
        match taken {
            // It came as we were told to stop: somebody else shall have it.
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

/// Waits for the next item to end, but not so long that we seem dead.
async fn next(workers: &mut Workers, unfinished: &mut Unfinished, tally: &mut Tally) {
    if let Ok(Some(ended)) = tokio::time::timeout(TURN, workers.next()).await {
        unfinished.count(ended, tally);
    }
    workers.turned(tally);
}

/// What goes back to the list, and why nothing more is taken.
#[derive(Default)]
struct Unfinished {
    /// With the number in which they were taken.
    items: Vec<(u64, Item)>,
    ending: Ending,
}

impl Unfinished {
    fn count(&mut self, ended: Ended, tally: &mut Tally) {
        let Ended { claimed: Claim { id, item, .. }, disposition, took } = ended;
        tally.handled(took);
        let number = id.parse().unwrap_or(u64::MAX);
        match disposition {
            Disposition::Ack => tally.acknowledged += 1,
            // There is no second try, and nowhere to keep it.
            Disposition::Retry { reason, .. } | Disposition::DeadLetter { reason, .. } => {
                tally.dead += 1;
                tracing::error!("malformed item, dropped: {reason}: {item}");
            }
            Disposition::Interrupted => self.items.push((number, item)),
            Disposition::Unrunnable(reason) => {
                self.items.push((number, item));
                self.ending = Ending::Unrunnable(reason);
            }
            Disposition::Closed(error) => {
                self.items.push((number, item));
                self.ending = Ending::Closed(error);
            }
        }
    }
}

/// Puts unfinished items back where they were taken.
async fn requeue(mut items: Vec<(u64, Item)>, redis: &Redis, key: &str, tally: &mut Tally) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    // What was taken last goes back first, so that the list is as it was.
    items.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let mut list = match connect_again(redis, key).await {
        Ok(list) => list,
        Err(error) => {
            for (_, item) in &items {
                tracing::error!("cannot give back {item}");
            }
            return Err(error).wrap_err("cannot give back unfinished items");
        }
    };
    let mut failed = None;
    for (_, item) in items {
        match list.requeue(item.clone()).await {
            Ok(()) => tally.requeued += 1,
            Err(error) => {
                tracing::error!("cannot give back {item}");
                failed.get_or_insert(error);
            }
        }
    }
    list.close().await;
    match failed {
        Some(error) => Err(error).wrap_err("cannot give back unfinished items"),
        None => Ok(()),
    }
}

/// Makes a new connection: the one that items came by may have been lost while they were in flight, and only their
/// return would show it.
async fn connect_again(redis: &Redis, key: &str) -> Result<List, QueueError> {
    let start = Instant::now();
    loop {
        match List::connect(redis, key).await {
            Err(error) if start.elapsed() < REQUEUE_PATIENCE => {
                tracing::debug!("cannot give back yet: {error}");
                tokio::time::sleep(REQUEUE_PAUSE).await;
            }
            connected => return connected,
        }
    }
}

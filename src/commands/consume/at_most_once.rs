//! At most once: a plain blocking pop, and nothing else.

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

use super::workers::{Ended, Workers};
use super::{Ending, Plan};
use crate::handler::Verdict;
use crate::item::Item;
use crate::queue::{Claimed, List, Redis};
use crate::shutdown::Shutdown;
use crate::tally::Tally;

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
    while workers.in_work() > 0 {
        if let Some(ended) = workers.next().await {
            unfinished.count(ended, tally);
        }
    }
    let given_back = give_back(unfinished.items, &mut list, tally).await;
    list.close().await;
    taken?;
    given_back?;
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
        while workers.free() == 0 && !stop.is_cancelled() {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(ended) = workers.next() => unfinished.count(ended, tally),
            }
        }
        if stop.is_cancelled() || !matches!(unfinished.ending, Ending::Orderly) {
            break;
        }
        let taken = match list.take(stop).await {
            Err(error) if error.is_stop() => break,
            taken => taken?,
        };
        if taken.is_some() || workers.in_work() > 0 {
            idle_since = Instant::now();
        }
        match taken {
            // It came as we were told to stop: somebody else shall have it.
            Some(item) if stop.is_cancelled() => unfinished.items.push(item),
            Some(item) => {
                tally.taken += 1;
                let id = format!("{}:{}", plan.consumer, tally.taken);
                workers.begin(Claimed { id, item, history: None });
            }
            None => {}
        }
        if plan.idle_exit.is_some_and(|idle| workers.in_work() == 0 && idle_since.elapsed() >= idle) {
            break;
        }
    }
    Ok(())
}

/// What goes back to the list, and why nothing more is taken.
#[derive(Default)]
struct Unfinished {
    items: Vec<Item>,
    ending: Ending,
}

impl Unfinished {
    fn count(&mut self, ended: Ended, tally: &mut Tally) {
        let Ended { claimed: Claimed { id, item, .. }, verdict, took } = ended;
        tally.handled(took);
        match verdict {
            Verdict::Done => tally.acknowledged += 1,
            // There is no second try, and nowhere to keep it.
            Verdict::Retry { reason, .. } | Verdict::Bury { reason, .. } => {
                tally.dead += 1;
                tracing::error!("item {id} failed, dropped: {reason}: {item}");
            }
            Verdict::Interrupted => self.items.push(item),
            Verdict::Unrunnable(reason) => {
                self.items.push(item);
                self.ending = Ending::Unrunnable(reason);
            }
            Verdict::Closed(error) => {
                self.items.push(item);
                self.ending = Ending::Closed(error);
            }
        }
    }
}

/// Puts unfinished items back where they were taken.
async fn give_back(items: Vec<Item>, list: &mut List, tally: &mut Tally) -> Result<()> {
    let mut failed = None;
    // The one taken first is to be taken first again.
    for item in items.into_iter().rev() {
        match list.give_back(item.clone()).await {
            Ok(()) => tally.given_back += 1,
            Err(error) => {
                tracing::error!("cannot give back {item}");
                failed.get_or_insert(error);
            }
        }
    }
    match failed {
        Some(error) => Err(error).wrap_err("cannot give back unfinished items"),
        None => Ok(()),
    }
}

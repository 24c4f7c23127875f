//! `produce`: pushes items to a list at a given pace.

mod args;
mod items;
mod plan;
mod summary;

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use self::args::Args;
use self::items::Items;
use self::plan::Plan;
use self::summary::ProduceSummary;
use super::Context;
use crate::delivery::item::Item;
use crate::exit::Outcome;
use crate::queue::{Pusher, QueueError, Redis};
use crate::terminal::Progress;
use crate::units::counted;
use crate::workload::{Pace, Schedule, Timing};

/// Default time to keep reconnecting after a connection is lost.
const RECONNECT_FOR: Duration = Duration::from_secs(60);

/// Interval at which the backlog is polled while it is too long.
const BACKLOG_POLL: Duration = Duration::from_millis(200);

/// Delay of items after which a warning is logged.
const LATE: Duration = Duration::from_secs(1);

/// Pause of the input after which outstanding batches are confirmed.
const INPUT_PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let plan = Plan::resolve(args, list, &context).await?;
    let mut items = Items::open(&plan.content).await?;
    let redis = Redis::new(endpoint, Some(RECONNECT_FOR), context.shutdown.stop.clone());
    let mut pusher = Pusher::connect(&redis, &plan.list).await?;
    plan.announce(&redis);

    let start = Instant::now();
    let mut progress = context.printer.progress(plan.total, &plan.list);
    let ended = push_until_stopped(&plan, &mut items, &mut pusher, &context, &mut progress, start).await;
    progress.finish();

    let summary = ProduceSummary::of(&plan, &pusher, start.elapsed());
    context.printer.result(&summary.show(plan.output)?)?;
    let finished = match ended {
        // Stopped while disconnected: no reply can arrive any more.
        Err(error) if error.downcast_ref::<QueueError>().is_some_and(QueueError::is_stop) => {
            tracing::warn!(items = pusher.unanswered(), "items sent but not acknowledged by Redis");
            false
        }
        Err(error) => {
            return Err(error).wrap_err_with(|| format!("stopped after {}", counted(summary.items, "item", "items")));
        }
        Ok(finished) => {
            pusher.close().await;
            finished
        }
    };
    Ok(if plan.goal && !finished { Outcome::Unfinished } else { Outcome::Done })
}

/// Pushes items as they are due, until the plan is complete or `stop` is cancelled; returns `false` in the latter case.
async fn push_until_stopped(
    plan: &Plan,
    items: &mut Items,
    pusher: &mut Pusher,
    context: &Context,
    progress: &mut Progress,
    start: Instant,
) -> Result<bool> {
    let stop = &context.shutdown.stop;
    let limit = plan.limit.map(|limit| start + limit);
    let mut schedule = Schedule::new(&plan.timing, plan.seed).faster(plan.speed);
    let mut sent = 0;
    // Time since which due items are outstanding, and the longest such time.
    let (mut behind, mut lag) = (None, Duration::ZERO);
    let finished = loop {
        if plan.total.is_some_and(|total| sent >= total) {
            break true;
        }
        let Some(next) = schedule.next_after(sent) else { break true };
        let next = start + next;
        if next > Instant::now() {
            pusher.flush().await?;
            progress.show(pusher.pushed(), pusher.backlog());
            tokio::select! {
                biased;
                () = stop.cancelled() => break false,
                () = tokio::time::sleep_until(next) => {}
            }
        }
        if !plan.paced && limit.is_some_and(|limit| Instant::now() >= limit) {
            break true;
        }
        if !wait_for_backlog(plan, pusher, limit, stop).await? {
            break !stop.is_cancelled();
        }
        // The next item is due now, whatever the rounding.
        let due = schedule.due(start.elapsed()).max(sent + 1).min(plan.total.unwrap_or(u64::MAX)) - sent;
        let most = usize::try_from(due).unwrap_or(usize::MAX).min(plan.batch);
        let batch = tokio::select! {
            biased;
            () = stop.cancelled() => break false,
            batch = items.next(sent, most) => batch?,
            () = until(limit) => break true,
            // Detect a lost batch without waiting for more input.
            () = tokio::time::sleep(INPUT_PAUSE), if pusher.unanswered() > 0 => {
                pusher.flush().await?;
                progress.show(pusher.pushed(), pusher.backlog());
                continue;
            }
        };
        if batch.is_empty() {
            break true;
        }
        sent += batch.len() as u64;
        let caught_up = batch.len() as u64 >= due;
        if plan.echo {
            for item in &batch {
                tracing::info!(item = %Item(item.clone()), "pushing item");
            }
        }
        pusher.push(batch).await?;
        if caught_up {
            behind = None;
        } else {
            lag = lag.max(behind.get_or_insert_with(Instant::now).elapsed());
        }
        progress.show(pusher.pushed(), pusher.backlog());
    };
    pusher.flush().await?;
    progress.show(pusher.pushed(), pusher.backlog());
    if lag >= LATE && !matches!(plan.timing, Timing::Pace(Pace::Unpaced)) {
        tracing::warn!(max_delay = %format_args!("{:.1}s", lag.as_secs_f64()), "items were pushed late");
    }
    Ok(finished)
}

/// Waits until the list is short enough; returns `false` when `stop` is cancelled or the time limit is reached.
async fn wait_for_backlog(
    plan: &Plan,
    pusher: &mut Pusher,
    limit: Option<Instant>,
    stop: &CancellationToken,
) -> Result<bool, QueueError> {
    let Some(most) = plan.max_backlog else { return Ok(true) };
    let mut said = false;
    while pusher.length().await? > most {
        if !said {
            tracing::info!(list = %plan.list, max_backlog = most, "backlog too long, waiting");
            said = true;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(false),
            () = until(limit) => return Ok(false),
            () = tokio::time::sleep(BACKLOG_POLL) => {}
        }
    }
    Ok(true)
}

/// Waits until `limit`; forever if there is none.
async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => tokio::time::sleep_until(limit).await,
        None => std::future::pending().await,
    }
}

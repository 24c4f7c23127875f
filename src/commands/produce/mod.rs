//! `produce`: pushes items to a list at a given pace.

mod args;
mod items;
mod plan;
mod push;
mod summary;

use std::time::Duration;

use color_eyre::eyre::{Report, Result, WrapErr};

pub(crate) use self::args::Args;
use self::items::Items;
use self::plan::Plan;
use self::push::Push;
use self::summary::ProduceSummary;
use super::Context;
use crate::exit::Outcome;
use crate::queue::{Pusher, QueueError, Redis};
use crate::units::counted;

/// Default time to keep reconnecting after a connection is lost.
const RECONNECT_FOR: Duration = Duration::from_secs(60);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let prepare = async {
        let plan = Plan::resolve(args, list, &context).await?;
        let items = Items::open(&plan.content).await?;
        Ok::<_, Report>((plan, items))
    };
    // A named pipe is waited for until something writes to it.
    let (plan, items) = tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => return Ok(Outcome::Unfinished),
        prepared = prepare => prepared?,
    };
    let redis = Redis::new(endpoint, Some(RECONNECT_FOR), context.shutdown.stop.clone());
    let unfinished = if plan.goal { Outcome::Unfinished } else { Outcome::Done };
    let pusher = match Pusher::connect(&redis, &plan.list, plan.wait_replicas).await {
        Err(error) if error.is_stop() => return Ok(unfinished),
        connected => connected?,
    };
    plan.announce(&redis);

    let progress = context.printer.progress(&plan.list);
    let mut push = Push::new(&plan, items, pusher, progress, &context.shutdown.stop);
    let ended = push.until_stopped().await;
    let Push { pusher, progress, lateness, start, .. } = push;
    progress.finish();

    let summary = ProduceSummary::of(&plan, &pusher, &lateness, start.elapsed());
    let unanswered = pusher.unanswered();
    pusher.close().await;
    context.printer.result(&summary.show(plan.output)?)?;
    match ended {
        // Stopped while disconnected: no reply can arrive any more.
        Err(error) if error.downcast_ref::<QueueError>().is_some_and(QueueError::is_stop) => {
            tracing::warn!(items = unanswered, "items sent but not acknowledged by Redis");
            Ok(unfinished)
        }
        Err(error) => Err(error).wrap_err_with(|| format!("stopped after {}", counted(summary.items, "item", "items"))),
        Ok(true) => Ok(Outcome::Done),
        Ok(false) => Ok(unfinished),
    }
}

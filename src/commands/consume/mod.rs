//! `consume`: processes the items of a list.

mod args;
mod at_least_once;
mod at_most_once;
mod handling;
mod idleness;
mod notifier;
mod plan;
mod printing;
mod stop_deadline;
mod summary;
mod telemetry;
mod workers;

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

pub(crate) use self::args::Args;
use self::handling::Handling;
use self::plan::{Job, Plan};
use self::printing::Printing;
use self::telemetry::Telemetry;
use self::workers::{Processing, Workers};
use super::Context;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::tally::Tally;
use crate::exit::{Outcome, UsageError};
use crate::handler::{Disposition, Handler, LinePrinter};
use crate::queue::{Claim, Redis};
use crate::units::counted;
use crate::workload::Work;

/// An item that has been processed, or never will be.
#[derive(Debug)]
struct Completed {
    claim: Claim,
    disposition: Disposition,
    /// Handler duration.
    duration: Duration,
}

/// Reason to stop claiming items.
#[derive(Debug, Default)]
enum StopReason {
    /// A limit was reached, no items arrived, or a signal was received.
    #[default]
    Orderly,
    /// The handler's command cannot be run.
    Unrunnable(String),
    /// The handler's output is closed.
    Closed(std::io::Error),
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let plan = Plan::resolve(args, list, &context)?;
    let shutdown = &context.shutdown;
    shutdown.abort_after(plan.drain);

    let start = Instant::now();
    let redis = Redis::new(endpoint, None, shutdown.abort.clone());
    let handled = |handler| Processing::Handle(Handling::new(handler, &plan));
    let processing = match plan.job.clone() {
        Job::Work { work: Work::None, .. } => {
            let printer = LinePrinter::stdout().wrap_err("cannot write to stdout")?;
            Processing::Print(Printing::new(printer))
        }
        Job::Work { work, speed } => handled(Handler::work(work, speed)),
        Job::Command(spec) => handled(Handler::command(spec, context.printer.echo())),
    };
    let telemetry = Telemetry::start(&plan, &redis).await?;
    let workers = Workers::new(processing, &plan, telemetry, shutdown.abort.clone());
    let mut tally = Tally::default();
    let result = match plan.delivery {
        DeliveryGuarantee::AtLeastOnce => at_least_once::consume(&plan, &redis, workers, &mut tally, shutdown).await,
        DeliveryGuarantee::AtMostOnce => at_most_once::consume(&plan, &redis, workers, &mut tally, shutdown).await,
    };
    summary::show(&plan, &tally, start.elapsed(), &context)?;
    match result.wrap_err_with(|| format!("stopped after {}", counted(tally.acknowledged, "item", "items")))? {
        StopReason::Orderly => {}
        StopReason::Unrunnable(reason) => return Err(UsageError(reason).into()),
        StopReason::Closed(error) => return Err(error).wrap_err("cannot write to stdout"),
    }
    let short = plan.max_items.is_some_and(|limit| tally.acknowledged + tally.retried + tally.dead < limit);
    Ok(if short && shutdown.stop.is_cancelled() { Outcome::Unfinished } else { Outcome::Done })
}

fn announce_drain(workers: &Workers) {
    if workers.in_flight() > 0 {
        tracing::info!(in_flight = workers.in_flight(), "stopping, finishing items in flight");
    }
}

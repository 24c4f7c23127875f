//! `consume`: processes the items of a list.

mod args;
mod at_least_once;
mod at_most_once;
mod attempt;
mod failure;
mod handling;
mod idleness;
mod notifier;
mod plan;
mod printing;
mod stop_deadline;
mod summary;
mod telemetry;
mod workers;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

pub(crate) use self::args::Args;
use self::attempt::Attempt;
use self::plan::{Job, Plan};
use self::telemetry::Telemetry;
use self::workers::{Processor, Workers};
use super::Context;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::tally::Tally;
use crate::exit::{Outcome, UsageError};
use crate::handler::{Handler, LinePrinter};
use crate::queue::Redis;
use crate::units::counted;
use crate::workload::Work;

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
    let processor = match plan.job.clone() {
        Job::Work { work: Work::None, .. } => {
            Processor::Printer(LinePrinter::stdout().wrap_err("cannot write to stdout")?)
        }
        Job::Work { work, speed } => Processor::Handler(Handler::work(work, speed)),
        Job::Command(spec) => Processor::Handler(Handler::command(spec, context.printer.echo())),
    };
    let telemetry = Telemetry::start(&plan, &redis).await?;
    let abort = shutdown.abort.clone();
    let mut tally = Tally::default();
    let result = match plan.delivery {
        DeliveryGuarantee::AtLeastOnce => {
            let workers = Workers::new(processor, &plan, telemetry, abort);
            at_least_once::consume(&plan, &redis, workers, &mut tally, shutdown).await
        }
        DeliveryGuarantee::AtMostOnce => {
            let workers = Workers::new(processor, &plan, telemetry, abort);
            at_most_once::consume(&plan, &redis, workers, &mut tally, shutdown).await
        }
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

fn announce_drain<T: Attempt>(workers: &Workers<T>) {
    if workers.in_flight() > 0 {
        tracing::info!(in_flight = workers.in_flight(), "stopping, finishing items in flight");
    }
}

//! `consume`: processes the items of a list.

mod args;
mod at_least_once;
mod at_most_once;
mod attempt;
mod batching;
mod failure;
mod gathering;
mod handling;
mod idleness;
mod intake;
mod item_log;
mod job;
mod notifier;
mod plan;
mod printing;
mod retention;
mod serving;
mod status;
mod stop_deadline;
mod summary;
mod telemetry;
mod trimming;
mod workers;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

pub(crate) use self::args::Args;
use self::attempt::Attempt;
use self::job::Job;
use self::plan::Plan;
use self::status::ShownStatus;
use self::telemetry::Telemetry;
use self::workers::{Processor, Workers};
use super::Context;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::tally::Tally;
use crate::exit::{Outcome, UsageError};
use crate::handler::{Handler, LinePrinter, ProcessPool, guard};
use crate::queue::Redis;
use crate::shutdown::Shutdown;
use crate::units::counted;
use crate::workload::Work;

/// Number of items in flight that are named when the consumer stops.
const SHOWN_ITEMS: usize = 10;

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
    context.printer.log_fields([("list", plan.list.as_str()), ("consumer", plan.consumer.as_str())]);

    let start = Instant::now();
    let redis = Redis::new(endpoint, None, shutdown.abort.clone());
    if let Some(kill_after) = plan.job.kill_after() {
        guard::start(kill_after);
    }
    let processor = match plan.job.clone() {
        Job::Work { work: Work::None, .. } => {
            Processor::Printer(LinePrinter::stdout().wrap_err("cannot write to stdout")?)
        }
        Job::Work { work, speed, seed } => Processor::Handler(Handler::work(work, speed, seed)),
        Job::Command(spec) => {
            Processor::Handler(Handler::command(spec, context.printer.echo()).with_calls(plan.concurrency as usize))
        }
        Job::Http(spec) => {
            Processor::Handler(Handler::http(spec, &shutdown.stop).with_calls(plan.concurrency as usize))
        }
        Job::Lines(spec) => {
            Processor::Pool(ProcessPool::start(spec, &plan.consumer, context.printer.echo(), &shutdown.abort))
        }
    };
    let telemetry = Telemetry::start(&plan, &redis).await?;
    let status = ShownStatus::start(&plan, &redis, shutdown, &context.printer, telemetry.counts());
    let abort = shutdown.abort.clone();
    let mut tally = Tally::default();
    let result = match plan.delivery {
        DeliveryGuarantee::AtLeastOnce => {
            let mut workers = Workers::new(processor, &plan, telemetry, abort);
            let result = at_least_once::consume(&plan, &redis, &mut workers, &mut tally, shutdown).await;
            workers.end().await;
            result
        }
        DeliveryGuarantee::AtMostOnce => {
            let mut workers = Workers::new(processor, &plan, telemetry, abort);
            let result = at_most_once::consume(&plan, &redis, &mut workers, &mut tally, shutdown).await;
            workers.end().await;
            result
        }
    };
    drop(status);
    summary::show(&plan, &tally, start.elapsed(), &context)?;
    match result.wrap_err_with(|| format!("stopped after {}", counted(tally.acknowledged, "item", "items")))? {
        StopReason::Orderly => {}
        StopReason::Unrunnable(reason) => return Err(UsageError(reason).into()),
        StopReason::Closed(error) => return Err(error).wrap_err("cannot write to stdout"),
    }
    let short =
        plan.max_items.is_some_and(|limit| tally.acknowledged + tally.retried + tally.dead + tally.expired < limit);
    Ok(if short && shutdown.stop.is_cancelled() { Outcome::Unfinished } else { Outcome::Done })
}

/// Logs why the consumer stops, the number of items in flight, and the time they have at most.
fn announce_drain<T: Attempt>(workers: &Workers<T>, plan: &Plan, shutdown: &Shutdown) {
    let (event, in_flight) = ("stopping", workers.in_flight());
    let reason = shutdown.signal();
    if in_flight == 0 {
        if let Some(reason) = reason {
            tracing::info!(event, reason, in_flight, "stopping");
        }
        return;
    }
    let ids = workers.ids(SHOWN_ITEMS);
    let items = (!ids.is_empty()).then(|| ids.join(" "));
    let drain = humantime::format_duration(plan.drain);
    let kill_after = plan.job.kill_after().map(|time| tracing::field::display(humantime::format_duration(time)));
    let drain = shutdown.stop.is_cancelled().then(|| tracing::field::display(drain));
    tracing::info!(event, reason, in_flight, items, drain, kill_after, "stopping, finishing items in flight");
}

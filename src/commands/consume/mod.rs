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
mod item_log;
mod job;
mod list_pause;
mod list_run;
mod notifier;
mod plan;
mod prefetch;
mod printing;
mod retention;
mod serving;
mod slots;
mod status;
mod stop_deadline;
mod summary;
mod telemetry;
mod trimming;
mod workers;

use std::sync::Arc;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

pub(crate) use self::args::Args;
use self::attempt::Attempt;
use self::job::Job;
use self::list_run::{ListEnd, ListRun};
use self::plan::Plan;
use self::printing::SharedPrinter;
use self::serving::SharedPool;
use self::slots::Share;
use self::status::ShownStatus;
use self::telemetry::Telemetry;
use self::workers::{Processor, Workers};
use super::Context;
use crate::delivery::tally::Tally;
use crate::exit::{Outcome, UsageError};
use crate::handler::{Handler, LinePrinter, PoolSpec, ProcessPool, guard};
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
    let lists = context.lists(&args.lists)?;
    let plan = Plan::resolve(args, lists, &context)?;
    let shutdown = &context.shutdown;
    shutdown.abort_after(plan.drain);
    context.printer.log_fields([("list", plan.lists.to_string().as_str()), ("consumer", plan.consumer.as_str())]);

    let start = Instant::now();
    let redis = Redis::new(endpoint, None, shutdown.abort.clone());
    if let Some(kill_after) = plan.job.kill_after() {
        guard::start(kill_after);
    }
    let plans = plan.of_each_list();
    let processor = processor(&plan, &context)?;
    let telemetry = Telemetry::start(&plans, &redis).await?;
    let counts = telemetry.iter().map(Telemetry::counts).collect();
    let status = ShownStatus::start(&plan, &redis, shutdown, &context.printer, counts);
    let shares = Share::all(&plan).into_iter().zip(telemetry);
    let mut runs = plans.iter().zip(shares).map(|(plan, (share, telemetry))| {
        let run = ListRun { plan, redis: &redis, processor: processor.clone(), share, telemetry, shutdown };
        Box::pin(run.consume())
    });
    let ended = if plan.lists.is_one() {
        vec![runs.next().unwrap_or_else(|| unreachable!("there is a list")).await]
    } else {
        futures_util::future::join_all(runs).await
    };
    processor.end().await;
    drop(status);
    summary::show(&plan, &ended, start.elapsed(), &context)?;
    let tally = total(&ended);
    for ListEnd { result, .. } in ended {
        match result.wrap_err_with(|| format!("stopped after {}", counted(tally.acknowledged, "item", "items")))? {
            StopReason::Orderly => {}
            StopReason::Unrunnable(reason) => return Err(UsageError(reason).into()),
            StopReason::Closed(error) => return Err(error).wrap_err("cannot write to stdout"),
        }
    }
    let short =
        plan.max_items.is_some_and(|limit| tally.acknowledged + tally.retried + tally.dead + tally.expired < limit);
    Ok(if short && shutdown.stop.is_cancelled() { Outcome::Unfinished } else { Outcome::Done })
}

/// Starts what processes the items of all lists.
fn processor(plan: &Plan, context: &Context) -> Result<Processor> {
    let (shutdown, lists) = (&context.shutdown, plan.lists.keys().len());
    Ok(match plan.job.clone() {
        Job::Work { work: Work::None, .. } => {
            let printer = LinePrinter::stdout().wrap_err("cannot write to stdout")?;
            Processor::Printer(Arc::new(SharedPrinter::new(printer, lists)))
        }
        Job::Work { work, speed, seed } => Processor::Handler(Handler::work(work, speed, seed)),
        Job::Command(spec) => {
            Processor::Handler(Handler::command(spec, context.printer.echo()).with_calls(plan.concurrency as usize))
        }
        Job::Http(spec) => {
            Processor::Handler(Handler::http(spec, &shutdown.stop).with_calls(plan.concurrency as usize))
        }
        Job::Lines(spec) => {
            let spec = PoolSpec { gives_up: plan.idle_exit.is_some(), ..spec };
            let pool = ProcessPool::start(spec, &plan.consumer, context.printer.echo(), &shutdown.abort);
            Processor::Pool(Arc::new(SharedPool::new(pool, lists)))
        }
    })
}

/// Returns the sums over all lists.
fn total(ended: &[ListEnd]) -> Tally {
    let mut total = Tally::default();
    for ListEnd { tally, .. } in ended {
        total += tally.clone();
    }
    total
}

/// Logs why the consumer stops, the number of items in flight, and the time they have at most.
fn announce_drain<T: Attempt>(workers: &Workers<T>, plan: &Plan, shutdown: &Shutdown) {
    let (event, in_flight) = ("stopping", workers.in_flight());
    let reason = shutdown.signal();
    let list = plan.one_of_several();
    if in_flight == 0 {
        let is_first = workers.share().place() == 0 && workers.share().in_flight() == 0;
        if let Some(reason) = reason.filter(|_| is_first) {
            tracing::info!(event, reason, in_flight, "stopping");
        }
        return;
    }
    let ids = workers.ids(SHOWN_ITEMS);
    let items = (!ids.is_empty()).then(|| ids.join(" "));
    let drain = humantime::format_duration(plan.drain);
    let kill_after = plan.job.kill_after().map(|time| tracing::field::display(humantime::format_duration(time)));
    let drain = shutdown.stop.is_cancelled().then(|| tracing::field::display(drain));
    tracing::info!(event, list, reason, in_flight, items, drain, kill_after, "stopping, finishing items in flight");
}

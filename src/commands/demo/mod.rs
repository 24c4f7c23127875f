//! `demo`: producer, consumers and autoscaling on this machine, with a private Redis.

mod args;
mod autoscaler;
mod consumers;
mod plan;
mod setup;
mod supervise;

use std::time::Duration;

use color_eyre::eyre::{Result, bail};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

pub(crate) use self::args::Args;
use self::autoscaler::Autoscaler;
use self::consumers::ConsumerProcesses;
use self::plan::Plan;
use self::setup::Setup;
use super::{Context, summary_line};
use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::exit::Outcome;
use crate::queue::Inspector;
use crate::sample::Flow;
use crate::sandbox::Process;
use crate::terminal::{DashboardSetup, KeySet, Output, Readout};

/// Time between two samples.
const TICK: Duration = Duration::from_millis(500);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    if let Some(folder) = &args.supervisor.supervise {
        return supervise::run(folder, &args.supervisor, &context).await;
    }
    let plan = Plan::resolve(&args, &context.profile);
    let setup = Setup::start(args.redis, &plan.list, &context).await?;
    let Plan { consumers, work, speed, .. } = &plan;
    tracing::info!(redis = %setup.redis, max_consumers = consumers, %work, %speed, "demo started");

    let result = play(&plan, &setup, &context).await;
    setup.clear(&plan.list).await?;
    let Some(result) = result? else {
        tracing::warn!("stopped before all items were processed");
        return Ok(Outcome::Unfinished);
    };
    match plan.output {
        Output::Json => context.printer.result(&summary_line(None, &result)?)?,
        Output::Text => context.printer.result(&result.text())?,
    }
    Ok(if result.verdict == Verdict::Pass { Outcome::Done } else { Outcome::CheckFailed })
}

/// Runs producer and consumers until all items are processed; `None` if stopped before.
async fn play(plan: &Plan, setup: &Setup, context: &Context) -> Result<Option<Reconciliation>> {
    let mut inspector = Inspector::connect(&setup.redis, &plan.list).await?;
    let mut autoscaler = Autoscaler::new(&context.profile, &plan.list, plan.consumers, plan.speed);
    let mut consumers = ConsumerProcesses::new(setup, plan.consume(autoscaler.starts_jobs()));
    consumers.scale_to(autoscaler.rest())?;
    let mut producer = setup.spawn("producer", &plan.produce())?;

    let abort = &context.shutdown.abort;
    let settled =
        show_until_settled(plan, &mut inspector, &mut producer, &mut autoscaler, &mut consumers, context).await?;
    if !settled {
        tracing::info!("stopping: consumers finish their items (a second Ctrl-C kills them)");
        producer.terminate();
        consumers.stop(abort).await;
        ended(&mut producer, abort).await;
        inspector.close().await;
        return Ok(None);
    }
    // A second signal ends the wait; processes that are still running are killed.
    let pushed = tokio::select! {
        biased;
        pushed = pushed(&mut producer) => pushed?,
        () = abort.cancelled() => return Ok(None),
    };
    consumers.stop(abort).await;
    let snapshot = inspector.snapshot().await?;
    let stranded = inspector.stranded().await?;
    inspector.close().await;
    Ok(Some(reconcile(Reconciliation::of(&snapshot, stranded.unwrap_or(0)), pushed)))
}

/// Compares the counters with the number of items that the producer reports.
///
/// No other client uses the list of a demo, so that every item has to be accounted for.
fn reconcile(mut result: Reconciliation, pushed: u64) -> Reconciliation {
    if pushed != result.pushed {
        result.reasons.push(format!("items pushed according to the producer: {pushed}"));
    }
    if !result.reasons.is_empty() {
        result.verdict = Verdict::Fail;
    }
    result
}

/// Waits for the end of a process that was told to stop, or for `abort`.
async fn ended(process: &mut Process, abort: &CancellationToken) {
    tokio::select! {
        biased;
        // A process that was stopped before it listened to signals has no result.
        _ = process.output() => {}
        () = abort.cancelled() => {}
    }
}

/// Shows a sample per tick and runs KEDA's polls and the HPA's syncs, until all items are pushed and processed and the
/// consumers are scaled down; returns `false` if stopped before.
async fn show_until_settled(
    plan: &Plan,
    inspector: &mut Inspector,
    producer: &mut Process,
    autoscaler: &mut Autoscaler,
    consumers: &mut ConsumerProcesses<'_>,
    context: &Context,
) -> Result<bool> {
    let readout = Readout::new(&context.printer, plan.output, plan.plain, &dashboard(plan), &plan.files)?;
    let mut readout = readout.served(Context::page(plan.serve).await?);
    // Samples at an interval are enough for lines of text.
    let shows_decisions = plan.output == Output::Json || readout.dashboard().is_some();
    let tick = TICK.mul_f64(plan.speed);
    let mut flow = Flow::new(tick, 2 * tick);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let is_tick = tokio::select! {
            biased;
            () = context.shutdown.stop.cancelled() => {
                readout.finish().await?;
                return Ok(false);
            }
            _ = ticks.tick() => true,
            () = tokio::time::sleep_until(autoscaler.next()) => false,
        };
        let producing = producer.is_running();
        let snapshot = inspector.snapshot().await?;
        let exited = consumers.reap().await?;
        if !is_tick {
            autoscaler.evaluate(&snapshot, consumers)?;
        } else if exited > 0 && !autoscaler.starts_jobs() {
            // As a ReplicaSet replaces its pods.
            consumers.scale_to(consumers.desired)?;
        }
        let presence = inspector.presence(false).await?;
        let rates = flow.observe(autoscaler.now(), &snapshot);
        // Every decision, too: a recording has the values that it was made from.
        let sample = plan.sample(&snapshot, presence.as_ref(), consumers, rates, autoscaler);
        if is_tick || shows_decisions {
            readout.show(&sample)?;
        } else {
            readout.keep(&sample)?;
        }
        if is_tick
            && !producing
            && snapshot.is_settled()
            && consumers.count() <= autoscaler.rest()
            && consumers.stopping() == 0
        {
            readout.finish().await?;
            return Ok(true);
        }
    }
}

fn dashboard(plan: &Plan) -> DashboardSetup {
    DashboardSetup {
        title: "demo of KEDA and the HPA on this machine".to_owned(),
        lists: vec![plan.list.clone()],
        every: TICK,
        speed: plan.speed,
        keys: KeySet::Demo,
    }
}

/// The field of the producer's result that is used here.
#[derive(Deserialize)]
struct ProducerResult {
    items: u64,
}

async fn pushed(producer: &mut Process) -> Result<u64> {
    let (status, output) = producer.output().await?;
    match serde_json::from_str::<ProducerResult>(&output) {
        Ok(result) => Ok(result.items),
        Err(_) => bail!("the producer failed ({status}): {}", producer.log_tail()),
    }
}

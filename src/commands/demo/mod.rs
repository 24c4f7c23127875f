//! `demo`: the whole loop on this machine, with a Redis of its own.

mod args;
mod autoscaler;
mod plan;
mod pods;
mod stage;
mod verdict;

use std::time::Duration;

use color_eyre::eyre::{Result, bail};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

pub(crate) use self::args::Args;
use self::autoscaler::Autoscaler;
use self::plan::Plan;
use self::pods::Pods;
use self::stage::Stage;
use self::verdict::Verdict;
use super::Context;
use crate::exit::Outcome;
use crate::queue::Inspector;
use crate::sample::Trend;
use crate::sandbox::Process;
use crate::terminal::Readout;

/// How often the list is looked at.
const TICK: Duration = Duration::from_millis(500);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(&args, &context.profile);
    context.shutdown.stop_on_hangup()?;
    let stage = Stage::set(args.redis, &context).await?;
    let Plan { consumers, work, speed, .. } = &plan;
    tracing::info!("{} for this demo; up to {consumers} consumers work {work} an item", stage.redis);
    tracing::info!("everything goes {speed} times as fast as the profile says, the clocks of KEDA and the HPA as well");

    let result = play(&plan, &stage, &context).await;
    stage.clear(&plan.list).await?;
    let Some(verdict) = result? else {
        tracing::warn!("stopped before the end");
        return Ok(Outcome::Unfinished);
    };
    context.printer.result(&verdict.show(plan.output)?)?;
    Ok(if verdict.pass { Outcome::Done } else { Outcome::CheckFailed })
}

/// Lets the producer and the consumers run until everything is worked; `None` when told to stop before.
async fn play(plan: &Plan, stage: &Stage, context: &Context) -> Result<Option<Verdict>> {
    let mut inspector = Inspector::connect(&stage.redis, &plan.list).await?;
    let mut autoscaler = Autoscaler::new(&context.profile, &plan.list, plan.consumers, plan.speed);
    let mut pods = Pods::new(stage, plan.consume(autoscaler.starts_jobs()));
    pods.scale_to(autoscaler.rest())?;
    let mut producer = stage.start("producer", &plan.produce())?;

    let abort = &context.shutdown.abort;
    let worked = show_until_worked(plan, &mut inspector, &mut producer, &mut autoscaler, &mut pods, context).await?;
    if !worked {
        tracing::info!("told to stop: the consumers finish what they have; once more, and they do not");
        producer.terminate();
        pods.end(abort).await;
        ended(&mut producer, abort).await;
        inspector.close().await;
        return Ok(None);
    }
    // Whoever is told twice to stop is not kept waiting; what still runs is killed.
    let pushed = tokio::select! {
        biased;
        pushed = pushed(&mut producer) => pushed?,
        () = abort.cancelled() => return Ok(None),
    };
    pods.end(abort).await;
    let snapshot = inspector.snapshot().await?;
    let stranded = inspector.stranded().await?;
    inspector.close().await;
    Ok(Some(Verdict::new(pushed, &snapshot, stranded.unwrap_or(0))))
}

/// Waits until a process has put down in order what it has in hand; `abort` cuts that short.
async fn ended(process: &mut Process, abort: &CancellationToken) {
    tokio::select! {
        biased;
        // One that was told to stop before it listened has no result, and needs none.
        _ = process.output() => {}
        () = abort.cancelled() => {}
    }
}

/// Shows list and consumers at every tick, and lets KEDA and the HPA look when it is time, until all is pushed, nothing is
/// left to be worked, and as few consumers are there as at the start; `false` when told to stop before.
async fn show_until_worked(
    plan: &Plan,
    inspector: &mut Inspector,
    producer: &mut Process,
    autoscaler: &mut Autoscaler,
    pods: &mut Pods<'_>,
    context: &Context,
) -> Result<bool> {
    let mut readout = Readout::new(&context.printer, plan.output);
    let mut trend = Trend::new(TICK).over(2 * TICK);
    let start = tokio::time::Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let shows = tokio::select! {
            biased;
            () = context.shutdown.stop.cancelled() => {
                readout.clear();
                return Ok(false);
            }
            _ = ticks.tick() => true,
            () = tokio::time::sleep_until(autoscaler.next()) => false,
        };
        let producing = producer.is_running();
        let snapshot = inspector.snapshot().await?;
        let died = pods.reap().await?;
        if !shows {
            autoscaler.look(&snapshot, pods)?;
            continue;
        }
        if died > 0 && !autoscaler.starts_jobs() {
            // A ReplicaSet puts others in their place.
            pods.scale_to(pods.desired)?;
        }
        let net = trend.observe(start.elapsed(), snapshot.waiting);
        readout.show(&plan.sample(&snapshot, pods, net, &autoscaler.reason))?;
        if !producing && snapshot.is_settled() && pods.count() <= autoscaler.rest() && pods.none_is_ending() {
            readout.clear();
            return Ok(true);
        }
    }
}

/// The part of a producer's result that counts here.
#[derive(Deserialize)]
struct Pushed {
    items: u64,
}

async fn pushed(producer: &mut Process) -> Result<u64> {
    let (status, output) = producer.output().await?;
    match serde_json::from_str::<Pushed>(&output) {
        Ok(pushed) => Ok(pushed.items),
        Err(_) => bail!("the producer failed ({status}): {}", producer.log_tail()),
    }
}

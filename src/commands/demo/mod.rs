//! `demo`: producer, consumers and autoscaling on this machine, with a private Redis.

mod args;
mod autoscaler;
mod consumers;
mod plan;
mod play;
mod producer;
mod setup;
mod supervise;

use std::time::Duration;

use color_eyre::eyre::Result;

pub(crate) use self::args::Args;
use self::plan::{DemoWork, Plan};
use self::play::Play;
use self::setup::Setup;
use super::Context;
use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::exit::Outcome;

/// Time limit for reconnecting to Redis, of the demo, its consumers and its supervisor.
const RECONNECT_FOR: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    if let Some(folder) = &args.supervisor.supervise {
        return supervise::run(folder, &args.supervisor, &context).await;
    }
    let plan = Plan::resolve(&args, &context.profile).await?;
    let setup = Setup::start(args.redis, &plan.lists, &context).await?;
    let Plan { consumers, work, speed, seed, .. } = &plan;
    tracing::info!(redis = %setup.redis, max_consumers = consumers, %work, %speed, seed, "demo started");
    if matches!(work, DemoWork::Command { .. }) {
        tracing::info!("the command takes its real time, while load, KEDA and the HPA are {speed} times as fast");
    }

    let result = play(&plan, &setup, &context).await;
    setup.clear(&plan.lists).await?;
    let Some(results) = result? else {
        tracing::warn!("stopped before all items were processed");
        return Ok(Outcome::Unfinished);
    };
    let several = results.len() > 1;
    for (list, result) in plan.lists.keys().iter().zip(&results) {
        context.show_reconciled(several.then_some(list.as_str()), result, plan.output)?;
    }
    let has_failed = results.iter().any(|result| result.verdict == Verdict::Fail);
    Ok(if has_failed { Outcome::CheckFailed } else { Outcome::Done })
}

/// Runs producer and consumers until all items are processed, and reconciles each list; `None` if stopped before.
async fn play(plan: &Plan, setup: &Setup, context: &Context) -> Result<Option<Vec<Reconciliation>>> {
    let mut run = Play::start(plan, setup, context).await?;
    let settled = run.until_settled().await;
    let pushed = run.finish().await;
    if !settled? {
        return Ok(None);
    }
    let mut results = Vec::new();
    for (mut inspector, pushed) in setup.inspectors(&plan.lists).await?.into_iter().zip(pushed?) {
        let snapshot = inspector.snapshot().await?;
        let stranded = inspector.stranded().await?;
        inspector.close().await;
        results.push(reconcile(Reconciliation::of(&snapshot, stranded.unwrap_or(0)), pushed));
    }
    Ok(Some(results))
}

/// Compares the counters with the number of items that the demo has pushed. Other clients may have pushed more, but none
/// may have popped any.
fn reconcile(mut result: Reconciliation, pushed: u64) -> Reconciliation {
    if pushed > result.pushed || pushed > result.acknowledged + result.dead + result.purged {
        result.reasons.push(format!("items pushed by the demo: {pushed}"));
        result.verdict = Verdict::Fail;
    }
    result
}

//! `watch`: the backlog, its trend, and the replica counts of the target.

mod args;
mod plan;
mod target;

use std::time::{Instant, SystemTime};

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::time::{MissedTickBehavior, interval_at, sleep};

pub(crate) use self::args::Args;
use self::plan::{Plan, StopWhen};
use self::target::Target;
use super::{Context, summary_line};
use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::delivery::snapshot::{ClaimState, Snapshot};
use crate::exit::Outcome;
use crate::queue::{Inspector, Redis};
use crate::sample::{Sample, Trend};
use crate::terminal::{Output, Readout};

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context)?;
    let (mut inspector, mut target) = tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => return Ok(plan.stopped()),
        connected = connect(&plan, &context) => connected?,
    };
    let mut readout = Readout::new(&context.printer, plan.output);
    let mut last = None;
    let reached = tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => false,
        () = sleep(plan.limit) => false,
        shown = show(&plan, &mut inspector, &mut target, &mut readout, &mut last) => shown.map(|()| true)?,
    };
    match (reached, plan.stop_when, last) {
        (true, StopWhen::Settled, Some(snapshot)) => judge(&plan, &mut inspector, &snapshot, &context).await,
        (true, ..) => Ok(Outcome::Done),
        (false, StopWhen::Settled, Some(snapshot)) => {
            report_unsettled(&snapshot);
            Ok(plan.stopped())
        }
        (false, ..) => Ok(plan.stopped()),
    }
}

/// Connects to Redis, and to Kubernetes if a cluster is configured.
async fn connect(plan: &Plan, context: &Context) -> Result<(Inspector, Target)> {
    let redis = Redis::new(plan.endpoint.clone(), None, context.shutdown.stop.clone());
    Ok((Inspector::connect(&redis, &plan.list).await?, Target::find(&plan.consumers).await?))
}

/// Shows a sample per tick until the goal is reached, if there is one; `last` holds the latest state.
///
/// Ticks pause while Redis is unreachable, and the rate starts anew afterwards.
async fn show(
    plan: &Plan,
    inspector: &mut Inspector,
    target: &mut Target,
    readout: &mut Readout,
    last: &mut Option<Snapshot>,
) -> Result<()> {
    let start = Instant::now();
    let mut trend = Trend::new(plan.every);
    // The first sample is taken at once: a tick that is due now comes a millisecond later.
    let mut ticks = interval_at(tokio::time::Instant::now() + plan.every, plan.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        target.refresh();
        let snapshot = last.insert(inspector.snapshot().await?);
        if plan.stop_when == StopWhen::Settled
            && let Some(refusal) = inspector.refusal()
        {
            // Items in flight are unknown if only the list can be read.
            return Err(refusal).wrap_err("cannot tell whether the list is settled");
        }
        target.refreshed(plan.every).await;
        let backlog = snapshot.waiting;
        let net = trend.observe(start.elapsed(), backlog);
        let sample = Sample::new(SystemTime::now(), plan.list.as_str(), backlog, net, target.replicas());
        readout.show(&sample.with_claims(snapshot.claims.as_ref()))?;
        let reached = match plan.stop_when {
            StopWhen::Stopped => false,
            StopWhen::Empty => backlog == 0,
            StopWhen::Settled => snapshot.is_settled(),
        };
        if reached {
            return Ok(());
        }
        ticks.tick().await;
    }
}

/// Reconciles all items and prints the result.
async fn judge(plan: &Plan, inspector: &mut Inspector, snapshot: &Snapshot, context: &Context) -> Result<Outcome> {
    let stranded = match inspector.stranded().await {
        Err(error) if error.is_stop() => return Ok(plan.stopped()),
        stranded => stranded?,
    };
    if stranded.is_none() && snapshot.claims.is_some() {
        tracing::warn!("no permission for SCAN: items held by consumers that are gone are not counted");
    }
    let result = Reconciliation::of(snapshot, stranded.unwrap_or(0));
    match plan.output {
        Output::Json => context.printer.result(&summary_line(&result)?)?,
        Output::Text => context.printer.result(&result.text())?,
    }
    Ok(if result.verdict == Verdict::Fail { Outcome::CheckFailed } else { Outcome::Done })
}

/// Logs the items that keep the list from being settled.
fn report_unsettled(snapshot: &Snapshot) {
    let ClaimState { in_flight, abandoned, delayed, .. } = snapshot.claims.clone().unwrap_or_default();
    let waiting = snapshot.waiting;
    tracing::warn!(waiting, in_flight, lease_expired = abandoned, delayed, "stopped before the list was settled");
}

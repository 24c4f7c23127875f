//! `watch`: the backlog, its trend, and the replica counts of the target.

mod args;
mod jobs;
mod lists;
mod plan;
mod replay;
mod target;

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

pub(crate) use self::args::Args;
use self::lists::WatchedList;
use self::plan::{Plan, StopWhen};
use self::target::Target;
use super::{Context, until};
use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::delivery::snapshot::{ClaimState, Snapshot};
use crate::exit::Outcome;
use crate::metrics::{self, ListMetrics};
use crate::profile::ListenAddress;
use crate::queue::Redis;
use crate::terminal::{DashboardSetup, KeySet, Readout};

/// Longest time that the first sample waits for the cluster.
const FIRST_SAMPLE: Duration = Duration::from_millis(700);

/// Longest time that the only sample waits for it.
const ONE_LOOK: Duration = Duration::from_secs(5);

/// Missed samples that are an outage, and not a slow link.
const MISSED: u32 = 3;

/// Age up to which a sample is current, at least.
const LEAST_AGE: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    if let Some(path) = &args.replay {
        return replay::run(path, &args, &context).await;
    }
    let plan = Plan::resolve(args, &context)?;
    let (mut lists, mut target) = tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => return Ok(plan.stopped()),
        connected = connect(&plan, &context) => connected?,
    };
    let page = Context::page(plan.serve).await?;
    let readout = Readout::new(&context.printer, plan.output, plan.plain, &dashboard(&plan), &plan.files)?;
    let mut readout = readout.served(page);
    let metrics = exported(&plan).await?;
    let reached = tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => false,
        () = until(plan.limit.map(|limit| Instant::now() + limit)) => false,
        shown = show(&plan, &mut lists, &mut target, (&mut readout, metrics.as_ref())) => shown?,
    };
    readout.finish().await?;
    match (reached, plan.stop_when) {
        (true, StopWhen::Settled) => judge(&plan, lists, &context).await,
        (true, _) => Ok(Outcome::Done),
        (false, StopWhen::Settled) => {
            lists.iter().filter(|list| list.last.is_some() && !list.is_settled()).for_each(report_unsettled);
            Ok(plan.stopped())
        }
        (false, _) => Ok(plan.stopped()),
    }
}

fn dashboard(plan: &Plan) -> DashboardSetup {
    DashboardSetup {
        title: format!("on {}", plan.endpoint),
        lists: plan.lists.clone(),
        every: plan.every,
        speed: 1.0,
        keys: KeySet::Watch,
    }
}

/// Serves the metrics of the lists, if that is asked for.
async fn exported(plan: &Plan) -> Result<Option<ListMetrics>> {
    let Some(ListenAddress(address)) = plan.metrics else { return Ok(None) };
    let metrics = ListMetrics::of(&plan.lists, LEAST_AGE.max(plan.every * 3));
    let served = metrics.clone();
    let scrape = move || std::future::ready(served.text());
    let serving = metrics::serve(address, scrape).await;
    let address = serving.wrap_err_with(|| format!("cannot serve metrics at {address}"))?;
    tracing::info!(url = %format_args!("http://{address}/metrics"), "serving metrics");
    Ok(Some(metrics))
}

/// Connects to Redis, and to Kubernetes if a cluster is configured.
async fn connect(plan: &Plan, context: &Context) -> Result<(Vec<WatchedList>, Target)> {
    // One look does not wait for a server that is away.
    let reconnect_for = plan.once.then_some(Duration::ZERO);
    let redis = Redis::new(plan.endpoint.clone(), reconnect_for, context.shutdown.stop.clone());
    Ok((WatchedList::connect(plan, &redis).await?, Target::find(&plan.consumers).await?))
}

/// Shows a sample of each list per tick until the goal is reached, if there is one; returns false if it was not.
///
/// Ticks pause while Redis is unreachable, and the rates start anew afterwards.
async fn show(
    plan: &Plan,
    lists: &mut [WatchedList],
    target: &mut Target,
    (readout, metrics): (&mut Readout, Option<&ListMetrics>),
) -> Result<bool> {
    let start = Instant::now();
    // The first samples are taken at once: a tick that is due now comes a millisecond later.
    let mut ticks = interval_at(Instant::now() + plan.every, plan.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let sampled = Instant::now();
        for index in 0..lists.len() {
            let (before, rest) = lists.split_at_mut(index);
            let Some((list, after)) = rest.split_first_mut() else { continue };
            if index == plan.processed {
                target.look(if plan.once { ONE_LOOK } else { FIRST_SAMPLE }).await;
            }
            let mut sample = list.observe(start, plan.stamp_field.as_deref()).await?;
            if plan.stop_when == StopWhen::Settled
                && let Some(refusal) = list.inspector.refusal()
            {
                // Items in flight are unknown if only the list can be read.
                return Err(refusal).wrap_err("cannot tell whether the list is settled");
            }
            if index == plan.processed {
                if let Some(snapshot) = &list.last {
                    let others = before.iter().chain(&*after);
                    let others: Vec<_> =
                        others.filter_map(|one| Some((one.name.as_str(), one.last.as_ref()?))).collect();
                    target.add_to(&mut sample, snapshot, &others);
                }
                readout.pods_fault(&list.name, target.fault().as_deref());
            }
            list.add_pause(&mut sample);
            if let Some(metrics) = metrics {
                metrics.observe(&sample);
            }
            if let Some(causes) = list.dead_causes(sample.dead).await {
                readout.dead_letters(&list.name, causes);
            }
            readout.show(&sample)?;
        }
        let reached = match plan.stop_when {
            StopWhen::Stopped => false,
            StopWhen::Empty => lists.iter().all(WatchedList::is_empty),
            StopWhen::Settled => lists.iter().all(WatchedList::is_settled),
        };
        if reached || plan.once {
            return Ok(reached);
        }
        // After an outage, the tick that was missed meanwhile would only repeat these samples.
        if sampled.elapsed() > plan.every * MISSED {
            ticks.reset();
        }
        ticks.tick().await;
    }
}

/// Reconciles all items of each list and prints the results; one failure is a failure of the whole.
async fn judge(plan: &Plan, lists: Vec<WatchedList>, context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::Done;
    let several = lists.len() > 1;
    for WatchedList { name, mut inspector, last, .. } in lists {
        let snapshot = last.unwrap_or_default();
        let stranded = match inspector.stranded().await {
            Err(error) if error.is_stop() => return Ok(plan.stopped()),
            stranded => stranded?,
        };
        if stranded.is_none() && snapshot.claims.is_some() {
            tracing::warn!(list = %name, "no permission for SCAN: items held by consumers that are gone are not counted");
        }
        let result = Reconciliation::of(&snapshot, stranded.unwrap_or(0));
        context.show_reconciled(several.then_some(&*name), &result, plan.output)?;
        if result.verdict == Verdict::Fail {
            outcome = Outcome::CheckFailed;
        }
    }
    Ok(outcome)
}

/// Logs the items that keep a list from being settled.
fn report_unsettled(list: &WatchedList) {
    let Snapshot { waiting, claims } = list.last.clone().unwrap_or_default();
    let ClaimState { in_flight, abandoned, delayed, .. } = claims.unwrap_or_default();
    let list = &list.name;
    tracing::warn!(waiting, in_flight, lease_expired = abandoned, delayed, %list, "stopped before the list was settled");
}

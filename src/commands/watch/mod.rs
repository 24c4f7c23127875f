//! `watch`: how many items wait, where that is going, and how many pods work on it.

mod args;
mod plan;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

pub(crate) use self::args::Args;
use self::plan::{Goal, Plan, Target};
use super::Context;
use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::delivery::snapshot::{ClaimState, Snapshot};
use crate::exit::Outcome;
use crate::kubernetes::{Fleet, FleetError, Observation};
use crate::queue::{Inspector, Redis};
use crate::sample::{Deployment, Sample, Trend};
use crate::terminal::{Output, Readout};

/// How long the first sample waits for Kubernetes, so that it has pods where a cluster answers as it should.
const FIRST_LOOK: Duration = Duration::from_millis(700);

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context)?;
    let (mut inspector, mut pods) = tokio::select! {
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
        shown = show(&plan, &mut inspector, &mut pods, &mut readout, &mut last) => shown.map(|()| true)?,
    };
    match (reached, plan.goal, last) {
        (true, Goal::Settled, Some(snapshot)) => judge(&plan, &mut inspector, &snapshot, &context).await,
        (true, ..) => Ok(Outcome::Done),
        (false, Goal::Settled, Some(snapshot)) => {
            tracing::warn!("not settled: {}", unsettled(&snapshot));
            Ok(plan.stopped())
        }
        (false, ..) => Ok(plan.stopped()),
    }
}

/// Connects to Redis, and to Kubernetes where there is one.
async fn connect(plan: &Plan, context: &Context) -> Result<(Inspector, Pods)> {
    let redis = Redis::new(plan.endpoint.clone(), None, context.shutdown.stop.clone());
    Ok((Inspector::connect(&redis, &plan.list).await?, Pods::find(&plan.target).await?))
}

/// Shows a sample at every tick; ends when the goal is reached, where there is one. `last` is what was seen last.
///
/// Without Redis there is no tick: looking at the list waits until it is back, and the rate starts anew.
async fn show(
    plan: &Plan,
    inspector: &mut Inspector,
    pods: &mut Pods,
    readout: &mut Readout,
    last: &mut Option<Snapshot>,
) -> Result<()> {
    let start = Instant::now();
    let mut trend = Trend::new(plan.every);
    let mut ticks = interval(plan.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let snapshot = last.insert(inspector.snapshot().await?);
        if plan.goal == Goal::Settled
            && let Some(refusal) = inspector.refusal()
        {
            // Who sees the list alone cannot tell whether anything is in flight.
            return Err(refusal).wrap_err("cannot tell whether the list is settled");
        }
        let backlog = snapshot.waiting;
        let net = trend.observe(start.elapsed(), backlog);
        let sample = Sample::new(SystemTime::now(), plan.list.as_str(), backlog, net, pods.now());
        readout.show(&sample.with_claims(snapshot.claims.as_ref()))?;
        let reached = match plan.goal {
            Goal::None => false,
            Goal::Empty => backlog == 0,
            Goal::Settled => snapshot.is_settled(),
        };
        if reached {
            return Ok(());
        }
    }
}

/// Says what became of all items, now that nothing moves any more.
async fn judge(plan: &Plan, inspector: &mut Inspector, snapshot: &Snapshot, context: &Context) -> Result<Outcome> {
    let stranded = match inspector.stranded().await {
        Err(error) if error.is_stop() => return Ok(plan.stopped()),
        stranded => stranded?,
    };
    if stranded.is_none() && snapshot.claims.is_some() {
        tracing::warn!("the user may not walk through all keys (SCAN): what a forgotten consumer holds is not seen");
    }
    let result = Reconciliation::of(snapshot, stranded.unwrap_or(0));
    match plan.output {
        Output::Json => context.printer.result(&serde_json::to_string(&result)?)?,
        Output::Text => context.printer.result(&result.text())?,
    }
    Ok(if result.verdict == Verdict::Fail { Outcome::CheckFailed } else { Outcome::Done })
}

/// What is still to be waited for.
fn unsettled(snapshot: &Snapshot) -> String {
    let waiting = format!("{} waiting", snapshot.waiting);
    let Some(ClaimState { in_flight, abandoned, delayed, .. }) = snapshot.claims else { return waiting };
    let held = match abandoned {
        0 => String::new(),
        held => format!(" ({held} of them held by consumers that are gone, until another consumer recovers them)"),
    };
    format!("{waiting}, {in_flight} in flight{held}, {delayed} delayed")
}

/// The Deployment, and the trouble with it that has been said.
struct Pods {
    fleet: Option<Fleet>,
    said: Option<Arc<FleetError>>,
}

impl Pods {
    /// Looks for the cluster; without one the list is watched alone.
    ///
    /// # Errors
    ///
    /// Fails only when `--context` names what is not there: no waiting mends that.
    async fn find(target: &Target) -> Result<Self> {
        let Target { context, namespace, consumers } = target;
        let Some(consumers) = consumers else {
            tracing::info!("a ScaledJob starts the consumers: watching the list alone (kubectl get jobs shows them)");
            return Ok(Self { fleet: None, said: None });
        };
        let fleet = match Fleet::connect(context.as_deref(), namespace.as_deref(), consumers).await {
            Ok(Some(mut fleet)) => {
                // What is not there by then comes with a later sample.
                let _ = timeout(FIRST_LOOK, fleet.first_look()).await;
                Some(fleet)
            }
            Ok(None) => {
                tracing::info!("no Kubernetes cluster is configured: watching the list alone");
                None
            }
            Err(error @ FleetError::NotBuiltIn) => {
                tracing::info!("{error}: watching the list alone");
                None
            }
            Err(error @ FleetError::NoContext { .. }) if context.is_some() => return Err(error.into()),
            Err(error) => {
                tracing::warn!("{}; watching the list alone (hint: {})", chain(&error), error.hint());
                None
            }
        };
        Ok(Self { fleet, said: None })
    }

    /// The Deployment as last seen; what keeps it from being seen is said when it begins and when it ends.
    fn now(&mut self) -> Option<Deployment> {
        match self.fleet.as_ref()?.latest() {
            Observation::Pending => None,
            Observation::Seen(deployment) => {
                if self.said.take().is_some() {
                    tracing::info!("the pods of `{}/{}` can be seen now", deployment.namespace, deployment.name);
                }
                Some(deployment)
            }
            Observation::Failed(error) => {
                if !self.said.as_ref().is_some_and(|said| said.same_as(&error)) {
                    tracing::warn!("{}; watching the list alone meanwhile (hint: {})", chain(&*error), error.hint());
                    self.said = Some(error);
                }
                None
            }
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

//! `watch`: how many items wait, where that is going, and how many pods work on it.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::Context;
use crate::cli::{RedisArgs, positive_duration};
use crate::delivery::reconciliation::{Answer, Claimed, Standing, Verdict};
use crate::exit::Outcome;
use crate::kubernetes::{Fleet, FleetError, Observation};
use crate::profile::{Endpoint, Profile, ScaleKind, TargetTable};
use crate::queue::{Ledger, Redis};
use crate::sample::{Deployment, Sample, Trend};
use crate::terminal::{Output, Readout};

/// How long the first sample waits for Kubernetes, so that it has pods where a cluster answers as it should.
const FIRST_LOOK: Duration = Duration::from_millis(700);

/// What a line of JSON says.
const FIELDS: &str = "\
With --output json each look is an object on a line of its own:
  time              when, as RFC 3339 in UTC
  list              the list
  backlog           how many items wait
  in_flight           how many items are in flight; null where nobody claims, as with at-most-once delivery
  delayed           how many items wait for another try; null likewise
  dead              how many dead letters there are; null likewise
  net_per_second    how fast that changes; negative when it shrinks, null until it is known
  seconds_to_empty  null unless it shrinks
  deployment        null, or namespace, name, desired, current, ready, available
  reason            why there are to be as many pods; null where nobody says

With --until-settled a last object says how it ended:
  verdict           pass, fail or unknown
  pushed            how many items `qscale produce` has pushed since the counters began
  acknowledged      how many were worked
  dead              how many were given up, and not requeued since
  purged            how many of these were thrown away
  left              how many are still to be worked
  worked_twice      how many were given to others when their consumer had died: at most so many were worked more than once
  retried           how many tries failed and were made again
  lost              how many are gone
  because           what keeps it from being a pass

The verdict is drawn from what {LIST}:stats, such as {mylist}:stats, has counted since the list was first used. Where other
programs push or take as well, or items are worked at most once, the counters cannot tell what became of every item: unknown,
and no failure, when nothing is left. To begin anew, delete that key while nothing is left.";

/// Watch the list grow and shrink, and the pods that work it
///
/// Shows how many items wait, how fast that changes, when the list will be empty, and the consumers' Deployment where a
/// cluster is configured. On a terminal it is redrawn in place; otherwise each look is a line on stdout.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FIELDS)]
pub(crate) struct Args {
    /// Look this often
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = positive_duration)]
    every: Duration,

    /// Stop after this long
    #[arg(long = "for", value_name = "DURATION", value_parser = positive_duration)]
    limit: Option<Duration>,

    /// Stop as soon as the list is empty; exit status 75 when that does not come first
    #[arg(long)]
    until_empty: bool,

    /// Stop as soon as nothing waits, is in flight or is to be tried again, and say whether any item was lost: exit status 4
    /// when so, 75 when it does not come to that
    #[arg(long, conflicts_with = "until_empty")]
    until_settled: bool,

    /// The form of the samples
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,

    /// The list to watch [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    list: Option<String>,

    /// The kubeconfig's context to look in [default: its current one; in a pod, the pod's cluster]
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    context: Option<String>,

    /// The consumers' namespace [default: the profile's, else the context's]
    #[arg(long, short, value_name = "NAME", help_heading = "Kubernetes")]
    namespace: Option<String>,

    /// The consumers' Deployment [default: what qscale render writes or scales]
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    deployment: Option<String>,

    #[command(flatten)]
    redis: RedisArgs,
}

/// What is watched, and until when.
struct Plan {
    every: Duration,
    /// `Duration::MAX` is for ever.
    limit: Duration,
    goal: Goal,
    output: Output,
    list: String,
    endpoint: Endpoint,
    target: Target,
}

/// What it is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    None,
    Empty,
    Settled,
}

/// Where the consumers are.
#[derive(Debug)]
struct Target {
    /// `None` is the kubeconfig's current one.
    context: Option<String>,
    /// `None` is the context's own.
    namespace: Option<String>,
    /// `None` where a `ScaledJob` starts them: nothing there has a count of replicas.
    consumers: Option<TargetTable>,
}

impl Plan {
    fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args {
            every,
            limit,
            until_empty,
            until_settled,
            output,
            list,
            context: cluster,
            namespace,
            deployment,
            redis,
        } = args;
        let goal = match (until_empty, until_settled) {
            (_, true) => Goal::Settled,
            (true, _) => Goal::Empty,
            _ => Goal::None,
        };
        Ok(Self {
            every,
            limit: limit.unwrap_or(Duration::MAX),
            goal,
            output,
            list: context.list(list),
            endpoint: context.endpoint(redis)?,
            target: Target::resolve(cluster, namespace, deployment, &context.profile),
        })
    }

    /// What it means to be stopped, or to have watched for as long as was asked.
    fn stopped(&self) -> Outcome {
        if self.goal == Goal::None { Outcome::Done } else { Outcome::Unfinished }
    }
}

impl Target {
    fn resolve(
        context: Option<String>,
        namespace: Option<String>,
        deployment: Option<String>,
        profile: &Profile,
    ) -> Self {
        let named = deployment.map(TargetTable::deployment);
        let jobs = profile.scale.kind() == ScaleKind::ScaledJob;
        Self {
            context,
            namespace: namespace.or_else(|| profile.deploy.namespace.clone()),
            consumers: named.or_else(|| (!jobs).then(|| profile.deploy.scaled())),
        }
    }
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context)?;
    let (mut ledger, mut pods) = tokio::select! {
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
        shown = show(&plan, &mut ledger, &mut pods, &mut readout, &mut last) => shown.map(|()| true)?,
    };
    match (reached, plan.goal, last) {
        (true, Goal::Settled, Some(standing)) => judge(&plan, &mut ledger, &standing, &context).await,
        (true, ..) => Ok(Outcome::Done),
        (false, Goal::Settled, Some(standing)) => {
            tracing::warn!("not settled: {}", unsettled(&standing));
            Ok(plan.stopped())
        }
        (false, ..) => Ok(plan.stopped()),
    }
}

/// Connects to Redis, and to Kubernetes where there is one.
async fn connect(plan: &Plan, context: &Context) -> Result<(Ledger, Pods)> {
    let redis = Redis::new(plan.endpoint.clone(), None, context.shutdown.stop.clone());
    Ok((Ledger::connect(&redis, &plan.list).await?, Pods::find(&plan.target).await?))
}

/// Shows a sample at every tick; ends when the goal is reached, where there is one. `last` is what was seen last.
///
/// Without Redis there is no tick: looking at the list waits until it is back, and the rate starts anew.
async fn show(
    plan: &Plan,
    ledger: &mut Ledger,
    pods: &mut Pods,
    readout: &mut Readout,
    last: &mut Option<Standing>,
) -> Result<()> {
    let start = Instant::now();
    let mut trend = Trend::new(plan.every);
    let mut ticks = interval(plan.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let standing = last.insert(ledger.look().await?);
        if plan.goal == Goal::Settled
            && let Some(refusal) = ledger.refusal()
        {
            // Who sees the list alone cannot tell whether anything is in flight.
            return Err(refusal).wrap_err("cannot tell whether the list is settled");
        }
        let backlog = standing.waiting;
        let net = trend.observe(start.elapsed(), backlog);
        let sample = Sample::new(SystemTime::now(), plan.list.as_str(), backlog, net, pods.now());
        readout.show(&sample.with_claims(standing.claims.as_ref()))?;
        let reached = match plan.goal {
            Goal::None => false,
            Goal::Empty => backlog == 0,
            Goal::Settled => standing.is_settled(),
        };
        if reached {
            return Ok(());
        }
    }
}

/// Says what became of all items, now that nothing moves any more.
async fn judge(plan: &Plan, ledger: &mut Ledger, standing: &Standing, context: &Context) -> Result<Outcome> {
    let stranded = match ledger.stranded().await {
        Err(error) if error.is_stop() => return Ok(plan.stopped()),
        stranded => stranded?,
    };
    if stranded.is_none() && standing.claims.is_some() {
        tracing::warn!("the user may not walk through all keys (SCAN): what a forgotten consumer holds is not seen");
    }
    let verdict = Verdict::of(standing, stranded.unwrap_or(0));
    match plan.output {
        Output::Json => context.printer.result(&serde_json::to_string(&verdict)?)?,
        Output::Text => context.printer.result(&verdict.text())?,
    }
    Ok(if verdict.verdict == Answer::Fail { Outcome::CheckFailed } else { Outcome::Done })
}

/// What is still to be waited for.
fn unsettled(standing: &Standing) -> String {
    let waiting = format!("{} waiting", standing.waiting);
    let Some(Claimed { in_flight, abandoned, delayed, .. }) = standing.claims else { return waiting };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_profile_and_the_profile_over_the_context() {
        let profile = Profile::parse("q.toml", "[deploy]\nname = \"shop\"\nnamespace = \"eu\"").unwrap();
        let flag = |text: &str| Some(text.to_owned());
        for (namespace, deployment, expected) in [
            (None, None, (Some("eu"), "shop-consumer")),
            (flag("us"), None, (Some("us"), "shop-consumer")),
            (None, flag("worker"), (Some("eu"), "worker")),
        ] {
            let target = Target::resolve(None, namespace, deployment, &profile);
            let name = target.consumers.map(|consumers| consumers.name).unwrap();
            assert_eq!((target.namespace.as_deref(), name.as_str()), expected);
        }
        for (tables, kind) in [
            ("workload = \"StatefulSet\"", Some("StatefulSet")),
            ("target = { api-version = \"a.io/v1\", kind = \"Rollout\", name = \"w\" }", Some("Rollout")),
            ("[scale]\nkind = \"ScaledJob\"", None),
        ] {
            let profile = Profile::parse("q.toml", &format!("[deploy]\n{tables}\n")).unwrap();
            let consumers = Target::resolve(None, None, None, &profile).consumers;
            assert_eq!(consumers.map(|consumers| consumers.kind).as_deref(), kind);
        }
        let silent = Profile::parse("q.toml", "").unwrap();
        assert_eq!(Target::resolve(None, None, None, &silent).namespace, None);
    }
}

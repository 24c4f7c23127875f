//! `watch`: how many items wait, where that is going, and how many pods work on it.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use color_eyre::eyre::Result;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::Context;
use crate::cli::{RedisArgs, positive_duration};
use crate::exit::Outcome;
use crate::fleet::{Fleet, FleetError, Observation};
use crate::profile::{Endpoint, Profile};
use crate::queue::{List, Redis};
use crate::sample::{Deployment, Sample, Trend};
use crate::screen::{Output, Readout};

/// How long the first sample waits for Kubernetes, so that it has pods where a cluster answers as it should.
const FIRST_LOOK: Duration = Duration::from_millis(700);

/// What a line of JSON says.
const FIELDS: &str = "\
With --output json each look is an object on a line of its own:
  time              when, as RFC 3339 in UTC
  list              the list
  backlog           how many items wait
  net_per_second    how fast that changes; negative when it shrinks, null until it is known
  seconds_to_empty  null unless it shrinks
  deployment        null, or namespace, name, desired, current, ready, available";

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

    /// The form of the samples
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,

    /// The list to watch [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    list: Option<String>,

    /// The kubeconfig's context to look in [default: its current one; in a pod, the pod's cluster]
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    context: Option<String>,

    /// The Deployment's namespace [default: the profile's, else the context's]
    #[arg(long, short, value_name = "NAME", help_heading = "Kubernetes")]
    namespace: Option<String>,

    /// The consumers' Deployment [default: as qscale render names it]
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
    until_empty: bool,
    output: Output,
    list: String,
    endpoint: Endpoint,
    target: Target,
}

/// Where the Deployment is.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// `None` is the kubeconfig's current one.
    context: Option<String>,
    /// `None` is the context's own.
    namespace: Option<String>,
    deployment: String,
}

impl Plan {
    fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args { every, limit, until_empty, output, list, context: cluster, namespace, deployment, redis } = args;
        Ok(Self {
            every,
            limit: limit.unwrap_or(Duration::MAX),
            until_empty,
            output,
            list: context.list(list),
            endpoint: context.endpoint(redis)?,
            target: Target::resolve(cluster, namespace, deployment, &context.profile),
        })
    }

    /// What it means to be stopped, or to have watched for as long as was asked.
    fn stopped(&self) -> Outcome {
        if self.until_empty { Outcome::Unfinished } else { Outcome::Done }
    }
}

impl Target {
    fn resolve(
        context: Option<String>,
        namespace: Option<String>,
        deployment: Option<String>,
        profile: &Profile,
    ) -> Self {
        Self {
            context,
            namespace: namespace.or_else(|| profile.deploy.namespace.clone()),
            deployment: deployment.unwrap_or_else(|| profile.deploy.consumer_name()),
        }
    }
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context)?;
    tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => Ok(plan.stopped()),
        outcome = watch(&plan, &context) => outcome,
    }
}

/// Connects, and shows samples until the goal is reached or time is up.
async fn watch(plan: &Plan, context: &Context) -> Result<Outcome> {
    let redis = Redis::new(plan.endpoint.clone(), None, context.shutdown.stop.clone());
    let mut list = List::connect(&redis, &plan.list).await?;
    let mut pods = Pods::find(&plan.target).await?;
    let mut readout = Readout::new(&context.printer, plan.output);
    tokio::select! {
        biased;
        () = sleep(plan.limit) => Ok(plan.stopped()),
        outcome = show(plan, &mut list, &mut pods, &mut readout) => outcome,
    }
}

/// Shows a sample at every tick; ends when the list is empty, where that is the goal.
///
/// Without Redis there is no tick: looking at the list waits until it is back, and the rate starts anew.
async fn show(plan: &Plan, list: &mut List, pods: &mut Pods, readout: &mut Readout) -> Result<Outcome> {
    let start = Instant::now();
    let mut trend = Trend::new(plan.every);
    let mut ticks = interval(plan.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let backlog = list.length().await?;
        let net = trend.observe(start.elapsed(), backlog);
        readout.show(&Sample::new(SystemTime::now(), plan.list.as_str(), backlog, net, pods.now()))?;
        if plan.until_empty && backlog == 0 {
            return Ok(Outcome::Done);
        }
    }
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
        let Target { context, namespace, deployment } = target;
        let fleet = match Fleet::connect(context.as_deref(), namespace.as_deref(), deployment).await {
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
                    tracing::info!("Deployment `{}/{}` can be seen now", deployment.namespace, deployment.name);
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
            assert_eq!((target.namespace.as_deref(), target.deployment.as_str()), expected);
        }
        let silent = Profile::parse("q.toml", "").unwrap();
        assert_eq!(Target::resolve(None, None, None, &silent).namespace, None);
    }
}

//! `demo`: the whole loop on this machine, with a Redis of its own.

mod autoscaler;
mod pods;
mod stage;
mod verdict;

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::{Result, bail};
use secrecy::SecretString;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use self::autoscaler::Autoscaler;
use self::pods::Pods;
use self::stage::Stage;
use self::verdict::Verdict;
use super::Context;
use crate::cli::{self, positive_count, positive_factor};
use crate::delivery::reconciliation::Standing;
use crate::exit::Outcome;
use crate::profile::{DEFAULT_LIST, ProduceTable, Profile};
use crate::queue::Ledger;
use crate::sample::{Deployment, Sample, Trend};
use crate::sandbox::Process;
use crate::terminal::{Output, Readout};
use crate::units::DurationRange;
use crate::workload::{Load, Pace, Payload, Timing, USUAL_BATCH, Work};

/// See the whole loop on this machine: items pushed, consumers started and ended as KEDA would, and all counted
///
/// A private Redis, a producer, and consumers as processes of their own. How many there are is decided by the rules of
/// KEDA and the HPA, from the profile's [scale] table, by a clock that runs faster than the real one: the same that
/// `qscale simulate` foresees. It ends when all is worked and the consumers are gone again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use this Redis, on a list of its own, in place of a private one
    #[arg(long, value_name = "URL")]
    redis: Option<SecretString>,

    /// How many consumers there are at most [default: the profile's max-replica-count]
    #[arg(long, value_name = "PROCESSES", value_parser = positive_count::<NonZeroU32>)]
    consumers: Option<NonZeroU32>,

    /// How many items are pushed [default: as many as the load has, or six of its batches]
    #[arg(long, short = 'n', value_name = "ITEMS", value_parser = cli::count)]
    count: Option<u64>,

    /// How many times as fast as in the profile everything goes: the load, the work, KEDA and the HPA
    #[arg(long, value_name = "FACTOR", default_value_t = 20.0, value_parser = positive_factor)]
    speed: f64,

    /// The form of the readout on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// How often the list is looked at.
const TICK: Duration = Duration::from_millis(500);

/// How many batches are pushed where the load has no end.
const BATCHES: u64 = 6;

/// What will be done.
#[derive(Debug)]
struct Plan {
    list: String,
    consumers: u32,
    /// How many items are pushed; `None` for as many as a pattern in a file has.
    count: Option<u64>,
    produce: ProduceTable,
    payload: Payload,
    work: Work,
    speed: f64,
    output: Output,
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    fn resolve(args: &Args, profile: &Profile) -> Self {
        let produce = profile.produce.clone();
        let work = profile.consume.work.clone().filter(|work| *work != Work::None);
        let load = Load::of(&produce);
        let batches = || match load.timing {
            Timing::Pace(Pace::Batches { batch, .. }) => BATCHES * batch,
            _ => BATCHES * USUAL_BATCH,
        };
        let whole = if produce.pattern_file.is_some() { None } else { load.total(0).or_else(|| Some(batches())) };
        Self {
            list: match &args.redis {
                // Somebody's own Redis may hold somebody's own list.
                Some(_) => format!("qscale-demo-{:08x}", rand::random::<u32>()),
                None => profile.queue.list.clone().unwrap_or_else(|| DEFAULT_LIST.to_owned()),
            },
            consumers: args.consumers.map_or(profile.scale.max_replica_count.unwrap_or(5), NonZeroU32::get),
            count: args.count.or(whole),
            payload: produce.payload.clone().unwrap_or_else(Payload::usual),
            produce,
            work: work
                .unwrap_or(Work::Wait(DurationRange { from: Duration::from_secs(2), to: Duration::from_secs(6) })),
            speed: args.speed,
            output: args.output,
        }
    }
}

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
    let mut ledger = Ledger::connect(&stage.redis, &plan.list).await?;
    let mut autoscaler = Autoscaler::new(&context.profile, &plan.list, plan.consumers, plan.speed);
    let mut pods = Pods::new(stage, plan.consume(autoscaler.starts_jobs()));
    pods.scale_to(autoscaler.rest())?;
    let mut producer = stage.start("producer", &plan.produce())?;

    let abort = &context.shutdown.abort;
    let worked = show_until_worked(plan, &mut ledger, &mut producer, &mut autoscaler, &mut pods, context).await?;
    if !worked {
        tracing::info!("told to stop: the consumers finish what they have; once more, and they do not");
        producer.terminate();
        pods.end(abort).await;
        ended(&mut producer, abort).await;
        ledger.close().await;
        return Ok(None);
    }
    // Whoever is told twice to stop is not kept waiting; what still runs is killed.
    let pushed = tokio::select! {
        biased;
        pushed = pushed(&mut producer) => pushed?,
        () = abort.cancelled() => return Ok(None),
    };
    pods.end(abort).await;
    let standing = ledger.look().await?;
    let stranded = ledger.stranded().await?;
    ledger.close().await;
    Ok(Some(Verdict::new(pushed, &standing, stranded.unwrap_or(0))))
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
    ledger: &mut Ledger,
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
        let standing = ledger.look().await?;
        let died = pods.reap().await?;
        if !shows {
            autoscaler.look(&standing, pods)?;
            continue;
        }
        if died > 0 && !autoscaler.starts_jobs() {
            // A ReplicaSet puts others in their place.
            pods.scale_to(pods.desired)?;
        }
        let net = trend.observe(start.elapsed(), standing.waiting);
        readout.show(&plan.sample(&standing, pods, net, &autoscaler.reason))?;
        if !producing && standing.is_settled() && pods.count() <= autoscaler.rest() && pods.none_is_ending() {
            readout.clear();
            return Ok(true);
        }
    }
}

impl Plan {
    /// What there is to see now.
    fn sample(&self, standing: &Standing, pods: &Pods<'_>, net: Option<f64>, reason: &str) -> Sample {
        let consumers = Deployment {
            namespace: "this machine".to_owned(),
            name: "consumers".to_owned(),
            desired: pods.desired.max(pods.count()),
            current: pods.count(),
            ready: pods.count(),
            available: pods.count(),
        };
        let sample = Sample::new(SystemTime::now(), self.list.as_str(), standing.waiting, net, Some(consumers));
        let sample = sample.with_claims(standing.claims.as_ref());
        Sample { reason: Some(reason.to_owned()), ..sample }
    }

    /// What the producer is told.
    fn produce(&self) -> Vec<String> {
        let Self { list, count, produce, payload, speed, .. } = self;
        let mut words = vec![
            "produce".to_owned(),
            format!("--list={list}"),
            format!("--payload={payload}"),
            format!("--speed={speed}"),
            "--output=json".to_owned(),
            "--reconnect-for=10s".to_owned(),
        ];
        let batch = produce.batch.map_or(USUAL_BATCH, u64::from);
        words.push(format!("--batch={batch}"));
        words.extend(count.map(|count| format!("--count={count}")));
        words.push(match (&produce.pattern, &produce.pattern_file, &produce.rate) {
            (Some(pattern), _, _) => format!("--pattern={pattern}"),
            (None, Some(file), _) => {
                // The producer's folder is another.
                let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                format!("--pattern-file={}", file.display())
            }
            (None, None, Some(rate)) => format!("--rate={rate}"),
            (None, None, None) => {
                let every = produce.every.map_or(Duration::from_secs(2), |span| span.0);
                format!("--every={}", humantime::format_duration(every))
            }
        });
        words
    }

    /// What a consumer is told.
    fn consume(&self, once: bool) -> Vec<String> {
        let Self { list, work, speed, .. } = self;
        let words = [
            "consume".to_owned(),
            format!("--list={list}"),
            format!("--work={work}"),
            format!("--speed={speed}"),
            // Should one be killed, the others have what it held before anybody looks away.
            "--lease=5s".to_owned(),
            "--output=json".to_owned(),
            "--reconnect-for=10s".to_owned(),
        ];
        words.into_iter().chain(once.then(|| "--once".to_owned())).collect()
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
        Err(_) => bail!("the producer failed ({status}): {}", producer.last_words()),
    }
}

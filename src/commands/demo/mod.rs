//! `demo`: the whole loop on this machine, with a Redis of its own.

mod verdict;

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::{Result, WrapErr, bail};
use secrecy::SecretString;
use serde::Deserialize;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use self::verdict::Verdict;
use super::Context;
use crate::cli::{self, RedisArgs, positive_count, positive_factor};
use crate::exit::Outcome;
use crate::local::{Process, RedisAt, Server};
use crate::profile::{DEFAULT_LIST, Endpoint, Profile, SpanRange};
use crate::queue::{Ledger, Redis};
use crate::sample::{Deployment, Sample, Trend};
use crate::screen::{Output, Readout};
use crate::workload::{Payload, Work};

/// See the whole loop on this machine: items pushed, worked by several consumers, and counted
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use this Redis, on a list of its own, in place of a private one
    #[arg(long, value_name = "URL")]
    redis: Option<SecretString>,

    /// How many consumers work [default: the profile's max-replica-count]
    #[arg(long, value_name = "PROCESSES", value_parser = positive_count::<NonZeroU32>)]
    consumers: Option<NonZeroU32>,

    /// How many items are pushed [default: three of the profile's batches]
    #[arg(long, short = 'n', value_name = "ITEMS", value_parser = cli::count)]
    count: Option<u64>,

    /// How many times faster than in the profile an item is worked
    #[arg(long, value_name = "FACTOR", default_value_t = 10.0, value_parser = positive_factor)]
    speed: f64,

    /// The form of the readout on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// What the processes have as their profile, in the demo's folder.
const PROFILE: &str = "profile.toml";

/// How long a lost connection is tried for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the list is looked at.
const TICK: Duration = Duration::from_millis(500);

/// What will be done.
#[derive(Debug)]
struct Plan {
    list: String,
    consumers: u32,
    count: u64,
    batch: u64,
    every: Duration,
    payload: Payload,
    work: Work,
    speed: f64,
    output: Output,
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    fn resolve(args: &Args, profile: &Profile) -> Self {
        let produce = &profile.produce;
        let batch = produce.batch.map_or(50, u64::from);
        let work = profile.consume.work.clone().filter(|work| *work != Work::None);
        Self {
            list: match &args.redis {
                // Somebody's own Redis may hold somebody's own list.
                Some(_) => format!("qscale-demo-{:08x}", rand::random::<u32>()),
                None => profile.queue.list.clone().unwrap_or_else(|| DEFAULT_LIST.to_owned()),
            },
            consumers: args.consumers.map_or(profile.scale.max_replica_count.unwrap_or(5), NonZeroU32::get),
            count: args.count.unwrap_or(3 * batch),
            batch,
            every: produce.every.map_or(Duration::from_secs(2), |span| span.0),
            payload: produce.payload.clone().unwrap_or_else(Payload::usual),
            work: work.unwrap_or(Work::Wait(SpanRange { from: Duration::from_secs(2), to: Duration::from_secs(6) })),
            speed: args.speed,
            output: args.output,
        }
    }
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(&args, &context.profile);
    context.shutdown.stop_on_hangup()?;
    let stage = Stage::set(args.redis, &context).await?;
    let Plan { count, batch, every, consumers, work, speed, .. } = &plan;
    let every = humantime::format_duration(*every);
    tracing::info!("{} for this demo; {count} items, {batch} every {every}", stage.redis);
    tracing::info!("{consumers} consumers work {work} an item, {speed} times as fast");

    let result = play(&plan, &stage, &context).await;
    if stage.server.is_none() {
        // Nothing of the demo stays on somebody's own Redis.
        Ledger::connect(&stage.redis, &plan.list).await?.delete().await?;
    }
    stage.clear().await;
    let Some(verdict) = result? else {
        tracing::warn!("stopped before the end");
        return Ok(Outcome::Unfinished);
    };
    context.printer.result(&verdict.show(plan.output)?)?;
    Ok(if verdict.pass { Outcome::Done } else { Outcome::CheckFailed })
}

/// Where the demo takes place.
struct Stage {
    redis: Redis,
    at: RedisAt,
    server: Option<Server>,
    folder: TempDir,
}

impl Stage {
    async fn set(url: Option<SecretString>, context: &Context) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("qscale-demo-").tempdir()?;
        // What the processes are to do is typed out to them. Of the profile they are left how to reach Redis, where that
        // is not the demo's own: an authority, a user.
        let profile = if url.is_some() { context.profile.source.only("redis") } else { String::new() };
        std::fs::write(folder.path().join(PROFILE), profile)?;
        let (endpoint, at, server) = if let Some(url) = url {
            (context.endpoint(RedisArgs::of_url(url.clone()))?, RedisAt::Given(url), None)
        } else {
            let server = Server::start().await?;
            tracing::info!("started a private {}", server.program());
            (Endpoint::unix(server.socket()), RedisAt::Private(server.socket()), Some(server))
        };
        let redis = Redis::new(endpoint, Some(PATIENCE), CancellationToken::new());
        Ok(Self { redis, at, server, folder })
    }

    /// Starts qscale here.
    fn start(&self, name: &str, arguments: &[String]) -> Result<Process> {
        let profile = self.folder.path().join(PROFILE).display().to_string();
        let arguments: Vec<String> = ["--quiet".to_owned(), "--profile".to_owned(), profile]
            .into_iter()
            .chain(arguments.iter().cloned())
            .collect();
        Process::start(name, &arguments, &self.at, self.folder.path()).wrap_err_with(|| format!("cannot start {name}"))
    }

    async fn clear(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// Lets producer and consumers run until everything is worked; `None` when told to stop before.
async fn play(plan: &Plan, stage: &Stage, context: &Context) -> Result<Option<Verdict>> {
    let mut ledger = Ledger::connect(&stage.redis, &plan.list).await?;
    let mut consumers = (1..=plan.consumers)
        .map(|number| stage.start(&format!("consumer {number}"), &plan.consume()))
        .collect::<Result<Vec<_>>>()?;
    let mut producer = stage.start("producer", &plan.produce())?;

    let abort = &context.shutdown.abort;
    let stopped = show_until_worked(plan, &mut ledger, &mut producer, &mut consumers, context).await?;
    if stopped {
        end(std::iter::once(&mut producer).chain(&mut consumers), abort).await;
        ledger.close().await;
        return Ok(None);
    }
    // Whoever is told twice to stop is not kept waiting; what still runs is killed.
    let pushed = tokio::select! {
        biased;
        counted = count(&mut producer, &mut consumers) => counted?,
        () = abort.cancelled() => return Ok(None),
    };
    let standing = ledger.look().await?;
    let stranded = ledger.stranded().await?;
    ledger.close().await;
    Ok(Some(Verdict::new(pushed, &standing, stranded.unwrap_or(0))))
}

/// Ends processes whose results nobody wants any more. They put down in order what they have in hand; `abort` cuts that
/// short.
async fn end<'a>(processes: impl Iterator<Item = &'a mut Process>, abort: &CancellationToken) {
    let processes: Vec<_> = processes.inspect(|process| process.terminate()).collect();
    for process in processes {
        tokio::select! {
            biased;
            // One that was told to stop before it listened has no result, and needs none.
            _ = process.output() => {}
            () = abort.cancelled() => return,
        }
    }
}

/// Shows list and consumers at every tick, until all is pushed and nothing is left to be worked; `true` when told to stop before.
async fn show_until_worked(
    plan: &Plan,
    ledger: &mut Ledger,
    producer: &mut Process,
    consumers: &mut [Process],
    context: &Context,
) -> Result<bool> {
    let mut readout = Readout::new(&context.printer, plan.output);
    let mut trend = Trend::new(TICK).over(2 * TICK);
    let start = tokio::time::Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            () = context.shutdown.stop.cancelled() => {
                readout.clear();
                return Ok(true);
            }
            _ = ticks.tick() => {}
        }
        let running = consumers.iter_mut().filter_map(|consumer| consumer.is_running().then_some(())).count();
        let producing = producer.is_running();
        let standing = ledger.look().await?;
        let backlog = standing.waiting;
        let consumers = Deployment {
            namespace: "this machine".to_owned(),
            name: "consumers".to_owned(),
            desired: plan.consumers,
            current: u32::try_from(running).unwrap_or(u32::MAX),
            ready: u32::try_from(running).unwrap_or(u32::MAX),
            available: u32::try_from(running).unwrap_or(u32::MAX),
        };
        let net = trend.observe(start.elapsed(), backlog);
        let sample = Sample::new(SystemTime::now(), plan.list.as_str(), backlog, net, Some(consumers));
        readout.show(&sample.with_claims(standing.claims.as_ref()))?;
        if (!producing && standing.is_settled()) || running == 0 {
            readout.clear();
            return Ok(false);
        }
    }
}

impl Plan {
    /// What the producer is told.
    fn produce(&self) -> Vec<String> {
        let Self { list, count, batch, every, payload, .. } = self;
        let every = humantime::format_duration(*every);
        [
            "produce".to_owned(),
            format!("--list={list}"),
            format!("--count={count}"),
            format!("--batch={batch}"),
            format!("--every={every}"),
            format!("--payload={payload}"),
            "--output=json".to_owned(),
            "--reconnect-for=10s".to_owned(),
        ]
        .to_vec()
    }

    /// What a consumer is told.
    fn consume(&self) -> Vec<String> {
        let Self { list, work, speed, .. } = self;
        [
            "consume".to_owned(),
            format!("--list={list}"),
            format!("--work={work}"),
            format!("--speed={speed}"),
            // Should one be killed, the others have what it held before anybody looks away.
            "--lease=5s".to_owned(),
            "--output=json".to_owned(),
            "--reconnect-for=10s".to_owned(),
        ]
        .to_vec()
    }
}

/// The part of a producer's result that counts here.
#[derive(Deserialize)]
struct Pushed {
    items: u64,
}

/// Waits until everybody has done; what was pushed.
async fn count(producer: &mut Process, consumers: &mut [Process]) -> Result<u64> {
    let pushed = pushed(producer).await?;
    dismiss(consumers).await?;
    Ok(pushed)
}

async fn pushed(producer: &mut Process) -> Result<u64> {
    let (status, output) = producer.output().await?;
    match serde_json::from_str::<Pushed>(&output) {
        Ok(pushed) => Ok(pushed.items),
        Err(_) => bail!("the producer failed ({status}): {}", producer.last_words()),
    }
}

/// Ends the consumers. One that was killed may be missed, as others take over what it held; all of them may not.
async fn dismiss(consumers: &mut [Process]) -> Result<()> {
    consumers.iter().for_each(Process::terminate);
    let mut failed = None;
    let mut well = 0;
    for (number, consumer) in (1..).zip(consumers.iter_mut()) {
        let (status, _) = consumer.output().await?;
        if status.success() {
            well += 1;
        } else {
            tracing::warn!("consumer {number} ended before the others: {status}");
            failed = Some(consumer.last_words());
        }
    }
    match failed {
        Some(words) if well == 0 => bail!("the consumers failed: {words}"),
        _ => Ok(()),
    }
}

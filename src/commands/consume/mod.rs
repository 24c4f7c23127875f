//! `consume`: items off the list, each worked.

mod at_least_once;
mod at_most_once;
mod doorbell;
mod report;
mod variables;
mod vitals;
mod workers;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

use self::vitals::{Shown, Vitals};
use self::workers::Workers;
use super::Context;
use crate::cli::{self, RedisArgs, positive_count, positive_factor};
use crate::delivery::history::RetryPolicy;
use crate::delivery::tally::Tally;
use crate::exit::{Outcome, UsageError};
use crate::handler::{CommandSpec, Handler};
use crate::profile::consume::{
    DEFAULT_DRAIN, DEFAULT_KILL_AFTER, DEFAULT_LEASE, DEFAULT_MAX_CRASHES, DEFAULT_RETRY, SHORTEST_LEASE,
};
use crate::profile::{Delivery, ExitMap, ExitRule, Profile};
use crate::queue::{ClaimSettings, Redis};
use crate::terminal::Output;
use crate::units::{DurationRange, Environment, HumanDuration};
use crate::workload::Work;

/// Work the list: run a command for each item, simulate work, or hand each item on as a line
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list to work [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    list: Option<String>,

    /// How surely an item is worked [default: at-least-once]
    #[arg(long, value_name = "HOW", value_parser = clap::builder::EnumValueParser::<DeliveryArg>::new())]
    delivery: Option<DeliveryArg>,

    /// How many items are worked at a time [default: 1]
    #[arg(long, short, value_name = "ITEMS", value_parser = positive_count::<NonZeroU32>)]
    concurrency: Option<NonZeroU32>,

    /// What to do with an item: wait 2s or 2s..6s; wait exp(4s), 4s on average, or lognormal(4s, 0.5), 4s or less in half
    /// of the items and far more in few; wait as many seconds as a field of its JSON says (field:wait);
    /// or write it to stdout as a line (none) [default: the profile's, which is 2s..6s in the built-in one, else none]
    #[arg(long, short, value_name = "WORK")]
    work: Option<Work>,

    /// The command that works an item: the item on its stdin, its id and the like in QSCALE_*; {} in an argument becomes
    /// the item
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["work", "speed"])]
    command: Vec<OsString>,

    /// How long the command may take; then it is ended with all it started, and the attempt has failed [env:
    /// QSCALE_TIMEOUT]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<HumanDuration>,

    /// How long a command that was told to end may take until it is killed [env: QSCALE_KILL_AFTER] [default: 5s]
    #[arg(long, value_name = "DURATION")]
    kill_after: Option<HumanDuration>,

    /// What an exit status of the command says of its item, such as 3=dead or other=retry: ack, dead, retry (no attempt is
    /// spent), fail (one is) or stop; may be repeated [default: 0=ack 65=dead 75=retry 126=stop 127=stop other=fail]
    #[arg(long, value_name = "STATUS=MEANING")]
    exit: Vec<ExitRule>,

    /// How many times faster than --work says an item is worked
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive_factor)]
    speed: f64,

    /// Stop after this many items
    #[arg(long, value_name = "ITEMS", value_parser = cli::count)]
    max_items: Option<u64>,

    /// Work one item if there is one, then end
    #[arg(long, conflicts_with_all = ["max_items", "idle_exit"])]
    once: bool,

    /// End when nothing has come for this long
    #[arg(long, value_name = "DURATION")]
    idle_exit: Option<HumanDuration>,

    /// Do not end for want of items while one is due for another try within this long
    #[arg(long, value_name = "DURATION")]
    await_due: Option<HumanDuration>,

    /// How long items in flight may take after SIGTERM; what is unfinished then goes back to the list [env: QSCALE_DRAIN]
    /// [default: 30s]
    #[arg(long, value_name = "DURATION")]
    drain: Option<HumanDuration>,

    /// How long a consumer that is not heard of keeps what it holds [env: QSCALE_LEASE] [default: 30s]
    #[arg(long, value_name = "DURATION")]
    lease: Option<HumanDuration>,

    /// How many failed attempts make a dead letter [env: QSCALE_MAX_ATTEMPTS] [default: 3]
    #[arg(long, value_name = "ATTEMPTS", value_parser = positive_count::<NonZeroU32>)]
    max_attempts: Option<NonZeroU32>,

    /// How many deaths of its consumer make a dead letter [env: QSCALE_MAX_CRASHES] [default: 3]
    #[arg(long, value_name = "CRASHES", value_parser = positive_count::<NonZeroU32>)]
    max_crashes: Option<NonZeroU32>,

    /// The first pause before another attempt, and the longest; it doubles between [env: QSCALE_BACKOFF] [default:
    /// 1s..5m]
    #[arg(long, value_name = "RANGE")]
    backoff: Option<DurationRange>,

    /// How long an item may ask for another try without spending attempts [env: QSCALE_MAX_AGE] [default: 1day]
    #[arg(long, value_name = "DURATION")]
    max_age: Option<HumanDuration>,

    #[command(flatten)]
    shown: Shown,

    /// The form of the result: text goes to the log, json to stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,

    #[command(flatten)]
    redis: RedisArgs,
}

/// How surely an item is worked, as it is typed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DeliveryArg {
    /// Claimed under a lease, and given to others when its consumer dies
    AtLeastOnce,
    /// A plain blocking pop: an item in flight is lost when its consumer dies
    AtMostOnce,
}

impl From<DeliveryArg> for Delivery {
    fn from(typed: DeliveryArg) -> Self {
        match typed {
            DeliveryArg::AtLeastOnce => Self::AtLeastOnce,
            DeliveryArg::AtMostOnce => Self::AtMostOnce,
        }
    }
}

/// What is done with an item.
#[derive(Debug, Clone)]
enum Job {
    /// Simulated work, or nothing.
    Work { work: Work, speed: f64 },
    /// A command is run.
    Command(CommandSpec),
}

/// What will be done.
#[derive(Debug)]
struct Plan {
    list: String,
    /// The name of this consumer, which no other has or had.
    consumer: String,
    delivery: Delivery,
    concurrency: u32,
    job: Job,
    max_items: Option<u64>,
    idle_exit: Option<Duration>,
    /// How far off a delayed item may be that is waited for.
    await_due: Duration,
    drain: Duration,
    claims: ClaimSettings,
    retry: RetryPolicy,
    shown: Shown,
    output: Output,
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    fn resolve(args: Args, list: String, host: &str, profile: &Profile) -> Result<Self, UsageError> {
        // Taken apart by name, so that a new argument cannot be forgotten here.
        let Args {
            list: _,
            delivery,
            concurrency,
            work,
            command,
            timeout,
            kill_after,
            exit,
            speed,
            max_items,
            once,
            idle_exit,
            await_due,
            drain,
            lease,
            max_attempts,
            max_crashes,
            backoff,
            max_age,
            shown,
            output,
            redis: _,
        } = args;
        let usual = profile.consume.clone();
        let lease = lease.or(usual.lease).map_or(DEFAULT_LEASE, |span| span.0);
        if lease < SHORTEST_LEASE {
            return Err(UsageError("the lease (--lease, QSCALE_LEASE) is shorter than 500ms".to_owned()));
        }
        if timeout.is_some_and(|span| span.0.is_zero()) {
            return Err(UsageError(
                "the timeout (--timeout, QSCALE_TIMEOUT) leaves a command no time at all".to_owned(),
            ));
        }
        let backoff = backoff.or(usual.backoff);
        let retry = RetryPolicy {
            max_attempts: max_attempts.or(usual.max_attempts).map_or(DEFAULT_RETRY.max_attempts, NonZeroU32::get),
            first: backoff.map_or(DEFAULT_RETRY.first, |range| range.from),
            longest: backoff.map_or(DEFAULT_RETRY.longest, |range| range.to),
            max_age: max_age.or(usual.max_age).map_or(DEFAULT_RETRY.max_age, |span| span.0),
        };
        let usual_command = usual.command.filter(|_| work.is_none());
        let command = if command.is_empty() {
            usual_command.map(|words| words.into_iter().map(OsString::from).collect())
        } else {
            Some(command)
        };
        let job = match command.map(VecDeque::from) {
            None => Job::Work { work: work.or(usual.work).unwrap_or(Work::None), speed },
            Some(mut words) => Job::Command(CommandSpec {
                program: words.pop_front().unwrap_or_default(),
                arguments: words.into(),
                timeout: timeout.or(usual.timeout).map(|span| span.0),
                kill_after: kill_after.or(usual.kill_after).map_or(DEFAULT_KILL_AFTER, |span| span.0),
                exit: usual.exit.as_ref().map(ExitMap::from).unwrap_or_default().with(&exit),
            }),
        };
        let max_crashes = max_crashes.or(usual.max_crashes).map_or(DEFAULT_MAX_CRASHES, NonZeroU32::get);
        Ok(Self {
            list,
            consumer: format!("{host}-{:08x}", rand::random::<u32>()),
            delivery: delivery.map(Delivery::from).or(usual.delivery).unwrap_or_default(),
            concurrency: concurrency.or(usual.concurrency).map_or(1, NonZeroU32::get),
            job,
            max_items: if once { Some(1) } else { max_items.or(usual.max_items) },
            idle_exit: if once { Some(Duration::ZERO) } else { idle_exit.or(usual.idle_exit).map(|span| span.0) },
            await_due: await_due.map_or(Duration::ZERO, |span| span.0),
            drain: drain.or(usual.drain).map_or(DEFAULT_DRAIN, |span| span.0),
            claims: ClaimSettings { lease, max_crashes },
            retry,
            shown: shown.over(usual.metrics, usual.stamp_field),
            output,
        })
    }

    fn announce(&self, redis: &Redis) {
        let Self { list, concurrency, consumer, .. } = self;
        let job = match &self.job {
            Job::Work { work, .. } => format!("work {work}"),
            Job::Command(spec) => format!("command {}", spec.program.display()),
        };
        let surely = match self.delivery {
            Delivery::AtLeastOnce => format!("at least once, as {consumer}"),
            Delivery::AtMostOnce => "at most once".to_owned(),
        };
        tracing::info!("consuming `{list}` at {redis}: {concurrency} at a time, {job}, {surely}");
    }
}

/// Why nothing more is taken.
#[derive(Debug, Default)]
enum Ending {
    /// There were enough, none came, or a signal did.
    #[default]
    Orderly,
    /// The handler's command cannot be run.
    Unrunnable(String),
    /// What handlers give out is not taken any more.
    Closed(std::io::Error),
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args.or_variables(&context.environment)?;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let plan = Plan::resolve(args, list, &host(&context.environment), &context.profile)?;
    let shutdown = &context.shutdown;
    shutdown.abort_after(plan.drain);

    let start = Instant::now();
    let redis = Redis::new(endpoint, None, shutdown.abort.clone());
    let handler = match plan.job.clone() {
        Job::Work { work, speed } => Handler::new(work, speed),
        Job::Command(spec) => Handler::command(spec, context.printer.echo()),
    };
    let vitals = Vitals::show(&plan, &redis).await?;
    let workers = Workers::new(handler, &plan, vitals, shutdown.abort.clone());
    let mut tally = Tally::default();
    let ended = match plan.delivery {
        Delivery::AtLeastOnce => at_least_once::consume(&plan, &redis, workers, &mut tally, shutdown).await,
        Delivery::AtMostOnce => at_most_once::consume(&plan, &redis, workers, &mut tally, shutdown).await,
    };
    report::report(&plan, &tally, start.elapsed(), &context)?;
    match ended.wrap_err_with(|| format!("stopped after {} items", tally.acknowledged))? {
        Ending::Orderly => {}
        Ending::Unrunnable(reason) => return Err(UsageError(reason).into()),
        Ending::Closed(error) => return Err(error).wrap_err("cannot write to stdout"),
    }
    let short = plan.max_items.is_some_and(|most| tally.acknowledged + tally.retried + tally.dead < most);
    Ok(if short && shutdown.stop.is_cancelled() { Outcome::Unfinished } else { Outcome::Done })
}

/// What this consumer's name begins with: the pod's name, where it runs in one.
fn host(environment: &Environment) -> String {
    let name = environment.get("HOSTNAME").unwrap_or_else(|| "consumer".to_owned());
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).take(100).collect()
}

fn announce_drain(workers: &Workers) {
    if workers.in_flight() > 0 {
        tracing::info!("finishing {} items in flight", workers.in_flight());
    }
}

//! `consume`: items off the list, each worked once.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use serde::Serialize;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::cli::{self, RedisArgs, positive_count, positive_factor};
use crate::exit::Outcome;
use crate::handler::{Assignment, Handler, Verdict};
use crate::item::Item;
use crate::profile::{ConsumeTable, DEFAULT_DRAIN, Delivery, Profile, Span};
use crate::queue::{List, QueueError, Redis};
use crate::screen::Output;
use crate::shutdown::Shutdown;
use crate::tally::Tally;
use crate::workload::Work;

/// Work the list: simulate work, or hand each item on as a line
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list to work [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    list: Option<String>,

    /// How surely an item is worked [default: at-most-once]
    #[arg(long, value_name = "HOW", value_parser = clap::builder::EnumValueParser::<DeliveryArg>::new())]
    delivery: Option<DeliveryArg>,

    /// How many items are worked at a time [default: 1]
    #[arg(long, short, value_name = "ITEMS", value_parser = positive_count::<NonZeroU32>)]
    concurrency: Option<NonZeroU32>,

    /// What to do with an item: wait 2s or 2s..6s; wait as many seconds as a field of its JSON says (field:wait);
    /// or write it to stdout as a line (none) [default: none]
    #[arg(long, short, value_name = "WORK")]
    work: Option<Work>,

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
    idle_exit: Option<Span>,

    /// How long items in work may take after SIGTERM; what is unfinished then goes back to the list [default: 30s]
    #[arg(long, value_name = "DURATION")]
    drain: Option<Span>,

    /// The form of the result: text goes to the log, json to stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,

    #[command(flatten)]
    redis: RedisArgs,
}

/// How surely an item is worked, as it is typed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DeliveryArg {
    /// A plain blocking pop: an item in work is lost when its consumer dies
    AtMostOnce,
}

impl From<DeliveryArg> for Delivery {
    fn from(typed: DeliveryArg) -> Self {
        match typed {
            DeliveryArg::AtMostOnce => Self::AtMostOnce,
        }
    }
}

/// How long to try to give back where Redis does not answer; Kubernetes waits a little longer than `drain`.
const GIVE_BACK_PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries of that.
const GIVE_BACK_PAUSE: Duration = Duration::from_millis(250);

/// What will be done.
#[derive(Debug)]
struct Plan {
    list: String,
    delivery: Delivery,
    concurrency: u32,
    work: Work,
    speed: f64,
    max_items: Option<u64>,
    idle_exit: Option<Duration>,
    drain: Duration,
    output: Output,
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    fn resolve(args: Args, list: String, profile: &Profile) -> Self {
        // Taken apart by name, so that a new argument cannot be forgotten here.
        let Args { list: _, delivery, concurrency, work, speed, max_items, once, idle_exit, drain, output, redis: _ } =
            args;
        let ConsumeTable {
            delivery: usual_delivery,
            concurrency: usual_concurrency,
            work: usual_work,
            max_items: usual_max_items,
            idle_exit: usual_idle_exit,
            drain: usual_drain,
            exit: _,
        } = profile.consume.clone();
        let idle_exit = idle_exit.or(usual_idle_exit).map(|span| span.0);
        Self {
            list,
            delivery: delivery.map(Delivery::from).or(usual_delivery).unwrap_or_default(),
            concurrency: concurrency.or(usual_concurrency).map_or(1, NonZeroU32::get),
            work: work.or(usual_work).unwrap_or(Work::None),
            speed,
            max_items: if once { Some(1) } else { max_items.or(usual_max_items) },
            idle_exit: if once { Some(Duration::ZERO) } else { idle_exit },
            drain: drain.or(usual_drain).map_or(DEFAULT_DRAIN, |span| span.0),
            output,
        }
    }

    fn announce(&self, redis: &Redis) {
        let Self { list, concurrency, work, .. } = self;
        let Delivery::AtMostOnce = self.delivery;
        tracing::info!("consuming `{list}` at {redis}: {concurrency} at a time, work {work}, at most once");
    }
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let plan = Plan::resolve(args, list, &context.profile);
    let shutdown = &context.shutdown;
    shutdown.abort_after(plan.drain);

    let start = Instant::now();
    let redis = Redis::new(endpoint, None, shutdown.stop.clone());
    let mut list = List::connect(&redis, &plan.list).await?;
    plan.announce(&redis);

    let mut workers = Workers::new(&plan, shutdown);
    let ended = take_until_stopped(&plan, &mut list, &mut workers, shutdown).await;
    let (tally, unfinished, closed) = workers.finish().await;
    let tally = give_back(unfinished, &redis, &plan.list, tally).await?;
    list.close().await;

    report(&plan, tally, start.elapsed(), &context)?;
    ended.wrap_err_with(|| format!("stopped after {} items", tally.done))?;
    if let Some(error) = closed {
        return Err(error).wrap_err("cannot write to stdout");
    }
    let short = plan.max_items.is_some_and(|most| tally.done + tally.malformed < most);
    Ok(if short && shutdown.stop.is_cancelled() { Outcome::Unfinished } else { Outcome::Done })
}

/// Takes items as long as there is a free hand for them: until there are enough, none come, or `stop` asks.
async fn take_until_stopped(
    plan: &Plan,
    list: &mut List,
    workers: &mut Workers,
    shutdown: &Shutdown,
) -> Result<(), QueueError> {
    let mut idle_since = Instant::now();
    while plan.max_items.is_none_or(|most| workers.tally.taken < most) && workers.free_hand(&shutdown.stop).await {
        let taken = match list.take(&shutdown.stop).await {
            Err(error) if error.is_stop() => break,
            taken => taken?,
        };
        match taken {
            // It came as we were told to stop: somebody else shall have it.
            Some(item) if shutdown.stop.is_cancelled() => workers.put_down(item),
            Some(item) => {
                workers.begin(item);
                idle_since = Instant::now();
            }
            None if !workers.idle() => idle_since = Instant::now(),
            None => {}
        }
        if plan.idle_exit.is_some_and(|idle| workers.idle() && idle_since.elapsed() >= idle) {
            break;
        }
    }
    Ok(())
}

/// The items in work, never more than `concurrency`.
struct Workers {
    handler: Handler,
    list: Arc<str>,
    abort: CancellationToken,
    /// How many items may be in work.
    hands: usize,
    running: JoinSet<(Taken, Verdict)>,
    tally: Tally,
    unfinished: Vec<Taken>,
    closed: Option<std::io::Error>,
}

/// An item, and which one it was that was taken.
struct Taken {
    number: u64,
    item: Item,
}

impl Workers {
    fn new(plan: &Plan, shutdown: &Shutdown) -> Self {
        Self {
            handler: Handler::new(plan.work.clone(), plan.speed),
            list: plan.list.as_str().into(),
            abort: shutdown.abort.clone(),
            hands: plan.concurrency as usize,
            running: JoinSet::new(),
            tally: Tally::default(),
            unfinished: Vec::new(),
            closed: None,
        }
    }

    fn idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Waits until one more item may be begun; `false` when none may any more.
    async fn free_hand(&mut self, stop: &CancellationToken) -> bool {
        while let Some(ended) = self.running.try_join_next() {
            self.count(ended);
        }
        while self.running.len() >= self.hands && self.closed.is_none() {
            tokio::select! {
                biased;
                () = stop.cancelled() => return false,
                Some(ended) = self.running.join_next() => self.count(ended),
            }
        }
        self.closed.is_none() && !stop.is_cancelled()
    }

    fn begin(&mut self, item: Item) {
        let taken = self.taken(item);
        let (handler, abort) = (self.handler.clone(), self.abort.clone());
        let (item, id) = (taken.item.clone(), taken.number.to_string());
        let assignment = Assignment { item, id, attempt: 1, list: Arc::clone(&self.list), consumer: Arc::from("-") };
        self.running.spawn(async move {
            let verdict = handler.work(&assignment, &abort).await;
            (taken, verdict)
        });
    }

    /// Keeps an item to be given back.
    fn put_down(&mut self, item: Item) {
        let taken = self.taken(item);
        self.unfinished.push(taken);
    }

    fn taken(&mut self, item: Item) -> Taken {
        self.tally.taken += 1;
        Taken { number: self.tally.taken, item }
    }

    fn count(&mut self, ended: Result<(Taken, Verdict), JoinError>) {
        match ended {
            Ok((_, Verdict::Done)) => self.tally.done += 1,
            Ok((
                Taken { item, .. },
                Verdict::Bury { reason, .. } | Verdict::Retry { reason, .. } | Verdict::Unrunnable(reason),
            )) => {
                self.tally.malformed += 1;
                tracing::error!("malformed item, dropped: {reason}: {item}");
            }
            Ok((taken, Verdict::Interrupted)) => self.unfinished.push(taken),
            Ok((taken, Verdict::Closed(error))) => {
                self.unfinished.push(taken);
                self.closed.get_or_insert(error);
            }
            Err(error) => tracing::error!("a handler ended with a bug in qscale: {error}"),
        }
    }

    /// Waits for what is in work; returns what was done, what is to be given back, in that order, and why
    /// handlers could not go on.
    async fn finish(mut self) -> (Tally, Vec<Item>, Option<std::io::Error>) {
        if !self.idle() {
            tracing::info!("finishing {} items in work", self.running.len());
        }
        while let Some(ended) = self.running.join_next().await {
            self.count(ended);
        }
        // What was taken last goes back first, so that the list is as it was.
        self.unfinished.sort_by_key(|taken| std::cmp::Reverse(taken.number));
        (self.tally, self.unfinished.into_iter().map(|taken| taken.item).collect(), self.closed)
    }
}

/// Puts unfinished items back where they were taken.
async fn give_back(unfinished: Vec<Item>, redis: &Redis, key: &str, mut tally: Tally) -> Result<Tally> {
    if unfinished.is_empty() {
        return Ok(tally);
    }
    let mut list = match connect_again(redis, key).await {
        Ok(list) => list,
        Err(error) => {
            for item in &unfinished {
                tracing::error!("cannot give back {item}");
            }
            return Err(error).wrap_err("cannot give back unfinished items");
        }
    };
    let mut failed = None;
    for item in unfinished {
        match list.give_back(item.clone()).await {
            Ok(()) => tally.given_back += 1,
            Err(error) => {
                tracing::error!("cannot give back {item}");
                failed.get_or_insert(error);
            }
        }
    }
    list.close().await;
    if tally.given_back > 0 {
        tracing::info!("gave back {} unfinished items", tally.given_back);
    }
    match failed {
        Some(error) => Err(error).wrap_err("cannot give back unfinished items"),
        None => Ok(tally),
    }
}

/// Makes a new connection: the one that items came by may have been lost while they were in work, and only their
/// return would show it.
async fn connect_again(redis: &Redis, key: &str) -> Result<List, QueueError> {
    let start = Instant::now();
    loop {
        match List::connect(redis, key).await {
            Err(error) if start.elapsed() < GIVE_BACK_PATIENCE => {
                tracing::debug!("cannot give back yet: {error}");
                tokio::time::sleep(GIVE_BACK_PAUSE).await;
            }
            connected => return connected,
        }
    }
}

/// The tally on stdout.
#[derive(Debug, Serialize)]
struct Report<'a> {
    list: &'a str,
    #[serde(flatten)]
    tally: Tally,
    seconds: f64,
}

fn report(plan: &Plan, tally: Tally, elapsed: Duration, context: &Context) -> Result<()> {
    let Tally { taken, done, malformed, given_back } = tally;
    match plan.output {
        Output::Json => {
            let seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
            let report = Report { list: &plan.list, tally, seconds };
            context.printer.result(&serde_json::to_string(&report)?)?;
        }
        // With no one to work them, the items themselves are the result.
        Output::Text => {
            tracing::info!("taken {taken}, done {done}, malformed {malformed}, given back {given_back}");
        }
    }
    Ok(())
}

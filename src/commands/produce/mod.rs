//! `produce`: items onto the list, in shape and at the rate that is asked for.

mod items;
mod tally;

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::items::Items;
use self::tally::Tally;
use super::Context;
use crate::cli::{self, RedisArgs, positive_count};
use crate::exit::Outcome;
use crate::item::Item;
use crate::profile::{ProduceTable, Profile, Span};
use crate::queue::{MAX_BATCH_ITEMS, Pusher, QueueError, Redis};
use crate::screen::{Output, Progress};
use crate::workload::{Pace, Payload, Rate};

/// Fill the list, in shape and at the rate you ask, or from a file or a pipe
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list to push to [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    list: Option<String>,

    /// Items a batch; each batch is one LPUSH [default: 50; 500 when nothing paces them]
    #[arg(long, short, value_name = "ITEMS", value_parser = positive_count::<NonZeroU64>)]
    batch: Option<NonZeroU64>,

    /// From the start of one batch to the start of the next; 0s is as fast as Redis takes them
    #[arg(long, value_name = "DURATION", conflicts_with = "rate")]
    every: Option<Span>,

    /// Items per second, in place of --every: 200, 30/m or max
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,

    /// Stop after this many items
    #[arg(long, short = 'n', value_name = "ITEMS", value_parser = cli::count)]
    count: Option<u64>,

    /// Stop after this long
    #[arg(long, value_name = "DURATION")]
    duration: Option<Span>,

    /// What the items hold; {int:0..49} {seq} {time} {unix} {id} {text:100} are filled in, JSON stays JSON
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "input")]
    payload: Option<Payload>,

    /// Push the lines of a file, or of stdin for -, byte for byte
    #[arg(long, short, value_name = "FILE")]
    input: Option<PathBuf>,

    /// Items in the input end with NUL, not with a newline
    #[arg(long, short = '0', requires = "input")]
    null: bool,

    /// Wait while the list is longer than this
    #[arg(long, value_name = "ITEMS", value_parser = cli::count)]
    max_backlog: Option<u64>,

    /// Log every item
    #[arg(long)]
    echo: bool,

    /// Fill the template in the same way every time
    #[arg(long, value_name = "NUMBER", conflicts_with = "input", value_parser = cli::count)]
    seed: Option<u64>,

    /// The form of the result on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,

    #[command(flatten)]
    redis: RedisArgs,
}

/// Items a batch when nothing says otherwise.
const USUAL_BATCH: u64 = 50;

/// Items a batch when nothing paces them; from here on, more of them gain nothing.
const UNPACED_BATCH: u64 = 500;

/// How long a lost connection is tried for before a producer gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often the list is looked at while it is too long.
const BACKLOG_POLL: Duration = Duration::from_millis(200);

/// How long an input may say nothing before what was sent is waited for.
const LULL: Duration = Duration::from_millis(100);

/// What will be done.
#[derive(Debug)]
struct Plan {
    list: String,
    content: Content,
    pace: Pace,
    /// Items a push.
    batch: usize,
    /// Where to stop, in items.
    total: Option<u64>,
    /// Whether there is an end to reach: a number, a time, or that of a file.
    goal: bool,
    /// Where to stop, since the start. With a pace, `total` says so to the item, and this ends only waiting.
    limit: Option<Duration>,
    paced: bool,
    max_backlog: Option<u64>,
    echo: bool,
    output: Output,
}

/// Where items come from.
#[derive(Debug)]
enum Content {
    Template { payload: Payload, seed: Option<u64> },
    Input { path: PathBuf, separator: u8 },
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    fn resolve(args: Args, list: String, profile: &Profile) -> Self {
        // Taken apart by name, so that a new argument cannot be forgotten here.
        let Args {
            list: _,
            batch,
            every,
            rate,
            count,
            duration,
            payload,
            input,
            null,
            max_backlog,
            echo,
            seed,
            output,
            redis: _,
        } = args;
        let ProduceTable {
            batch: usual_batch,
            every: usual_every,
            rate: usual_rate,
            count: usual_count,
            duration: usual_duration,
            payload: usual_payload,
            max_backlog: usual_max_backlog,
            echo: usual_echo,
        } = profile.produce.clone();
        // The profile paces what it describes; items that are there already go as fast as they come.
        let (usual_every, usual_rate) = if input.is_some() { (None, None) } else { (usual_every, usual_rate) };
        let typed = every.is_some() || rate.is_some();
        let (every, rate) = if typed { (every, rate) } else { (usual_every, usual_rate) };
        let count = count.or(usual_count);
        let duration = duration.or(usual_duration).map(|span| span.0);

        let every = every.map(|span| span.0).filter(|every| !every.is_zero());
        let batch = batch.map(NonZeroU64::get);
        let usual_batch = usual_batch.map_or(USUAL_BATCH, NonZeroU64::get);
        let (pace, batch) = match (rate, every) {
            (Some(Rate::PerSecond(rate)), _) => (Pace::Steady { rate }, batch.unwrap_or(usual_batch)),
            (None, Some(every)) => {
                let batch = batch.unwrap_or(usual_batch);
                (Pace::Batches { batch, every }, batch)
            }
            _ => (Pace::Unpaced, batch.unwrap_or(UNPACED_BATCH)),
        };
        let within = duration.and_then(|limit| pace.within(limit));
        let whole_file = input.as_ref().is_some_and(|path| path != Path::new("-"));
        let total = [count, within].into_iter().flatten().min();
        let batch = usize::try_from(batch).unwrap_or(usize::MAX).min(MAX_BATCH_ITEMS);
        Self {
            list,
            content: match input {
                Some(path) => Content::Input { path, separator: if null { 0 } else { b'\n' } },
                None => Content::Template { payload: payload.or(usual_payload).unwrap_or_else(Payload::usual), seed },
            },
            pace,
            batch,
            total,
            goal: count.is_some() || duration.is_some() || whole_file,
            limit: duration,
            paced: within.is_some(),
            max_backlog: max_backlog.or(usual_max_backlog),
            echo: echo || usual_echo.unwrap_or(false),
            output,
        }
    }

    /// Says what is about to happen.
    fn announce(&self, redis: &Redis) {
        let pace = match self.pace {
            Pace::Batches { batch, every } => format!("{batch} items every {}", humantime::format_duration(every)),
            Pace::Steady { rate } => format!("{rate} items/s"),
            Pace::Unpaced => format!("in batches of {}, as fast as Redis takes them", self.batch),
        };
        let last = self.total.and_then(|total| total.checked_sub(1)).map(|last| self.pace.next_after(last));
        // A second that has begun counts: what is announced is not shorter than what it takes.
        let takes =
            match last.map(|last| last.as_millis().div_ceil(1000)).and_then(|seconds| u64::try_from(seconds).ok()) {
                Some(seconds @ 1..) => format!("; takes {}", humantime::format_duration(Duration::from_secs(seconds))),
                _ => String::new(),
            };
        tracing::info!("pushing to `{}` at {redis}: {pace}{takes}", self.list);
    }
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let plan = Plan::resolve(args, list, &context.profile);
    let mut items = Items::open(&plan.content).await?;
    let redis = Redis::new(endpoint, Some(PATIENCE), context.shutdown.stop.clone());
    let mut pusher = Pusher::connect(&redis, &plan.list).await?;
    plan.announce(&redis);

    let start = Instant::now();
    let mut progress = context.printer.progress(plan.total, &plan.list);
    let ended = push_until_stopped(&plan, &mut items, &mut pusher, &context, &mut progress, start).await;
    progress.finish();

    let tally = Tally::of(&plan, &pusher, start.elapsed());
    context.printer.result(&tally.show(plan.output)?)?;
    let finished = match ended {
        // Without a connection there is nothing left to wait for.
        Err(error) if error.downcast_ref::<QueueError>().is_some_and(QueueError::is_stop) => {
            tracing::warn!("{} items were not answered for", pusher.unanswered());
            false
        }
        Err(error) => return Err(error).wrap_err_with(|| format!("stopped after {} items", tally.items)),
        Ok(finished) => {
            pusher.close().await;
            finished
        }
    };
    Ok(if plan.goal && !finished { Outcome::Unfinished } else { Outcome::Done })
}

/// Pushes what is due, until the plan is done or `stop` asks; `false` when it was `stop`.
async fn push_until_stopped(
    plan: &Plan,
    items: &mut Items,
    pusher: &mut Pusher,
    context: &Context,
    progress: &mut Progress,
    start: Instant,
) -> Result<bool> {
    let stop = &context.shutdown.stop;
    let limit = plan.limit.map(|limit| start + limit);
    let mut sent = 0;
    let finished = loop {
        if plan.total.is_some_and(|total| sent >= total) {
            break true;
        }
        let next = start + plan.pace.next_after(sent);
        if next > Instant::now() {
            pusher.flush().await?;
            progress.show(pusher.pushed(), pusher.backlog());
            tokio::select! {
                biased;
                () = stop.cancelled() => break false,
                () = tokio::time::sleep_until(next) => {}
            }
        }
        if !plan.paced && limit.is_some_and(|limit| Instant::now() >= limit) {
            break true;
        }
        if !room(plan, pusher, limit, stop).await? {
            break !stop.is_cancelled();
        }
        // The next one is due by now, whatever rounding says.
        let due = plan.pace.due(start.elapsed()).max(sent + 1).min(plan.total.unwrap_or(u64::MAX)) - sent;
        let most = usize::try_from(due).unwrap_or(usize::MAX).min(plan.batch);
        let batch = tokio::select! {
            biased;
            () = stop.cancelled() => break false,
            batch = items.next(sent, most) => batch?,
            () = until(limit) => break true,
            // Should what was sent be lost, it is not only found out when more comes.
            () = tokio::time::sleep(LULL), if pusher.unanswered() > 0 => {
                pusher.flush().await?;
                progress.show(pusher.pushed(), pusher.backlog());
                continue;
            }
        };
        if batch.is_empty() {
            break true;
        }
        sent += batch.len() as u64;
        if plan.echo {
            for item in &batch {
                tracing::info!("pushing {}", Item(item.clone()));
            }
        }
        pusher.push(batch).await?;
        progress.show(pusher.pushed(), pusher.backlog());
    };
    pusher.flush().await?;
    progress.show(pusher.pushed(), pusher.backlog());
    Ok(finished)
}

/// Waits until the list is short enough; `false` when told to stop meanwhile, or out of time.
async fn room(
    plan: &Plan,
    pusher: &mut Pusher,
    limit: Option<Instant>,
    stop: &CancellationToken,
) -> Result<bool, QueueError> {
    let Some(most) = plan.max_backlog else { return Ok(true) };
    let mut said = false;
    while pusher.length().await? > most {
        if !said {
            tracing::info!("waiting: `{}` is longer than {most}", plan.list);
            said = true;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(false),
            () = until(limit) => return Ok(false),
            () = tokio::time::sleep(BACKLOG_POLL) => {}
        }
    }
    Ok(true)
}

/// Waits for `limit`; for ever when there is none.
async fn until(limit: Option<Instant>) {
    match limit {
        Some(limit) => tokio::time::sleep_until(limit).await,
        None => std::future::pending().await,
    }
}

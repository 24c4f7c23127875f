//! `dead`: items that were given up, looked at, given another chance, or thrown away.

mod table;

use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use serde_json::json;

use self::table::{Table, encode, whole};
use super::Context;
use crate::cli::{self, RedisArgs, positive_duration};
use crate::delivery::dead_letter::Filter;
use crate::exit::{Outcome, UsageError};
use crate::queue::{DeadLetters, Deed, Order, Page, QueueError, Redis};
use crate::terminal::Output;

/// How much of an item `ls` asks Redis for, in bytes: enough for what it shows.
const CUT: usize = 256;

/// What a line of JSON says.
const FIELDS: &str = "\
With --output json each dead letter is an object on a line of its own:
  id           what the item went by as long as it lived
  died, since  when it was given up, and when it first failed, as RFC 3339 in UTC, by Redis' clock
  attempts     how many failed attempts it has had
  crashes      how many of its consumers have died
  reason       what became of the last try
  stderr       the end of what its last handler wrote there
  bytes        how long the item is
  item         the item, where it is text (UTF-8), else null
  item_base64  the item in base64, where it is not, else null
An element that somebody else has put there has no id: all before `bytes` is null.";

/// Look at items that were given up, try them again, or throw them away
///
/// An item whose attempts or crashes are used up is kept, with what became of it, in the list {LIST}:dead beside its own
/// list, such as {mylist}:dead.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: DeadCommand,
}

#[derive(Debug, clap::Subcommand)]
enum DeadCommand {
    /// List dead letters, the newest first
    #[command(after_long_help = FIELDS)]
    Ls {
        #[command(flatten)]
        choice: ChoiceArgs,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Show one dead letter whole; exit status 4 when it is not there
    #[command(after_long_help = FIELDS)]
    Show {
        /// Its id, as `ls` shows it
        id: String,
        /// Write the item's bytes to stdout, and nothing else
        #[arg(long, conflicts_with = "output")]
        raw: bool,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Put items of dead letters back on their list, bare, behind what waits there; the oldest first
    Requeue {
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Throw dead letters away, the oldest first
    Purge {
        /// All of them, when nothing else says which
        #[arg(long, conflicts_with_all = ["ids", "older_than", "text"])]
        all: bool,
        #[command(flatten)]
        action: ActionArgs,
    },
}

/// Which dead letters are meant.
#[derive(Debug, clap::Args)]
struct ChoiceArgs {
    /// Only what has been dead for this long
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    older_than: Option<Duration>,

    /// Only where item or reason hold this text
    #[arg(long = "match", value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    text: Option<String>,

    /// So many at most
    #[arg(long, value_name = "LETTERS", value_parser = cli::count)]
    max: Option<u64>,
}

/// What is to be done, and with which.
#[derive(Debug, clap::Args)]
struct ActionArgs {
    /// Only these [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    choice: ChoiceArgs,

    /// Only list what would be done
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    place: PlaceArgs,
}

/// Where they are, and how they are shown.
#[derive(Debug, clap::Args)]
struct PlaceArgs {
    /// The form of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    output: Output,

    /// The list they come from [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    list: Option<String>,

    #[command(flatten)]
    redis: RedisArgs,
}

/// What will be done.
#[derive(Debug)]
struct Plan {
    list: String,
    output: Output,
    filter: Filter,
    order: Order,
    /// How many letters at most.
    most: u64,
    task: Task,
}

#[derive(Debug, Clone, Copy)]
enum Task {
    List,
    Show { raw: bool },
    Do(Deed),
}

impl Plan {
    /// Decides what was meant, and takes out how Redis is reached.
    fn resolve(args: Args, context: &Context) -> Result<(Self, RedisArgs), UsageError> {
        let (ids, choice, place, task, order) = match args.command {
            DeadCommand::Ls { choice, place } => (Vec::new(), choice, place, Task::List, Order::NewestFirst),
            DeadCommand::Show { id, raw, place } => {
                let choice = ChoiceArgs { older_than: None, text: None, max: Some(1) };
                (vec![id], choice, place, Task::Show { raw }, Order::NewestFirst)
            }
            DeadCommand::Requeue { action } => action.resolve(Deed::Requeue),
            DeadCommand::Purge { all, action } => {
                let ActionArgs { ids, choice, .. } = &action;
                if !all && ids.is_empty() && choice.older_than.is_none() && choice.text.is_none() {
                    return Err(UsageError(
                        "purge throws away what nobody can bring back: say which (ID, --older-than, --match), or --all"
                            .to_owned(),
                    ));
                }
                action.resolve(Deed::Purge)
            }
        };
        let ChoiceArgs { older_than, text, max } = choice;
        let PlaceArgs { output, list, redis } = place;
        let list = context.list(list);
        let filter = Filter { ids, older_than, text };
        Ok((Self { list, output, filter, order, most: max.unwrap_or(u64::MAX), task }, redis))
    }

    /// How much of each item is wanted, in bytes; `None` is all.
    fn cut(&self) -> Option<usize> {
        (self.output == Output::Text && matches!(self.task, Task::List)).then_some(CUT)
    }
}

impl ActionArgs {
    fn resolve(self, deed: Deed) -> (Vec<String>, ChoiceArgs, PlaceArgs, Task, Order) {
        let Self { ids, choice, dry_run, place } = self;
        let task = if dry_run { Task::List } else { Task::Do(deed) };
        (ids, choice, place, task, Order::OldestFirst)
    }
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let (plan, redis) = Plan::resolve(args, &context)?;
    let redis = Redis::new(context.endpoint(redis)?, None, context.shutdown.stop.clone());
    let filter = plan.filter.clone();
    let mut letters = DeadLetters::connect(&redis, &plan.list, filter, plan.order, plan.cut()).await?;
    let outcome = match plan.task {
        Task::List => list(&plan, &mut letters, &context).await,
        Task::Show { raw } => show(&plan, raw, &mut letters, &context).await,
        Task::Do(deed) => act(&plan, deed, &mut letters, &context).await,
    }?;
    letters.close().await;
    Ok(outcome)
}

/// Lists letters page by page.
async fn list(plan: &Plan, letters: &mut DeadLetters, context: &Context) -> Result<Outcome> {
    let mut left = plan.most;
    let mut table = None;
    while left > 0 && !context.shutdown.stop.is_cancelled() {
        let page = match letters.look(left).await {
            Err(error) if error.is_stop() => break,
            page => page?,
        };
        left -= page.letters.len() as u64;
        for letter in &page.letters {
            match plan.output {
                Output::Json => context.printer.result(&letter.to_json(encode))?,
                Output::Text => {
                    if table.is_none() {
                        context.printer.result(&Table::of(&page).head())?;
                    }
                    let table = table.get_or_insert_with(|| Table::of(&page));
                    context.printer.result(&table.row(letter, page.now))?;
                }
            }
        }
        if page.over {
            break;
        }
    }
    if left == plan.most && plan.most > 0 && plan.output == Output::Text {
        tracing::info!("no dead letters of `{}`{}", plan.list, if plan.filter.is_empty() { "" } else { " that match" });
    }
    Ok(Outcome::Done)
}

/// Shows one letter whole.
async fn show(plan: &Plan, raw: bool, letters: &mut DeadLetters, context: &Context) -> Result<Outcome> {
    loop {
        let Page { letters: found, over, now } = match letters.look(1).await {
            Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
            page => page?,
        };
        if let Some(letter) = found.first() {
            match plan.output {
                _ if raw => context.printer.raw(&letter.item.0)?,
                Output::Json => context.printer.result(&letter.to_json(encode))?,
                Output::Text => context.printer.result(&whole(letter, now))?,
            }
            return Ok(Outcome::Done);
        }
        if over {
            tracing::error!("`{}` has no dead letter `{}`", plan.list, plan.filter.ids.join(" "));
            return Ok(Outcome::CheckFailed);
        }
    }
}

/// Requeues or purges page by page, and says how many.
async fn act(plan: &Plan, deed: Deed, letters: &mut DeadLetters, context: &Context) -> Result<Outcome> {
    let (mut done, mut foreign) = (0, 0);
    let ended = loop {
        if done == plan.most {
            break Ok(true);
        }
        if context.shutdown.stop.is_cancelled() {
            break Ok(false);
        }
        match letters.apply(deed, plan.most - done).await {
            Ok(page) => {
                done += page.letters;
                foreign += page.foreign;
                if page.over {
                    break Ok(true);
                }
            }
            Err(error) => break Err(error),
        }
    };
    let (field, what) = match deed {
        Deed::Requeue => ("requeued", format!("requeued {done} dead letters to `{}`", plan.list)),
        Deed::Purge => ("purged", format!("purged {done} dead letters of `{}`", plan.list)),
    };
    match plan.output {
        Output::Json => context.printer.result(&json!({ "list": plan.list, (field): done, "foreign": foreign }))?,
        Output::Text => context.printer.result(&what)?,
    }
    if foreign > 0 {
        tracing::warn!("{foreign} elements are no dead letters of ours, and were left alone");
    }
    let ended = match ended {
        Err(error) if QueueError::is_stop(&error) => false,
        ended => ended.wrap_err_with(|| format!("stopped after {done} dead letters"))?,
    };
    let asked = plan.filter.ids.len() as u64;
    if ended && done < asked.min(plan.most) {
        tracing::error!("{} of {asked} ids are those of no dead letter", asked - done);
        return Ok(Outcome::CheckFailed);
    }
    Ok(if ended { Outcome::Done } else { Outcome::Unfinished })
}

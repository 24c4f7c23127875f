//! The command line of `dead`.

use std::time::Duration;

use crate::args::{self, RedisArgs, positive_duration};
use crate::terminal::Output;
use crate::workload::Rate;

/// Fields of the JSON output.
const FIELDS: &str = "\
With --output json each dead letter is an object on a line of its own:
  id           id of the item
  list         key of the list that the item comes from
  died, since  times of its death and of its first failure: RFC 3339, UTC, by the clock of Redis
  attempts     number of failed attempts
  crashes      number of consumer crashes
  reason       outcome of the last attempt
  stderr       end of the stderr of its last handler
  bytes        size of the item
  item         the item if it is UTF-8, else null
  item_base64  the item in base64 if it is not UTF-8, else null
An element that another program has pushed there has no history: all fields before `bytes` but `list` are null.";

/// List, show, requeue or purge dead letters
///
/// An item that has used up its attempts or crashes is kept with its history in the list {LIST}:dead, such as
/// {mylist}:dead.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: DeadCommand,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeadCommand {
    /// List dead letters, newest first
    #[command(after_long_help = FIELDS)]
    Ls {
        #[command(flatten)]
        choice: ChoiceArgs,
        /// Count dead letters by reason, with the ages of the oldest and the newest of each
        #[arg(long)]
        summary: bool,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Show one dead letter in full; exit status 4 if it does not exist
    #[command(after_long_help = FIELDS)]
    Show {
        /// Id of the dead letter, as shown by `ls`
        #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
        id: String,
        /// Write only the bytes of the item to stdout
        #[arg(long, conflicts_with = "output")]
        raw: bool,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Push the items of dead letters back to their list without their history, oldest first
    Requeue {
        /// Dead letters requeued per second at most: 10/s, 30/m
        #[arg(long, value_name = "RATE", conflicts_with = "dry_run")]
        rate: Option<Rate>,
        #[command(flatten)]
        action: ActionArgs,
    },
    /// Delete dead letters, oldest first
    Purge {
        #[command(flatten)]
        action: ActionArgs,
    },
}

/// Selection of dead letters.
#[derive(Debug, clap::Args)]
pub(super) struct ChoiceArgs {
    /// Only dead letters older than this
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) older_than: Option<Duration>,

    /// Only dead letters whose item, reason or stderr contains this text
    #[arg(long = "match", value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) text: Option<String>,

    /// Maximum number of dead letters
    #[arg(long, value_name = "COUNT", value_parser = args::count)]
    pub(super) limit: Option<u64>,
}

/// Arguments of `requeue` and `purge`.
#[derive(Debug, clap::Args)]
pub(super) struct ActionArgs {
    /// Ids of dead letters
    #[arg(value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) ids: Vec<String>,

    /// All dead letters: the default of requeue, and required by purge where nothing else selects them
    #[arg(long, conflicts_with_all = ["ids", "older_than", "text"])]
    pub(super) all: bool,

    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    /// List the dead letters without changing them
    #[arg(long)]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

/// Lists of the dead letters, and format of the result.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// List that the items come from; may be repeated [default: mylist]
    #[arg(long = "list", short, value_name = "KEY", env = "LIST_NAME", value_parser = args::one_of_lists)]
    pub(super) lists: Vec<String>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

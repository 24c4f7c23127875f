//! The command line of `dead`.

use std::time::Duration;

use crate::args::{self, RedisArgs, positive_duration};
use crate::terminal::Output;

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
    pub(super) command: DeadCommand,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeadCommand {
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
pub(super) struct ChoiceArgs {
    /// Only what has been dead for this long
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) older_than: Option<Duration>,

    /// Only where item or reason hold this text
    #[arg(long = "match", value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) text: Option<String>,

    /// So many at most
    #[arg(long, value_name = "COUNT", value_parser = args::count)]
    pub(super) limit: Option<u64>,
}

/// What is to be done, and with which.
#[derive(Debug, clap::Args)]
pub(super) struct ActionArgs {
    /// Only these [default: all]
    #[arg(value_name = "ID")]
    pub(super) ids: Vec<String>,

    #[command(flatten)]
    pub(super) choice: ChoiceArgs,

    /// Only list what would be done
    #[arg(long)]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

/// Where they are, and how they are shown.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// The form of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    /// The list they come from [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    pub(super) list: Option<String>,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

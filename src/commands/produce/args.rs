//! The command line of `produce`.

use std::num::NonZeroU64;
use std::path::PathBuf;

use crate::args::{self, RedisArgs, positive_count, positive_factor};
use crate::terminal::Output;
use crate::units::HumanDuration;
use crate::workload::{Pattern, Payload, Rate};

/// Fill the list, in shape and at the rate you ask, or from a file or a pipe
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list to push to [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    pub(super) list: Option<String>,

    /// Items a batch; each batch is one LPUSH [default: 50; 500 when nothing paces them]
    #[arg(long, short, value_name = "ITEMS", value_parser = positive_count::<NonZeroU64>)]
    pub(super) batch: Option<NonZeroU64>,

    /// From the start of one batch to the start of the next; 0s is as fast as Redis takes them
    #[arg(long, value_name = "DURATION", conflicts_with = "rate")]
    pub(super) every: Option<HumanDuration>,

    /// Items per second, in place of --every: 200, 30/m or max
    #[arg(long, value_name = "RATE")]
    pub(super) rate: Option<Rate>,

    /// A load that changes, in place of --every: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), 1m@0, burst 500;
    /// at the end repeat 3, or repeat for ever. When it is over, so is the run
    #[arg(long, value_name = "PATTERN", conflicts_with_all = ["every", "rate"])]
    pub(super) pattern: Option<Pattern>,

    /// The same from a CSV file: a count of items for each second, or `seconds,count` lines
    #[arg(long, value_name = "FILE", conflicts_with_all = ["every", "rate", "pattern"])]
    pub(super) pattern_file: Option<PathBuf>,

    /// Stop after this many items
    #[arg(long, short = 'n', value_name = "ITEMS", value_parser = args::count)]
    pub(super) count: Option<u64>,

    /// Stop after this long
    #[arg(long, value_name = "DURATION")]
    pub(super) duration: Option<HumanDuration>,

    /// What the items hold; {int:0..49} {seq} {time} {unix} {id} {text:100} are filled in, JSON stays JSON
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "input")]
    pub(super) payload: Option<Payload>,

    /// Push the lines of a file, or of stdin for -, byte for byte
    #[arg(long, short, value_name = "FILE")]
    pub(super) input: Option<PathBuf>,

    /// Items in the input end with NUL, not with a newline
    #[arg(long, short = '0', requires = "input")]
    pub(super) null: bool,

    /// Wait while the list is longer than this
    #[arg(long, value_name = "ITEMS", value_parser = args::count)]
    pub(super) max_backlog: Option<u64>,

    /// How many times as fast as the load says
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive_factor)]
    pub(super) speed: f64,

    /// Log every item
    #[arg(long)]
    pub(super) echo: bool,

    /// Draw the same every time: what fills the template, and the times of a pattern's poisson
    #[arg(long, value_name = "NUMBER", value_parser = args::count)]
    pub(super) seed: Option<u64>,

    /// The form of the result on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

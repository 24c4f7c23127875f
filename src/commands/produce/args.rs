//! The command line of `produce`.

use std::num::NonZeroU64;
use std::path::PathBuf;

use crate::args::{self, RedisArgs, positive_count, positive_factor};
use crate::terminal::Output;
use crate::units::HumanDuration;
use crate::workload::{Pattern, Payload, Rate};

/// Push items at a rate, by a load pattern, or from a file or pipe
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// List to push to [default: mylist]
    #[arg(long, short, value_name = "KEY", env = "LIST_NAME", value_parser = args::list_key)]
    pub(super) list: Option<String>,

    /// Items per batch; each batch is one LPUSH [default: 50; 500 without a pace]
    #[arg(long, short, value_name = "ITEMS", env = "QSCALE_BATCH", value_parser = positive_count::<NonZeroU64>)]
    pub(super) batch: Option<NonZeroU64>,

    /// Interval between the starts of two batches; 0s pushes as fast as Redis accepts
    #[arg(long, value_name = "DURATION", env = "QSCALE_EVERY", conflicts_with = "rate")]
    pub(super) every: Option<HumanDuration>,

    /// Items per second, in place of --every: 200, 30/m or max
    #[arg(long, value_name = "RATE", env = "QSCALE_RATE")]
    pub(super) rate: Option<Rate>,

    /// Load pattern, in place of --every, such as '30s@50, 1m@200..1000, burst 500'
    ///
    /// Parts are DURATION@RATE, @FROM..TO, @sine(MEAN,AMPLITUDE,PERIOD), @poisson(RATE) and burst ITEMS; at the end may be
    /// repeat, or repeat 3.
    #[arg(long, value_name = "PATTERN", env = "QSCALE_PATTERN", conflicts_with_all = ["every", "rate"])]
    pub(super) pattern: Option<Pattern>,

    /// Load pattern from a CSV file, or stdin (-): one count per second, or lines of `seconds,count`
    #[arg(long, value_name = "FILE", env = "QSCALE_PATTERN_FILE", conflicts_with_all = ["every", "rate", "pattern"], hide_short_help = true)]
    pub(super) pattern_file: Option<PathBuf>,

    /// Stop after this many items
    #[arg(long, short = 'n', value_name = "ITEMS", env = "QSCALE_COUNT", value_parser = args::count)]
    pub(super) count: Option<u64>,

    /// Stop after this long
    #[arg(long, value_name = "DURATION", env = "QSCALE_DURATION")]
    pub(super) duration: Option<HumanDuration>,

    /// Template of an item, with the placeholders {int:0..49} {seq} {time} {unix} {id} {text:100}
    #[arg(long, value_name = "TEMPLATE", env = "QSCALE_PAYLOAD", conflicts_with = "input")]
    pub(super) payload: Option<Payload>,

    /// Push the lines of a file, or of stdin (-), byte for byte
    #[arg(long, short, value_name = "FILE")]
    pub(super) input: Option<PathBuf>,

    /// Split the input at NUL bytes in place of newlines
    #[arg(long, short = '0', requires = "input", hide_short_help = true)]
    pub(super) null: bool,

    /// Wait while the list is longer than this
    #[arg(long, value_name = "ITEMS", env = "QSCALE_MAX_BACKLOG", value_parser = args::count)]
    pub(super) max_backlog: Option<u64>,

    /// Replicas that must hold a batch before it counts as pushed [default: 0]
    #[arg(long, value_name = "REPLICAS", env = "QSCALE_WAIT_REPLICAS", value_parser = args::count, hide_short_help = true)]
    pub(super) wait_replicas: Option<u64>,

    /// Factor by which the load is sped up
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive_factor, hide_short_help = true)]
    pub(super) speed: f64,

    /// Log every item
    #[arg(long, env = "QSCALE_ECHO", value_parser = args::boolean, hide_short_help = true)]
    pub(super) echo: bool,

    /// Random seed of payloads and Poisson arrivals; the same seed reproduces them [default: random]
    #[arg(long, value_name = "NUMBER", env = "QSCALE_SEED", value_parser = args::count, hide_short_help = true)]
    pub(super) seed: Option<u64>,

    /// Format of the result on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

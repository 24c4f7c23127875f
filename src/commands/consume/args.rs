//! The command line of `consume`.

use std::ffi::OsString;
use std::num::NonZeroU32;

use super::vitals::Shown;
use crate::args::{self, RedisArgs, positive_count, positive_factor};
use crate::delivery::exit_map::ExitRule;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::terminal::Output;
use crate::units::{DurationRange, HumanDuration};
use crate::workload::Work;

/// Work the list: run a command for each item, simulate work, or hand each item on as a line
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The list to work [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    pub(super) list: Option<String>,

    /// How surely an item is worked [default: at-least-once]
    #[arg(long, value_name = "HOW", value_parser = clap::builder::EnumValueParser::<DeliveryArg>::new())]
    pub(super) delivery: Option<DeliveryArg>,

    /// How many items are worked at a time [default: 1]
    #[arg(long, short, value_name = "ITEMS", value_parser = positive_count::<NonZeroU32>)]
    pub(super) concurrency: Option<NonZeroU32>,

    /// What to do with an item: wait 2s or 2s..6s; wait exp(4s), 4s on average, or lognormal(4s, 0.5), 4s or less in half
    /// of the items and far more in few; wait as many seconds as a field of its JSON says (field:wait);
    /// or write it to stdout as a line (none) [default: the profile's, which is 2s..6s in the built-in one, else none]
    #[arg(long, short, value_name = "WORK")]
    pub(super) work: Option<Work>,

    /// The command that works an item: the item on its stdin, its id and the like in QSCALE_*; {} in an argument becomes
    /// the item
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["work", "speed"])]
    pub(super) command: Vec<OsString>,

    /// How long the command may take; then it is ended with all it started, and the attempt has failed [env:
    /// QSCALE_TIMEOUT]
    #[arg(long, value_name = "DURATION")]
    pub(super) timeout: Option<HumanDuration>,

    /// How long a command that was told to end may take until it is killed [env: QSCALE_KILL_AFTER] [default: 5s]
    #[arg(long, value_name = "DURATION")]
    pub(super) kill_after: Option<HumanDuration>,

    /// What an exit status of the command says of its item, such as 3=dead or other=retry: ack, dead, retry (no attempt is
    /// spent), fail (one is) or stop; may be repeated [default: 0=ack 65=dead 75=retry 126=stop 127=stop other=fail]
    #[arg(long, value_name = "STATUS=MEANING")]
    pub(super) exit: Vec<ExitRule>,

    /// How many times faster than --work says an item is worked
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive_factor)]
    pub(super) speed: f64,

    /// Stop after this many items
    #[arg(long, value_name = "ITEMS", value_parser = args::count)]
    pub(super) max_items: Option<u64>,

    /// Work one item if there is one, then end
    #[arg(long, conflicts_with_all = ["max_items", "idle_exit"])]
    pub(super) once: bool,

    /// End when nothing has come for this long
    #[arg(long, value_name = "DURATION")]
    pub(super) idle_exit: Option<HumanDuration>,

    /// Do not end for want of items while one is due for another try within this long
    #[arg(long, value_name = "DURATION")]
    pub(super) await_due: Option<HumanDuration>,

    /// How long items in flight may take after SIGTERM; what is unfinished then goes back to the list [env: QSCALE_DRAIN]
    /// [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub(super) drain: Option<HumanDuration>,

    /// How long a consumer that is not heard of keeps what it holds [env: QSCALE_LEASE] [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub(super) lease: Option<HumanDuration>,

    /// How many failed attempts make a dead letter [env: QSCALE_MAX_ATTEMPTS] [default: 3]
    #[arg(long, value_name = "ATTEMPTS", value_parser = positive_count::<NonZeroU32>)]
    pub(super) max_attempts: Option<NonZeroU32>,

    /// How many deaths of its consumer make a dead letter [env: QSCALE_MAX_CRASHES] [default: 3]
    #[arg(long, value_name = "CRASHES", value_parser = positive_count::<NonZeroU32>)]
    pub(super) max_crashes: Option<NonZeroU32>,

    /// The first pause before another attempt, and the longest; it doubles between [env: QSCALE_BACKOFF] [default:
    /// 1s..5m]
    #[arg(long, value_name = "RANGE")]
    pub(super) backoff: Option<DurationRange>,

    /// How long an item may ask for another try without spending attempts [env: QSCALE_MAX_AGE] [default: 1day]
    #[arg(long, value_name = "DURATION")]
    pub(super) max_age: Option<HumanDuration>,

    #[command(flatten)]
    pub(super) shown: Shown,

    /// The form of the result: text goes to the log, json to stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

/// How surely an item is worked, as it is typed.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum DeliveryArg {
    /// Claimed under a lease, and given to others when its consumer dies
    AtLeastOnce,
    /// A plain blocking pop: an item in flight is lost when its consumer dies
    AtMostOnce,
}

impl From<DeliveryArg> for DeliveryGuarantee {
    fn from(typed: DeliveryArg) -> Self {
        match typed {
            DeliveryArg::AtLeastOnce => Self::AtLeastOnce,
            DeliveryArg::AtMostOnce => Self::AtMostOnce,
        }
    }
}

//! The command line of `consume`.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use super::retention::RetentionArgs;
use crate::args::{self, ListsArgs, RedisArgs, positive_count, positive_factor};
use crate::delivery::exit_map::ExitRule;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::protocol::{HandlerProtocol, ItemSeparator};
use crate::delivery::status_map::StatusRule;
use crate::endpoint::HandlerUrl;
use crate::profile::ListenAddress;
use crate::terminal::Output;
use crate::units::{DurationRange, HumanDuration};
use crate::workload::{Rate, Work};

/// Process items: run a command per item, simulate work, or print each item to stdout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) lists: ListsArgs,

    /// Delivery guarantee [default: at-least-once]
    #[arg(long, value_name = "GUARANTEE", env = "QSCALE_DELIVERY", value_parser = clap::builder::EnumValueParser::<DeliveryArg>::new())]
    pub(super) delivery: Option<DeliveryArg>,

    /// Items to process at a time; with --batch, batches [default: 1]
    #[arg(long, short, value_name = "ITEMS", env = "QSCALE_CONCURRENCY", value_parser = positive_count::<NonZeroU32>)]
    pub(super) concurrency: Option<NonZeroU32>,

    /// Simulated work per item, such as 2s or 2s..6s, or none to print the item [default: none; 2s..6s in the built-in profile]
    ///
    /// Also exp(4s) (mean), lognormal(4s, 0.5) (median, sigma), and field:NAME (seconds in a field of a JSON item).
    #[arg(long, short, value_name = "WORK", env = "QSCALE_WORK")]
    pub(super) work: Option<Work>,

    /// Command to run per item, with the item on its stdin and its id in QSCALE_ITEM_ID; {} in an argument is replaced by
    /// the item
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["work", "speed", "seed"])]
    pub(super) command: Vec<OsString>,

    /// Maximum rate at which items are started, over all slots: 10/s, 30/m
    #[arg(long, value_name = "RATE", env = "QSCALE_CONSUME_RATE")]
    pub(super) rate: Option<Rate>,

    /// Stop after this many items
    #[arg(long, value_name = "ITEMS", env = "QSCALE_MAX_ITEMS", value_parser = args::count)]
    pub(super) max_items: Option<u64>,

    /// Process one item if one is waiting, then exit
    #[arg(long, env = "QSCALE_ONCE", value_parser = args::boolean, conflicts_with_all = ["max_items", "idle_exit"])]
    pub(super) once: bool,

    /// Exit when no item has arrived for this long
    #[arg(long, value_name = "DURATION", env = "QSCALE_IDLE_EXIT")]
    pub(super) idle_exit: Option<HumanDuration>,

    /// Keep running while a delayed retry is due within this time
    #[arg(long, value_name = "DURATION", env = "QSCALE_AWAIT_DUE", hide_short_help = true)]
    pub(super) await_due: Option<HumanDuration>,

    /// Time to finish items in flight after SIGTERM; the rest is requeued [default: 30s]
    #[arg(long, value_name = "DURATION", env = "QSCALE_DRAIN")]
    pub(super) drain: Option<HumanDuration>,

    /// Format of the result: text goes to the log, json to stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    #[command(flatten)]
    pub(super) handler: HandlerArgs,

    #[command(flatten)]
    pub(super) batch: BatchArgs,

    #[command(flatten)]
    pub(super) simulated: SimulatedWorkArgs,

    #[command(flatten)]
    pub(super) retry: RetryArgs,

    #[command(flatten)]
    pub(super) retention: RetentionArgs,

    #[command(flatten)]
    pub(super) telemetry: TelemetryArgs,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

/// Options about the handler.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Handler")]
pub(super) struct HandlerArgs {
    /// Protocol of the handler: a command per item, persistent processes, or HTTP [default: command]
    #[arg(long, value_name = "PROTOCOL", env = "QSCALE_HANDLER", value_parser = clap::builder::EnumValueParser::<HandlerArg>::new())]
    pub(super) handler: Option<HandlerArg>,

    /// Items, or batches, that a process may have in flight at a time, with --handler lines [default: 1]
    #[arg(long, value_name = "ITEMS", env = "QSCALE_PER_PROCESS", value_parser = positive_count::<NonZeroU32>, hide_short_help = true)]
    pub(super) per_process: Option<NonZeroU32>,

    /// Time within which a process has to write {"ready":true} before it gets items, with --handler lines
    #[arg(long, value_name = "DURATION", env = "QSCALE_READY_WITHIN", hide_short_help = true)]
    pub(super) ready_within: Option<HumanDuration>,

    /// Items after which a process is replaced, with --handler lines
    #[arg(long, value_name = "ITEMS", env = "QSCALE_RESTART_AFTER", value_parser = positive_count::<NonZeroU64>, hide_short_help = true)]
    pub(super) restart_after: Option<NonZeroU64>,

    /// Let the command inherit variables with a password of Redis, such as REDIS_PASSWORD
    #[arg(long, env = "QSCALE_PASS_REDIS_ENV", value_parser = args::boolean, hide_short_help = true)]
    pub(super) pass_redis_env: bool,

    /// Endpoint that items are posted to, with --handler http
    ///
    /// Such as http://127.0.0.1:8080/jobs, or unix:/run/app.sock:/jobs.
    #[arg(id = "handler_url", long = "url", value_name = "URL", env = "QSCALE_URL")]
    pub(super) url: Option<HandlerUrl>,

    /// Meaning of a status with --handler http, such as 404=ack or 5xx=retry
    ///
    /// Meanings are those of --exit [default: 2xx=ack,408=retry,425=retry,429=retry,4xx=dead; 503=retry with Retry-After;
    /// any other fails].
    #[arg(
        long,
        value_name = "STATUS=MEANING",
        env = "QSCALE_HTTP_STATUS",
        value_delimiter = ',',
        hide_short_help = true
    )]
    pub(super) http_status: Vec<StatusRule>,

    /// Timeout of the command; then its process group is terminated, and the attempt fails
    #[arg(long, value_name = "DURATION", env = "QSCALE_TIMEOUT")]
    pub(super) timeout: Option<HumanDuration>,

    /// Field of a JSON item with its own timeout, in seconds or as a duration; --timeout is the longest
    #[arg(long, value_name = "FIELD", env = "QSCALE_TIMEOUT_FIELD", value_parser = args::name, hide_short_help = true)]
    pub(super) timeout_field: Option<String>,

    /// Time between SIGTERM and SIGKILL for a command that is stopped [default: 5s]
    #[arg(long, value_name = "DURATION", env = "QSCALE_KILL_AFTER", hide_short_help = true)]
    pub(super) kill_after: Option<HumanDuration>,

    /// Meaning of an exit status of the command, such as 3=dead or other=retry
    ///
    /// Meanings are ack, dead, retry (spends no attempt), fail (spends one) and stop [default:
    /// 0=ack,65=dead,75=retry,126=stop,127=stop,other=fail].
    #[arg(long, value_name = "STATUS=MEANING", env = "QSCALE_EXIT", value_delimiter = ',')]
    pub(super) exit: Vec<ExitRule>,
}

impl HandlerArgs {
    /// Returns the name of the first option that is set and for persistent processes only.
    pub(super) fn first_of_lines(&self) -> Option<&'static str> {
        let Self { per_process, ready_within, restart_after, .. } = self;
        let set = [
            ("per-process", per_process.is_some()),
            ("ready-within", ready_within.is_some()),
            ("restart-after", restart_after.is_some()),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// Returns the name of the first option that is set and for endpoints only.
    pub(super) fn first_of_http(&self) -> Option<&'static str> {
        let set = [("handler-url", self.url.is_some()), ("http-status", !self.http_status.is_empty())];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// Returns the name of the first option that is set and for commands only, which run per item or stay.
    pub(super) fn first_of_commands(&self) -> Option<&'static str> {
        let set = [
            ("exit", !self.exit.is_empty()),
            ("kill-after", self.kill_after.is_some()),
            ("pass-redis-env", self.pass_redis_env),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// Returns the name of the first option that is set and for one protocol only, and that protocol.
    pub(super) fn first_of_a_protocol(&self) -> Option<(&'static str, &'static str)> {
        let http = self.first_of_http().map(|name| (name, "http"));
        http.or_else(|| self.first_of_lines().map(|name| (name, "lines")))
    }
}

/// Protocol of a handler on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum HandlerArg {
    /// The command runs per item, and its exit status is the outcome
    Command,
    /// The command stays, is given items as lines of JSON on stdin, and answers with lines on stdout
    Lines,
    /// Items are posted to an endpoint, and the status of the response is the outcome
    Http,
}

impl From<HandlerArg> for HandlerProtocol {
    fn from(typed: HandlerArg) -> Self {
        match typed {
            HandlerArg::Command => Self::Command,
            HandlerArg::Lines => Self::Lines,
            HandlerArg::Http => Self::Http,
        }
    }
}

/// Options about batches.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Batches")]
pub(super) struct BatchArgs {
    /// Items that one call of the handler gets, at most 1000 [default: single items]
    #[arg(long, value_name = "ITEMS", env = "QSCALE_CONSUME_BATCH", value_parser = positive_count::<NonZeroU32>, hide_short_help = true)]
    pub(super) batch: Option<NonZeroU32>,

    /// Time that an item waits for others, with --batch [default: 0s]
    #[arg(long, value_name = "DURATION", env = "QSCALE_LINGER", hide_short_help = true)]
    pub(super) linger: Option<HumanDuration>,

    /// End of each item on the stdin of a command, with --batch [default: newline]
    #[arg(long, value_name = "SEPARATOR", env = "QSCALE_SEPARATOR", value_parser = clap::builder::EnumValueParser::<SeparatorArg>::new(), hide_short_help = true)]
    pub(super) separator: Option<SeparatorArg>,
}

/// Separator on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum SeparatorArg {
    /// A line feed
    Newline,
    /// A NUL byte, as `xargs -0` reads it
    Nul,
}

impl From<SeparatorArg> for ItemSeparator {
    fn from(typed: SeparatorArg) -> Self {
        match typed {
            SeparatorArg::Newline => Self::Newline,
            SeparatorArg::Nul => Self::Nul,
        }
    }
}

/// Options about simulated work.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Simulated work")]
pub(super) struct SimulatedWorkArgs {
    /// Factor by which simulated work is sped up
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive_factor, hide_short_help = true)]
    pub(super) speed: f64,

    /// Random seed of simulated work; with the same seed, an item takes the same time in every run [default: random]
    #[arg(long, value_name = "NUMBER", value_parser = args::count, hide_short_help = true)]
    pub(super) seed: Option<u64>,
}

/// Options about leases and retries.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Retries and dead letters")]
pub(super) struct RetryArgs {
    /// Lease duration; items of a consumer that has not renewed for this long are redelivered [default: 30s]
    #[arg(long, value_name = "DURATION", env = "QSCALE_LEASE", hide_short_help = true)]
    pub(super) lease: Option<HumanDuration>,

    /// Failed attempts after which an item is dead-lettered [default: 3]
    #[arg(long, value_name = "ATTEMPTS", env = "QSCALE_MAX_ATTEMPTS", value_parser = positive_count::<NonZeroU32>)]
    pub(super) max_attempts: Option<NonZeroU32>,

    /// Consumer crashes after which an item is dead-lettered [default: 3]
    #[arg(long, value_name = "CRASHES", env = "QSCALE_MAX_CRASHES", value_parser = positive_count::<NonZeroU32>, hide_short_help = true)]
    pub(super) max_crashes: Option<NonZeroU32>,

    /// First and longest delay before a retry; it doubles in between [default: 1s..5m]
    #[arg(long, value_name = "RANGE", env = "QSCALE_BACKOFF")]
    pub(super) backoff: Option<DurationRange>,

    /// Time for which an item may be retried without spending attempts [default: 1day]
    #[arg(long, value_name = "DURATION", env = "QSCALE_MAX_AGE", hide_short_help = true)]
    pub(super) max_age: Option<HumanDuration>,
}

/// Metrics and heartbeat of a consumer.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Metrics and liveness")]
pub(super) struct TelemetryArgs {
    /// Serve OpenMetrics at http://ADDRESS/metrics; a bare port binds to 127.0.0.1
    #[arg(long, value_name = "ADDRESS", env = "QSCALE_METRICS")]
    pub(super) metrics: Option<ListenAddress>,

    /// Field of a JSON item with its creation time, for the queue wait metric: RFC 3339, or Unix time in s or ms
    #[arg(long, value_name = "FIELD", env = "QSCALE_STAMP_FIELD", value_parser = args::name, hide_short_help = true)]
    pub(super) stamp_field: Option<String>,

    /// File to touch every second while the consumer is alive, for the liveness probe `qscale health`
    #[arg(long, value_name = "FILE", env = "QSCALE_HEARTBEAT")]
    pub(super) heartbeat: Option<PathBuf>,
}

/// Delivery guarantee on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum DeliveryArg {
    /// Items are claimed under a lease, and redelivered if their consumer crashes
    AtLeastOnce,
    /// Items are popped; those in flight are lost if their consumer crashes
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

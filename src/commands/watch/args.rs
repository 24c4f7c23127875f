//! The command line of `watch`.

use std::path::PathBuf;
use std::time::Duration;

use crate::args::{self, ConsumersArgs, RedisArgs, positive_duration, positive_factor};
use crate::profile::ListenAddress;
use crate::terminal::{Output, RunFiles};

/// Fields of the JSON output.
const FIELDS: &str = "\
With --output json each sample is an object on a line of its own:
  time              time of the sample: RFC 3339, UTC
  list              key of the list
  backlog           number of waiting items
  in_flight         number of items in flight; null where no consumer claims items
  delayed           number of delayed retries; null likewise
  dead              number of dead letters; null likewise
  pushed            items pushed by `qscale produce` since the counters began; null likewise
  acknowledged      items processed successfully since then; null likewise
  consumers         number of consumers that are alive; null likewise
  busy              number of consumers with items in flight; null likewise
  oldest_seconds    age of the item that waits longest; null without the stamp-field of items
  in_per_second     items pushed per second, by any client; null until known, or without claims
  out_per_second    items acknowledged or dead-lettered per second; null likewise
  net_per_second    growth of the backlog per second; negative while it shrinks, null until known
  seconds_to_empty  time until the list is empty at this rate; null unless the backlog shrinks
  target            null, or kind, namespace, name, desired, current, ready, available, terminating
  jobs              null, or the Jobs of a ScaledJob: created, running, pending, succeeded, failed
  reason            reason for the number of desired replicas; null where it is unknown
  faults            faults of what scales the consumers, and of their pods: code, text
  next              null, or the step that is expected next: what, seconds
  speed             factor by which the model clock of a demo is faster than `time`; null elsewhere

With --until-settled the last line is an object `summary`:
  verdict           pass, fail or unknown
  pushed            items pushed by `qscale produce` since the counters began
  acknowledged      items processed successfully
  dead              items dead-lettered and not requeued since
  purged            dead letters deleted
  remaining         items waiting, in flight or delayed
  redelivered       items redelivered after a crash or expired lease: upper bound for duplicates
  retried           failed attempts that were scheduled for a retry
  lost              items lost
  reasons           reasons why the verdict is not pass

The verdict is drawn from the counters in {LIST}:stats, such as {mylist}:stats, which begin with the first use of \
the list. If other clients push or pop as well, or items are delivered at most once, the counters cannot account for every item: \
the verdict is unknown, which is not a failure, as long as no item remains. To start anew, delete that key while no item remains.";

/// Watch the backlog, and the pods that process it
///
/// Shows the backlog, its growth, the time until it is empty, and the replicas of the consumers where a cluster is configured.
/// On a terminal this is a dashboard with charts (`?` shows its keys); otherwise each sample is a line on stdout.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FIELDS)]
#[allow(clippy::struct_excessive_bools, reason = "independent flags")]
pub(crate) struct Args {
    /// List to watch; may be repeated [default: mylist]
    #[arg(long = "list", short, value_name = "KEY", env = "LIST_NAME", value_parser = args::one_of_lists)]
    pub(super) lists: Vec<String>,

    /// Interval between samples
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = positive_duration)]
    pub(super) every: Duration,

    #[command(flatten)]
    pub(super) end: EndArgs,

    /// Format of the samples
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    /// Write lines in place of the dashboard on a terminal, too
    #[arg(long)]
    pub(super) plain: bool,

    #[command(flatten)]
    pub(super) files: RunFiles,

    /// Serve the dashboard as a read-only web page at http://ADDRESS/; a bare port binds to 127.0.0.1
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    pub(super) serve: Option<ListenAddress>,

    /// Serve metrics of lists and pods (OpenMetrics) at http://ADDRESS/metrics; a bare port binds to 127.0.0.1
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["once", "replay"], hide_short_help = true)]
    pub(super) metrics: Option<ListenAddress>,

    /// Show a recording, or stdin (-), in place of a list; without a dashboard all at once
    #[arg(long, value_name = "RECORDING", conflicts_with_all = ["record", "every", "duration", "once", "until_empty", "until_settled", "context", "namespace", "deployment", "target", "lists", "stamp_field", "RedisArgs"])]
    pub(super) replay: Option<PathBuf>,

    /// Factor by which the replay is faster than the real clock [default: as fast as it was recorded]
    #[arg(long, value_name = "FACTOR", requires = "replay", value_parser = positive_factor, hide_short_help = true)]
    pub(super) speed: Option<f64>,

    /// JSON field of an item that holds its creation time [default: consume.stamp-field]
    #[arg(long, value_name = "FIELD", env = "QSCALE_STAMP_FIELD", value_parser = args::name, hide_short_help = true)]
    pub(super) stamp_field: Option<String>,

    #[command(flatten)]
    pub(super) consumers: ConsumersArgs,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

/// Moment at which a watch ends.
#[derive(Debug, clap::Args)]
pub(super) struct EndArgs {
    /// Stop after this long
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) duration: Option<Duration>,

    /// Take one sample and stop; exit status 69 if Redis does not answer, else that of --until-empty or --until-settled
    #[arg(long, conflicts_with_all = ["duration", "every"])]
    pub(super) once: bool,

    /// Stop when the list is empty; exit status 75 if it was not
    #[arg(long)]
    pub(super) until_empty: bool,

    /// Stop when no item is waiting, in flight or delayed, and reconcile the counters: exit status 4 if an item was lost, 75
    /// if the list did not settle
    #[arg(long, conflicts_with = "until_empty")]
    pub(super) until_settled: bool,
}

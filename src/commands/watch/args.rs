//! The command line of `watch`.

use std::time::Duration;

use crate::args::{RedisArgs, positive_duration};
use crate::terminal::Output;

/// Fields of the JSON output.
const FIELDS: &str = "\
With --output json each sample is an object on a line of its own:
  time              time of the sample: RFC 3339, UTC
  list              key of the list
  backlog           number of waiting items
  in_flight         number of items in flight; null where no consumer claims items, as with at-most-once delivery
  delayed           number of delayed retries; null likewise
  dead              number of dead letters; null likewise
  net_per_second    growth of the backlog per second; negative while it shrinks, null until it is known
  seconds_to_empty  time until the list is empty at this rate; null unless the backlog shrinks
  target            null, or kind, namespace, name, desired, current, ready, available
  reason            reason for the number of desired replicas; null where it is unknown

With --until-settled the last line is an object `summary`:
  verdict           pass, fail or unknown
  pushed            items pushed by `qscale produce` since the counters began
  acknowledged      items processed successfully
  dead              items dead-lettered and not requeued since
  purged            dead letters deleted
  remaining         items waiting, in flight or delayed
  redelivered       items given to another consumer after a crash or an expired lease: an upper bound for items processed twice
  retried           failed attempts that were scheduled for a retry
  lost              items lost
  reasons           reasons why the verdict is not pass

The verdict is drawn from the counters in {LIST}:stats, such as {mylist}:stats, which begin with the first use of the list. If
other clients push or pop as well, or items are delivered at most once, the counters cannot account for every item: the verdict
is unknown, which is not a failure, as long as no item remains. To start anew, delete that key while no item remains.";

/// Watch the list grow and shrink, and the pods that work it
///
/// Shows how many items wait, how fast that changes, when the list will be empty, and the consumers' Deployment where a
/// cluster is configured. On a terminal it is redrawn in place; otherwise each look is a line on stdout.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FIELDS)]
pub(crate) struct Args {
    /// Look this often
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = positive_duration)]
    pub(super) every: Duration,

    /// Stop after this long
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) duration: Option<Duration>,

    /// Stop as soon as the list is empty; exit status 75 when that does not come first
    #[arg(long)]
    pub(super) until_empty: bool,

    /// Stop as soon as nothing waits, is in flight or is to be tried again, and say whether any item was lost: exit status 4
    /// when so, 75 when it does not come to that
    #[arg(long, conflicts_with = "until_empty")]
    pub(super) until_settled: bool,

    /// The form of the samples
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    /// The list to watch [env: LIST_NAME] [default: mylist]
    #[arg(long, short, value_name = "KEY")]
    pub(super) list: Option<String>,

    /// The kubeconfig's context to look in [default: its current one; in a pod, the pod's cluster]
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    pub(super) context: Option<String>,

    /// The consumers' namespace [default: the profile's, else the context's]
    #[arg(long, short, value_name = "NAME", help_heading = "Kubernetes")]
    pub(super) namespace: Option<String>,

    /// The consumers' Deployment [default: what qscale render writes or scales]
    #[arg(long, value_name = "NAME", help_heading = "Kubernetes")]
    pub(super) deployment: Option<String>,

    #[command(flatten)]
    pub(super) redis: RedisArgs,
}

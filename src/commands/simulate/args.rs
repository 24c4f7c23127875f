//! The command line of `simulate`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::args::{self, positive_duration};
use crate::simulation;
use crate::tuning::Want;
use crate::units::HumanDuration;
use crate::workload::{Pattern, Work};

/// What the lines of JSON and CSV say, and the rules behind what is not asked for.
const MORE: &str = "\
With --output json each second is an object on a line of its own, as `qscale watch` writes them (see `qscale watch --help`),
with the `reason` for the number of desired pods; `time` counts from --start. The last line is an object `summary` with the fields
of `qscale watch --until-settled`, and these:
  interrupted         interruptions of items in flight, because their pod was killed; redelivered or lost
  peak_backlog        most waiting items
  peak_pods           most pods, including terminating ones
  wait_seconds        time from push to first claim: mean, p50, p95, p99; items still waiting count with their wait so far
  seconds_to_empty    time until all items were processed; null if that was not reached
  pod_seconds         lifetime of all pods
  idle_pod_seconds    the part of it without items in flight
  changes             number of changes of the replica count
The verdict is fail if items were lost, unknown if items remain at the end, else pass; the exit status does not depend on it.
With --output csv the samples are rows, without a summary.

Without --duration the simulation ends when the load is over, all of it worked, and the consumers are back at their minimum, an hour
after the load at most; a load that has no end is put on the list for five minutes. With --duration it ends then, and not before.

Items arrive by the load of the profile, or --produce. They are taken first in, first out, by pods that are there --start-time
after they were created, and each takes as long as `work` of the profile, or --work, says. It is the same for the same --seed, byte for byte.

--target-wait looks for the cheapest list-length, min-replica-count, max-replica-count, polling-interval, cooldown-period and drain that
keep the wait. The profile's own min-replica-count and max-replica-count are kept, the rest is free. What is proposed has kept
the wait in 21 runs: those of the seed and of the 19 after it, and one in which KEDA and the HPA look as late as they can. Items
that are still there a wait after the last was pushed count as those that waited too long. Exit status 4 when it cannot be met.

--against reads a recording: what `qscale watch --output json` wrote, or CSV with the columns t_s or time, llen or backlog,
deploy_spec_replicas or desired, and busy or in_flight where there is such a trigger. At the times at which KEDA polls and the HPA
syncs, the settings of the profile are asked what they make of the list as it was recorded. When in their periods both begin is
fitted to the recording.";

/// Show what KEDA and the HPA would do with a load, and why
///
/// The profile's load, working times and scaling are played through in no time: a chart, each change with its reason, how
/// long items wait, and what it costs. No Redis, no cluster.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MORE)]
pub(crate) struct Args {
    /// The load, in place of the profile's: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), burst 500
    #[arg(long, value_name = "PATTERN")]
    pub(super) produce: Option<Pattern>,

    /// The same from a CSV file: a count of items for each second, or `seconds,count` lines
    #[arg(long, value_name = "FILE", conflicts_with = "produce")]
    pub(super) produce_file: Option<PathBuf>,

    /// How long to simulate [default: until all is over, an hour at most]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) duration: Option<Duration>,

    /// What chance begins with: the same number, the same bytes
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = args::count)]
    pub(super) seed: u64,

    /// From a pod's creation to its first item
    #[arg(long, value_name = "DURATION", default_value = "2s")]
    pub(super) start_time: HumanDuration,

    /// How long an item is worked, in place of what the profile says: 2s, 2s..6s, field:NAME
    #[arg(long, value_name = "WORK")]
    pub(super) work: Option<Work>,

    /// Leave out what protects items in flight, to see what it is good for
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(super) without: Vec<ProtectionArg>,

    /// Add what protects items in flight, to see what it would be good for
    #[arg(long = "with", value_name = "WHAT", value_delimiter = ',')]
    pub(super) with: Vec<ProtectionArg>,

    /// The form of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Form,

    /// The time of the first sample, as RFC 3339
    #[arg(long, value_name = "TIME", default_value = "1970-01-01T00:00:00Z", value_parser = moment)]
    pub(super) start: SystemTime,

    /// Draw the chart as a picture (SVG) as well
    #[arg(long, value_name = "FILE", conflicts_with = "target_wait")]
    pub(super) svg: Option<PathBuf>,

    /// Propose settings that keep this wait, such as p95=60s, and prove them
    #[arg(long, value_name = "WAIT", conflicts_with = "against")]
    pub(super) target_wait: Option<Want>,

    /// Compare with what was recorded
    #[arg(long, value_name = "RECORDING", conflicts_with_all = ["produce", "produce_file", "duration", "with", "without", "start_time"])]
    pub(super) against: Option<PathBuf>,
}

/// What keeps items in flight from being cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ProtectionArg {
    /// The triggers that count what has left the list: pods with items in flight.
    Busy,
    /// The formula that adds them up.
    Formula,
    /// Jobs, which nobody ends, in place of a Deployment.
    Jobs,
    /// The time a pod may take to finish what it has.
    Grace,
}

impl From<ProtectionArg> for simulation::Protection {
    fn from(protection: ProtectionArg) -> Self {
        match protection {
            ProtectionArg::Busy => Self::Busy,
            ProtectionArg::Formula => Self::Formula,
            ProtectionArg::Jobs => Self::Jobs,
            ProtectionArg::Grace => Self::Grace,
        }
    }
}

/// The form of a result on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// One line a sample, for spreadsheets.
    Csv,
}

fn moment(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339_weak(text).map_err(|_| "is not a time such as 2026-03-01T12:00:00Z".to_owned())
}

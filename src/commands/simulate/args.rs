//! The command line of `simulate`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::value_parser;

use super::view::ShownPart;
use crate::args::{self, ListsArgs, positive_duration, positive_factor};
use crate::delivery::lists::Lists;
use crate::profile::ListenAddress;
use crate::simulation;
use crate::terminal::{ImageFile, image_file};
use crate::tuning::TargetWait;
use crate::units::HumanDuration;
use crate::workload::{Pattern, Work};

/// Fields of the output, and details of the simulation.
const MORE: &str = "\
With --output json each second is an object on a line of its own, as `qscale watch` writes them (see `qscale watch \
--help`), with the `reason` for the number of desired pods; `time` counts from --start. The last line is an object \
`summary` with the fields of `qscale watch --until-settled`, and these:
  interrupted         interruptions of items because their pod was killed; redelivered or lost
  peak_backlog        most waiting items
  peak_pods           most pods, including terminating ones
  wait_seconds        time from push to first claim, or until the end: mean, p50, p95, p99
  lists               with several lists, list and wait_seconds of each
  seconds_to_empty    time until all items were processed; null if that was not reached
  pod_seconds         lifetime of all pods
  idle_pod_seconds    the part of it without items in flight
  changes             number of changes of the replica count
The verdict is fail if items were lost, unknown if items remain at the end, else pass; the exit status does not depend \
on it. With --output csv the samples are rows, without a summary.

Without --duration the simulation ends when all items of the load are processed and the consumers are back at their \
minimum, at most an hour after the load; a load without an end runs for five minutes. With --duration it ends after \
exactly that time.

Items arrive by the load of the profile, or of --produce; several lists get them in turn, by --shares. They are \
claimed first in, first out, from several lists by their priority or weights. Pods are ready --start-time and \
--boot-time after their creation; each item takes the time of `work` of the profile, or of --work. A Job is pending \
until --start-time has passed. The same --seed reproduces the run byte for byte.

The phases of KEDA's polls and of the HPA's syncs are drawn from the seed, as a load begins at any moment of their \
periods; --poll-phase and --sync-phase set them. --runs 100 simulates the seed and the 99 seeds after it and shows \
which sequences of replicas came how often, and when each step came: the 5th, 50th and 95th percentile over the runs.

--target-wait searches the cheapest list-length, min-replica-count, max-replica-count, polling-interval, \
cooldown-period and drain that meet the target, and tries the sum of the triggers and unlimited scaling policies. \
min-replica-count, max-replica-count and concurrency of the profile are kept. The pods of a proposal are at most 95 % \
busy with the sustained load, and it has met the target with a margin of 10 %: with the seed and the 19 seeds after \
it, once with the worst-case poll and sync phases, and with the load started over at its end. Seeds that the search \
did not try have confirmed it. Items that are still waiting that long after the last push count as missed. Exit status \
4 if the target cannot be met, with the settings that prevent it.

--against reads a recording: the output of `qscale watch --output json`, or CSV with the columns t_s or time, llen or \
backlog, deploy_spec_replicas or desired, and busy or in_flight if there is such a trigger. The settings of the \
profile are evaluated for the recorded backlog at the times at which KEDA polls and the HPA syncs. The phases of both \
are fitted to the recording. Decisions that hang on what KEDA read between two rows cannot be told from a recording, \
and are marked.";

/// Simulate how KEDA and the HPA scale the consumers of a load, and why
///
/// Simulates load, work and scaling of the profile without waiting: prints a chart, each scaling event with its reason, waiting
/// times and costs. Needs no Redis and no cluster.
#[derive(Debug, clap::Args)]
#[command(after_long_help = MORE)]
pub(crate) struct Args {
    /// Load pattern, in place of the profile's load: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), burst 500
    #[arg(long, value_name = "PATTERN")]
    pub(super) produce: Option<Pattern>,

    /// Load pattern from a CSV file, or stdin (-): one count per second, or lines of `seconds,count`
    ///
    /// After the count may be columns with the values of `[[scale.triggers]]`, named after them in a header; an empty cell keeps
    /// the last value.
    #[arg(long, value_name = "FILE", conflicts_with = "produce")]
    pub(super) produce_file: Option<PathBuf>,

    /// Simulated time [default: until all items are processed, at most an hour after the load]
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(super) duration: Option<Duration>,

    /// Random seed; the same seed reproduces the run byte for byte
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = args::count, hide_short_help = true)]
    pub(super) seed: u64,

    /// Show the distribution over this many runs, each with a seed and phases of its own
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(1..=10_000), conflicts_with_all = ["target_wait", "svg"])]
    pub(super) runs: Option<u32>,

    /// Simulated work per item, in place of the profile's: 2s, 2s..6s, field:NAME
    #[arg(long, value_name = "WORK")]
    pub(super) work: Option<Work>,

    #[command(flatten)]
    pub(super) lists: ListsArgs,

    /// Shares of several lists in the load, as in critical=1,low=9 [default: their weights, or even shares]
    #[arg(long, value_name = "LISTS", conflicts_with_all = ["against", "target_wait"], hide_short_help = true)]
    pub(super) shares: Option<Lists>,

    /// Leave out protections of items in flight, to see their effect
    #[arg(long, value_name = "WHAT", value_delimiter = ',', hide_short_help = true)]
    pub(super) without: Vec<ProtectionArg>,

    /// Add protections of items in flight, to see their effect
    #[arg(long = "with", value_name = "WHAT", value_delimiter = ',', hide_short_help = true)]
    pub(super) with: Vec<ProtectionArg>,

    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Form,

    /// Time of the first sample (RFC 3339)
    #[arg(long, value_name = "TIME", default_value = "1970-01-01T00:00:00Z", value_parser = moment, hide_short_help = true)]
    pub(super) start: SystemTime,

    #[command(flatten)]
    pub(super) pictures: Pictures,

    #[command(flatten)]
    pub(super) playing: PlayArgs,

    #[command(flatten)]
    pub(super) part: ShownPart,

    /// Propose settings that meet this target wait, such as p95=60s, and verify them
    #[arg(long, value_name = "WAIT", conflicts_with = "against")]
    pub(super) target_wait: Option<TargetWait>,

    /// Compare the model with a recording, or with stdin (-)
    #[arg(long, value_name = "RECORDING", conflicts_with_all = ["produce", "produce_file", "work", "seed", "start", "duration", "with", "without", "start_time", "boot_time", "poll_phase", "sync_phase", "initial_replicas", "runs"])]
    pub(super) against: Option<PathBuf>,

    #[command(flatten)]
    pub(super) model: ModelArgs,
}

/// Start of pods, and phases of KEDA and the HPA.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
#[command(next_help_heading = "Model")]
pub(super) struct ModelArgs {
    /// Time from the creation of a pod to the start of its container, in place of the profile's [default: 1s]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub(super) start_time: Option<HumanDuration>,

    /// Time from the start of a container to its first item, in place of the profile's [default: 1s]
    #[arg(long, value_name = "DURATION", hide_short_help = true)]
    pub(super) boot_time: Option<HumanDuration>,

    /// Time of KEDA's first poll, at most the polling interval [default: drawn from the seed]
    #[arg(long, value_name = "DURATION", conflicts_with = "target_wait", hide_short_help = true)]
    pub(super) poll_phase: Option<HumanDuration>,

    /// Time of the HPA's first sync, at most 15s [default: drawn from the seed]
    #[arg(long, value_name = "DURATION", conflicts_with = "target_wait", hide_short_help = true)]
    pub(super) sync_phase: Option<HumanDuration>,

    /// Pods or Jobs at the start [default: the minimum]
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(..=10_000), conflicts_with = "target_wait", hide_short_help = true)]
    pub(super) initial_replicas: Option<u32>,
}

/// Settings of `--play`.
#[derive(Debug, Default, clap::Args)]
pub(super) struct PlayArgs {
    /// Play the run on the dashboard of `qscale watch`
    #[arg(long, conflicts_with_all = ["output", "chart", "against", "target_wait", "runs"])]
    pub(super) play: bool,

    /// Factor by which the run is played faster than it would be
    #[arg(long, value_name = "FACTOR", requires = "play", default_value_t = 20.0, value_parser = positive_factor, hide_short_help = true)]
    pub(super) speed: f64,

    /// Write the dashboard to a file too, as an asciicast of 100×28 characters for `asciinema play`
    #[arg(long, value_name = "FILE", requires = "play", hide_short_help = true)]
    pub(super) cast: Option<PathBuf>,

    /// Serve the dashboard as a read-only web page at http://ADDRESS/; a bare port binds to 127.0.0.1
    #[arg(long, value_name = "ADDRESS", requires = "play", hide_short_help = true)]
    pub(super) serve: Option<ListenAddress>,
}

/// Files that the chart is written to.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Pictures {
    /// Write the chart as an SVG image too, or PNG where its name ends in .png
    #[arg(long, value_name = "FILE", conflicts_with = "target_wait", value_parser = image_file)]
    pub(super) svg: Option<ImageFile>,

    /// Write the chart and all scaling events as an HTML page too, which needs no network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["target_wait", "runs"])]
    pub(super) html: Option<PathBuf>,
}

/// Protection of items in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ProtectionArg {
    /// Triggers that count the busy consumers
    Busy,
    /// Formula over all triggers
    Formula,
    /// Jobs, which run to completion, in place of a Deployment
    Jobs,
    /// Time for a terminating pod to finish its items
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

/// Format of the result on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// Chart, scaling events and summary
    Text,
    /// One JSON object per line
    Json,
    /// One row per sample
    Csv,
}

fn moment(text: &str) -> Result<SystemTime, String> {
    humantime::parse_rfc3339_weak(text).map_err(|_| "is not a time such as 2026-03-01T12:00:00Z".to_owned())
}

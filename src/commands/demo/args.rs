//! The command line of `demo`.

use std::num::NonZeroU32;

use secrecy::SecretString;

use super::supervise::SupervisorArgs;
use crate::args::{self, positive_count, positive_factor};
use crate::profile::ListenAddress;
use crate::terminal::{Output, RunFiles};
use crate::workload::{Pattern, Work};

/// Run producer, consumers and autoscaler on this machine, and reconcile the counters
///
/// Starts a private Redis, a producer, and consumers as processes. Consumers run the command of the profile, in real time, or
/// simulate its work. The rules of KEDA and the HPA decide the number of
/// consumers from the profile's [scale] table, as in `qscale simulate`, on a clock that runs faster than the real one. Ends
/// when all items are processed and the consumers are scaled down.
#[allow(rustdoc::broken_intra_doc_links, reason = "help text")]
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use this Redis, with a new list, in place of a private one
    #[arg(long, value_name = "URL")]
    pub(super) redis: Option<SecretString>,

    /// Maximum number of consumers [default: scale.max-replica-count]
    #[arg(long, value_name = "PROCESSES", value_parser = positive_count::<NonZeroU32>)]
    pub(super) consumers: Option<NonZeroU32>,

    /// Items to push [default: all items of the load, or six of its batches]
    #[arg(long, short = 'n', value_name = "ITEMS", value_parser = args::count)]
    pub(super) count: Option<u64>,

    /// Load pattern, in place of the profile's load: 30s@50, 1m@200..1000, 2m@sine(100,80,30s), 5m@poisson(20), burst 500
    #[arg(long, value_name = "PATTERN")]
    pub(super) pattern: Option<Pattern>,

    /// Simulated work per item, in place of the profile's command or work: 2s, 2s..6s, field:NAME
    #[arg(long, short, value_name = "WORK")]
    pub(super) work: Option<Work>,

    /// Kill a consumer (SIGKILL) during this share of the items
    #[arg(long, value_name = "PERCENT", value_parser = args::share)]
    pub(super) kill: Option<f64>,

    /// Random seed of arrival times, payloads, simulated work and kills; the same seed repeats a run, but for the timing of
    /// its processes [default: random]
    #[arg(long, value_name = "NUMBER", value_parser = args::count)]
    pub(super) seed: Option<u64>,

    /// Factor by which load, work, KEDA and the HPA run faster than in the profile
    #[arg(long, value_name = "FACTOR", default_value_t = 20.0, value_parser = positive_factor)]
    pub(super) speed: f64,

    /// Format of the samples on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,

    /// Write lines in place of the dashboard on a terminal, too
    #[arg(long)]
    pub(super) plain: bool,

    #[command(flatten)]
    pub(super) files: RunFiles,

    /// Serve the dashboard as a read-only web page at http://ADDRESS/; a bare port binds to 127.0.0.1
    #[arg(long, value_name = "ADDRESS")]
    pub(super) serve: Option<ListenAddress>,

    #[command(flatten)]
    pub(super) supervisor: SupervisorArgs,
}

impl Args {
    /// Returns true if this is not a demo but the supervisor of one.
    pub(crate) fn is_supervisor(&self) -> bool {
        self.supervisor.supervise.is_some()
    }
}

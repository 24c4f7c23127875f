//! The command line of `demo`.

use std::num::NonZeroU32;

use secrecy::SecretString;

use crate::args::{self, positive_count, positive_factor};
use crate::terminal::Output;

/// See the whole loop on this machine: items pushed, consumers started and ended as KEDA would, and all counted
///
/// A private Redis, a producer, and consumers as processes of their own. How many there are is decided by the rules of
/// KEDA and the HPA, from the profile's [scale] table, by a clock that runs faster than the real one: the same that
/// `qscale simulate` foresees. It ends when all is worked and the consumers are gone again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use this Redis, on a list of its own, in place of a private one
    #[arg(long, value_name = "URL")]
    pub(super) redis: Option<SecretString>,

    /// How many consumers there are at most [default: the profile's max-replica-count]
    #[arg(long, value_name = "PROCESSES", value_parser = positive_count::<NonZeroU32>)]
    pub(super) consumers: Option<NonZeroU32>,

    /// How many items are pushed [default: as many as the load has, or six of its batches]
    #[arg(long, short = 'n', value_name = "ITEMS", value_parser = args::count)]
    pub(super) count: Option<u64>,

    /// How many times as fast as in the profile everything goes: the load, the work, KEDA and the HPA
    #[arg(long, value_name = "FACTOR", default_value_t = 20.0, value_parser = positive_factor)]
    pub(super) speed: f64,

    /// The form of the readout on stdout
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(super) output: Output,
}

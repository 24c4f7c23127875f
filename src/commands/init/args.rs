//! The command line of `init`.

use std::path::PathBuf;

use super::starter::StarterProfile;

/// Write a commented profile to start from
///
/// Commands that run in the folder of a qscale.toml read it, unless --profile or QSCALE_PROFILE names another one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Profile to start from
    #[arg(long, value_name = "TEMPLATE", default_value = "demo")]
    pub(super) from: StarterProfile,

    /// File to write, or - for stdout
    #[arg(long, short, value_name = "FILE", default_value = "qscale.toml")]
    pub(super) output: PathBuf,

    /// Replace the file if it exists
    #[arg(long)]
    pub(super) force: bool,
}

//! `render`.

use color_eyre::eyre::Result;

use super::Context;
use crate::exit::Outcome;

/// render
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(_args: Args, _context: Context) -> Result<Outcome> {
    Ok(Outcome::Done)
}

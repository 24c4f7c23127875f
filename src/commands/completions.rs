//! `completions`: what a shell needs to complete qscale's command line.

use clap_complete::Shell;
use color_eyre::eyre::Result;

use crate::exit::Outcome;
use crate::terminal::Printer;

/// Write the completion script of a shell to stdout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to complete for
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command, printer: &Printer) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "qscale", &mut script);
    printer.raw(&script)?;
    Ok(Outcome::Done)
}

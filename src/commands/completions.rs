//! `completions`: what a shell needs to complete qscale's command line.

use clap::CommandFactory;
use clap_complete::Shell;
use color_eyre::eyre::Result;

use crate::cli::Cli;
use crate::exit::Outcome;
use crate::terminal::Printer;

/// Write the completion script of a shell to stdout
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, printer: &Printer) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "qscale", &mut script);
    printer.raw(&script)?;
    Ok(Outcome::Done)
}

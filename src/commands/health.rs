//! `health`: checks the heartbeat of a consumer, for exec probes.

use std::path::PathBuf;
use std::time::Duration;

use color_eyre::eyre::Result;

use crate::exit::{Outcome, UsageError};
use crate::files::heartbeat::{self, MAX_AGE};
use crate::terminal::Printer;
use crate::units::HumanDuration;

/// Check that a consumer has touched its heartbeat file
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Heartbeat file of the consumer
    #[arg(long, value_name = "FILE", env = "QSCALE_HEARTBEAT")]
    heartbeat: Option<PathBuf>,

    /// Maximum age of the last heartbeat [default: 30s]
    #[arg(long, value_name = "DURATION")]
    max_age: Option<HumanDuration>,
}

pub(crate) fn run(args: &Args, printer: &Printer) -> Result<Outcome> {
    let Some(file) = &args.heartbeat else {
        return Err(UsageError("no heartbeat file: set --heartbeat or QSCALE_HEARTBEAT".to_owned()).into());
    };
    let limit = args.max_age.map_or(MAX_AGE, |span| span.0);
    match heartbeat::age(file) {
        Ok(age) if age <= limit => {
            printer.result(&format_args!("last heartbeat {} ago", shown(age)))?;
            Ok(Outcome::Done)
        }
        Ok(age) => {
            printer.result(&format_args!("stale: last heartbeat {} ago", shown(age)))?;
            Ok(Outcome::CheckFailed)
        }
        Err(error) => {
            printer.result(&format_args!("cannot read heartbeat `{}`: {error}", file.display()))?;
            Ok(Outcome::CheckFailed)
        }
    }
}

fn shown(age: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(age.as_secs()))
}

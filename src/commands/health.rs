//! `health`: whether the consumer beside it still turns; for a probe that runs a command.

use std::path::PathBuf;
use std::time::Duration;

use color_eyre::eyre::Result;

use crate::exit::{Outcome, UsageError};
use crate::files::heartbeat::{self, MAX_AGE};
use crate::terminal::Printer;
use crate::units::{Environment, HumanDuration};

/// Say whether the consumer that touches a file still does
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that the consumer touches [env: QSCALE_HEARTBEAT]
    #[arg(long, value_name = "FILE")]
    heartbeat: Option<PathBuf>,

    /// How long ago that may be [default: 30s]
    #[arg(long, value_name = "DURATION")]
    max_age: Option<HumanDuration>,
}

pub(crate) fn run(args: &Args, printer: &Printer) -> Result<Outcome> {
    let named = args
        .heartbeat
        .clone()
        .or_else(|| std::env::vars_os().collect::<Environment>().get("QSCALE_HEARTBEAT").map(PathBuf::from));
    let Some(file) = named else {
        return Err(UsageError("which file is it? --heartbeat or QSCALE_HEARTBEAT names it".to_owned()).into());
    };
    let limit = args.max_age.map_or(MAX_AGE, |span| span.0);
    match heartbeat::age(&file) {
        Ok(age) if age <= limit => {
            printer.result(&format_args!("the consumer turned {} ago", shown(age)))?;
            Ok(Outcome::Done)
        }
        Ok(age) => {
            printer.result(&format_args!("the consumer has been silent for {}", shown(age)))?;
            Ok(Outcome::CheckFailed)
        }
        Err(error) => {
            printer.result(&format_args!("there is no sign of a consumer at `{}`: {error}", file.display()))?;
            Ok(Outcome::CheckFailed)
        }
    }
}

fn shown(age: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_millis(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)))
}

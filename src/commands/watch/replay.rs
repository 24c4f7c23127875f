//! `--replay`: a recording on the dashboard.

use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::task::spawn_blocking;

use super::Args;
use crate::commands::Context;
use crate::exit::{Outcome, UsageError};
use crate::files::whole::recording;
use crate::sample::recording::{PlayedRecording, PlayedSample, played};
use crate::terminal::{DashboardSetup, KeySet, Readout};

/// Time between two samples of a recording that has only one.
const USUAL: Duration = Duration::from_secs(1);

pub(super) async fn run(path: &Path, args: &Args, context: &Context) -> Result<Outcome> {
    let name = path.display().to_string();
    let read = spawn_blocking({
        let path = path.to_owned();
        move || recording(&path)
    });
    // In a thread of its own, so that a signal ends a wait for stdin or a named pipe.
    let bytes = tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => return Ok(Outcome::Done),
        read = read => read?,
    };
    let bytes = bytes.map_err(|error| UsageError(format!("--replay: cannot read `{name}`: {error}")))?;
    let read = played(&name, &bytes).map_err(|error| UsageError(format!("--replay: {error}")))?;
    let PlayedRecording { samples, cut } = read;
    if let Some(line) = cut {
        tracing::warn!(recording = %name, line, "the last line is cut off: reading up to it");
    }
    let recorded = samples.iter().find_map(|played| played.sample.speed);
    let speed = args.speed.or(recorded).unwrap_or(1.0);
    let setup = DashboardSetup {
        title: format!("replay of {name}"),
        lists: lists(&samples),
        every: every(&samples).div_f64(speed),
        speed,
        keys: KeySet::Play,
    };
    let readout = Readout::new(&context.printer, args.output, args.plain, &setup, &args.files)?;
    let mut readout = readout.served(Context::page(args.serve).await?);
    tokio::select! {
        biased;
        () = context.shutdown.stop.cancelled() => {}
        played = readout.play(&samples, speed) => played?,
    }
    readout.finish().await?;
    Ok(Outcome::Done)
}

/// Returns the lists of a recording, in the order of their first samples.
fn lists(samples: &[PlayedSample]) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for PlayedSample { sample, .. } in samples {
        if !lists.contains(&sample.list) {
            lists.push(sample.list.clone());
        }
    }
    lists
}

/// Returns the median time between two samples of a list.
fn every(samples: &[PlayedSample]) -> Duration {
    let list = samples.first().map(|first| &first.sample.list);
    let times: Vec<Duration> =
        samples.iter().filter(|played| Some(&played.sample.list) == list).map(|played| played.at).collect();
    let mut steps: Vec<Duration> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().filter(|step| !step.is_zero()).unwrap_or(USUAL)
}

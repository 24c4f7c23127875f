//! `--play`: a simulated run on the dashboard.

use color_eyre::eyre::Result;

use super::Context;
use super::args::PlayArgs;
use super::view::{INTERVAL, ShownPart, View};
use crate::exit::Outcome;
use crate::profile::ListenAddress;
use crate::sample::recording::PlayedSample;
use crate::terminal::{DashboardSetup, KeySet, Output, Readout, RunFiles, facts, heading, terminal_width};

/// A run that can be played.
pub(super) struct Playback {
    setup: DashboardSetup,
    samples: Vec<PlayedSample>,
    speed: f64,
    files: RunFiles,
    serve: Option<ListenAddress>,
    /// Summary of the run.
    summary: String,
}

impl Playback {
    /// Returns the shown part of a run, to be played.
    pub(super) fn of(view: &View<'_>, part: &ShownPart, playing: &PlayArgs) -> Self {
        let PlayArgs { speed, cast, serve, .. } = playing;
        let (speed, files, serve) = (*speed, RunFiles::of_cast(cast.clone()), *serve);
        let mut samples: Vec<PlayedSample> = Vec::new();
        for sample in view.samples(|at| part.includes(at, at)) {
            let start = samples.first().map_or(sample.time, |first| first.sample.time);
            samples.push(PlayedSample { at: sample.time.duration_since(start).unwrap_or_default(), sample });
        }
        let setup = DashboardSetup {
            title: "simulated".to_owned(),
            lists: vec![view.subject.list.clone()],
            every: INTERVAL.div_f64(speed),
            speed,
            keys: KeySet::Play,
        };
        let summary = format!("{}{}", heading("Summary"), facts(&view.facts(), terminal_width()));
        Self { setup, samples, speed, files, serve, summary }
    }

    /// Shows the run, and at its end the summary.
    pub(super) async fn play(self, context: &Context) -> Result<Outcome> {
        let readout = Readout::new(&context.printer, Output::Text, false, &self.setup, &self.files)?;
        let mut readout = readout.served(Context::page(self.serve).await?);
        let is_over = tokio::select! {
            biased;
            () = context.shutdown.stop.cancelled() => false,
            played = readout.play(&self.samples, self.speed) => played.map(|()| true)?,
        };
        readout.finish().await?;
        if is_over {
            context.printer.result(&self.summary.trim_end())?;
        }
        Ok(Outcome::Done)
    }
}

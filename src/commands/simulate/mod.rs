//! `simulate`: the decisions of KEDA and the HPA for a load, without a cluster and without waiting.

mod against;
mod args;
mod load;
mod plan;
mod play;
mod runs;
mod samples;
mod summary;
mod target_wait;
mod view;

use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

pub(crate) use self::args::Args;
use self::args::{Form, Pictures};
use self::plan::{Action, Plan};
use self::play::Playback;
use self::samples::SampleRow;
use self::view::View;
use super::{Context, SummaryLine};
use crate::exit::{Outcome, UsageError};
use crate::simulation::{self, Run, Scenario};
use crate::terminal::{Chart, Elapsed, OutputFile, PipeWait, html, terminal_width};
use crate::units::HumanDuration;

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let stop = context.shutdown.stop.clone();
    // On a thread of its own, so that a signal ends a long simulation.
    let simulation = spawn_blocking(move || (simulate(args, &context), context));
    let (ended, context) = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(Outcome::Unfinished),
        ended = simulation => ended?,
    };
    match ended? {
        SimulationEnd::Shown(outcome) => Ok(outcome),
        SimulationEnd::Playable(playback) => playback.play(&context).await,
    }
}

/// End of a simulation.
enum SimulationEnd {
    /// Its result was written.
    Shown(Outcome),
    /// Its samples are still to be played.
    Playable(Box<Playback>),
}

fn simulate(args: Args, context: &Context) -> Result<SimulationEnd> {
    let plan = Plan::resolve(args, context)?;
    let chart = match &plan.action {
        Action::Show(scenario) => show(&plan, scenario, context)?,
        Action::Play(scenario, playing) => {
            let run = simulated(scenario)?;
            let view = View { subject: &plan.subject, scenario, run: &run };
            plan.pictures.write(&plan.part.of(view.chart()), &context.printer.waiting())?;
            return Ok(SimulationEnd::Playable(Box::new(Playback::of(&view, &plan.part, playing))));
        }
        Action::Runs(number, settings) => {
            return runs::run(*number, settings, &plan, context).map(SimulationEnd::Shown);
        }
        Action::TargetWait(want, workload) => {
            return target_wait::run(*want, workload, plan.output, context).map(SimulationEnd::Shown);
        }
        Action::Against(path) => against::run(path, &plan.subject, plan.output, &plan.part, context)?,
    };
    plan.pictures.write(&plan.part.of(chart), &context.printer.waiting())?;
    Ok(SimulationEnd::Shown(Outcome::Done))
}

fn simulated(scenario: &Scenario) -> Result<Run> {
    Ok(simulation::run(scenario).map_err(|error| UsageError(error.to_string()))?)
}

impl Pictures {
    fn write(&self, chart: &Chart, waiting: &PipeWait) -> Result<()> {
        let write = |path: &Path, content: Vec<u8>| OutputFile::open(path, waiting)?.replace(&content);
        if let Some(image) = &self.svg {
            write(image.path(), image.draw(chart)?)?;
        }
        let page = || html(std::slice::from_ref(chart)).into_bytes();
        self.html.as_deref().map(|path| write(path, page())).transpose()?;
        Ok(())
    }
}

fn show(plan: &Plan, scenario: &Scenario, context: &Context) -> Result<Chart> {
    let run = simulated(scenario)?;
    let view = View { subject: &plan.subject, scenario, run: &run };
    let end = run.points.last().map_or(Duration::ZERO, |point| point.at);
    if let Some(from) = plan.part.from.filter(|from| *from >= end) {
        let message = format!("--from: {} is not before the end of the run, {}", HumanDuration(from), Elapsed(end));
        return Err(UsageError(message).into());
    }
    let shown = |at: Duration| plan.part.includes(at, at);
    match plan.output {
        Form::Text => context.printer.result(&view.text(&plan.part, terminal_width()).trim_end())?,
        Form::Json => {
            for (sample, values) in view.samples_with_triggers(shown) {
                context.printer.object(&with_triggers(&sample, values)?)?;
            }
            context.printer.object(&SummaryLine { list: None, summary: &view.summary() })?;
        }
        Form::Csv => {
            let rows = view.samples_with_triggers(shown);
            let rows = rows.map(|(sample, values)| with_triggers(&SampleRow::from(sample), values));
            context.printer.records(rows.collect::<Result<Vec<_>>>()?)?;
        }
    }
    Ok(view.chart())
}

/// Returns the fields of a sample, then the values of its triggers.
fn with_triggers(sample: &impl Serialize, values: Vec<(&str, f64)>) -> Result<Map<String, Value>> {
    let mut fields: Map<String, Value> = serde_json::from_value(serde_json::to_value(sample)?)?;
    for (name, value) in values {
        fields.entry(name).or_insert(value.into());
    }
    Ok(fields)
}

//! `simulate`: what KEDA and the HPA would do with the profile's load, without a cluster and without waiting.

mod against;
mod args;
mod plan;
mod view;
mod want;

use color_eyre::eyre::{Result, WrapErr as _};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

pub(crate) use self::args::Args;
use self::args::Form;
use self::plan::{Goal, Plan};
use self::view::{SampleRow, View};
use super::Context;
use crate::exit::{Outcome, UsageError};
use crate::simulation::{self, Scenario};
use crate::terminal::{Chart, terminal_width};

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let stop = context.shutdown.stop.clone();
    let runtime = Handle::current();
    // It may reckon for a while: on a thread of its own it holds up nobody who wants to end it.
    let reckoning = spawn_blocking(move || runtime.block_on(reckon(args, context)));
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(Outcome::Unfinished),
        ended = reckoning => ended?,
    }
}

async fn reckon(args: Args, context: Context) -> Result<Outcome> {
    let plan = Plan::resolve(args, &context).await?;
    let chart = match &plan.goal {
        Goal::Show(scenario) => show(&plan, scenario, &context)?,
        Goal::Want(want, workload) => return want::run(*want, workload, plan.output, &context),
        Goal::Against(path) => against::run(path, &plan.subject, plan.output, &context).await?,
    };
    if let Some(path) = &plan.svg {
        let picture = chart.svg();
        tokio::fs::write(path, picture).await.wrap_err_with(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(Outcome::Done)
}

fn show(plan: &Plan, scenario: &Scenario, context: &Context) -> Result<Chart> {
    let run = simulation::run(scenario).map_err(|error| UsageError(error.to_string()))?;
    let view = View { subject: &plan.subject, scenario, run: &run };
    match plan.output {
        Form::Text => context.printer.result(&view.text(terminal_width()).trim_end())?,
        Form::Json => {
            let mut lines = String::new();
            for sample in view.samples() {
                lines.push_str(&serde_json::to_string(&sample)?);
                lines.push('\n');
            }
            lines.push_str(&view.totals()?);
            context.printer.result(&lines)?;
        }
        Form::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for sample in view.samples() {
                writer.serialize(SampleRow::from(sample))?;
            }
            context.printer.raw(&writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
        }
    }
    Ok(view.chart())
}

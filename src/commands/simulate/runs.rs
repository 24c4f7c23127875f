//! `--runs`: the distribution over seeds and phases.

use std::fmt::Write as _;
use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::plan::{Plan, RunSettings};
use super::{Context, Form};
use crate::exit::{Outcome, UsageError};
use crate::scaler::jobs_in_words;
use crate::simulation::{self, Distribution, Quantiles, Runs, Scenario, Sequence, SequenceStep};
use crate::terminal::{Elapsed, facts, heading, terminal_width};
use crate::units::{counted, seeds, thousandths};

/// Number of sequences that the text shows.
const SHOWN: usize = 10;

/// Number of steps of a sequence that the text shows.
const SHOWN_STEPS: usize = 20;

pub(super) fn run(number: u32, settings: &RunSettings, plan: &Plan, context: &Context) -> Result<Outcome> {
    let mut runs = Runs::default();
    let mut jobs = false;
    for offset in 0..u64::from(number) {
        let scenario = Scenario { samples: false, ..settings.scenario(settings.seed.wrapping_add(offset))? };
        jobs = scenario.jobs.is_some();
        runs.add(&simulation::run(&scenario).map_err(|error| UsageError(error.to_string()))?);
    }
    let distribution = runs.distribution();
    match plan.output {
        Form::Text => {
            let title = format!("{}: {}", plan.subject.title, counted(number, "run", "runs"));
            context.printer.result(&text(&title, settings.seed, &distribution, jobs).trim_end())?;
        }
        Form::Json => {
            context.printer.object(&DistributionObject::of(settings.seed, &distribution))?;
        }
        Form::Csv => context.printer.rows(rows(&distribution))?,
    }
    Ok(Outcome::Done)
}

/// The distribution for programs.
#[derive(Serialize)]
struct DistributionObject {
    runs: usize,
    first_seed: u64,
    sequences: Vec<SequenceObject>,
    wait_p50_seconds: QuantileObject,
    wait_p95_seconds: QuantileObject,
    wait_p99_seconds: QuantileObject,
    seconds_to_empty: Option<QuantileObject>,
    peak_backlog: QuantileObject,
    pod_seconds: QuantileObject,
    interrupted_runs: usize,
}

#[derive(Serialize)]
struct SequenceObject {
    runs: usize,
    replicas: Vec<u32>,
    steps: Vec<StepObject>,
}

#[derive(Serialize)]
struct StepObject {
    by: String,
    from: u32,
    to: u32,
    seconds: QuantileObject,
}

#[derive(Serialize)]
struct QuantileObject {
    p5: f64,
    p50: f64,
    p95: f64,
}

/// A step of a sequence as a row of CSV.
#[derive(Serialize)]
struct StepRow {
    sequence: usize,
    runs: usize,
    step: usize,
    by: String,
    from: u32,
    to: u32,
    p5: f64,
    p50: f64,
    p95: f64,
}

impl DistributionObject {
    fn of(first_seed: u64, distribution: &Distribution) -> Self {
        Self {
            runs: distribution.runs,
            first_seed,
            sequences: distribution.sequences.iter().map(SequenceObject::of).collect(),
            wait_p50_seconds: QuantileObject::of_times(&distribution.wait_p50),
            wait_p95_seconds: QuantileObject::of_times(&distribution.wait_p95),
            wait_p99_seconds: QuantileObject::of_times(&distribution.wait_p99),
            seconds_to_empty: distribution.empty_at.as_ref().map(QuantileObject::of_times),
            peak_backlog: QuantileObject::of(&distribution.peak_backlog, crate::units::float),
            pod_seconds: QuantileObject::of_times(&distribution.pod_seconds),
            interrupted_runs: distribution.interrupted,
        }
    }
}

impl SequenceObject {
    fn of(sequence: &Sequence) -> Self {
        let step = |step: &SequenceStep| StepObject {
            by: step.by.to_string(),
            from: step.from,
            to: step.to,
            seconds: QuantileObject::of_times(&step.at),
        };
        let first = sequence.steps.first().map(|step| step.from);
        Self {
            runs: sequence.runs,
            replicas: first.into_iter().chain(sequence.steps.iter().map(|step| step.to)).collect(),
            steps: sequence.steps.iter().map(step).collect(),
        }
    }
}

impl QuantileObject {
    fn of<T: Copy>(quantiles: &Quantiles<T>, value: impl Fn(T) -> f64) -> Self {
        Self { p5: value(quantiles.p5), p50: value(quantiles.p50), p95: value(quantiles.p95) }
    }

    fn of_times(quantiles: &Quantiles<Duration>) -> Self {
        Self::of(quantiles, |time| thousandths(time.as_secs_f64()))
    }
}

fn rows(distribution: &Distribution) -> impl Iterator<Item = StepRow> {
    (1..).zip(&distribution.sequences).flat_map(|(number, sequence)| {
        (1..).zip(&sequence.steps).map(move |(step, SequenceStep { by, from, to, at })| {
            let QuantileObject { p5, p50, p95 } = QuantileObject::of_times(at);
            StepRow {
                sequence: number,
                runs: sequence.runs,
                step,
                by: by.to_string(),
                from: *from,
                to: *to,
                p5,
                p50,
                p95,
            }
        })
    })
}

fn text(title: &str, seed: u64, distribution: &Distribution, jobs: bool) -> String {
    let mut text = String::new();
    for sequence in distribution.sequences.iter().take(SHOWN) {
        describe(&mut text, sequence, distribution.runs, jobs);
    }
    let others = distribution.sequences.iter().skip(SHOWN).map(|sequence| sequence.runs).sum::<usize>();
    if others > 0 {
        let number = counted(distribution.sequences.len() - SHOWN, "other sequence", "other sequences");
        let _ = writeln!(text, "  {number}, in {}", counted(others, "run", "runs"));
    }
    let times = |quantiles: &Quantiles<Duration>| {
        let Quantiles { p5, p50, p95 } = *quantiles;
        format!("median {}, from {} to {}", Elapsed(p50), Elapsed(p5), Elapsed(p95))
    };
    let last = seed.wrapping_add(u64::try_from(distribution.runs).unwrap_or(u64::MAX).saturating_sub(1));
    let summary = [
        ("wait p50", times(&distribution.wait_p50)),
        ("wait p95", times(&distribution.wait_p95)),
        ("wait p99", times(&distribution.wait_p99)),
        ("all processed", distribution.empty_at.as_ref().map_or_else(|| "in no run".to_owned(), times)),
        ("peak backlog", {
            let Quantiles { p5, p50, p95 } = distribution.peak_backlog;
            format!("median {}, from {p5} to {p95}", counted(p50, "item", "items"))
        }),
        ("cost", {
            let Quantiles { p5, p50, p95 } = distribution.pod_seconds;
            format!(
                "median {}, from {:.0} to {:.0}",
                counted(p50.as_secs_f64().round(), "pod-second", "pod-seconds"),
                p5.as_secs_f64(),
                p95.as_secs_f64()
            )
        }),
        (
            "interrupted",
            match distribution.interrupted {
                0 => "no items".to_owned(),
                runs => format!("items in {}", counted(runs, "run", "runs")),
            },
        ),
        ("runs", format!("{}; \"from … to\" are the 5th and the 95th percentile of the runs", seeds(seed, last))),
    ];
    format!(
        "{}{}{text}{}{}",
        heading(title).trim_start(),
        heading("Sequences of replicas"),
        heading("Summary"),
        facts(&summary, terminal_width())
    )
}

/// Writes a sequence: how often it came, and when its steps came.
fn describe(text: &mut String, sequence: &Sequence, runs: usize, jobs: bool) {
    let share = format!("{} of {runs}", sequence.runs);
    let what = |step: &SequenceStep| {
        if jobs { format!("+{}", jobs_in_words(step.to - step.from)) } else { format!("{} → {}", step.from, step.to) }
    };
    let shown: Vec<String> = if jobs {
        sequence.steps.iter().map(what).collect()
    } else {
        let first = sequence.steps.first().map(|step| step.from);
        first
            .into_iter()
            .chain(sequence.steps.iter().map(|step| step.to))
            .map(|replicas| replicas.to_string())
            .collect()
    };
    let all = match shown.len() {
        0 => "no step".to_owned(),
        1..=SHOWN_STEPS => shown.join(if jobs { ", " } else { " → " }),
        length => format!("{length} steps"),
    };
    let _ = writeln!(text, "  {share:<12}  {all}");
    for step in sequence.steps.iter().take(SHOWN_STEPS) {
        let Quantiles { p5, p50, p95 } = step.at;
        let time = format!("{} to {}, median {}", Elapsed(p5), Elapsed(p95), Elapsed(p50));
        let by = step.by.to_string();
        let _ = writeln!(text, "                {:<9}  {by:<4}  {time}", what(step));
    }
}

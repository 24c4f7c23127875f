//! `--against`: a recording compared with the model.

mod jobs;

use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::Result;

use super::view::{ShownPart, Subject, alone, marks};
use super::{Context, Form};
use crate::comparison::{Comparison, Coverage, RecordedStep, Step};
use crate::exit::UsageError;
use crate::files::whole;
use crate::profile::ScaleKind;
use crate::profile::scale::trigger_names;
use crate::sample::recording::Recording;
use crate::scaler::Controller;
use crate::terminal::{
    AxisScale, Chart, Elapsed, Panel, TimelineEntry, Tone, facts, heading, terminal_width, timeline,
};
use crate::units::counted;

/// Said of a decision that hangs on what KEDA read between two rows.
const UNDECIDED: &str = "cannot be told from this recording";

pub(super) fn run(path: &Path, subject: &Subject, output: Form, part: &ShownPart, context: &Context) -> Result<Chart> {
    let name = path.display().to_string();
    let bytes =
        whole::recording(path).map_err(|error| UsageError(format!("--against: cannot read `{name}`: {error}")))?;
    let triggers = trigger_names(&context.profile.scale.triggers);
    let recording =
        Recording::parse(&name, &bytes, &triggers).map_err(|error| UsageError(format!("--against: {error}")))?;
    if let Some(line) = recording.cut {
        tracing::warn!(recording = %name, line, "the last line is cut off: reading up to it");
    }
    if !recording.left_out.is_empty() {
        let lists = recording.left_out.join(", ");
        tracing::warn!(recording = %name, left_out = %lists, "several lists are recorded, and only the first is compared");
    }
    if context.profile.scale.kind() == ScaleKind::ScaledJob {
        return jobs::run(&name, &recording, subject, output, part, context);
    }
    if recording.samples.iter().any(|sample| sample.jobs.is_some()) {
        let message = format!("--against: `{name}` records Jobs, but the profile sets `kind = \"ScaledObject\"`");
        return Err(UsageError(message).into());
    }
    let comparison = Comparison::of(&context.profile.scaler_settings(&subject.list), &recording);
    warn(&name, &comparison.coverage);
    let chart = chart(subject, &recording, &comparison);
    match output {
        Form::Text if part.chart_alone => {
            context.printer.result(&alone(&part.of(chart.clone())).trim_end())?;
        }
        Form::Text => context.printer.result(&self::text(subject, &chart, part, &recording, &comparison).trim_end())?,
        Form::Json => {
            for row in rows(&recording, &comparison, *part) {
                context.printer.object(&row)?;
            }
        }
        Form::Csv => context.printer.rows(rows(&recording, &comparison, *part))?,
    }
    Ok(chart)
}

/// Warns of what the recording cannot tell.
fn warn(name: &str, Coverage { unrecorded, coarse }: &Coverage) {
    for (trigger, columns) in unrecorded {
        tracing::warn!(recording = %name, %trigger, %columns, "a trigger is not recorded and counts as 0: add a column");
    }
    if let Some((row, period)) = coarse {
        let (every, polls) = (humantime::format_duration(*row), humantime::format_duration(*period));
        tracing::warn!(recording = %name, %every, %polls, "rows are further apart than polls");
    }
}

/// Describes how long the recording is.
fn recorded(recording: &Recording) -> (&'static str, String) {
    let samples = counted(recording.samples.len(), "sample", "samples");
    ("recorded", format!("{samples} over {}", Elapsed(recording.span())))
}

/// Describes what the recording cannot tell.
fn limits(Coverage { unrecorded, coarse }: &Coverage) -> Vec<(&'static str, String)> {
    let unrecorded = unrecorded.iter().map(|(trigger, columns)| {
        ("not recorded", format!("trigger `{trigger}` counts as 0: the recording has no column {columns}"))
    });
    let coarse = coarse.map(|(row, period)| {
        let (row, period) = (humantime::format_duration(row), humantime::format_duration(period));
        ("rows", format!("{row} apart, with a poll every {period}: what KEDA read in between is not recorded"))
    });
    unrecorded.chain(coarse).collect()
}

/// A sample of the recording and the model's prediction, for programs.
#[derive(serde::Serialize)]
struct ComparisonRow<'a> {
    seconds: f64,
    backlog: u64,
    recorded: u32,
    predicted: u32,
    /// A decision since the row before cannot be told from the recording.
    undecided: bool,
    reason: Option<&'a str>,
}

fn rows<'a>(
    recording: &'a Recording,
    comparison: &'a Comparison,
    part: ShownPart,
) -> impl Iterator<Item = ComparisonRow<'a>> {
    let mut steps = comparison.steps.iter().peekable();
    let mut undecided = comparison.undecided.iter().peekable();
    let mut step = None;
    recording.samples.iter().filter(move |sample| part.includes(sample.at, sample.at)).map(move |sample| {
        while let Some(next) = steps.next_if(|next| next.at <= sample.at) {
            step = Some(next);
        }
        let mut is_undecided = false;
        while undecided.next_if(|at| **at <= sample.at).is_some() {
            is_undecided = true;
        }
        ComparisonRow {
            seconds: sample.at.as_secs_f64(),
            backlog: sample.backlog,
            recorded: sample.desired,
            predicted: step.map_or(recording.samples[0].desired, |step| step.to),
            undecided: is_undecided,
            reason: step.map(|step| step.reason.as_str()),
        }
    })
}

fn chart(subject: &Subject, recording: &Recording, comparison: &Comparison) -> Chart {
    let samples = &recording.samples;
    let predicted = comparison.predicted(recording);
    let recorded: Vec<_> = samples.iter().map(|sample| (sample.at, u64::from(sample.desired))).collect();
    let most = recorded.iter().chain(&predicted).map(|(_, pods)| *pods).max().unwrap_or(1);
    let rows = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, 5);
    Chart {
        title: subject.title.clone(),
        subtitle: agreement(comparison),
        from: Duration::ZERO,
        to: recording.span().max(Duration::from_secs(1)),
        panels: vec![
            backlog(recording),
            panel("pods (recorded)", Tone::Recorded, rows, recorded),
            panel("pods (predicted)", Tone::Pods, rows, predicted),
        ],
        marks: marks(&entries(comparison)),
        differences: comparison.divergences.iter().map(|differing| (differing.from, differing.until)).collect(),
    }
}

fn panel(title: &str, tone: Tone, rows: usize, solid: Vec<(Duration, u64)>) -> Panel {
    Panel { title: title.to_owned(), tone, rows, axis: AxisScale::Linear, solid, shade: Vec::new(), legend: None }
}

fn backlog(recording: &Recording) -> Panel {
    let samples = recording.samples.iter().map(|sample| (sample.at, sample.backlog));
    panel("backlog (items, recorded)", Tone::Backlog, 5, samples.collect())
}

fn agreement(comparison: &Comparison) -> String {
    let Comparison { agreement, error, .. } = comparison;
    format!("equal for {:.1}% of the time, mean difference {error:.2} pods", agreement * 100.0)
}

/// Returns the steps of the model and of the recording; matching ones share an entry.
fn entries(comparison: &Comparison) -> Vec<TimelineEntry> {
    let predicted = comparison.steps.iter().map(|Step { at, by, from, to, reason, undecided, recorded }| {
        let recorded = match recorded {
            Some(moment) => format!("recorded at {}", Elapsed(*moment)),
            None if *undecided => "not recorded".to_owned(),
            None => "NOT RECORDED".to_owned(),
        };
        let undecided = if *undecided { format!(", {UNDECIDED}") } else { String::new() };
        TimelineEntry {
            number: None,
            at: *at,
            until: None,
            by: if *by == Controller::Keda { "KEDA" } else { "HPA" },
            what: format!("{from} → {to}"),
            reason: format!("{recorded}{undecided}: {reason}"),
        }
    });
    let alone = comparison.recorded.iter().filter(|change| !change.predicted);
    let alone = alone.map(|RecordedStep { at, from, to, .. }| TimelineEntry {
        number: None,
        at: *at,
        until: None,
        by: "?",
        what: format!("{from} → {to}"),
        reason: "NOT PREDICTED".to_owned(),
    });
    let mut entries: Vec<TimelineEntry> = predicted.chain(alone).collect();
    entries.sort_by_key(|entry| entry.at);
    for (number, entry) in (1..).zip(&mut entries) {
        entry.number = Some(number);
    }
    entries
}

/// Describes the first poll or sync: the fitted one, or those of the recording.
fn phase(first: Option<Duration>) -> String {
    first.map_or_else(|| "as recorded".to_owned(), |at| format!("first at {} (fitted)", Elapsed(at)))
}

fn text(subject: &Subject, chart: &Chart, part: &ShownPart, recording: &Recording, comparison: &Comparison) -> String {
    let width = terminal_width();
    let mut divergences: Vec<TimelineEntry> = comparison
        .divergences
        .iter()
        .map(|divergence| TimelineEntry {
            number: None,
            at: divergence.from,
            until: Some(divergence.until),
            by: "",
            what: format!("{} recorded, {} predicted", divergence.recorded, divergence.predicted),
            reason: format!(
                "predicted: {}; recorded: {}, with {} waiting",
                divergence.reason,
                divergence.recorded_reason.as_deref().unwrap_or("no reason"),
                divergence.backlog
            ),
        })
        .collect();
    let (keda, hpa) = comparison.phases;
    let there = match recording.samples.first().map_or(0, |sample| sample.desired) {
        0 if comparison.new => "0 pods, of a new object and HPA (fitted)".to_owned(),
        0 => "0 pods".to_owned(),
        pods if comparison.new => {
            format!("{}, of a new object that was never active (fitted)", counted(pods, "pod", "pods"))
        }
        pods => format!(
            "{}, assumed to be active until then: cooldownPeriod counts from there",
            counted(pods, "pod", "pods")
        ),
    };
    let mut found = vec![
        ("agreement", agreement(comparison)),
        ("steps", format!("{} recorded, {} predicted", comparison.recorded.len(), comparison.steps.len())),
        ("at start", there),
        recorded(recording),
        ("phases", format!("KEDA polls {}, the HPA syncs {}", phase(keda), phase(hpa))),
    ];
    if let [first, ..] = comparison.undecided[..] {
        let looks = counted(comparison.undecided.len(), "poll or sync", "polls and syncs");
        let text = format!("{looks}, the first at {}: the rows before and after decide differently", Elapsed(first));
        found.push(("not told", text));
    }
    found.extend(limits(&comparison.coverage));
    part.retain(&mut divergences);
    let divergences = match divergences[..] {
        [] => "  none for longer than one poll or sync\n".to_owned(),
        _ => timeline(&divergences, width, part.all_events),
    };
    let mut entries = entries(comparison);
    part.retain(&mut entries);
    format!(
        "{}{}\n{}{}{}{}{divergences}",
        heading(&subject.title).trim_start(),
        facts(&found, width),
        part.of(chart.clone()).text(width),
        heading("Scaling events of the model, and when they were recorded"),
        timeline(&entries, width, part.all_events),
        heading("Differences"),
    )
}

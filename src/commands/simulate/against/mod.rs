//! `--against`: a recording beside what the model makes of it.

mod jobs;

use std::path::Path;
use std::time::Duration;

use color_eyre::eyre::Result;

use super::view::Subject;
use super::{Context, Form};
use crate::comparison::{By, Comparison, Step};
use crate::exit::UsageError;
use crate::profile::ScaleKind;
use crate::sample::recording::Recording;
use crate::scaler::Settings;
use crate::terminal::{Chart, Elapsed, Mark, Panel, TimelineEntry, Tone, facts, terminal_width, timeline};

/// A recorded change is that of the model when no more than this lies between them: one sync.
const TOGETHER: Duration = Duration::from_secs(16);

pub(super) async fn run(path: &Path, subject: &Subject, output: Form, context: &Context) -> Result<Chart> {
    let name = path.display().to_string();
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| UsageError(format!("--against: cannot read `{name}`: {error}")))?;
    let recording = Recording::parse(&name, &text).map_err(|error| UsageError(error.to_string()))?;
    if context.profile.scale.kind() == ScaleKind::ScaledJob {
        return jobs::run(&name, &recording, subject, output, context);
    }
    if recording.samples.iter().any(|look| look.jobs.is_some()) {
        let message = format!("--against: `{name}` tells of Jobs, and the profile has `kind = \"ScaledObject\"`");
        return Err(UsageError(message).into());
    }
    let comparison = Comparison::of(&Settings::of(&context.profile, &subject.list), &recording);
    let chart = chart(subject, &recording, &comparison);
    match output {
        Form::Text => context.printer.result(&self::text(subject, &chart, &recording, &comparison).trim_end())?,
        Form::Json | Form::Csv => lines(&recording, &comparison, output, context)?,
    }
    Ok(chart)
}

/// A second, for programs.
#[derive(serde::Serialize)]
struct ComparisonRow<'a> {
    seconds: f64,
    backlog: u64,
    recorded: u32,
    predicted: u32,
    reason: Option<&'a str>,
}

fn lines(recording: &Recording, comparison: &Comparison, output: Form, context: &Context) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for look in &recording.samples {
        let step = comparison.steps.iter().rev().find(|step| step.at <= look.at);
        let row = ComparisonRow {
            seconds: look.at.as_secs_f64(),
            backlog: look.backlog,
            recorded: look.desired,
            predicted: step.map_or(recording.samples[0].desired, |step| step.to),
            reason: step.map(|step| step.reason.as_str()),
        };
        match output {
            Form::Csv => writer.serialize(row)?,
            _ => context.printer.result(&serde_json::to_string(&row)?)?,
        }
    }
    if output == Form::Csv {
        context.printer.raw(&writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?;
    }
    Ok(())
}

fn chart(subject: &Subject, recording: &Recording, comparison: &Comparison) -> Chart {
    let samples = &recording.samples;
    let predicted = comparison.predicted(recording);
    let recorded: Vec<_> = samples.iter().map(|look| (look.at, u64::from(look.desired))).collect();
    let most = recorded.iter().chain(&predicted).map(|(_, pods)| *pods).max().unwrap_or(1);
    let rows = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, 5);
    Chart {
        title: subject.title.clone(),
        subtitle: agreement(comparison),
        span: recording.span().max(Duration::from_secs(1)),
        panels: vec![
            backlog(recording),
            panel("pods, as recorded", Tone::Recorded, rows, recorded),
            panel("pods, as predicted", Tone::Pods, rows, predicted),
        ],
        marks: marks(entries(comparison)),
    }
}

fn panel(title: &str, tone: Tone, rows: usize, solid: Vec<(Duration, u64)>) -> Panel {
    Panel { title: title.to_owned(), tone, rows, solid, shade: Vec::new(), legend: None }
}

fn backlog(recording: &Recording) -> Panel {
    let samples = recording.samples.iter().map(|look| (look.at, look.backlog));
    panel("backlog: items that wait, as recorded", Tone::Backlog, 5, samples.collect())
}

/// The entries that have a number, as a chart shows them.
fn marks(entries: Vec<TimelineEntry>) -> Vec<Mark> {
    let mark = |entry: TimelineEntry| {
        let text = format!("{} {}: {}", entry.by, entry.what, entry.reason);
        Some(Mark { at: entry.at, number: entry.number?, text })
    };
    entries.into_iter().filter_map(mark).collect()
}

fn agreement(comparison: &Comparison) -> String {
    let Comparison { agreement, error, .. } = comparison;
    format!("the same count for {:.1} % of the time, {error:.2} pods apart on average", agreement * 100.0)
}

/// Steps of the model and of the recording, those that belong together in one line.
fn entries(comparison: &Comparison) -> Vec<TimelineEntry> {
    let mut alone: Vec<_> = comparison.recorded.iter().copied().map(Some).collect();
    let mut entries: Vec<TimelineEntry> = Vec::new();
    for Step { at, by, from, to, reason } in &comparison.steps {
        let found = alone.iter_mut().find(|other| {
            other.is_some_and(|(moment, before, after)| {
                (before, after) == (*from, *to) && moment.abs_diff(*at) <= TOGETHER
            })
        });
        let reason = match found.and_then(Option::take) {
            Some((moment, ..)) => format!("recorded at {}. {reason}", Elapsed(moment)),
            None => format!("NOT RECORDED. {reason}"),
        };
        let by = if *by == By::Keda { "KEDA" } else { "HPA" };
        entries
            .push(TimelineEntry { number: None, at: *at, until: None, by, what: format!("{from} → {to}"), reason });
    }
    for (at, from, to) in alone.into_iter().flatten() {
        let reason = "NOT PREDICTED".to_owned();
        entries
            .push(TimelineEntry { number: None, at, until: None, by: "?", what: format!("{from} → {to}"), reason });
    }
    entries.sort_by_key(|entry| entry.at);
    for (number, entry) in (1..).zip(&mut entries) {
        entry.number = Some(number);
    }
    entries
}

/// Since when somebody samples.
fn begun(first: Option<Duration>) -> String {
    first.map_or_else(|| "as recorded".to_owned(), |at| format!("first at {} (fitted)", Elapsed(at)))
}

fn head(title: &str) -> String {
    format!("\n{0}{title}{0:#}\n", anstyle::Style::new().bold())
}

fn text(subject: &Subject, chart: &Chart, recording: &Recording, comparison: &Comparison) -> String {
    let width = terminal_width();
    let partings: Vec<TimelineEntry> = comparison
        .partings
        .iter()
        .map(|parting| TimelineEntry {
            number: None,
            at: parting.from,
            until: Some(parting.until),
            by: "",
            what: format!("{} recorded, {} predicted", parting.recorded, parting.predicted),
            reason: format!(
                "predicted because {}; recorded {}, with {} waiting",
                parting.because,
                parting
                    .recorded_because
                    .as_deref()
                    .map_or("without a reason".to_owned(), |reason| format!("because {reason}")),
                parting.backlog
            ),
        })
        .collect();
    let (keda, hpa) = comparison.begins;
    let there = match recording.samples.first().map_or(0, |look| look.desired) {
        0 => "no pod".to_owned(),
        pods if comparison.new => {
            format!("{pods} pods, of an object that was new and had seen nothing to do (fitted)")
        }
        pods => format!("{pods} pods, taken to have had something to do until then: from there the cooldown counts"),
    };
    let found = [
        ("agreement", agreement(comparison)),
        ("steps", format!("{} recorded, {} predicted", comparison.recorded.len(), comparison.steps.len())),
        ("at first", there),
        ("recorded", format!("{} samples over {}", recording.samples.len(), Elapsed(recording.span()))),
        ("clocks", format!("KEDA polls {}, the HPA syncs {}", begun(keda), begun(hpa))),
    ];
    let partings = match partings[..] {
        [] => "  Nowhere for longer than it takes to look.\n".to_owned(),
        _ => timeline(&partings, width),
    };
    format!(
        "{}{}{}{}{}{partings}{}{}",
        head(&subject.title).trim_start(),
        chart.text(width),
        head("What the model does, and when that was recorded"),
        timeline(&entries(comparison), width),
        head("Where the two part"),
        head("How well they agree"),
        facts(&found, width),
    )
}

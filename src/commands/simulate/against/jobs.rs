//! `--against` for a `ScaledJob`: the Jobs recorded at each poll, compared with those of the model.

use std::time::Duration;

use color_eyre::eyre::Result;

use super::super::view::{ShownPart, Subject, alone, marks};
use super::super::{Context, Form};
use super::{UNDECIDED, backlog, limits, panel, phase, recorded, warn};
use crate::comparison::{JobComparison, Poll};
use crate::exit::UsageError;
use crate::sample::recording::Recording;
use crate::scaler::jobs_in_words;
use crate::terminal::{Chart, TimelineEntry, Tone, facts, heading, terminal_width, timeline};
use crate::units::counted;

pub(super) fn run(
    name: &str,
    recording: &Recording,
    subject: &Subject,
    output: Form,
    part: &ShownPart,
    context: &Context,
) -> Result<Chart> {
    let profile = &context.profile;
    let settings = profile.scaler_settings(&subject.list);
    let Some(comparison) = JobComparison::of(&settings, &profile.job_settings(), recording) else {
        let columns = "a CSV file needs the columns `jobs_created`, `jobs_unfinished` and `jobs_pending`";
        let message =
            format!("--against: the profile sets `kind = \"ScaledJob\"`, but `{name}` records no Jobs: {columns}");
        return Err(UsageError(message).into());
    };
    warn(name, &comparison.coverage);
    let chart = chart(subject, recording, &comparison);
    match output {
        Form::Text if part.chart_alone => {
            context.printer.result(&alone(&part.of(chart.clone())).trim_end())?;
        }
        Form::Text => context.printer.result(&text(subject, &chart, part, recording, &comparison).trim_end())?,
        Form::Json => {
            for poll in comparison.polls.iter().filter(|poll| part.includes(poll.at, poll.at)) {
                context.printer.object(&PollRow::from(poll))?;
            }
        }
        Form::Csv => {
            let polls = comparison.polls.iter().filter(|poll| part.includes(poll.at, poll.at));
            context.printer.rows(polls.map(PollRow::from))?;
        }
    }
    Ok(chart)
}

/// A poll of the recording and the model's prediction, for programs.
#[derive(serde::Serialize)]
struct PollRow {
    seconds: f64,
    backlog: u64,
    unfinished: u32,
    recorded: u32,
    predicted: u32,
    /// The recording does not tell which number is right.
    undecided: bool,
    reason: String,
}

impl From<&Poll> for PollRow {
    fn from(poll: &Poll) -> Self {
        let Poll { at, backlog, recorded, predicted, .. } = poll;
        Self {
            seconds: at.as_secs_f64(),
            backlog: *backlog,
            unfinished: predicted.unfinished.running,
            recorded: *recorded,
            predicted: predicted.jobs,
            undecided: poll.undecided(),
            reason: predicted.to_string(),
        }
    }
}

fn chart(subject: &Subject, recording: &Recording, comparison: &JobComparison) -> Chart {
    let all = |jobs: fn(&Poll) -> u32| {
        let mut sum = 0;
        let sums = comparison.polls.iter().map(|poll| {
            sum += u64::from(jobs(poll));
            (poll.at, sum)
        });
        std::iter::once((Duration::ZERO, 0)).chain(sums).collect::<Vec<_>>()
    };
    let differing = comparison.polls.iter().filter(|poll| poll.recorded != poll.predicted.jobs);
    Chart {
        title: subject.title.clone(),
        subtitle: agreement(comparison),
        from: Duration::ZERO,
        to: recording.span().max(Duration::from_secs(1)),
        panels: vec![
            backlog(recording),
            panel("Jobs created (recorded)", Tone::Recorded, 5, all(|poll| poll.recorded)),
            panel("Jobs created (predicted)", Tone::Pods, 5, all(|poll| poll.predicted.jobs)),
        ],
        marks: marks(&entries(comparison, |_| true)),
        differences: differing.map(|poll| (poll.at, poll.at)).collect(),
    }
}

fn agreement(comparison: &JobComparison) -> String {
    let polls = counted(comparison.polls.len(), "poll", "polls");
    let agreement = format!("equal at {} of {polls}", comparison.same());
    match comparison.undecided() {
        0 => agreement,
        undecided => format!("{agreement}, {undecided} cannot be told from this recording"),
    }
}

/// Returns the polls at which Jobs were recorded or predicted, and that are `shown`.
fn entries(comparison: &JobComparison, shown: impl Fn(&Poll) -> bool) -> Vec<TimelineEntry> {
    let started = comparison.polls.iter().filter(|poll| poll.recorded > 0 || poll.predicted.jobs > 0);
    let entry = |(number, poll @ Poll { at, recorded, predicted, possible, .. }): (usize, &Poll)| TimelineEntry {
        number: Some(number),
        at: *at,
        until: None,
        by: "KEDA",
        what: format!("+{}", jobs_in_words(predicted.jobs)),
        reason: if poll.same() {
            format!("as recorded: {predicted}")
        } else if poll.undecided() {
            let (fewest, most) = possible;
            format!("recorded +{recorded}, {UNDECIDED}, +{fewest} to +{most} is possible: {predicted}")
        } else {
            format!("RECORDED +{recorded}: {predicted}")
        },
    };
    (1..).zip(started).filter(|(_, poll)| shown(poll)).map(entry).collect()
}

fn text(
    subject: &Subject,
    chart: &Chart,
    part: &ShownPart,
    recording: &Recording,
    comparison: &JobComparison,
) -> String {
    let width = terminal_width();
    let mut partings = entries(comparison, |poll| !poll.same() && !poll.undecided());
    part.retain(&mut partings);
    let partings =
        if partings.is_empty() { "  none\n".to_owned() } else { timeline(&partings, width, part.all_events) };
    let started = |jobs: fn(&Poll) -> u32| comparison.polls.iter().map(jobs).sum::<u32>();
    let first = comparison.polls.first().map_or(Duration::ZERO, |poll| poll.at);
    let mut found = vec![
        ("agreement", agreement(comparison)),
        (
            "Jobs",
            format!("{} recorded, {} predicted", started(|poll| poll.recorded), started(|poll| poll.predicted.jobs)),
        ),
        recorded(recording),
        ("phases", format!("KEDA polls {}", phase((!comparison.timed).then_some(first)))),
    ];
    found.extend(limits(&comparison.coverage));
    let mut entries = entries(comparison, |_| true);
    part.retain(&mut entries);
    format!(
        "{}{}\n{}{}{}{}{partings}",
        heading(&subject.title).trim_start(),
        facts(&found, width),
        part.of(chart.clone()).text(width),
        heading("Scaling events of the model, and what was recorded"),
        timeline(&entries, width, part.all_events),
        heading("Differences"),
    )
}

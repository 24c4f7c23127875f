//! A simulated run as text and as a chart.

use std::time::{Duration, SystemTime};

use crate::scaler::{Controller, jobs_in_words};
use crate::simulation::{Change, Point, Run, Scenario};
use crate::terminal::{
    AxisScale, Chart, Elapsed, Mark, Panel, TimelineEntry, Tone, facts, heading, terminal_height, terminal_width,
    timeline,
};
use crate::units::{HumanDuration, counted};

/// Part of the time axis after the end, in which the last step shows.
const LAST_STEP: u32 = 32;

/// Time between two points of a run.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// Subject of a run: list and target.
pub(super) struct Subject {
    pub(super) list: String,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// Title: load and work.
    pub(super) title: String,
    /// Time of the first sample.
    pub(super) start: SystemTime,
}

/// Part of a run that is shown, and how.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct ShownPart {
    /// Show the chart alone, as large as the screen
    #[arg(long = "chart", id = "chart", conflicts_with_all = ["output", "target_wait", "runs"])]
    pub(super) chart_alone: bool,

    /// Draw the backlog on a logarithmic scale, which shows few items next to many
    #[arg(long, conflicts_with_all = ["target_wait", "runs"], hide_short_help = true)]
    pub(super) log_axis: bool,

    /// Show chart, scaling events and samples from this time on
    #[arg(long, value_name = "DURATION", value_parser = moment, conflicts_with_all = ["target_wait", "runs"], hide_short_help = true)]
    pub(super) from: Option<Duration>,

    /// Show chart, scaling events and samples up to this time
    #[arg(long, value_name = "DURATION", value_parser = moment, conflicts_with_all = ["target_wait", "runs"], hide_short_help = true)]
    pub(super) to: Option<Duration>,

    /// Show all scaling events, not only the first 30 and the last 10
    #[arg(long, conflicts_with_all = ["target_wait", "runs"], hide_short_help = true)]
    pub(super) all_events: bool,
}

/// Reads a time since the start.
fn moment(text: &str) -> Result<Duration, String> {
    text.parse::<HumanDuration>().map(|at| at.0).map_err(|error| error.to_string())
}

impl ShownPart {
    /// Returns whether something that lasts from `at` to `until` is shown.
    pub(super) fn includes(&self, at: Duration, until: Duration) -> bool {
        self.from.is_none_or(|from| until >= from) && self.to.is_none_or(|to| at <= to)
    }

    /// Keeps the entries that are shown.
    pub(super) fn retain(&self, entries: &mut Vec<TimelineEntry>) {
        entries.retain(|entry| self.includes(entry.at, entry.until.unwrap_or(entry.at)));
    }

    /// Returns the chart as it is drawn.
    pub(super) fn of(&self, chart: Chart) -> Chart {
        let chart = if self.log_axis { chart.logarithmic() } else { chart };
        chart.part(self.from, self.to)
    }
}

/// Returns the chart alone as text: of the height of the screen, where there is one.
pub(super) fn alone(chart: &Chart) -> String {
    let heading = format!("{}  {}\n", heading(&chart.title).trim_start(), chart.subtitle);
    // The last line is for the prompt.
    let lines = terminal_height().map(|height| height.saturating_sub(heading.lines().count() + 1));
    let drawn = lines.map_or_else(|| chart.clone(), |lines| chart.clone().filling(lines));
    format!("{heading}{}", drawn.text(terminal_width()))
}

/// A run and its scenario.
pub(super) struct View<'a> {
    pub(super) subject: &'a Subject,
    pub(super) scenario: &'a Scenario,
    pub(super) run: &'a Run,
}

impl View<'_> {
    /// Returns the chart: backlog, items in flight and pods over time, with the scaling events marked.
    pub(super) fn chart(&self) -> Chart {
        let points = &self.run.points;
        let series = |value: fn(&Point) -> u64| points.iter().map(|point| (point.at, value(point))).collect::<Vec<_>>();
        let panel = |title: &str, tone, rows, solid| Panel {
            title: title.to_owned(),
            tone,
            rows,
            axis: AxisScale::Linear,
            solid,
            shade: Vec::new(),
            legend: None,
        };
        let summary = &self.run.summary;
        let end = points.last().map_or(INTERVAL, |point| point.at).max(INTERVAL);
        let most = usize::try_from(summary.peak_pods).unwrap_or(usize::MAX);
        Chart {
            title: self.subject.title.clone(),
            subtitle: format!(
                "wait p50 {}, p95 {}; {}, {:.0} of them idle",
                Elapsed(summary.wait.p50),
                Elapsed(summary.wait.p95),
                counted(summary.pod_seconds.round(), "pod-second", "pod-seconds"),
                summary.idle_pod_seconds
            ),
            from: Duration::ZERO,
            to: if self.scenario.until_over { end + (end / LAST_STEP).max(INTERVAL) } else { end },
            panels: vec![
                panel("backlog (items)", Tone::Backlog, 6, series(|point| point.backlog)),
                panel("in flight (items)", Tone::InFlight, 2, series(|point| point.in_flight)),
                Panel {
                    // A finished Job still counts for KEDA, but is not desired any more.
                    shade: if self.scenario.jobs.is_some() {
                        series(|point| point.current.into())
                    } else {
                        series(|point| point.desired.into())
                    },
                    legend: Some(("ready", "desired")),
                    ..panel("pods", Tone::Pods, most.clamp(1, 6), series(|point| point.ready.into()))
                },
            ],
            marks: marks(&self.entries()),
            differences: Vec::new(),
        }
    }

    /// Returns every change, and every reason that prevented one for longer than a single poll or sync.
    pub(super) fn entries(&self) -> Vec<TimelineEntry> {
        let mut number = 0;
        let jobs = self.scenario.jobs.is_some();
        let shown = |change: &&Change| change.from != change.to || change.until > change.at;
        let entry = |change: &Change| {
            let changed = change.from != change.to;
            number += usize::from(changed);
            let (from, to) = (change.from, change.to);
            TimelineEntry {
                number: changed.then_some(number),
                at: change.at,
                until: (!changed).then_some(change.until),
                by: match change.by {
                    Controller::Keda => "KEDA",
                    Controller::Hpa => "HPA",
                },
                what: match changed {
                    true if jobs => format!("+{}", jobs_in_words(to - from)),
                    true => format!("{from} → {to}"),
                    false => format!("stays {to}"),
                },
                reason: match (change.broken, &change.reason) {
                    // The numbers are those of the first sync; the reason held until the last, or came back.
                    (true, reason) => format!("at times, first {reason}"),
                    (false, reason) if !changed && reason.counts_items() => format!("at first {reason}"),
                    (false, reason) => reason.to_string(),
                },
            }
        };
        self.run.changes.iter().filter(shown).map(entry).collect()
    }

    /// Returns the text output: summary, chart, scaling events.
    pub(super) fn text(&self, part: &ShownPart, width: usize) -> String {
        let chart = part.of(self.chart());
        if part.chart_alone {
            return alone(&chart);
        }
        let mut entries = self.entries();
        part.retain(&mut entries);
        format!(
            "{}{}\n{}{}{}",
            heading(&self.subject.title).trim_start(),
            facts(&self.facts(), width),
            chart.text(width),
            heading("Scaling events"),
            timeline(&entries, width, part.all_events),
        )
    }
}

/// Returns the marks of entries: numbers of changes, and reasons for none.
pub(super) fn marks(entries: &[TimelineEntry]) -> Vec<Mark> {
    let mark = |entry: &TimelineEntry| Mark {
        at: entry.at,
        until: entry.until,
        number: entry.number,
        text: format!("{} {}: {}", entry.by, entry.what, entry.reason),
    };
    entries.iter().map(mark).collect()
}

//! A simulated run as text and as a chart.

use std::time::{Duration, SystemTime};

use crate::scaler::{Controller, jobs_in_words};
use crate::simulation::{Change, Point, Run, Scenario};
use crate::terminal::{Chart, Elapsed, Mark, Panel, TimelineEntry, Tone, facts, heading, timeline};
use crate::units::counted;

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
            solid,
            shade: Vec::new(),
            legend: None,
        };
        let summary = &self.run.summary;
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
            span: points.last().map_or(INTERVAL, |point| point.at).max(INTERVAL),
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
            marks: self
                .entries()
                .into_iter()
                .filter_map(|entry| {
                    let text = format!("{} {}: {}", entry.by, entry.what, entry.reason);
                    Some(Mark { at: entry.at, number: entry.number?, text })
                })
                .collect(),
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
                reason: match &change.reason {
                    // The numbers are those of the first sync; the reason held until the last.
                    reason if !changed && reason.counts_items() => format!("at first {reason}"),
                    reason => reason.to_string(),
                },
            }
        };
        self.run.changes.iter().filter(shown).map(entry).collect()
    }

    /// Returns the text output: chart, scaling events, summary.
    pub(super) fn text(&self, width: usize) -> String {
        let chart = self.chart();
        format!(
            "{}{}{}{}{}{}",
            heading(&self.subject.title).trim_start(),
            chart.text(width),
            heading("Scaling events"),
            timeline(&self.entries(), width),
            heading("Summary"),
            facts(&self.facts(), width),
        )
    }
}

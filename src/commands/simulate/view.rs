//! A simulated run as it is shown: samples, chart, scaling events and summary.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::sample::{Replicas, Sample, Trend};
use crate::scaler::{Controller, Reason, jobs_in_words};
use crate::simulation::{Change, Explanation, Point, Run, Scenario, Summary};
use crate::terminal::{Chart, Elapsed, Mark, Panel, TimelineEntry, Tone, facts, heading, timeline};

/// Time between two points of a run.
const INTERVAL: Duration = Duration::from_secs(1);

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

/// A line of CSV: a sample without nesting.
#[derive(Debug, Serialize)]
pub(super) struct SampleRow {
    time: String,
    list: String,
    backlog: u64,
    in_flight: Option<u64>,
    net_per_second: Option<f64>,
    seconds_to_empty: Option<f64>,
    desired: Option<u32>,
    current: Option<u32>,
    ready: Option<u32>,
    reason: Option<String>,
}

impl From<Sample> for SampleRow {
    fn from(sample: Sample) -> Self {
        let count = |count: fn(&Replicas) -> u32| sample.target.as_ref().map(count);
        Self {
            time: humantime::format_rfc3339_millis(sample.time).to_string(),
            backlog: sample.backlog,
            in_flight: sample.in_flight,
            net_per_second: sample.net_per_second,
            seconds_to_empty: sample.seconds_to_empty,
            desired: count(|target| target.desired),
            current: count(|target| target.current),
            ready: count(|target| target.ready),
            list: sample.list,
            reason: sample.reason,
        }
    }
}

/// Summary of a run, for programs: the fields of a reconciliation, and those of a simulation.
#[derive(Debug, Serialize)]
struct RunSummary {
    #[serde(flatten)]
    reconciliation: Reconciliation,
    /// Interruptions of items in flight because their pod was killed.
    interrupted: u64,
    peak_backlog: u64,
    peak_pods: u32,
    wait_seconds: WaitSeconds,
    seconds_to_empty: Option<f64>,
    pod_seconds: f64,
    idle_pod_seconds: f64,
    changes: u64,
}

#[derive(Debug, Serialize)]
struct WaitSeconds {
    mean: f64,
    p50: f64,
    p95: f64,
    p99: f64,
}

impl View<'_> {
    /// Returns a sample per second, as `watch` would.
    pub(super) fn samples(&self) -> impl Iterator<Item = Sample> {
        let mut trend = Trend::new(INTERVAL);
        self.run.points.iter().map(move |point| {
            let target = Replicas {
                kind: self.subject.kind.clone(),
                namespace: self.subject.namespace.clone(),
                name: self.subject.name.clone(),
                desired: point.desired,
                current: point.current,
                ready: point.ready,
                available: point.ready,
            };
            let net = trend.observe(point.at, point.backlog);
            let time = self.subject.start + point.at;
            let sample = Sample::new(time, &*self.subject.list, point.backlog, net, Some(target));
            Sample {
                in_flight: Some(point.in_flight),
                delayed: Some(0),
                dead: Some(0),
                reason: Some(point.reason.to_string()),
                ..sample
            }
        })
    }

    /// Returns what became of the items, in the terms of `watch --until-settled`.
    ///
    /// Lost items are a failure; with items that remain at the end of the simulated time the verdict is unknown.
    fn reconciliation(&self) -> Reconciliation {
        let Summary { arrived, done, cut, lost, left, .. } = self.run.summary;
        let mut reasons = Vec::new();
        if lost > 0 {
            reasons.push(format!("items lost with the pods that held them: {lost}"));
        }
        if left > 0 {
            reasons.push(format!("items remaining at the end of the simulation: {left}"));
        }
        Reconciliation {
            verdict: match (lost, left) {
                (0, 0) => Verdict::Pass,
                (0, _) => Verdict::Unknown,
                _ => Verdict::Fail,
            },
            pushed: arrived,
            acknowledged: done,
            dead: 0,
            purged: 0,
            remaining: left,
            redelivered: cut.saturating_sub(lost),
            retried: 0,
            lost,
            reasons,
        }
    }

    /// Returns the summary for programs.
    pub(super) fn summary(&self) -> impl Serialize + use<> {
        let summary = &self.run.summary;
        RunSummary {
            reconciliation: self.reconciliation(),
            interrupted: summary.cut,
            peak_backlog: summary.peak_backlog,
            peak_pods: summary.peak_pods,
            wait_seconds: WaitSeconds {
                mean: millis(summary.wait.mean.as_secs_f64()),
                p50: millis(summary.wait.p50.as_secs_f64()),
                p95: millis(summary.wait.p95.as_secs_f64()),
                p99: millis(summary.wait.p99.as_secs_f64()),
            },
            seconds_to_empty: summary.empty_at.map(|at| millis(at.as_secs_f64())),
            pod_seconds: millis(summary.pod_seconds),
            idle_pod_seconds: millis(summary.idle_pod_seconds),
            changes: summary.changes,
        }
    }

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
                "wait p50 {}, p95 {}; {:.0} pod-seconds, {:.0} of them idle",
                Elapsed(summary.wait.p50),
                Elapsed(summary.wait.p95),
                summary.pod_seconds,
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
                    Explanation::Scaled(Reason::Proposed { .. }) if !changed => format!("at first {}", change.reason),
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

    fn facts(&self) -> Vec<(&'static str, String)> {
        let summary = &self.run.summary;
        let Scenario { settings, start_time, first_poll, first_sync, .. } = self.scenario;
        let pods = if self.scenario.jobs.is_some() { "Jobs" } else { "pods" };
        let interrupted = match summary.cut {
            0 => "none".to_owned(),
            cut if summary.lost > 0 => format!("{cut} items, by pods that were killed; {} lost", summary.lost),
            cut => format!("{cut} items, by pods that were killed; all redelivered"),
        };
        let still = match summary.waiting {
            0 => String::new(),
            waiting => format!("; {waiting} items are still waiting and count with their wait so far"),
        };
        let done = match summary.empty_at {
            Some(at) => Elapsed(at).to_string(),
            None if summary.arrived == 0 => "no items were pushed".to_owned(),
            None => "not within the simulated time".to_owned(),
        };
        let idle = summary.idle_pod_seconds / summary.pod_seconds.max(1e-9) * 100.0;
        let hpa = match self.scenario.jobs {
            Some(_) => String::new(),
            None => format!("; the HPA first syncs at {}, then every 15s", Elapsed(*first_sync)),
        };
        vec![
            ("result", self.reconciliation().text()),
            ("interrupted", interrupted),
            ("all processed", done),
            ("peak backlog", format!("{} items", summary.peak_backlog)),
            (
                "wait",
                format!(
                    "p50 {}, p95 {}, p99 {}, mean {}{still}",
                    Elapsed(summary.wait.p50),
                    Elapsed(summary.wait.p95),
                    Elapsed(summary.wait.p99),
                    Elapsed(summary.wait.mean),
                ),
            ),
            (
                "pods",
                format!(
                    "peak {} of {}{} to {}, {} {}",
                    summary.peak_pods,
                    settings.idle.map_or(String::new(), |idle| format!("{idle} or ")),
                    settings.min,
                    settings.max,
                    summary.changes,
                    if summary.changes == 1 { "change" } else { "changes" }
                ),
            ),
            (
                "cost",
                format!(
                    "{:.0} pod-seconds, {:.0} of them idle ({idle:.0}%)",
                    summary.pod_seconds, summary.idle_pod_seconds
                ),
            ),
            (
                "phases",
                format!(
                    "KEDA first polls at {}, then every {}{hpa}; {pods} are ready {} after creation",
                    Elapsed(*first_poll),
                    humantime::format_duration(settings.polling),
                    humantime::format_duration(*start_time)
                ),
            ),
        ]
    }
}

fn millis(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

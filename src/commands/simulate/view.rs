//! A simulated run as it is shown: samples, chart, timeline and summary.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::sample::{Replicas, Sample, Trend};
use crate::scaler::{Reason, jobs_in_words};
use crate::simulation::{By, Change, Point, Run, Scenario, Summary, Why};
use crate::terminal::{Chart, Elapsed, Mark, Panel, TimelineEntry, Tone, facts, timeline};

/// Between two points of a run.
const EVERY: Duration = Duration::from_secs(1);

/// What is run, in the words of its profile.
pub(super) struct Subject {
    pub(super) list: String,
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// One line: load and work.
    pub(super) title: String,
    /// The time of the first sample.
    pub(super) start: SystemTime,
}

/// A run, to be shown.
pub(super) struct View<'a> {
    pub(super) subject: &'a Subject,
    pub(super) scenario: &'a Scenario,
    pub(super) run: &'a Run,
}

/// A line of CSV: a sample, flat.
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

/// What a run came to, for programs.
#[derive(Debug, Serialize)]
struct Totals {
    arrived: u64,
    done: u64,
    cut: u64,
    lost: u64,
    left: u64,
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
    /// The points, in the words of `watch`.
    pub(super) fn samples(&self) -> impl Iterator<Item = Sample> {
        let mut trend = Trend::new(EVERY);
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

    /// The summary as an object of JSON.
    pub(super) fn totals(&self) -> serde_json::Result<String> {
        let Summary { arrived, done, cut, lost, left, peak_backlog, peak_pods, changes, .. } = self.run.summary;
        let summary = &self.run.summary;
        let totals = Totals {
            arrived,
            done,
            cut,
            lost,
            left,
            peak_backlog,
            peak_pods,
            wait_seconds: WaitSeconds {
                mean: millis(summary.wait.mean.as_secs_f64()),
                p50: millis(summary.wait.p50.as_secs_f64()),
                p95: millis(summary.wait.p95.as_secs_f64()),
                p99: millis(summary.wait.p99.as_secs_f64()),
            },
            seconds_to_empty: summary.empty_at.map(|at| millis(at.as_secs_f64())),
            pod_seconds: millis(summary.pod_seconds),
            idle_pod_seconds: millis(summary.idle_pod_seconds),
            changes,
        };
        serde_json::to_string(&serde_json::json!({ "summary": totals }))
    }

    /// Backlog, work and pods over time, with the changes marked.
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
            span: points.last().map_or(EVERY, |point| point.at).max(EVERY),
            panels: vec![
                panel("backlog: items that wait", Tone::Backlog, 6, series(|point| point.backlog)),
                panel("items in flight", Tone::InFlight, 2, series(|point| point.in_flight)),
                Panel {
                    // Of a Job that has ended KEDA still counts, and nobody waits for it.
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

    /// Every change, and what kept the count from changing for longer than one look.
    pub(super) fn entries(&self) -> Vec<TimelineEntry> {
        let mut number = 0;
        let jobs = self.scenario.jobs.is_some();
        let told = |said: &&Change| said.from != said.to || said.until > said.at;
        let entry = |said: &Change| {
            let changed = said.from != said.to;
            number += usize::from(changed);
            let (from, to) = (said.from, said.to);
            TimelineEntry {
                number: changed.then_some(number),
                at: said.at,
                until: (!changed).then_some(said.until),
                by: match said.by {
                    By::Keda => "KEDA",
                    By::Hpa => "HPA",
                },
                what: match changed {
                    true if jobs => format!("+{}", jobs_in_words(to - from)),
                    true => format!("{from} → {to}"),
                    false => format!("stays {to}"),
                },
                reason: match &said.reason {
                    // The numbers are those of the first look; the refusal went on.
                    Why::Scaled(Reason::Asked { .. }) if !changed => format!("at first {}", said.reason),
                    reason => reason.to_string(),
                },
            }
        };
        self.run.changes.iter().filter(told).map(entry).collect()
    }

    /// All that is for people: chart, timeline, summary.
    pub(super) fn text(&self, width: usize) -> String {
        let chart = self.chart();
        let head = |title: &str| format!("\n{0}{title}{0:#}\n", anstyle::Style::new().bold());
        format!(
            "{}{}{}{}{}{}",
            head(&self.subject.title).trim_start(),
            chart.text(width),
            head("What changed, what did not, and why"),
            timeline(&self.entries(), width),
            head("What it came to"),
            facts(&self.facts(), width),
        )
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let summary = &self.run.summary;
        let Scenario { settings, start_time, first_poll, first_sync, .. } = self.scenario;
        let pods = if self.scenario.jobs.is_some() { "Jobs" } else { "pods" };
        let cut = match summary.cut {
            0 => "none".to_owned(),
            cut if summary.lost > 0 => {
                format!("{cut}, by pods that had to end before they had finished: they are lost")
            }
            cut => format!("{cut}, by pods that had to end before they had finished: they are worked again"),
        };
        let still = match summary.waiting {
            0 => String::new(),
            waiting => format!("; {waiting} of them still wait, and count as long as they have so far"),
        };
        let worked = match summary.empty_at {
            Some(at) => Elapsed(at).to_string(),
            None if summary.arrived == 0 => "nothing was pushed".to_owned(),
            None => "not within this time".to_owned(),
        };
        let idle = summary.idle_pod_seconds / summary.pod_seconds.max(1e-9) * 100.0;
        let hpa = match self.scenario.jobs {
            Some(_) => String::new(),
            None => format!("; the HPA syncs first at {}, then every 15 s", Elapsed(*first_sync)),
        };
        vec![
            ("items", format!("{} pushed, {} worked, {} left", summary.arrived, summary.done, summary.left)),
            ("items cut", cut),
            ("peak backlog", format!("{} items", summary.peak_backlog)),
            (
                "wait",
                format!(
                    "p50 {}, p95 {}, p99 {}, {} on average{still}",
                    Elapsed(summary.wait.p50),
                    Elapsed(summary.wait.p95),
                    Elapsed(summary.wait.p99),
                    Elapsed(summary.wait.mean),
                ),
            ),
            ("all worked at", worked),
            (
                "pods",
                format!(
                    "{} at most, of {}{} to {}; {} {}",
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
                    "{:.0} pod-seconds, {:.0} of them ({idle:.0} %) with nothing in flight",
                    summary.pod_seconds, summary.idle_pod_seconds
                ),
            ),
            (
                "clocks",
                format!(
                    "KEDA polls first at {}, then every {}{hpa}; {pods} are ready {} after their creation",
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

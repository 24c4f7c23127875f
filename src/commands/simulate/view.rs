//! A simulated run as it is shown: samples, chart, timeline and summary.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::sample::{Deployment, Sample, Trend};
use crate::screen::{Chart, Entry, Mark, Panel, Tone, facts, timeline};
use crate::simulation::{Change, Point, Run, Summary};

/// Seconds between two points of a run.
const EVERY: Duration = Duration::from_secs(1);

/// What is run, in the words of its profile.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) list: String,
    pub(super) namespace: String,
    pub(super) deployment: String,
    /// One line: load, work, limits.
    pub(super) title: String,
    /// The time of the first sample.
    pub(super) start: SystemTime,
}

/// A run, to be shown.
pub(super) struct View<'a> {
    pub(super) subject: &'a Subject,
    pub(super) run: &'a Run,
}

impl View<'_> {
    /// The points, in the words of `watch`.
    pub(super) fn samples(&self) -> impl Iterator<Item = Sample> {
        let mut trend = Trend::new(EVERY);
        self.run.samples.iter().map(move |point| {
            let Point { at, backlog, in_work, desired, ready, .. } = point;
            let deployment = Deployment {
                namespace: self.subject.namespace.clone(),
                name: self.subject.deployment.clone(),
                desired: *desired,
                current: point.current,
                ready: *ready,
                available: *ready,
            };
            let net = trend.observe(*at, *backlog);
            let sample = Sample::new(self.subject.start + *at, &*self.subject.list, *backlog, net, Some(deployment));
            Sample { in_work: Some(*in_work), reason: Some(point.reason.to_string()), ..sample }
        })
    }

    /// Backlog, work and pods over time, with the changes marked.
    pub(super) fn chart(&self) -> Chart {
        let points = &self.run.samples;
        let series = |value: fn(&Point) -> u64| points.iter().map(|point| (point.at, value(point))).collect::<Vec<_>>();
        let ready = series(|point| point.ready.into());
        let pods = points.iter().map(|point| point.desired.max(point.ready)).max().unwrap_or(0);
        Chart {
            title: self.subject.title.clone(),
            span: points.last().map_or(EVERY, |point| point.at),
            panels: vec![
                Panel {
                    title: "backlog: items that wait".to_owned(),
                    tone: Tone::Backlog,
                    rows: 6,
                    solid: series(|point| point.backlog),
                    shade: Vec::new(),
                },
                Panel {
                    title: "in work: items".to_owned(),
                    tone: Tone::Work,
                    rows: 3,
                    solid: series(|point| point.in_work),
                    shade: Vec::new(),
                },
                Panel {
                    title: "pods: █ ready, ░ asked for and not ready yet".to_owned(),
                    tone: Tone::Pods,
                    rows: usize::try_from(pods).unwrap_or(usize::MAX).clamp(1, 6),
                    solid: ready,
                    shade: series(|point| point.desired.into()),
                },
            ],
            marks: self.changes().map(|(number, change)| Mark { at: change.at, number, text: sentence(change) }).collect(),
        }
    }

    fn changes(&self) -> impl Iterator<Item = (usize, &Change)> {
        (1..).zip(self.run.changes.iter().filter(|change| change.from != change.to))
    }
}

//! The samples of a simulated run, as `watch` writes them, and as rows of CSV.

use std::time::Duration;

use serde::Serialize;

use super::view::{INTERVAL, View};
use crate::sample::{Replicas, Sample, Trend};
use crate::scaler::{NextStep, Rhythm};
use crate::simulation::Point;
use crate::units::rfc_3339_millis;

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
            time: rfc_3339_millis(sample.time).to_string(),
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

impl View<'_> {
    /// Returns the samples, each with the values of the triggers of other types, by name.
    pub(super) fn samples_with_triggers(
        &self,
        shown: impl Fn(Duration) -> bool,
    ) -> impl Iterator<Item = (Sample, Vec<(&str, f64)>)> {
        self.samples(shown).map(|sample| {
            let at = sample.time.duration_since(self.subject.start).unwrap_or_default();
            let values = self.scenario.series.iter().map(|series| (series.name.as_str(), series.at(at)));
            (sample, values.collect())
        })
    }

    /// Returns a sample per second, as `watch` would, of the times that are `shown`.
    pub(super) fn samples(&self, shown: impl Fn(Duration) -> bool) -> impl Iterator<Item = Sample> {
        let mut trend = Trend::new(INTERVAL);
        self.run.points.iter().filter(move |point| shown(point.at)).map(move |point| {
            let target = Replicas {
                kind: self.subject.kind.clone(),
                namespace: self.subject.namespace.clone(),
                name: self.subject.name.clone(),
                desired: point.desired,
                current: point.current,
                ready: point.ready,
                available: point.ready,
                terminating: Some(point.terminating),
            };
            let net = trend.observe(point.at, point.backlog);
            let time = self.subject.start + point.at;
            let sample = Sample::new(time, &*self.subject.list, point.backlog, net, Some(target));
            Sample {
                in_flight: Some(point.in_flight),
                delayed: Some(0),
                dead: Some(0),
                reason: Some(match point.by {
                    Some(by) => format!("{by}: {}", point.reason),
                    None => point.reason.to_string(),
                }),
                next: self.next_step(point),
                ..sample
            }
        })
    }

    /// Returns the step that is expected next.
    fn next_step(&self, Point { at, standing, .. }: &Point) -> Option<NextStep> {
        let scenario = self.scenario;
        let first = Rhythm {
            next_poll: scenario.first_poll,
            poll_period: scenario.settings.poll_period(),
            next_sync: scenario.first_sync,
            sync_period: scenario.sync_period,
        };
        let rhythm = first.after(*at);
        if scenario.jobs.is_some() {
            let seconds = rhythm.next_poll.saturating_sub(*at).as_secs_f64();
            return Some(NextStep { what: "KEDA polls again".to_owned(), seconds });
        }
        standing.next(*at, &rhythm)
    }
}

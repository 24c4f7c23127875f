//! The dashboard as JSON, for a page that draws it.

use std::time::Duration;

use serde::Serialize;

use super::history::Quantity;
use super::state::{BoardState, ListState};
use crate::sample::{DeadCause, Replicas, Sample};
use crate::scaler::NextStep;
use crate::terminal::chart::tick_step;
use crate::units::visible;

/// Columns of a chart.
const COLUMNS: u32 = 360;

/// Labels on the time axis.
const TICKS: usize = 10;

/// Changes that are listed.
const CHANGES: usize = 40;

/// Shortest time axis.
const LEAST: Duration = Duration::from_secs(60);

/// State of a dashboard. Times are seconds of the clock that is shown.
#[derive(Debug, Serialize)]
struct LiveBoard<'a> {
    title: &'a str,
    /// Time since the start.
    seconds: f64,
    /// Factor by which the clock is faster than the real one.
    speed: f64,
    /// Real seconds between two samples.
    every: f64,
    /// True once the run has ended.
    over: bool,
    lists: Vec<LiveList<'a>>,
}

#[derive(Debug, Serialize)]
struct LiveList<'a> {
    name: &'a str,
    waiting: u64,
    in_flight: Option<u64>,
    delayed: Option<u64>,
    dead: Option<u64>,
    acknowledged: Option<u64>,
    consumers: Option<u64>,
    busy: Option<u64>,
    in_per_second: Option<f64>,
    out_per_second: Option<f64>,
    /// Seconds that the oldest item waits.
    oldest: Option<f64>,
    outlook: String,
    /// Where all items are, if the counters account for each.
    accounting: Option<String>,
    pods: Option<&'a Replicas>,
    reason: Option<String>,
    next: Option<&'a NextStep>,
    chart: LiveChart,
    /// The latest first.
    changes: Vec<LiveChange>,
    /// The most frequent first.
    dead_letters: &'a [DeadCause],
}

/// Greatest values in equal parts of the time since the start; `null` without data.
#[derive(Debug, Serialize)]
struct LiveChart {
    /// Length of the time axis, and time between two labels.
    seconds: f64,
    tick: u64,
    waiting: Vec<Option<u64>>,
    in_flight: Vec<Option<u64>>,
    ready: Vec<Option<u64>>,
    desired: Vec<Option<u64>>,
}

#[derive(Debug, Serialize)]
struct LiveChange {
    number: usize,
    at: f64,
    from: u32,
    to: u32,
    reason: Option<String>,
}

impl BoardState {
    /// Returns the state `at` a time, as JSON; `over` once the run has ended.
    pub(in crate::terminal) fn live(&self, at: Duration, over: bool) -> serde_json::Result<String> {
        let lists = self.lists.iter().filter_map(|list| Some(list.live(&list.latest.as_ref()?.sample, at)));
        serde_json::to_string(&LiveBoard {
            title: &self.title,
            seconds: at.as_secs_f64(),
            speed: self.speed,
            every: self.every.as_secs_f64() / self.speed,
            over,
            lists: lists.collect(),
        })
    }
}

impl ListState {
    fn live<'a>(&'a self, sample: &'a Sample, at: Duration) -> LiveList<'a> {
        let span = at.max(LEAST);
        let width = span / COLUMNS;
        let columns = |quantity| self.history.columns(quantity, Duration::ZERO, width, COLUMNS as usize);
        let change = |change: &super::state::ReplicaChange| LiveChange {
            number: change.number,
            at: change.at.as_secs_f64(),
            from: change.from,
            to: change.to,
            reason: change.reason.as_deref().map(|reason| visible(reason).into_owned()),
        };
        LiveList {
            name: &self.title,
            waiting: sample.backlog,
            in_flight: sample.in_flight,
            delayed: sample.delayed,
            dead: sample.dead,
            acknowledged: sample.acknowledged,
            consumers: sample.consumers,
            busy: sample.busy,
            in_per_second: sample.in_per_second,
            out_per_second: sample.out_per_second,
            oldest: sample.oldest_seconds,
            accounting: sample.accounting(),
            outlook: sample.outlook().to_string(),
            pods: sample.target.as_ref(),
            reason: sample.reason.as_deref().map(|reason| visible(reason).into_owned()),
            next: sample.next.as_ref(),
            chart: LiveChart {
                seconds: span.as_secs_f64(),
                tick: tick_step(span, TICKS),
                waiting: columns(Quantity::Waiting),
                in_flight: columns(Quantity::InFlight),
                ready: columns(Quantity::Ready),
                desired: columns(Quantity::Desired),
            },
            changes: self.changes.iter().rev().take(CHANGES).map(change).collect(),
            dead_letters: &self.dead_letters,
        }
    }
}

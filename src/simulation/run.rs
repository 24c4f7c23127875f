//! A run, from start to end.

use std::sync::Arc;
use std::time::Duration;

use super::calendar::{Calendar, Event};
use super::fleet::{Fleet, PodCount};
use super::pod::QueuedItem;
use super::random::UnknownDuration;
use super::recorder::Recorder;
use super::scenario::{Jobs, Scenario};
use super::summary::{ListWaits, Stopwatch, Summary};
use super::timeline::{Explanation, Point, Run};
use crate::scaler::{Controller, Counted, Decision, Reading, Scale, Scaler, Standing, Unfinished};
use crate::units::float;
use crate::workload::Arrival;

/// Time between two points.
const EVERY: Duration = Duration::from_secs(1);

/// Runs a scenario.
///
/// # Errors
///
/// Fails when the processing time of an item cannot be known.
pub fn run(scenario: &Scenario) -> Result<Run, UnknownDuration> {
    let mut world = World {
        scenario,
        calendar: Calendar::default(),
        fleet: Fleet::new(scenario),
        arrived: 0,
        scaler: Scaler::new(scenario.settings.clone(), Duration::ZERO),
        desired: scenario.at_first(),
        explained: (None, Explanation::NotPolled),
        standing: Arc::default(),
        recorder: Recorder::default(),
        points: Vec::new(),
        peak_backlog: 0,
        peak_pods: 0,
        emptied: Some(Duration::ZERO),
    };
    let end = world.play()?;
    Ok(world.finish(end))
}

/// State of a run.
struct World<'a> {
    scenario: &'a Scenario,
    calendar: Calendar,
    fleet: Fleet<'a>,
    /// Number of arrivals so far.
    arrived: usize,
    scaler: Scaler,
    desired: u32,
    /// Explanation of the desired replicas, and the controller that it is of.
    explained: (Option<Controller>, Explanation),
    standing: Arc<Standing>,
    recorder: Recorder,
    points: Vec<Point>,
    peak_backlog: usize,
    peak_pods: u32,
    /// Time since which no item is left; `None` while there are items.
    emptied: Option<Duration>,
}

impl World<'_> {
    fn play(&mut self) -> Result<Duration, UnknownDuration> {
        // Pods that exist at the start have been ready for a while.
        self.fleet.add_ready(self.scenario.at_first(), Duration::ZERO, &mut self.calendar);
        if self.scenario.at_first() > self.scenario.at_rest() {
            self.scaler.was_active(Duration::ZERO);
        }
        self.schedule_arrival();
        self.calendar.add(self.scenario.first_poll, Event::Poll);
        if self.scenario.jobs.is_none() {
            self.calendar.add(self.scenario.first_sync, Event::Sync);
        }
        self.calendar.add(Duration::ZERO, Event::Sample);
        let end = self.scenario.horizon;
        while let Some((now, event)) = self.calendar.next() {
            if now > end {
                return Ok(end);
            }
            self.handle(event, now)?;
            self.update_peaks(now);
            if event == Event::Sample && self.scenario.until_over && self.is_over(now) || self.fleet.is_too_late() {
                return Ok(now);
            }
        }
        Ok(end)
    }

    fn handle(&mut self, event: Event, now: Duration) -> Result<(), UnknownDuration> {
        match event {
            Event::Arrival(items) => {
                self.fleet.push(items, now, &mut self.calendar)?;
                self.arrived += 1;
                self.schedule_arrival();
            }
            Event::Running(pod) => self.fleet.running(pod),
            Event::Ready(pod) => self.fleet.ready(pod, now, &mut self.calendar)?,
            Event::Done { pod, work } => self.fleet.done(pod, work, now, &mut self.calendar)?,
            Event::Overdue(pod) => self.fleet.overdue(pod, now, &mut self.calendar)?,
            Event::Complete(pod) => self.fleet.complete(pod),
            Event::Poll => {
                self.poll(now)?;
                self.calendar.add(now + self.scenario.settings.poll_period(), Event::Poll);
            }
            Event::Sync => {
                self.sync(now)?;
                self.calendar.add(now + self.scenario.sync_period, Event::Sync);
            }
            Event::Sample => {
                self.sample(now);
                self.calendar.add(now + EVERY, Event::Sample);
            }
        }
        Ok(())
    }

    fn poll(&mut self, now: Duration) -> Result<(), UnknownDuration> {
        let values = self.values(now);
        if let Some(Jobs { settings, .. }) = &self.scenario.jobs {
            let PodCount { alive, pending, ended, .. } = self.fleet.count();
            let running = alive + ended;
            let created = settings.poll(&self.scenario.settings, &values, Unfinished { running, pending });
            let jobs = created.jobs;
            let explanation = Explanation::Jobs(created);
            self.recorder.decided(now, Controller::Keda, running, running + jobs, &explanation);
            self.explained = (Some(Controller::Keda), explanation);
            self.fleet.start(jobs, now, &mut self.calendar);
            return Ok(());
        }
        let decision = self.scaler.poll(now, self.desired, &Reading::Read(values));
        self.decide(now, Controller::Keda, decision)
    }

    fn sync(&mut self, now: Duration) -> Result<(), UnknownDuration> {
        let PodCount { alive, ready, .. } = self.fleet.count();
        let scale = Scale { spec: self.desired, status: alive, ready };
        let decision = self.scaler.sync(now, scale, &Reading::Read(self.values(now)));
        self.decide(now, Controller::Hpa, decision)
    }

    /// Returns the values of the triggers.
    fn values(&self, now: Duration) -> Vec<Option<f64>> {
        let value = |counted: &Counted| match counted.of_list() {
            (place, Counted::Waiting) => float(u64::try_from(self.fleet.waiting.of_list(place)).unwrap_or(u64::MAX)),
            (place, Counted::Busy) => self.fleet.busy_with(place).into(),
            // No item fails and no consumer crashes in a simulation.
            (_, Counted::Delayed | Counted::Landing | Counted::OfList { .. }) => 0.0,
            (_, Counted::Other(name)) => {
                let series = self.scenario.series.iter().find(|series| *series.name == **name);
                series.map_or(0.0, |series| series.at(now))
            }
        };
        self.scenario.settings.triggers.iter().map(|trigger| Some(value(&trigger.counted))).collect()
    }

    fn scale(&mut self, now: Duration, replicas: u32) -> Result<(), UnknownDuration> {
        self.desired = replicas;
        let alive = self.fleet.count().alive;
        if replicas > alive {
            self.fleet.start(replicas - alive, now, &mut self.calendar);
            return Ok(());
        }
        self.fleet.stop(alive - replicas, now, &mut self.calendar)
    }

    fn decide(&mut self, now: Duration, by: Controller, decision: Decision) -> Result<(), UnknownDuration> {
        if self.scenario.samples {
            Arc::make_mut(&mut self.standing).decided(now, by, &decision, &self.scenario.settings);
            // A change is explained by the decision that made it.
            let is_change = decision.replicas != self.desired;
            let explains = if is_change { Some((by, &decision.reason)) } else { self.standing.reason() };
            if let Some((by, reason)) = explains {
                self.explained = (Some(by), Explanation::Scaled(reason.clone()));
            }
        }
        let Decision { replicas, reason } = decision;
        self.recorder.decided(now, by, self.desired, replicas, &Explanation::Scaled(reason));
        self.scale(now, replicas)
    }

    fn update_peaks(&mut self, now: Duration) {
        self.peak_backlog = self.peak_backlog.max(self.fleet.waiting.len());
        let nothing_left = self.fleet.waiting.is_empty() && self.fleet.in_flight == 0;
        match (nothing_left, self.emptied) {
            (true, None) => self.emptied = Some(now),
            (false, Some(_)) => self.emptied = None,
            _ => {}
        }
    }

    fn sample(&mut self, now: Duration) {
        let PodCount { alive, ready, terminating, ended, .. } = self.fleet.count();
        self.peak_pods = self.peak_pods.max(alive + terminating);
        if self.scenario.jobs.is_some() {
            self.desired = alive + ended;
        }
        if !self.scenario.samples {
            return;
        }
        self.points.push(Point {
            at: now,
            backlog: u64::try_from(self.fleet.waiting.len()).unwrap_or(u64::MAX),
            in_flight: self.fleet.in_flight,
            desired: self.desired,
            current: alive,
            ready,
            terminating,
            by: self.explained.0,
            reason: self.explained.1.clone(),
            standing: Arc::clone(&self.standing),
        });
    }

    fn schedule_arrival(&mut self) {
        if let Some(Arrival { at, count }) = self.scenario.arrivals.get(self.arrived) {
            self.calendar.add(*at, Event::Arrival(*count));
        }
    }

    /// Tells if all items are processed, all values of triggers played, and the replicas back at their minimum.
    fn is_over(&self, now: Duration) -> bool {
        let PodCount { alive, terminating, ended, .. } = self.fleet.count();
        let all = self.arrived >= self.scenario.arrivals.len();
        let played = self.scenario.series.iter().all(|series| series.end() <= now);
        all && played && self.emptied.is_some() && alive + ended <= self.scenario.at_rest() && terminating == 0
    }

    fn finish(mut self, end: Duration) -> Run {
        let (pods, idle) = self.fleet.pod_time(end);
        let count = |count: &dyn Fn(&&QueuedItem) -> bool| {
            u64::try_from(self.fleet.waiting.iter().filter(count).count()).unwrap_or(u64::MAX)
        };
        let (all, waiting) = (count(&|_| true), count(&|item| !item.redelivered));
        self.fleet.close(end);
        let of_list = |(list, waits): (&String, &Stopwatch)| ListWaits { list: list.clone(), wait: waits.waits() };
        let lists = self.scenario.lists.keys().iter().zip(&self.fleet.list_waits).map(of_list).collect();
        let summary = Summary {
            pushed: self.fleet.arrived,
            acknowledged: self.fleet.done,
            interrupted: self.fleet.cut,
            lost: self.fleet.lost,
            remaining: all + self.fleet.in_flight,
            waiting,
            late: self.fleet.late,
            peak_backlog: u64::try_from(self.peak_backlog).unwrap_or(u64::MAX),
            wait: self.fleet.waits.waits(),
            lists,
            empty_at: self.emptied.filter(|_| self.fleet.arrived > 0),
            peak_pods: self.peak_pods,
            pod_seconds: pods.as_secs_f64(),
            idle_pod_seconds: idle.as_secs_f64(),
            changes: self.recorder.steps,
            end,
        };
        Run { points: self.points, changes: self.recorder.changes, summary }
    }
}

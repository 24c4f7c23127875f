//! KEDA and the HPA of a demo, on an accelerated clock.

use std::fmt::Display;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::time::Instant;

use super::consumers::ConsumerProcesses;
use crate::delivery::lists::Lists;
use crate::delivery::snapshot::Snapshot;
use crate::profile::{Profile, ScaleKind};
use crate::scaler::{
    Controller, Counted, JobSettings, NextStep, Reading, Rhythm, SYNC_PERIOD, Scale, Scaler, Settings, Standing,
    Unfinished,
};
use crate::units::float;

/// Scales processes as KEDA and the HPA scale pods.
pub(super) struct Autoscaler {
    scaler: Scaler,
    /// Settings of the ScaledJob, if it is one.
    jobs: Option<JobSettings>,
    standing: Standing,
    clock: Clock,
    next_poll: Duration,
    next_sync: Duration,
    /// Reason for the number of consumers.
    pub(super) reason: String,
}

/// A clock `speed` times as fast as the real one.
#[derive(Debug, Clone, Copy)]
struct Clock {
    start: Instant,
    speed: f64,
}

impl Clock {
    /// Returns the accelerated time.
    fn now(&self) -> Duration {
        self.start.elapsed().mul_f64(self.speed)
    }

    /// Returns the moment at which the accelerated time will be `time`.
    fn at(&self, time: Duration) -> Instant {
        self.start + time.div_f64(self.speed)
    }
}

impl Autoscaler {
    /// Starts with a new object and at most `max` consumers.
    pub(super) fn new(profile: &Profile, lists: &Lists, max: u32, speed: f64) -> Self {
        let settings = Settings { max, ..profile.scaler_settings_of(lists) };
        let settings = Settings { min: settings.min.min(max), ..settings };
        Self {
            jobs: (profile.scale.kind() == ScaleKind::ScaledJob).then(|| profile.job_settings()),
            standing: Standing::default(),
            clock: Clock { start: Instant::now(), speed },
            // A poll at the start would find an empty list: the load begins now, too.
            next_poll: settings.polling,
            // Half a period after the start, as the phases of a cluster may be.
            next_sync: SYNC_PERIOD / 2,
            scaler: Scaler::new(settings, Duration::ZERO),
            reason: "KEDA has not polled yet".to_owned(),
        }
    }

    /// Number of consumers at the start, and at the end when all items are processed.
    pub(super) fn rest(&self) -> u32 {
        let settings = self.scaler.settings();
        settings.idle.unwrap_or(settings.min)
    }

    /// Returns true if consumers are the pods of Jobs, which exit by themselves.
    pub(super) fn starts_jobs(&self) -> bool {
        self.jobs.is_some()
    }

    /// Returns the moment of the next poll or sync.
    pub(super) fn next(&self) -> Instant {
        let next = if self.jobs.is_some() { self.next_poll } else { self.next_poll.min(self.next_sync) };
        self.clock.at(next)
    }

    /// Returns the time on the accelerated clock.
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Returns the step that is expected next.
    pub(super) fn next_step(&self) -> Option<NextStep> {
        let now = self.clock.now();
        if self.starts_jobs() {
            let seconds = self.next_poll.saturating_sub(now).as_secs_f64();
            return Some(NextStep { what: "KEDA polls again".to_owned(), seconds });
        }
        let rhythm = Rhythm {
            next_poll: self.next_poll,
            poll_period: self.scaler.settings().polling,
            next_sync: self.next_sync,
            sync_period: SYNC_PERIOD,
        };
        self.standing.next(now, &rhythm)
    }

    /// Runs the poll or sync that is due, with a snapshot of each list, and scales the consumers.
    pub(super) fn evaluate(&mut self, snapshots: &[Snapshot], consumers: &mut ConsumerProcesses<'_>) -> Result<()> {
        let now = self.clock.now();
        let values = self.values(snapshots);
        if let Some(jobs) = self.jobs {
            self.next_poll = after(self.next_poll, self.scaler.settings().polling, now);
            let running = consumers.count();
            let created = jobs.poll(self.scaler.settings(), &values, Unfinished { running, pending: 0 });
            note(Controller::Keda, running, running + created.jobs, &created);
            self.reason = format!("{}: {created}", Controller::Keda);
            return (0..created.jobs).try_for_each(|_| consumers.start());
        }
        let (before, reading) = (consumers.desired, Reading::Read(values));
        let (by, decision) = if self.next_poll <= self.next_sync {
            self.next_poll = after(self.next_poll, self.scaler.settings().polling, now);
            (Controller::Keda, self.scaler.poll(now, before, &reading))
        } else {
            self.next_sync = after(self.next_sync, SYNC_PERIOD, now);
            (Controller::Hpa, self.scaler.sync(now, Scale { spec: before, ..Scale::of(consumers.count()) }, &reading))
        };
        note(by, before, decision.replicas, &decision.reason);
        self.standing.decided(now, by, &decision, self.scaler.settings());
        // A change is explained by the decision that made it.
        let is_change = decision.replicas != before;
        let explains = if is_change { Some((by, &decision.reason)) } else { self.standing.reason() };
        if let Some((by, reason)) = explains {
            self.reason = format!("{by}: {reason}");
        }
        consumers.scale_to(decision.replicas)
    }

    fn values(&self, snapshots: &[Snapshot]) -> Vec<Option<f64>> {
        let value = |counted: &Counted| {
            let (place, counted) = counted.of_list();
            let Some(Snapshot { waiting, claims }) = snapshots.get(place) else { return 0 };
            match counted {
                Counted::Waiting => *waiting,
                Counted::Busy => claims.as_ref().map_or(0, |claims| claims.busy),
                Counted::Delayed => claims.as_ref().map_or(0, |claims| claims.delayed),
                // Landing only for a few milliseconds; others are not there.
                Counted::Landing | Counted::OfList { .. } | Counted::Other(_) => 0,
            }
        };
        self.scaler.settings().triggers.iter().map(|trigger| Some(float(value(&trigger.counted)))).collect()
    }
}

/// Logs a change of the number of consumers.
fn note(by: Controller, before: u32, then: u32, reason: &impl Display) {
    if before != then {
        tracing::info!(from = before, to = then, %reason, "{by} scaled");
    }
}

/// Returns the time one period after `last`; missed periods are skipped.
fn after(last: Duration, period: Duration, now: Duration) -> Duration {
    let next = last + period;
    if next > now { next } else { now + period }
}

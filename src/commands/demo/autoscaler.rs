//! KEDA and the HPA of a demonstration, by a clock that runs faster than the real one.

use std::fmt::Display;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::time::Instant;

use super::pods::Pods;
use crate::delivery::snapshot::Snapshot;
use crate::profile::{Profile, ScaleKind};
use crate::scaler::{Counted, JobSettings, Reading, SYNC_PERIOD, Scale, Scaler, Settings, Unfinished};

/// Does with processes what KEDA and the HPA do with pods.
pub(super) struct Autoscaler {
    scaler: Scaler,
    /// How Jobs are reckoned, where it is a ScaledJob.
    jobs: Option<JobSettings>,
    clock: Clock,
    next_poll: Duration,
    next_sync: Duration,
    /// Why there are as many pods as there are.
    pub(super) reason: String,
}

/// A clock `speed` times as fast as the real one.
#[derive(Debug, Clone, Copy)]
struct Clock {
    start: Instant,
    speed: f64,
}

impl Clock {
    /// What it shows.
    fn now(&self) -> Duration {
        self.start.elapsed().mul_f64(self.speed)
    }

    /// When it will show `time`.
    fn at(&self, time: Duration) -> Instant {
        self.start + time.div_f64(self.speed)
    }
}

impl Autoscaler {
    /// As if the object had been applied just now. There are `max` pods at most.
    pub(super) fn new(profile: &Profile, list: &str, max: u32, speed: f64) -> Self {
        let settings = Settings { max, ..Settings::of(profile, list) };
        let settings = Settings { min: settings.min.min(max), ..settings };
        Self {
            jobs: (profile.scale.kind() == ScaleKind::ScaledJob).then(|| JobSettings::of(profile)),
            clock: Clock { start: Instant::now(), speed },
            // The first look would find an empty list: the load begins now as well.
            next_poll: settings.polling,
            // Half-way between two looks of KEDA, as the clocks of a cluster may be.
            next_sync: SYNC_PERIOD / 2,
            scaler: Scaler::new(settings, Duration::ZERO),
            reason: "KEDA has not looked yet".to_owned(),
        }
    }

    /// How many pods there are at the start, and at the end when all is worked.
    pub(super) fn rest(&self) -> u32 {
        let settings = self.scaler.settings();
        settings.idle.unwrap_or(settings.min)
    }

    /// Whether what is started ends by itself.
    pub(super) fn starts_jobs(&self) -> bool {
        self.jobs.is_some()
    }

    /// When it looks next.
    pub(super) fn next(&self) -> Instant {
        let next = if self.jobs.is_some() { self.next_poll } else { self.next_poll.min(self.next_sync) };
        self.clock.at(next)
    }

    /// Looks, and starts or ends pods.
    pub(super) fn look(&mut self, snapshot: &Snapshot, pods: &mut Pods<'_>) -> Result<()> {
        let now = self.clock.now();
        let values = self.values(snapshot);
        if let Some(jobs) = self.jobs {
            self.next_poll = after(self.next_poll, self.scaler.settings().polling, now);
            let running = pods.count();
            let created = jobs.poll(self.scaler.settings(), &values, Unfinished { running, pending: 0 });
            self.note("KEDA", running, running + created.jobs, &created);
            return (0..created.jobs).try_for_each(|_| pods.start());
        }
        let (before, reading) = (pods.desired, Reading::Read(values));
        let (who, decision) = if self.next_poll <= self.next_sync {
            self.next_poll = after(self.next_poll, self.scaler.settings().polling, now);
            ("KEDA", self.scaler.poll(now, before, &reading))
        } else {
            self.next_sync = after(self.next_sync, SYNC_PERIOD, now);
            ("HPA", self.scaler.sync(now, Scale { spec: before, status: pods.count() }, &reading))
        };
        self.note(who, before, decision.replicas, &decision.reason);
        pods.scale_to(decision.replicas)
    }

    fn note(&mut self, who: &str, before: u32, then: u32, reason: &impl Display) {
        self.reason = format!("{who}: {reason}");
        if before != then {
            tracing::info!("{who}: {before} → {then} pods: {reason}");
        }
    }

    fn values(&self, snapshot: &Snapshot) -> Vec<Option<u64>> {
        let claims = snapshot.claims.as_ref();
        let value = |counted| match counted {
            Counted::Waiting => snapshot.waiting,
            Counted::Busy => claims.map_or(0, |claims| claims.busy),
            Counted::Delayed => claims.map_or(0, |claims| claims.delayed),
            // Items are there for the blink of an eye.
            Counted::Landing => 0,
        };
        self.scaler.settings().triggers.iter().map(|trigger| Some(value(trigger.counted))).collect()
    }
}

/// The next look after `last`, one period on; what could not be kept to is left out.
fn after(last: Duration, period: Duration, now: Duration) -> Duration {
    let next = last + period;
    if next > now { next } else { now + period }
}

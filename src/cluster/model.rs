//! The model of KEDA and the HPA next to the real ones: fed by what a cluster shows, it says why the replicas are what they are.

use std::time::Duration;

use super::hpa::LiveHpa;
use super::scaled_object::LiveScaledObject;
use crate::scaler::{
    Controller, Decision, Direction, Limit, NextStep, Reading, Reason, Rhythm, SYNC_PERIOD, Scale, Scaler, Settings,
    Standing,
};

/// Replicas that differ from those of the model for this long are no matter of phase.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Time by which a change may be seen after the sync that made it.
const LATENESS: Duration = Duration::from_secs(2);

/// Time by which a cooldown or a window may seem to be short: clocks differ, and looks at the cluster are seconds apart.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(5);

/// The model, and what it has seen so far.
#[derive(Debug, Clone, Default)]
pub struct LiveModel {
    running: Option<Running>,
}

/// Observation of one moment; times count from 1970.
#[derive(Debug, Clone)]
pub struct Look<'a> {
    /// The moment.
    pub now: Duration,
    /// The ScaledObject.
    pub object: &'a LiveScaledObject,
    /// Its HPA, if there is one yet.
    pub hpa: Option<&'a LiveHpa>,
    /// Settings of both.
    pub settings: Settings,
    /// Values of the triggers.
    pub values: Vec<Option<f64>>,
    /// Replicas of the target.
    pub scale: Scale,
}

/// Reason for the replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasoned {
    /// Controller and reason in words.
    pub reason: String,
    /// The step that is expected next.
    pub next: Option<NextStep>,
}

/// The model of one object with unchanged settings.
#[derive(Debug, Clone)]
struct Running {
    scaler: Scaler,
    standing: Standing,
    /// Memory of the HPA from before this moment is not known.
    since: Duration,
    last: Scale,
    last_active: Option<Duration>,
    next_poll: Duration,
    next_sync: Duration,
    /// Sync at which the HPA has changed the replicas last.
    last_sync: Option<Duration>,
    /// Decision of the model that the cluster does not follow.
    expected: Option<Expected>,
    /// A change that the model would not have made.
    surprise: Option<Surprise>,
}

/// Replicas that the model expects.
#[derive(Debug, Clone, Copy)]
struct Expected {
    by: Controller,
    replicas: u32,
    since: Duration,
}

/// A change of the replicas against the model.
#[derive(Debug, Clone, Copy)]
struct Surprise {
    from: u32,
    to: u32,
    expected: u32,
}

impl LiveModel {
    /// Takes what is seen now, and returns the reason for the replicas.
    pub fn observe(&mut self, look: &Look<'_>) -> Option<Reasoned> {
        let kept = self.running.take().filter(|running| *running.scaler.settings() == look.settings);
        let mut running = kept.unwrap_or_else(|| Running::new(look));
        running.follow(look);
        let reasoned = running.reasoned(look.now);
        self.running = Some(running);
        reasoned
    }

    /// Forgets what it has seen, of an object that is gone.
    pub fn forget(&mut self) {
        self.running = None;
    }
}

impl Running {
    fn new(look: &Look<'_>) -> Self {
        let created = look.object.metadata.created().unwrap_or(look.now);
        Self {
            scaler: Scaler::new(look.settings.clone(), created),
            standing: Standing::default(),
            since: look.now,
            last: look.scale,
            last_active: None,
            next_poll: look.now,
            next_sync: look.now,
            last_sync: None,
            expected: None,
            surprise: None,
        }
    }

    fn follow(&mut self, look: &Look<'_>) {
        let Look { now, object, hpa, scale, .. } = look;
        let (now, scale) = (*now, *scale);
        if let Some(active) = object.last_active().filter(|active| self.last_active != Some(*active)) {
            self.scaler.was_active(active);
            self.last_active = Some(active);
        }
        let scaled = hpa.and_then(LiveHpa::last_scaled);
        let reading = Reading::Read(look.values.clone());
        if scale.spec != self.last.spec {
            self.changed(look, &reading);
        }
        if now >= self.next_poll {
            let decision = self.try_poll(now, scale.spec, &reading);
            self.compare(now, Controller::Keda, scale.spec, &decision);
            self.next_poll = next(self.last_active, self.scaler.settings().poll_period(), now);
        }
        if now >= self.next_sync && hpa.is_some() {
            let decision = self.try_sync(look, scale, &reading);
            self.compare(now, Controller::Hpa, scale.spec, &decision);
            self.next_sync = next(scaled, SYNC_PERIOD, now);
        }
        self.last = scale;
    }

    /// Takes a change of the replicas: a poll or a sync has just been.
    fn changed(&mut self, look: &Look<'_>, reading: &Reading) {
        let Look { now, scale, .. } = *look;
        let (from, to) = (self.last.spec, scale.spec);
        // Objects come on streams of their own: the HPA's own note of its change may come later.
        let by = if from == 0 || to == 0 { Controller::Keda } else { Controller::Hpa };
        let decision = match by {
            Controller::Keda => {
                let decision = self.scaler.poll(now, from, reading);
                match decision.reason {
                    Reason::CoolingDown { remaining, .. } if to == 0 && remaining <= CLOCK_DIFFERENCE => {
                        self.scaler.poll(now + CLOCK_DIFFERENCE * 2, from, reading)
                    }
                    _ => decision,
                }
            }
            Controller::Hpa => {
                let before = self.scaler.clone();
                let now = self.moment_of_sync(now);
                self.last_sync = Some(now);
                let decision = self.sync_before(now, to, reading);
                match remaining(&decision.reason) {
                    Some(remaining) if decision.replicas != to && remaining < CLOCK_DIFFERENCE => {
                        self.scaler = before;
                        self.sync_before(now + CLOCK_DIFFERENCE, to, reading)
                    }
                    _ => decision,
                }
            }
        };
        match by {
            Controller::Keda => self.next_poll = next(self.last_active, self.scaler.settings().poll_period(), now),
            Controller::Hpa => self.next_sync = now + SYNC_PERIOD,
        }
        self.surprise = (decision.replicas != to).then_some(Surprise { from, to, expected: decision.replicas });
        self.expected = None;
        self.standing.decided(now, by, &decision, self.scaler.settings());
    }

    /// Returns when the sync was that is seen now: syncs are whole periods apart, and so are the ends of a policy's periods.
    fn moment_of_sync(&self, now: Duration) -> Duration {
        let period = SYNC_PERIOD.as_nanos();
        let on_time = |last: Duration| {
            let periods = (now.saturating_sub(last) + SYNC_PERIOD / 2).as_nanos() / period;
            last + SYNC_PERIOD * u32::try_from(periods).unwrap_or(u32::MAX)
        };
        self.last_sync.map(on_time).filter(|at| at.abs_diff(now) <= LATENESS).unwrap_or(now)
    }

    /// Runs the sync that has changed the replicas to `to`.
    ///
    /// A window that holds them in the model may have ended for the HPA, whose recommendations from before are not known: if
    /// that explains the change, it has.
    fn sync_before(&mut self, now: Duration, to: u32, reading: &Reading) -> Decision {
        let before = Scale { spec: self.last.spec, ..self.last };
        let decision = self.scaler.sync(now, before, reading);
        let window = window(&decision.reason).filter(|window| now < self.since + *window);
        let Some(window) = window.filter(|_| decision.replicas != to) else { return decision };
        let mut ended = Scaler::new(self.scaler.settings().clone(), self.since);
        if let Some(active) = self.last_active {
            ended.was_active(active);
        }
        ended.sync(now.saturating_sub(window), before, reading);
        let without = ended.sync(now, before, reading);
        if without.replicas != to {
            return decision;
        }
        self.scaler = ended;
        without
    }

    /// Runs a poll, and keeps its state if the cluster has the replicas that it decides.
    fn try_poll(&mut self, now: Duration, spec: u32, reading: &Reading) -> Decision {
        let mut scaler = self.scaler.clone();
        let decision = scaler.poll(now, spec, reading);
        if decision.replicas == spec {
            self.scaler = scaler;
        }
        decision
    }

    /// Runs a sync likewise. What the HPA says of a window that began before counts.
    fn try_sync(&mut self, look: &Look<'_>, scale: Scale, reading: &Reading) -> Decision {
        let mut scaler = self.scaler.clone();
        let decision = scaler.sync(look.now, scale, reading);
        if decision.replicas == scale.spec {
            self.scaler = scaler;
            return decision;
        }
        let stabilized = look.hpa.and_then(|hpa| hpa.condition("AbleToScale"));
        let direction = match stabilized.map(|condition| condition.reason.as_str()) {
            Some("ScaleDownStabilized") => Direction::Down,
            Some("ScaleUpStabilized") => Direction::Up,
            _ => return decision,
        };
        let Reason::Proposed { proposal, from, .. } = decision.reason else { return decision };
        let behavior = self.scaler.settings().behavior.as_ref();
        let window = match direction {
            Direction::Down => behavior.map_or(Duration::from_secs(300), |rules| rules.down.stabilization_window),
            Direction::Up => behavior.map_or(Duration::ZERO, |rules| rules.up.stabilization_window),
        };
        let remaining = (self.since + window).saturating_sub(look.now);
        let limit = Limit::StabilizationWindow { direction, replicas: scale.spec, remaining, window };
        Decision { replicas: scale.spec, reason: Reason::Proposed { proposal, from, limit: Some(limit) } }
    }

    fn compare(&mut self, now: Duration, by: Controller, spec: u32, decision: &Decision) {
        self.standing.decided(now, by, decision, self.scaler.settings());
        let of_other = self.expected.is_some_and(|expected| expected.by != by);
        if decision.replicas == spec {
            if !of_other {
                self.expected = None;
            }
            if by == Controller::Hpa {
                self.surprise = None;
            }
        } else {
            let since = self.expected.filter(|_| !of_other).map_or(now, |expected| expected.since);
            self.expected = Some(Expected { by, replicas: decision.replicas, since });
        }
    }

    fn reasoned(&self, now: Duration) -> Option<Reasoned> {
        let (by, reason) = self.standing.reason()?;
        let mut text = format!("{by}: {reason}");
        if window(reason).is_some_and(|window| now < self.since + window) {
            text.push_str(" at most: recommendations from before this watch are not known");
        }
        let period = self.scaler.settings().poll_period().max(SYNC_PERIOD);
        if let Some(Surprise { from, to, expected }) = self.surprise {
            let said = format!("; {from} → {to} in the cluster, where the model expected {expected}");
            text.push_str(&said);
        } else if let Some(Expected { by, replicas, .. }) =
            self.expected.filter(|expected| now >= expected.since + period + GRACE)
        {
            let said = format!("; the cluster has {}, where the model expects {replicas} by {by}", self.last.spec);
            text.push_str(&said);
        }
        let rhythm = Rhythm {
            next_poll: self.next_poll,
            poll_period: self.scaler.settings().poll_period(),
            next_sync: self.next_sync,
            sync_period: SYNC_PERIOD,
        };
        Some(Reasoned { reason: text, next: self.standing.next(now, &rhythm) })
    }
}

/// Returns the length of the stabilization window that decided.
fn window(reason: &Reason) -> Option<Duration> {
    match reason {
        Reason::Proposed { limit: Some(Limit::StabilizationWindow { window, .. }), .. } => Some(*window),
        _ => None,
    }
}

/// Returns the time for which that window still holds the replicas.
fn remaining(reason: &Reason) -> Option<Duration> {
    match reason {
        Reason::Proposed { limit: Some(Limit::StabilizationWindow { remaining, .. }), .. } => Some(*remaining),
        _ => None,
    }
}

/// Returns the first moment after `now` that is a multiple of `period` after `phase`.
pub(super) fn next(phase: Option<Duration>, period: Duration, now: Duration) -> Duration {
    let Some(phase) = phase.filter(|phase| *phase <= now) else { return now + period };
    let passed = now.saturating_sub(phase).as_nanos() / period.as_nanos().max(1) + 1;
    u32::try_from(passed).map_or(now + period, |passed| phase + period * passed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object() -> LiveScaledObject {
        let object = json!({
            "metadata": { "name": "demo", "creationTimestamp": "1970-01-01T00:00:00Z" },
            "spec": {
                "scaleTargetRef": { "name": "demo" }, "pollingInterval": 5, "cooldownPeriod": 30,
                "triggers": [{ "type": "redis", "metadata": { "listName": "mylist", "listLength": "5" } }],
            },
            "status": { "lastActiveTime": "1970-01-01T00:01:40Z" },
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn window_that_ends_within_seconds_has_ended_for_the_hpa() {
        let object = object();
        let hpa: LiveHpa = serde_json::from_value(json!({
            "metadata": { "name": "keda-hpa-demo" },
            "spec": {
                "scaleTargetRef": { "name": "demo" },
                "behavior": { "scaleDown": { "stabilizationWindowSeconds": 30 } },
            },
        }))
        .unwrap();
        // The window holds the 8 pods of the sync at 120 until 150.
        let scaled_down_at = |second: u64| {
            let mut model = LiveModel::default();
            let mut reason = |second: u64, waiting: f64, pods: u32| {
                let settings = object.settings("mylist", Some(&hpa)).unwrap();
                let seen = Look { hpa: Some(&hpa), settings, ..look(&object, second, waiting, pods) };
                model.observe(&seen).unwrap().reason
            };
            reason(100, 40.0, 8);
            reason(120, 40.0, 8);
            let held = reason(140, 10.0, 8);
            assert!(held.contains("window (30s) holds 8 for another 10s"), "{held}");
            reason(second, 10.0, 2)
        };
        assert_eq!(scaled_down_at(146), "HPA: 10 waiting ÷ 5 per pod = 2 replicas");
        let early = scaled_down_at(142);
        assert!(early.ends_with("8 → 2 in the cluster, where the model expected 8"), "{early}");
    }

    #[test]
    fn period_of_a_policy_ends_at_a_sync_whenever_that_is_seen() {
        let object = object();
        let policies = json!([{ "type": "Pods", "value": 4, "periodSeconds": 15 }]);
        let hpa: LiveHpa = serde_json::from_value(json!({
            "metadata": { "name": "keda-hpa-demo" },
            "spec": {
                "scaleTargetRef": { "name": "demo" },
                "behavior": { "scaleUp": { "stabilizationWindowSeconds": 0, "policies": policies } },
            },
        }))
        .unwrap();
        let mut model = LiveModel::default();
        let mut reason = |second: u64, pods: u32| {
            let settings = object.settings("mylist", Some(&hpa)).unwrap();
            let seen = Look { hpa: Some(&hpa), settings, ..look(&object, second, 200.0, pods) };
            model.observe(&seen).unwrap().reason
        };
        reason(100, 1);
        for (second, pods) in [(101, 5), (115, 9), (131, 13), (145, 17)] {
            let said = reason(second, pods);
            assert!(said.ends_with("scaleUp policy allows +4 pods per 15s"), "{second}: {said}");
        }
    }

    fn look(object: &LiveScaledObject, second: u64, waiting: f64, pods: u32) -> Look<'_> {
        Look {
            now: Duration::from_secs(second),
            object,
            hpa: None,
            settings: object.settings("mylist", None).unwrap(),
            values: vec![Some(waiting)],
            scale: Scale { spec: pods, status: pods, ready: pods },
        }
    }

    #[test]
    fn step_to_zero_has_its_reason_until_keda_polls_again() {
        let (object, mut model) = (object(), LiveModel::default());
        let mut reason = |second, waiting, pods| model.observe(&look(&object, second, waiting, pods)).unwrap().reason;
        assert_eq!(reason(100, 3.0, 1), "KEDA: active: 3 waiting; the HPA decides");
        assert!(reason(125, 0.0, 1).starts_with("KEDA: inactive"));
        for second in 136..=139 {
            assert_eq!(
                reason(second, 0.0, 0),
                "KEDA: inactive for cooldownPeriod (30s): scaled to zero",
                "at {second}"
            );
        }
        assert_eq!(reason(142, 0.0, 0), "KEDA: inactive: no active trigger");
    }
}

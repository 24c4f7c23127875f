//! KEDA's own loop: activation, and scaling to zero.

use std::time::Duration;

use super::count::{Count, Inactivity};
use super::metrics::{Counts, Metric};
use super::reason::{Cooldown, Decision, PausedBy, Reason};
use super::settings::Settings;

/// State between two polls.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Keda {
    created: Duration,
    last_active: Option<Duration>,
}

impl Keda {
    /// The state of an object that is seen for the first time at `created`.
    pub(super) fn new(created: Duration) -> Self {
        Self { created: whole_seconds(created), last_active: None }
    }

    /// Takes the triggers to have been active until `now`.
    pub(super) fn was_active(&mut self, now: Duration) {
        self.last_active = Some(whole_seconds(now));
    }

    /// Runs one poll with `spec.replicas = spec`: `scale_scaledobjects.go::RequestScale`.
    pub(super) fn poll(&mut self, settings: &Settings, spec: u32, counts: &Counts, now: Duration) -> Decision {
        let count = active(settings, counts);
        if count.is_none() && !settings.force_activation {
            return self.inactive(settings, spec, counts, now);
        }
        self.active(settings, spec, count, counts.failed, now)
    }

    /// Decides while a trigger is active, or activation is forced.
    fn active(
        &mut self,
        settings: &Settings,
        spec: u32,
        count: Option<Count>,
        failed: bool,
        now: Duration,
    ) -> Decision {
        let activates = spec == 0 || (settings.idle.is_some() && spec < settings.min);
        if activates && settings.pause.scale_out {
            return Decision { replicas: spec, reason: Reason::Paused(PausedBy::ScaleOut) };
        }
        if failed && !activates {
            return Decision { replicas: spec, reason: Reason::Unreadable };
        }
        self.was_active(now);
        if activates {
            let replicas = settings.min.max(1);
            let reason = count.map_or(Reason::Forced, |count| Reason::Activated { count, replicas });
            return Decision { replicas, reason };
        }
        Decision { replicas: spec, reason: count.map_or(Reason::Forced, Reason::Active) }
    }

    /// Decides while no trigger is known to be active.
    fn inactive(&self, settings: &Settings, spec: u32, counts: &Counts, now: Duration) -> Decision {
        if counts.failed {
            match settings.fallback {
                Some(fallback) if fallback.replicas == 0 => {}
                Some(fallback) => return Decision { replicas: spec, reason: Reason::Fallback(fallback.replicas) },
                None => return Decision { replicas: spec, reason: Reason::Unreadable },
            }
        }
        if settings.idle.is_some_and(|idle| spec > idle) || (spec > 0 && settings.min == 0) {
            return self.cool_down(settings, spec, inactivity(counts), now);
        }
        if settings.idle.is_none() && spec < settings.min {
            return Decision { replicas: settings.min, reason: Reason::BelowMin(settings.min) };
        }
        let inactivity = inactivity(counts);
        let reason = match spec {
            0 => Reason::Inactive(inactivity),
            _ => Reason::AtMin { min: settings.min, inactivity },
        };
        Decision { replicas: spec, reason }
    }

    /// `scale_scaledobjects.go::scaleToZeroOrIdle`: from any number of replicas, once inactive for the cooldown.
    fn cool_down(&self, settings: &Settings, spec: u32, inactivity: Inactivity, now: Duration) -> Decision {
        if settings.pause.scale_in {
            return Decision { replicas: spec, reason: Reason::Paused(PausedBy::ScaleIn) };
        }
        let (since, period) = match self.last_active {
            Some(at) => (at, settings.cooldown),
            None => (self.created, settings.initial_cooldown),
        };
        let replicas = settings.idle.unwrap_or(0);
        let cooldown = Cooldown { period, initial: self.last_active.is_none(), replicas };
        let inactive = now.saturating_sub(since);
        if inactive <= period {
            let remaining = period.saturating_sub(inactive);
            return Decision { replicas: spec, reason: Reason::CoolingDown { cooldown, remaining, inactivity } };
        }
        Decision { replicas, reason: Reason::CooledDown { cooldown, inactivity } }
    }
}

/// Kubernetes keeps times in whole seconds.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// Returns the first active metric: `scale_handler.go::getScaledObjectState`.
fn active(settings: &Settings, counts: &Counts) -> Option<Count> {
    if settings.composite.is_some() && counts.failed {
        return None;
    }
    // A trigger whose value comes from the fallback is active whatever the value; a formula goes by its value.
    let from_fallback = |count: &Count| count.from_fallback && count.counted.is_some();
    counts.metrics.iter().filter_map(Metric::count).find(|count| from_fallback(count) || count.value > count.activation)
}

/// Returns the cause of the inactivity.
fn inactivity(counts: &Counts) -> Inactivity {
    // A formula without a value is an error to KEDA, and counts as inactive.
    if counts.metrics.iter().any(|metric| metric.counted.is_none() && metric.value.is_none()) {
        return Inactivity::NotEvaluated;
    }
    let something = counts.metrics.iter().filter_map(Metric::count).find(|count| count.value != 0.0);
    something.map_or(Inactivity::NoItems, Inactivity::BelowActivation)
}

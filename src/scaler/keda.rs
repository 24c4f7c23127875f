//! KEDA's own loop: from none to the first pod, and from any number to none.

use std::time::Duration;

use super::metrics::{Counts, Metric};
use super::reason::{Count, Decision, PausedBy, Reason};
use super::settings::Settings;

/// What KEDA remembers between two looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Keda {
    created: Duration,
    last_active: Option<Duration>,
}

impl Keda {
    /// KEDA has just seen the object for the first time.
    pub(super) fn new(created: Duration) -> Self {
        Self { created: whole_seconds(created), last_active: None }
    }

    /// There was something to do until `now`.
    pub(super) fn was_active(&mut self, now: Duration) {
        self.last_active = Some(whole_seconds(now));
    }

    /// Looks once, while there shall be `spec` pods: `scale_scaledobjects.go::RequestScale`.
    pub(super) fn poll(&mut self, settings: &Settings, spec: u32, counts: &Counts, now: Duration) -> Decision {
        let count = active(settings, counts);
        if count.is_none() && !settings.force_activation {
            return self.inactive(settings, spec, counts, now);
        }
        self.active(settings, spec, count, counts.failed, now)
    }

    /// There is something to do, or it has to be taken for that.
    fn active(
        &mut self,
        settings: &Settings,
        spec: u32,
        count: Option<Count>,
        failed: bool,
        now: Duration,
    ) -> Decision {
        let wakes = spec == 0 || (settings.idle.is_some() && spec < settings.min);
        if wakes && settings.pause.scale_out {
            return Decision { replicas: spec, reason: Reason::Paused(PausedBy::ScaleOut) };
        }
        if failed && !wakes {
            return Decision { replicas: spec, reason: Reason::Unreadable };
        }
        self.was_active(now);
        if wakes {
            let pods = settings.min.max(1);
            let reason = count.map_or(Reason::Forced, |count| Reason::Activated { count, pods });
            return Decision { replicas: pods, reason };
        }
        Decision { replicas: spec, reason: count.map_or(Reason::Forced, Reason::Active) }
    }

    /// There is nothing to do, as far as can be known.
    fn inactive(&self, settings: &Settings, spec: u32, counts: &Counts, now: Duration) -> Decision {
        if counts.failed {
            match settings.fallback {
                Some(fallback) if fallback.replicas == 0 => {}
                Some(fallback) => return Decision { replicas: spec, reason: Reason::Fallback(fallback.replicas) },
                None => return Decision { replicas: spec, reason: Reason::Unreadable },
            }
        }
        if settings.idle.is_some_and(|idle| spec > idle) || (spec > 0 && settings.min == 0) {
            return self.cool_down(settings, spec, now);
        }
        if settings.idle.is_none() && spec < settings.min {
            return Decision { replicas: settings.min, reason: Reason::Minimum(settings.min) };
        }
        let something = counts.metrics.iter().filter_map(Metric::count).find(|count| count.value > 0.0);
        let reason = match something {
            _ if spec > 0 => Reason::AtMinimum(settings.min),
            Some(count) => Reason::BelowActivation(count),
            None => Reason::Idle,
        };
        Decision { replicas: spec, reason }
    }

    /// `scale_scaledobjects.go::scaleToZeroOrIdle`: from any number, once nothing has been to do for the cooldown.
    fn cool_down(&self, settings: &Settings, spec: u32, now: Duration) -> Decision {
        if settings.pause.scale_in {
            return Decision { replicas: spec, reason: Reason::Paused(PausedBy::ScaleIn) };
        }
        let (since, period) = match self.last_active {
            Some(at) => (at, settings.cooldown),
            None => (self.created, settings.initial_cooldown),
        };
        let idle = now.saturating_sub(since);
        if idle <= period {
            return Decision { replicas: spec, reason: Reason::Cooldown { left: period.saturating_sub(idle), period } };
        }
        Decision { replicas: settings.idle.unwrap_or(0), reason: Reason::CooledDown { idle, period } }
    }
}

/// Kubernetes keeps times in whole seconds.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// The first metric that says there is something to do: `scale_handler.go::getScaledObjectState`.
fn active(settings: &Settings, counts: &Counts) -> Option<Count> {
    if settings.composite.is_some() && counts.failed {
        return None;
    }
    // A trigger that the fallback stands in for is active whatever that counts; a formula goes by its value.
    let stands_in = |count: &Count| count.stands_in && count.counted.is_some();
    counts.metrics.iter().filter_map(Metric::count).find(|count| stands_in(count) || count.value > count.activation)
}

impl Metric {
    fn count(&self) -> Option<Count> {
        let Self { counted, value, stands_in, activation, .. } = *self;
        Some(Count { counted, value: value?, stands_in, activation })
    }
}

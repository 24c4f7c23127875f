//! A ScaledObject over time: KEDA's polls and the HPA's syncs.

use std::time::Duration;

use super::hpa::Hpa;
use super::keda::Keda;
use super::metrics::TriggerState;
use super::observation::{Reading, Scale};
use super::pause::Pause;
use super::reason::{Decision, PausedBy, Reason};
use super::settings::Settings;

/// A ScaledObject under KEDA and its HPA.
#[derive(Debug, Clone)]
pub struct Scaler {
    settings: Settings,
    keda: Keda,
    hpa: Hpa,
    metrics: TriggerState,
}

impl Scaler {
    /// A ScaledObject that KEDA sees for the first time at `created`.
    pub fn new(settings: Settings, created: Duration) -> Self {
        let metrics = TriggerState::new(settings.triggers.len());
        Self { settings, keda: Keda::new(created), hpa: Hpa::default(), metrics }
    }

    /// Returns the settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes the triggers to have been active until `now`, for pods that exist before the first poll.
    pub fn was_active(&mut self, now: Duration) {
        self.keda.was_active(now);
    }

    /// Runs one KEDA poll with `spec.replicas = spec`. Call once per polling interval.
    pub fn poll(&mut self, now: Duration, spec: u32, reading: &Reading) -> Decision {
        if let Some(decision) = paused(&self.settings.pause, spec) {
            // KEDA deletes the HPA meanwhile, and with it all that it remembers.
            self.hpa = Hpa::default();
            return decision;
        }
        let counts = match reading {
            Reading::NotBuilt => return Decision { replicas: spec, reason: Reason::NotBuilt },
            Reading::Read(values) => self.metrics.polled(&self.settings, values, spec),
        };
        self.keda.poll(&self.settings, spec, &counts, now)
    }

    /// Runs one HPA sync. Call once per [`super::SYNC_PERIOD`].
    pub fn sync(&mut self, now: Duration, scale: Scale, reading: &Reading) -> Decision {
        if let Some(decision) = paused(&self.settings.pause, scale.spec) {
            return Decision { replicas: scale.spec, ..decision };
        }
        let Self { settings, hpa, metrics, .. } = self;
        hpa.sync(settings, scale, || metrics.served(settings, reading, scale.spec), now)
    }
}

/// Returns the decision for a paused object: `scale_scaledobjects.go::RequestScale`.
fn paused(pause: &Pause, spec: u32) -> Option<Decision> {
    let (replicas, by) = match pause {
        Pause { replicas: Some(replicas), .. } => (*replicas, PausedBy::Replicas(*replicas)),
        Pause { paused: true, .. } => (spec, PausedBy::Paused),
        _ => return None,
    };
    Some(Decision { replicas, reason: Reason::Paused(by) })
}

//! What KEDA and the HPA do: observations and state in; replicas, next state and the reason out.
//!
//! The rules are those of KEDA 2.20 and Kubernetes 1.36; each function names the one it follows. Times count from any fixed
//! moment whose whole seconds are those of the cluster; nobody here looks at a clock.

mod hpa;
mod job;
mod keda;
mod metrics;
mod reason;
mod settings;

use std::time::Duration;

use self::hpa::Hpa;
pub use self::hpa::{SYNC_PERIOD, Scale};
pub use self::job::{Created, JobSettings, Unfinished, jobs_in_words};
use self::keda::Keda;
use self::metrics::Metrics;
pub use self::reason::{Count, Decision, Limit, Reason, Tolerated, Way, Wish};
pub use self::settings::{Behavior, Composite, Counted, Settings, Trigger, triggers};

/// What came of looking at the triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// KEDA could not even connect: it does nothing at all, and the HPA is told of an error.
    NotBuilt,
    /// What each counted, in their order; `None` for one that could not be read.
    Read(Vec<Option<u64>>),
}

/// A ScaledObject under KEDA and its HPA.
#[derive(Debug, Clone)]
pub struct Scaler {
    settings: Settings,
    keda: Keda,
    hpa: Hpa,
    metrics: Metrics,
}

impl Scaler {
    /// KEDA has just seen the object for the first time.
    pub fn new(settings: Settings, created: Duration) -> Self {
        let metrics = Metrics::new(settings.triggers.len());
        Self { settings, keda: Keda::new(created), hpa: Hpa::default(), metrics }
    }

    /// What it goes by.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// There was something to do until `now`, as KEDA saw it; for pods that are there before anybody looks.
    pub fn was_active(&mut self, now: Duration) {
        self.keda.was_active(now);
    }

    /// KEDA looks, while there shall be `spec` pods. It does once in every `polling`.
    pub fn poll(&mut self, now: Duration, spec: u32, reading: &Reading) -> Decision {
        if let Some(decision) = self.settings.paused(spec) {
            // The HPA is deleted meanwhile, and with it all it remembers.
            self.hpa = Hpa::default();
            return decision;
        }
        let counts = match reading {
            Reading::NotBuilt => return Decision { replicas: spec, reason: Reason::NotBuilt },
            Reading::Read(values) => self.metrics.polled(&self.settings, values, spec),
        };
        self.keda.poll(&self.settings, spec, &counts, now)
    }

    /// The HPA looks. It does once in every [`SYNC_PERIOD`].
    pub fn sync(&mut self, now: Duration, scale: Scale, reading: &Reading) -> Decision {
        if self.settings.paused(scale.spec).is_some() {
            return Decision { replicas: scale.spec, reason: Reason::Paused(None) };
        }
        let Self { settings, hpa, metrics, .. } = self;
        hpa.sync(settings, scale, || metrics.asked(settings, reading, scale.spec), now)
    }
}

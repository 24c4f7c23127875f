//! What KEDA makes of what its triggers say: failures that are put up with, the fallback, the formula.

use super::Reading;
use super::settings::{Counted, Settings, float};
use crate::profile::scale::FallbackBehavior;

/// What KEDA remembers of its triggers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metrics {
    /// How often each has failed in a row, at looks of KEDA and of the HPA.
    failures: Vec<u32>,
    /// What KEDA saw at its last look, if it has looked.
    last: Option<Vec<Option<u64>>>,
}

/// What decisions are made by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    /// What each metric says; of a formula there is one. `None` where there is nothing to go by.
    pub(super) metrics: Vec<Metric>,
    /// Whether a trigger could not be read.
    pub(super) failed: bool,
    /// Whether the fallback stands in for one.
    pub(super) fallback: bool,
}

/// One metric, as the HPA gets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Metric {
    /// What is counted; `None` for a formula.
    pub(super) counted: Option<Counted>,
    /// How much; `None` where it is not known.
    pub(super) value: Option<f64>,
    /// How much asks for one pod.
    pub(super) target: f64,
    /// Up to how much is no activity.
    pub(super) activation: f64,
}

impl Metrics {
    pub(super) fn new(triggers: usize) -> Self {
        Self { failures: vec![0; triggers], last: None }
    }

    /// What KEDA sees at a look of its own.
    pub(super) fn polled(&mut self, settings: &Settings, values: &[Option<u64>], replicas: u32) -> Counts {
        self.last = Some(values.to_vec());
        self.counts(settings, values, replicas)
    }

    /// What the HPA is told: what is there now, or what KEDA saw at its last look; `scale_handler.go::GetScaledObjectMetrics`.
    pub(super) fn asked(&mut self, settings: &Settings, reading: &Reading, replicas: u32) -> Counts {
        match reading {
            Reading::Read(values) => {
                let last = self.last.clone().filter(|_| settings.cached);
                self.counts(settings, last.as_ref().unwrap_or(values), replicas)
            }
            // KEDA answers with an error before it looks at any fallback.
            Reading::NotBuilt => {
                let metrics = metrics(settings, |_, _| None);
                Counts { metrics, failed: true, fallback: false }
            }
        }
    }

    /// `fallback.go::getMetricsWithFallback` for each trigger, then `modifiers/formula.go`.
    fn counts(&mut self, settings: &Settings, values: &[Option<u64>], replicas: u32) -> Counts {
        let mut fallback = false;
        let mut standing_in = Vec::new();
        for (failures, value) in self.failures.iter_mut().zip(values) {
            *failures = if value.is_some() { 0 } else { failures.saturating_add(1) };
            let stands_in = settings.fallback.is_some_and(|table| *failures > table.failure_threshold);
            fallback |= stands_in;
            standing_in.push(stands_in.then(|| settings.fallback_replicas(replicas)).flatten());
        }
        let failed = values.iter().any(Option::is_none);
        let read = |index: usize, target: f64| match values.get(index).copied().flatten() {
            Some(value) => Some(float(value)),
            None => standing_in.get(index).copied().flatten().map(|pods| target * f64::from(pods)),
        };
        let metrics = match &settings.composite {
            None => metrics(settings, read),
            Some(composite) => {
                let name = |name: &str| {
                    let index = settings.triggers.iter().position(|trigger| trigger.counted.name() == name)?;
                    values.get(index).copied().flatten().map(float)
                };
                let whole = standing_in.iter().flatten().next().map(|pods| composite.target * f64::from(*pods));
                let nil = fallback && whole.is_none();
                let value = match whole {
                    Some(value) => Some(value),
                    None if failed && !nil => None,
                    None => composite.formula.value(&name),
                };
                let value = value.or_else(|| {
                    let table = settings.fallback.filter(|_| nil)?;
                    Some(composite.target * f64::from(table.replicas))
                });
                vec![Metric { counted: None, value, target: composite.target, activation: composite.activation }]
            }
        };
        Counts { metrics, failed, fallback }
    }
}

impl Settings {
    /// For how many pods a trigger speaks that cannot be read; `None` where a formula is left to say it.
    fn fallback_replicas(&self, current: u32) -> Option<u32> {
        let table = self.fallback?;
        match table.behavior.unwrap_or_default() {
            FallbackBehavior::Static => Some(table.replicas),
            FallbackBehavior::CurrentReplicas => Some(current),
            FallbackBehavior::CurrentReplicasIfHigher => Some(current.max(table.replicas)),
            FallbackBehavior::CurrentReplicasIfLower => Some(current.min(table.replicas)),
            FallbackBehavior::ScalingModifiers => None,
        }
    }
}

/// The metric of each trigger; `read` knows how much one says, given how much asks for one pod.
fn metrics(settings: &Settings, read: impl Fn(usize, f64) -> Option<f64>) -> Vec<Metric> {
    if let Some(composite) = &settings.composite {
        return vec![Metric { counted: None, value: None, target: composite.target, activation: composite.activation }];
    }
    let triggers = settings.triggers.iter().enumerate();
    triggers
        .map(|(index, trigger)| Metric {
            counted: Some(trigger.counted),
            value: read(index, float(trigger.target)),
            target: float(trigger.target),
            activation: float(trigger.activation),
        })
        .collect()
}

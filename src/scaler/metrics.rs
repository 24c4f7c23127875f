//! State of the triggers, from the triggers' values: failures, the fallback, the formula.

use super::count::Count;
use super::observation::Reading;
use super::settings::Settings;
use super::trigger::{Composite, Counted, MetricType, Trigger};

/// State of the triggers between two reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TriggerState {
    /// Failures in a row of each trigger, at polls and syncs.
    failures: Vec<u32>,
    /// Values of KEDA's last poll, if there was one.
    last: Option<Vec<Option<f64>>>,
}

/// State that decisions are made from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    /// One metric per trigger, or one for the formula.
    pub(super) metrics: Vec<Metric>,
    /// Set if a trigger could not be read, and no fallback applies.
    pub(super) failed: bool,
}

/// One metric, as the HPA gets it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metric {
    /// Subject of the count; `None` for a formula.
    pub(super) counted: Option<Counted>,
    /// Value; `None` if unknown.
    pub(super) value: Option<f64>,
    /// The value comes from the fallback.
    pub(super) from_fallback: bool,
    /// Target value.
    pub(super) target: f64,
    /// Type of the target: in all, or per pod.
    pub(super) target_type: MetricType,
    /// Value that has to be exceeded for activity.
    pub(super) activation: f64,
}

/// Result of reading a trigger.
#[derive(Debug, Clone, Copy, PartialEq)]
enum TriggerResult {
    /// A value.
    Read(f64),
    /// A failure, for which the fallback gives a value.
    Fallback(f64),
    /// A failure that the formula sees as `nil`.
    Nil,
    /// A failure.
    Failed,
}

/// Value that KEDA caches for a trigger that the formula sees as `nil`.
const PLACEHOLDER: f64 = -1.0;

impl TriggerState {
    pub(super) fn new(triggers: usize) -> Self {
        Self { failures: vec![0; triggers], last: None }
    }

    /// Returns the metrics of a poll.
    pub(super) fn polled(&mut self, settings: &Settings, values: &[Option<f64>], replicas: u32) -> Counts {
        let results = self.results(settings, values, replicas);
        let kept = results.iter().map(|result| match result {
            TriggerResult::Read(value) | TriggerResult::Fallback(value) => Some(*value),
            TriggerResult::Nil => Some(PLACEHOLDER),
            TriggerResult::Failed => None,
        });
        self.last = Some(kept.collect());
        counts(settings, &results)
    }

    /// Returns the metrics that the HPA gets: current values, or those of KEDA's last poll; `scale_handler.go::GetScaledObjectMetrics`.
    pub(super) fn served(&mut self, settings: &Settings, reading: &Reading, replicas: u32) -> Counts {
        let results = match reading {
            Reading::Read(values) => {
                let last = self.last.clone().filter(|_| settings.cached);
                let cached = last.as_ref().map(|last| settings.triggers.iter().zip(last.iter().zip(values)));
                // Only the triggers of the list are rendered with `useCachedMetrics`.
                let served = cached.map(|triggers| {
                    let of = |(trigger, (last, value)): (&Trigger, (&Option<f64>, &Option<f64>))| {
                        if trigger.counted.is_of_list() { *last } else { *value }
                    };
                    triggers.map(of).collect::<Vec<_>>()
                });
                self.results(settings, served.as_deref().unwrap_or(values), replicas)
            }
            // KEDA returns an error before it considers a fallback.
            Reading::NotBuilt => vec![TriggerResult::Failed; settings.triggers.len()],
        };
        counts(settings, &results)
    }

    /// Counts failures, and replaces them with the fallback: `fallback.go::GetMetricsWithFallback` for each trigger.
    fn results(&mut self, settings: &Settings, values: &[Option<f64>], replicas: u32) -> Vec<TriggerResult> {
        let triggers = settings.triggers.iter().zip(&mut self.failures);
        let result = |((trigger, failures), value): ((&Trigger, &mut u32), &Option<f64>)| {
            *failures = if value.is_some() { 0 } else { failures.saturating_add(1) };
            let target = settings.composite.as_ref().map_or(trigger.target, |composite| composite.target);
            match (value, settings.fallback) {
                (Some(value), _) => TriggerResult::Read(*value),
                (None, Some(fallback)) if *failures > fallback.failure_threshold => fallback
                    .replicas(replicas)
                    .map_or(TriggerResult::Nil, |pods| TriggerResult::Fallback(target * f64::from(pods))),
                (None, _) => TriggerResult::Failed,
            }
        };
        triggers.zip(values).map(result).collect()
    }
}

/// Returns the metrics: one per trigger, or one for the formula.
fn counts(settings: &Settings, results: &[TriggerResult]) -> Counts {
    let metrics = match &settings.composite {
        Some(composite) => vec![evaluated(settings, composite, results)],
        None => settings.triggers.iter().zip(results).map(|(trigger, result)| of_trigger(trigger, *result)).collect(),
    };
    Counts { metrics, failed: results.contains(&TriggerResult::Failed) }
}

fn of_trigger(trigger: &Trigger, result: TriggerResult) -> Metric {
    let (value, from_fallback) = match result {
        TriggerResult::Read(value) => (Some(value), false),
        TriggerResult::Fallback(value) => (Some(value), true),
        TriggerResult::Nil | TriggerResult::Failed => (None, false),
    };
    let Trigger { counted, target, activation, metric_type, .. } = trigger.clone();
    Metric { counted: Some(counted), value, from_fallback, target, target_type: metric_type, activation }
}

/// Returns the metric of the formula, or its fallback: `modifiers.go::HandleScalingModifiers`.
fn evaluated(settings: &Settings, composite: &Composite, results: &[TriggerResult]) -> Metric {
    let fallback_value = results.iter().find_map(|result| match result {
        TriggerResult::Fallback(value) => Some(*value),
        _ => None,
    });
    let read = |name: &str| {
        let index = settings.triggers.iter().position(|trigger| trigger.counted.name() == name)?;
        match results.get(index) {
            Some(TriggerResult::Read(value)) => Some(*value),
            _ => None,
        }
    };
    let fallback = || Some(composite.target * f64::from(settings.fallback?.replicas));
    let value = match fallback_value {
        Some(value) => Some(value),
        None if results.contains(&TriggerResult::Failed) => None,
        None => composite.formula.value(&read).ok().and_then(|value| value.map(thousandths).or_else(fallback)),
    };
    Metric {
        counted: None,
        value,
        from_fallback: fallback_value.is_some(),
        target: composite.target,
        target_type: MetricType::AverageValue,
        activation: composite.activation,
    }
}

/// Truncates to thousandths, as KEDA does; a value out of range becomes the smallest of all
/// (`formula.go::calculateScalingModifiersFormula`, Go's conversion on amd64).
fn thousandths(value: f64) -> f64 {
    const RANGE: f64 = 9_223_372_036_854_775_808.0;
    let thousandths = (value * 1e3).trunc();
    if (-RANGE..RANGE).contains(&thousandths) { thousandths / 1e3 } else { -RANGE / 1e3 }
}

impl Metric {
    /// Returns the count with a known value.
    pub(super) fn count(&self) -> Option<Count> {
        let Self { counted, value, from_fallback, activation, .. } = self;
        Some(Count {
            counted: counted.clone(),
            value: (*value)?,
            from_fallback: *from_fallback,
            activation: *activation,
        })
    }
}

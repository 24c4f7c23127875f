//! What KEDA makes of what its triggers say: failures that are put up with, the fallback, the formula.

use super::observation::Reading;
use super::settings::Settings;
use super::trigger::{Composite, Counted, Trigger};
use crate::units::float;

/// What KEDA remembers of its triggers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metrics {
    /// How often each has failed in a row, at looks of KEDA and of the HPA.
    failures: Vec<u32>,
    /// What KEDA saw at its last look, if it has looked.
    last: Option<Vec<Option<f64>>>,
}

/// What decisions are made by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counts {
    /// What each metric says; of a formula there is one.
    pub(super) metrics: Vec<Metric>,
    /// Whether a trigger could not be read, and nothing stands in for it.
    pub(super) failed: bool,
}

/// One metric, as the HPA gets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Metric {
    /// What is counted; `None` for a formula.
    pub(super) counted: Option<Counted>,
    /// How much; `None` where it is not known.
    pub(super) value: Option<f64>,
    /// Whether that is the fallback's word, and nobody has counted.
    pub(super) stands_in: bool,
    /// How much asks for one pod.
    pub(super) target: f64,
    /// Up to how much is no activity.
    pub(super) activation: f64,
}

/// What KEDA makes of a trigger.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Answer {
    /// It was read.
    Read(f64),
    /// It was not, and the fallback counts for so much.
    StandsIn(f64),
    /// It was not, and a formula is left to say what counts.
    Nil,
    /// It was not.
    Failed,
}

/// What KEDA keeps of a trigger that a formula is to see as `nil`, for an HPA that is told what was seen before.
const PLACEHOLDER: f64 = -1.0;

impl Metrics {
    pub(super) fn new(triggers: usize) -> Self {
        Self { failures: vec![0; triggers], last: None }
    }

    /// What KEDA sees at a look of its own.
    pub(super) fn polled(&mut self, settings: &Settings, values: &[Option<u64>], replicas: u32) -> Counts {
        let answers = self.answers(settings, &known(values), replicas);
        let kept = answers.iter().map(|answer| match answer {
            Answer::Read(value) | Answer::StandsIn(value) => Some(*value),
            Answer::Nil => Some(PLACEHOLDER),
            Answer::Failed => None,
        });
        self.last = Some(kept.collect());
        counts(settings, &answers)
    }

    /// What the HPA is told: what is there now, or what KEDA saw at its last look; `scale_handler.go::GetScaledObjectMetrics`.
    pub(super) fn served(&mut self, settings: &Settings, reading: &Reading, replicas: u32) -> Counts {
        let answers = match reading {
            Reading::Read(values) => {
                let last = self.last.clone().filter(|_| settings.cached);
                self.answers(settings, &last.unwrap_or_else(|| known(values)), replicas)
            }
            // KEDA answers with an error before it looks at any fallback.
            Reading::NotBuilt => vec![Answer::Failed; settings.triggers.len()],
        };
        counts(settings, &answers)
    }

    /// Counts failures, and puts the fallback in their place: `fallback.go::GetMetricsWithFallback` for each trigger.
    fn answers(&mut self, settings: &Settings, values: &[Option<f64>], replicas: u32) -> Vec<Answer> {
        let triggers = settings.triggers.iter().zip(&mut self.failures);
        let answer = |((trigger, failures), value): ((&Trigger, &mut u32), &Option<f64>)| {
            *failures = if value.is_some() { 0 } else { failures.saturating_add(1) };
            let target = settings.composite.as_ref().map_or(float(trigger.target), |composite| composite.target);
            match (value, settings.fallback) {
                (Some(value), _) => Answer::Read(*value),
                (None, Some(fallback)) if *failures > fallback.failure_threshold => {
                    fallback.replicas(replicas).map_or(Answer::Nil, |pods| Answer::StandsIn(target * f64::from(pods)))
                }
                (None, _) => Answer::Failed,
            }
        };
        triggers.zip(values).map(answer).collect()
    }
}

/// The metrics that come of `answers`: one of each trigger, or the one of the formula.
fn counts(settings: &Settings, answers: &[Answer]) -> Counts {
    let metrics = match &settings.composite {
        Some(composite) => vec![evaluated(settings, composite, answers)],
        None => settings.triggers.iter().zip(answers).map(|(trigger, answer)| of_trigger(trigger, *answer)).collect(),
    };
    Counts { metrics, failed: answers.contains(&Answer::Failed) }
}

fn of_trigger(trigger: &Trigger, answer: Answer) -> Metric {
    let (value, stands_in) = match answer {
        Answer::Read(value) => (Some(value), false),
        Answer::StandsIn(value) => (Some(value), true),
        Answer::Nil | Answer::Failed => (None, false),
    };
    let (target, activation) = (float(trigger.target), float(trigger.activation));
    Metric { counted: Some(trigger.counted), value, stands_in, target, activation }
}

/// `modifiers.go::HandleScalingModifiers`: a fallback in place of all, or the formula.
fn evaluated(settings: &Settings, composite: &Composite, answers: &[Answer]) -> Metric {
    let stand_in = answers.iter().find_map(|answer| match answer {
        Answer::StandsIn(value) => Some(*value),
        _ => None,
    });
    let read = |name: &str| {
        let index = settings.triggers.iter().position(|trigger| trigger.counted.name() == name)?;
        match answers.get(index) {
            Some(Answer::Read(value)) => Some(*value),
            _ => None,
        }
    };
    let fallback = || Some(composite.target * f64::from(settings.fallback?.replicas));
    let value = match stand_in {
        Some(value) => Some(value),
        None if answers.contains(&Answer::Failed) => None,
        None => composite.formula.value(&read).ok().and_then(|value| value.map(thousandths).or_else(fallback)),
    };
    Metric {
        counted: None,
        value,
        stands_in: stand_in.is_some(),
        target: composite.target,
        activation: composite.activation,
    }
}

/// KEDA hands on whole thousandths of what a formula gives, and what is beyond their range as the least of all
/// (`formula.go::calculateScalingModifiersFormula`, Go's conversion on amd64).
fn thousandths(value: f64) -> f64 {
    const RANGE: f64 = 9_223_372_036_854_775_808.0;
    let thousandths = (value * 1e3).trunc();
    if (-RANGE..RANGE).contains(&thousandths) { thousandths / 1e3 } else { -RANGE / 1e3 }
}

fn known(values: &[Option<u64>]) -> Vec<Option<f64>> {
    values.iter().map(|value| value.map(float)).collect()
}

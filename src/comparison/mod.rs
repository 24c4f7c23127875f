//! Comparison of a recording with the model.
//!
//! The model runs at the times of KEDA's polls and the HPA's syncs, with the recorded list and its own replicas. So a
//! divergence comes from a rule or a setting, not from a guessed load. Where a recording has no poll phase or sync phase, it
//! is fitted: the phases for which the replicas agree the longest. KEDA reads between two rows, and so something between
//! them: where that decides, the recording does not tell which decision is right.

mod agreement;
mod clock;
mod fit;
mod jobs;
mod readings;
mod replay;
mod steps;

use std::time::Duration;

use self::agreement::{Recorded, Stretch, stretches};
use self::fit::fitted;
pub use self::jobs::{JobComparison, Poll};
use self::readings::unrecorded;
use self::replay::{Replayed, Start, follow, replay};
use self::steps::pair;
pub use self::steps::{RecordedStep, Step};
use crate::sample::recording::Recording;
use crate::scaler::Settings;

/// Shortest divergence that counts: a shorter one depends on the time of the sample.
const SHORTEST: Duration = Duration::from_secs(3);

/// A period in which the replicas differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// Start.
    pub from: Duration,
    /// End.
    pub until: Duration,
    /// Recorded replicas.
    pub recorded: u32,
    /// Predicted replicas.
    pub predicted: u32,
    /// Reason of the model's last decision before the start.
    pub reason: String,
    /// Reason in the recording, if there is one.
    pub recorded_reason: Option<String>,
    /// Waiting items.
    pub backlog: u64,
}

/// Limits of what a recording can tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// Triggers without a column, and the columns they need; they count as 0.
    pub unrecorded: Vec<(String, String)>,
    /// Usual time between two rows, if it is longer than that between two polls; and that time.
    pub coarse: Option<(Duration, Duration)>,
}

impl Coverage {
    /// Compares the recording with the triggers and the polling interval of `settings`.
    pub fn of(settings: &Settings, recording: &Recording) -> Self {
        let period = settings.polling;
        let coarse = recording.usual_row().filter(|row| *row > period).map(|row| (row, period));
        Self { unrecorded: unrecorded(settings, recording), coarse }
    }
}

/// Prediction and recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Fitted poll phase and sync phase; `None` for one that is recorded.
    pub phases: (Option<Duration>, Option<Duration>),
    /// The object is taken to be new at the start, and never active: fitted as well. Otherwise its pods are taken to have
    /// been active until then, and its HPA to be older than its windows.
    pub new: bool,
    /// Changes of the model.
    pub steps: Vec<Step>,
    /// Recorded changes.
    pub recorded: Vec<RecordedStep>,
    /// Times of polls and syncs that the recording does not decide.
    pub undecided: Vec<Duration>,
    /// Limits of what the recording can tell.
    pub coverage: Coverage,
    /// Divergences of the two.
    pub divergences: Vec<Divergence>,
    /// Share of the time for which they agree, from 0 to 1.
    pub agreement: f64,
    /// Mean difference, in pods.
    pub error: f64,
}

impl Comparison {
    /// Runs the model over the recording, with `settings`.
    pub fn of(settings: &Settings, recording: &Recording) -> Self {
        let start = start(settings, recording);
        let decisions = follow(settings, recording, start);
        let mut recorded: Vec<RecordedStep> = recording
            .samples
            .windows(2)
            .filter(|pair| pair[0].desired != pair[1].desired)
            .map(|pair| RecordedStep {
                at: pair[1].at,
                from: pair[0].desired,
                to: pair[1].desired,
                row: pair[1].at.saturating_sub(pair[0].at),
                predicted: false,
            })
            .collect();
        let changes = decisions.iter().filter(|decided| decided.from != decided.decision.replicas);
        let mut steps: Vec<Step> = changes.map(step).collect();
        pair(&mut steps, &mut recorded);
        let is_at_end = |step: &&mut Step| step.recorded.is_none() && step.at + SHORTEST > recording.span();
        steps.iter_mut().filter(is_at_end).for_each(|step| step.undecided = true);
        let (mut all, mut apart, mut difference) = (Duration::ZERO, Duration::ZERO, 0.0);
        for Stretch { sample, length, predicted, same, .. } in stretches(recording, &decisions) {
            all += length;
            if !same {
                apart += length;
                difference += f64::from(sample.desired.abs_diff(predicted)) * length.as_secs_f64();
            }
        }
        let unknown = |recorded: &[Duration], begin| recorded.is_empty().then_some(begin);
        Self {
            phases: (unknown(&recording.polls, start.phases.0), unknown(&recording.syncs, start.phases.1)),
            new: start.new,
            divergences: divergences(recording, &decisions),
            recorded,
            undecided: decisions.iter().filter(|decided| decided.undecided).map(|decided| decided.at).collect(),
            coverage: Coverage::of(settings, recording),
            agreement: 1.0 - apart.as_secs_f64() / all.as_secs_f64(),
            error: difference / all.as_secs_f64(),
            steps,
        }
    }

    /// Returns the predicted replicas, with the time of each change.
    pub fn predicted(&self, recording: &Recording) -> Vec<(Duration, u64)> {
        let first = recording.samples.first().map_or(0, |sample| sample.desired);
        std::iter::once((Duration::ZERO, first.into()))
            .chain(self.steps.iter().map(|step| (step.at, step.to.into())))
            .collect()
    }
}

/// Returns the starting conditions that fit best; an object that is not new where there is no difference.
fn start(settings: &Settings, recording: &Recording) -> Start {
    let old = fitted(settings, recording, false);
    let recorded = Recorded::of(recording);
    let difference = |start| recorded.difference(&replay(settings, recording, start));
    if difference(old) <= 0.0 {
        return old;
    }
    let new = fitted(settings, recording, true);
    if difference(new) < difference(old) { new } else { old }
}

fn step(decided: &Replayed) -> Step {
    Step {
        at: decided.at,
        by: decided.by,
        from: decided.from,
        to: decided.decision.replicas,
        reason: decided.decision.reason.to_string(),
        undecided: decided.undecided,
        recorded: None,
    }
}

fn divergences(recording: &Recording, decisions: &[Replayed]) -> Vec<Divergence> {
    let mut divergences: Vec<Divergence> = Vec::new();
    for Stretch { sample, length, predicted, decided, same } in stretches(recording, decisions) {
        let (recorded, until) = (sample.desired, sample.at + length);
        match divergences.last_mut() {
            _ if same => {}
            Some(last) if last.until == sample.at && (last.recorded, last.predicted) == (recorded, predicted) => {
                last.until = until;
            }
            _ => divergences.push(Divergence {
                from: sample.at,
                until,
                recorded,
                predicted,
                reason: decided.map_or_else(
                    || "no poll or sync yet".to_owned(),
                    |decided| format!("{}: {}", decided.by, decided.decision.reason),
                ),
                recorded_reason: sample.reason.clone(),
                backlog: sample.backlog,
            }),
        }
    }
    divergences.retain(|divergence| divergence.until.saturating_sub(divergence.from) >= SHORTEST);
    divergences
}

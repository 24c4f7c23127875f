//! Comparison of a recording with the model.
//!
//! The model runs at the times of KEDA's polls and the HPA's syncs, with the recorded list and its own replicas. So a
//! divergence comes from a rule or a setting, not from a guessed load. Where a recording has no poll phase or sync phase, it
//! is fitted: the phases for which the replicas agree the longest.

mod clock;
mod jobs;

use std::time::Duration;

use self::clock::moments;
pub use self::jobs::{JobComparison, Poll};
use crate::sample::recording::{RecordedSample, Recording};
use crate::scaler::{Controller, Reading, SYNC_PERIOD, Scale, Scaler, Settings};

/// Steps between the phases that are tried, first everywhere, then around the best.
const COARSE: Duration = Duration::from_secs(1);
const FINE: Duration = Duration::from_millis(250);

/// Largest number of phases to try of each.
const MOST_TRIED: u32 = 40;

/// Shortest divergence that counts: a shorter one depends on the time of the sample.
const SHORTEST: Duration = Duration::from_secs(3);

/// A decision of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Time since the start of the recording.
    pub at: Duration,
    /// Controller that decides.
    pub by: Controller,
    /// Replicas before.
    pub from: u32,
    /// Replicas after.
    pub to: u32,
    /// Reason, as text.
    pub reason: String,
}

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

/// Prediction and recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Fitted poll phase and sync phase; `None` for one that is recorded.
    pub phases: (Option<Duration>, Option<Duration>),
    /// The object is taken to be new at the start, and never active: fitted as well. Otherwise its pods are taken to have
    /// been active until then.
    pub new: bool,
    /// Changes of the model.
    pub steps: Vec<Step>,
    /// Recorded changes: time, replicas before and after.
    pub recorded: Vec<(Duration, u32, u32)>,
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
        let settings = &recorded_triggers(settings, recording);
        let of = |new| {
            let phases = fitted(settings, recording, new);
            (phases, replay(settings, recording, phases, new))
        };
        let (mut phases, mut replay) = of(false);
        let mut new = false;
        // Without pods it makes no difference.
        if recording.samples.first().is_some_and(|look| look.desired > 0) {
            let (phases_of_new, replay_of_new) = of(true);
            new = difference(recording, &replay_of_new) < difference(recording, &replay);
            if new {
                (phases, replay) = (phases_of_new, replay_of_new);
            }
        }
        let recorded: Vec<_> = recording
            .samples
            .windows(2)
            .filter(|pair| pair[0].desired != pair[1].desired)
            .map(|pair| (pair[1].at, pair[0].desired, pair[1].desired))
            .collect();
        let divergences = divergences(recording, &replay);
        let span = (recording.span() + COARSE).as_secs_f64();
        let apart = stretches(recording, &replay).filter(|stretch| stretch.look.desired != stretch.predicted);
        let apart: Duration = apart.map(|stretch| stretch.length).sum();
        let unknown = |recorded: &[Duration], begin| recorded.is_empty().then_some(begin);
        Self {
            phases: (unknown(&recording.polls, phases.0), unknown(&recording.syncs, phases.1)),
            new,
            divergences,
            recorded,
            agreement: 1.0 - apart.as_secs_f64() / span,
            error: difference(recording, &replay) / span,
            steps: replay.into_iter().filter(|said| said.from != said.to).collect(),
        }
    }

    /// Returns the predicted replicas, with the time of each change.
    pub fn predicted(&self, recording: &Recording) -> Vec<(Duration, u64)> {
        let first = recording.samples.first().map_or(0, |look| look.desired);
        std::iter::once((Duration::ZERO, first.into()))
            .chain(self.steps.iter().map(|step| (step.at, step.to.into())))
            .collect()
    }
}

/// Returns the settings with the recorded triggers only.
fn recorded_triggers(settings: &Settings, recording: &Recording) -> Settings {
    let mut settings = settings.clone();
    if settings.composite.is_none() {
        settings.triggers.retain(|trigger| recording.counted(&recording.samples[0], trigger.counted).is_some());
    }
    settings
}

/// Returns the value of each trigger in a sample; 0 for one that is not recorded, as long as the list can be read.
fn read(settings: &Settings, recording: &Recording, look: &RecordedSample) -> Vec<Option<u64>> {
    let count = |counted| recording.counted(look, counted).unwrap_or(look.readable.then_some(0));
    settings.triggers.iter().map(|trigger| count(trigger.counted)).collect()
}

/// Returns all decisions, changes or not, in order.
fn replay(settings: &Settings, recording: &Recording, (keda, hpa): (Duration, Duration), new: bool) -> Vec<Step> {
    let end = recording.span();
    // An unreachable Redis is one that KEDA cannot connect to.
    let reading = |at: Duration| match recording.near(at) {
        look if look.is_blind() => Reading::NotBuilt,
        look => Reading::Read(read(settings, recording, look)),
    };
    let mut scaler = Scaler::new(settings.clone(), Duration::ZERO);
    let mut spec = recording.samples.first().map_or(0, |look| look.desired);
    if spec > 0 && !new {
        scaler.was_active(Duration::ZERO);
    }
    let polls =
        moments(&recording.polls, keda, settings.poll_period(), end).into_iter().map(|at| (at, Controller::Keda));
    let syncs = moments(&recording.syncs, hpa, SYNC_PERIOD, end).into_iter().map(|at| (at, Controller::Hpa));
    let mut looks: Vec<_> = polls.chain(syncs).collect();
    looks.sort_by_key(|(at, _)| *at);
    let mut said = Vec::new();
    for (at, by) in looks {
        let decision = match by {
            Controller::Keda => scaler.poll(at, spec, &reading(at)),
            Controller::Hpa => scaler.sync(at, Scale { spec, status: spec }, &reading(at)),
        };
        said.push((at, by, spec, decision));
        spec = said.last().map_or(spec, |(.., decision)| decision.replicas);
    }
    said.into_iter()
        .map(|(at, by, from, decision)| Step {
            at,
            by,
            from,
            to: decision.replicas,
            reason: decision.reason.to_string(),
        })
        .collect()
}

/// Returns at most [`MOST_TRIED`] times from `from` to `to`, at least `least` apart.
fn grid(from: Duration, to: Duration, least: Duration) -> impl Iterator<Item = Duration> {
    let step = (to.saturating_sub(from) / MOST_TRIED).max(least);
    std::iter::successors(Some(from), move |at| Some(*at + step)).take_while(move |at| *at < to)
}

/// Returns the phases for which the replicas agree best; the earliest of equal ones.
fn fitted(settings: &Settings, recording: &Recording, new: bool) -> (Duration, Duration) {
    let mut best = (f64::INFINITY, (Duration::ZERO, Duration::ZERO));
    let mut attempt = |phases| {
        let error = difference(recording, &replay(settings, recording, phases, new));
        if error < best.0 {
            best = (error, phases);
        }
        best.1
    };
    // A recorded phase needs no search.
    let periods = (
        if recording.polls.is_empty() { settings.polling } else { FINE },
        if recording.syncs.is_empty() { SYNC_PERIOD } else { FINE },
    );
    let mut found = (Duration::ZERO, Duration::ZERO);
    for keda in grid(Duration::ZERO, periods.0, COARSE) {
        for hpa in grid(Duration::ZERO, periods.1, COARSE) {
            found = attempt((keda, hpa));
        }
    }
    let around = |at: Duration, period: Duration| {
        let step = (period / MOST_TRIED).max(COARSE).min(period);
        grid(at.saturating_sub(step), at + step, FINE)
    };
    for keda in around(found.0, periods.0) {
        for hpa in around(found.1, periods.1) {
            attempt((keda, hpa));
        }
    }
    attempt(found)
}

/// A sample, and the model's last decision before it. A sampled change happened somewhere since the sample before, so the
/// two are compared at samples only.
struct Stretch<'a> {
    look: &'a RecordedSample,
    /// Until the next.
    length: Duration,
    predicted: u32,
    said: Option<&'a Step>,
}

fn stretches<'a>(recording: &'a Recording, said: &'a [Step]) -> impl Iterator<Item = Stretch<'a>> {
    let looks = &recording.samples;
    let first = looks.first().map_or(0, |look| look.desired);
    looks.iter().enumerate().map(move |(index, look)| {
        let said = said[..said.partition_point(|step| step.at <= look.at)].last();
        // The last sample stands for a second as well.
        let length = looks.get(index + 1).map_or(COARSE, |next| next.at.saturating_sub(look.at));
        Stretch { look, length, predicted: said.map_or(first, |step| step.to), said }
    })
}

/// Returns the difference in pods times seconds.
fn difference(recording: &Recording, said: &[Step]) -> f64 {
    let apart = |stretch: Stretch<'_>| {
        f64::from(stretch.look.desired.abs_diff(stretch.predicted)) * stretch.length.as_secs_f64()
    };
    stretches(recording, said).map(apart).sum()
}

fn divergences(recording: &Recording, said: &[Step]) -> Vec<Divergence> {
    let mut divergences: Vec<Divergence> = Vec::new();
    for Stretch { look, length, predicted, said } in stretches(recording, said) {
        let (recorded, until) = (look.desired, look.at + length);
        match divergences.last_mut() {
            _ if recorded == predicted => {}
            Some(last) if last.until == look.at && (last.recorded, last.predicted) == (recorded, predicted) => {
                last.until = until;
            }
            _ => divergences.push(Divergence {
                from: look.at,
                until,
                recorded,
                predicted,
                reason: said.map_or_else(|| "no poll or sync yet".to_owned(), |step| step.reason.clone()),
                recorded_reason: look.reason.clone(),
                backlog: look.backlog,
            }),
        }
    }
    divergences.retain(|divergence| divergence.until.saturating_sub(divergence.from) >= SHORTEST);
    divergences
}

//! Decisions of the model for a recorded list, next to what happened.
//!
//! The model is asked at the times at which KEDA polls and the HPA syncs, with the list as it was recorded and with the count
//! of pods that the model itself has come to. So where the two part, they part by a rule or by a setting, not by a load that
//! was guessed. A recording does not say when in their periods KEDA and the HPA began: both are fitted, so that the counts
//! agree for as long as they can.

mod clock;
mod jobs;

use std::time::Duration;

use self::clock::moments;
pub use self::jobs::{JobComparison, Poll};
use crate::sample::recording::{RecordedSample, Recording};
use crate::scaler::{Controller, Reading, SYNC_PERIOD, Scale, Scaler, Settings};

/// Steps between the phases that are tried, first over all and then around the best.
const COARSE: Duration = Duration::from_secs(1);
const FINE: Duration = Duration::from_millis(250);

/// More begins than these are not tried of either.
const MOST_TRIED: u32 = 40;

/// A shorter difference comes from the times of polls and syncs.
const SHORTEST: Duration = Duration::from_secs(3);

/// A change of the count, as the model has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Since the begin of the recording.
    pub at: Duration,
    /// Whose change it is.
    pub by: Controller,
    /// Desired replicas before and after.
    pub from: u32,
    /// Until the next step.
    pub to: u32,
    /// Why.
    pub reason: String,
}

/// A stretch of time for which the counts differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Parting {
    /// Start of the difference.
    pub from: Duration,
    /// End of the difference.
    pub until: Duration,
    /// Recorded replicas.
    pub recorded: u32,
    /// Replicas by the model.
    pub predicted: u32,
    /// Last reason of the model before the start, with the recorded backlog.
    pub because: String,
    /// Recorded reason, if any.
    pub recorded_because: Option<String>,
    /// Backlog.
    pub backlog: u64,
}

/// Prediction and recording, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Times of the first poll and the first sync; `None` where the recording holds them.
    pub begins: (Option<Duration>, Option<Duration>),
    /// New object without an activation at the start of the recording; fitted as well. Otherwise the pods that are there
    /// count as active until then.
    pub new: bool,
    /// Changes by the model.
    pub steps: Vec<Step>,
    /// Recorded changes: time, replicas before, replicas after.
    pub recorded: Vec<(Duration, u32, u32)>,
    /// Differences between the two.
    pub partings: Vec<Parting>,
    /// The part of the time for which they agree, from 0 to 1.
    pub agreement: f64,
    /// The mean difference, in pods.
    pub error: f64,
}

impl Comparison {
    /// Asks the model what it makes of the recording, with `settings`.
    pub fn of(settings: &Settings, recording: &Recording) -> Self {
        let settings = &told(settings, recording);
        let of = |new| {
            let begins = fitted(settings, recording, new);
            (begins, replay(settings, recording, begins, new))
        };
        let (mut begins, mut replay) = of(false);
        let mut new = false;
        // Without pods it makes no difference.
        if recording.samples.first().is_some_and(|look| look.desired > 0) {
            let (begins_of_new, replay_of_new) = of(true);
            new = difference(recording, &replay_of_new) < difference(recording, &replay);
            if new {
                (begins, replay) = (begins_of_new, replay_of_new);
            }
        }
        let recorded: Vec<_> = recording
            .samples
            .windows(2)
            .filter(|pair| pair[0].desired != pair[1].desired)
            .map(|pair| (pair[1].at, pair[0].desired, pair[1].desired))
            .collect();
        let partings = partings(recording, &replay);
        let span = (recording.span() + COARSE).as_secs_f64();
        let apart = stretches(recording, &replay).filter(|stretch| stretch.look.desired != stretch.predicted);
        let apart: Duration = apart.map(|stretch| stretch.length).sum();
        let unknown = |recorded: &[Duration], begin| recorded.is_empty().then_some(begin);
        Self {
            begins: (unknown(&recording.polls, begins.0), unknown(&recording.syncs, begins.1)),
            new,
            partings,
            recorded,
            agreement: 1.0 - apart.as_secs_f64() / span,
            error: difference(recording, &replay) / span,
            steps: replay.into_iter().filter(|said| said.from != said.to).collect(),
        }
    }

    /// Returns the replicas of the model from each moment on.
    pub fn predicted(&self, recording: &Recording) -> Vec<(Duration, u64)> {
        let first = recording.samples.first().map_or(0, |look| look.desired);
        std::iter::once((Duration::ZERO, first.into()))
            .chain(self.steps.iter().map(|step| (step.at, step.to.into())))
            .collect()
    }
}

/// The triggers that the recording knows the counts of.
fn told(settings: &Settings, recording: &Recording) -> Settings {
    let mut settings = settings.clone();
    if settings.composite.is_none() {
        settings.triggers.retain(|trigger| recording.counted(&recording.samples[0], trigger.counted).is_some());
    }
    settings
}

/// Returns the count of each trigger; zero for what the recording does not hold, as long as the list can be read.
fn read(settings: &Settings, recording: &Recording, look: &RecordedSample) -> Vec<Option<u64>> {
    let count = |counted| recording.counted(look, counted).unwrap_or(look.readable.then_some(0));
    settings.triggers.iter().map(|trigger| count(trigger.counted)).collect()
}

/// All that is said, changes or not: asks KEDA and the HPA at their times, in order.
fn replay(settings: &Settings, recording: &Recording, (keda, hpa): (Duration, Duration), new: bool) -> Vec<Step> {
    let end = recording.span();
    // A Redis that is away is one that KEDA cannot connect to.
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

/// Moments from `from` on and before `to`, `least` apart or more: as many as are worth trying.
fn grid(from: Duration, to: Duration, least: Duration) -> impl Iterator<Item = Duration> {
    let step = (to.saturating_sub(from) / MOST_TRIED).max(least);
    std::iter::successors(Some(from), move |at| Some(*at + step)).take_while(move |at| *at < to)
}

/// The begins for which the counts agree best; of equals the earliest.
fn fitted(settings: &Settings, recording: &Recording, new: bool) -> (Duration, Duration) {
    let mut best = (f64::INFINITY, (Duration::ZERO, Duration::ZERO));
    let mut attempt = |begins| {
        let error = difference(recording, &replay(settings, recording, begins, new));
        if error < best.0 {
            best = (error, begins);
        }
        best.1
    };
    // Nothing is to be found of what is known.
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

/// A sample, and the last reason of the model before it. What a sample shows began at some time since the one before: so the
/// two are compared at looks alone.
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
        // The last holds for a moment as well.
        let length = looks.get(index + 1).map_or(COARSE, |next| next.at.saturating_sub(look.at));
        Stretch { look, length, predicted: said.map_or(first, |step| step.to), said }
    })
}

/// Pods times seconds by which the counts differ.
fn difference(recording: &Recording, said: &[Step]) -> f64 {
    let apart = |stretch: Stretch<'_>| {
        f64::from(stretch.look.desired.abs_diff(stretch.predicted)) * stretch.length.as_secs_f64()
    };
    stretches(recording, said).map(apart).sum()
}

fn partings(recording: &Recording, said: &[Step]) -> Vec<Parting> {
    let mut partings: Vec<Parting> = Vec::new();
    for Stretch { look, length, predicted, said } in stretches(recording, said) {
        let (recorded, until) = (look.desired, look.at + length);
        match partings.last_mut() {
            _ if recorded == predicted => {}
            Some(last) if last.until == look.at && (last.recorded, last.predicted) == (recorded, predicted) => {
                last.until = until;
            }
            _ => partings.push(Parting {
                from: look.at,
                until,
                recorded,
                predicted,
                because: said.map_or_else(|| "no poll or sync yet".to_owned(), |step| step.reason.clone()),
                recorded_because: look.reason.clone(),
                backlog: look.backlog,
            }),
        }
    }
    partings.retain(|parting| parting.until.saturating_sub(parting.from) >= SHORTEST);
    partings
}

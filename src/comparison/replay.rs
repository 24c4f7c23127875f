//! The model at the times of polls and syncs, with the recorded list and its own replicas.

use std::time::Duration;

use super::clock::moments;
use super::readings::{nearest, possible};
use crate::sample::recording::Recording;
use crate::scaler::{Controller, Decision, Reading, SYNC_PERIOD, Scale, Scaler, Settings};

/// Age of an object that is not new: longer than any window and cooldown, in whole seconds.
const AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Starting conditions that a recording does not tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    /// Time of the first poll, and of the first sync.
    pub(super) phases: (Duration, Duration),
    /// The object and its HPA were created at the start.
    pub(super) new: bool,
}

/// A decision of the model, changing or not.
#[derive(Debug, Clone)]
pub(super) struct Replayed {
    pub(super) at: Duration,
    pub(super) by: Controller,
    pub(super) from: u32,
    pub(super) decision: Decision,
    /// The rows before and after decide differently: the one that fits the recording was taken.
    pub(super) undecided: bool,
}

/// Runs the model with the reading nearest to each poll and sync.
pub(super) fn replay(settings: &Settings, recording: &Recording, start: Start) -> Vec<Replayed> {
    run(settings, recording, start, false)
}

/// Runs the model; where the nearest reading does not lead to the recorded replicas, but another possible one does, with
/// that one.
pub(super) fn follow(settings: &Settings, recording: &Recording, start: Start) -> Vec<Replayed> {
    run(settings, recording, start, true)
}

fn run(settings: &Settings, recording: &Recording, start: Start, following: bool) -> Vec<Replayed> {
    let end = recording.span();
    let mut spec = recording.samples.first().map_or(0, |sample| sample.desired);
    let mut scaler = Scaler::new(settings.clone(), if start.new { AGE } else { Duration::ZERO });
    match (start.new, spec) {
        (true, _) => {}
        // The first sync of an HPA counts its replicas as recommended; it was long ago.
        (false, 0) => drop(scaler.sync(Duration::ZERO, Scale::of(spec), &Reading::NotBuilt)),
        (false, _) => scaler.was_active(AGE),
    }
    let (keda, hpa) = start.phases;
    let polls =
        moments(&recording.polls, keda, settings.poll_period(), end).into_iter().map(|at| (at, Controller::Keda));
    let syncs = moments(&recording.syncs, hpa, SYNC_PERIOD, end).into_iter().map(|at| (at, Controller::Hpa));
    let mut times: Vec<_> = polls.chain(syncs).collect();
    times.sort_by_key(|(at, _)| *at);
    let mut decisions = Vec::with_capacity(times.len());
    for (at, by) in times {
        let decide = |scaler: &mut Scaler, reading: &Reading| match by {
            Controller::Keda => scaler.poll(AGE + at, spec, reading),
            Controller::Hpa => scaler.sync(AGE + at, Scale::of(spec), reading),
        };
        let before = following.then(|| scaler.clone());
        let mut decision = decide(&mut scaler, &nearest(settings, recording, at));
        let mut undecided = false;
        if let Some(before) = before
            && let recorded = recording.desired_after(at)
            && !recorded.is_empty()
            && !recorded.contains(&decision.replicas)
        {
            let fits = possible(settings, recording, at).into_iter().find_map(|reading| {
                let mut scaler = before.clone();
                let decision = decide(&mut scaler, &reading);
                recorded.contains(&decision.replicas).then_some((scaler, decision))
            });
            if let Some(fit) = fits {
                (scaler, decision) = fit;
                undecided = true;
            }
        }
        let from = spec;
        spec = decision.replicas;
        decisions.push(Replayed { at, by, from, decision, undecided });
    }
    decisions
}

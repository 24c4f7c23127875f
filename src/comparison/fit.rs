//! Phases of polls and syncs that a recording does not have: those for which the replicas agree the longest.

use std::time::Duration;

use super::agreement::Recorded;
use super::replay::{Start, replay};
use crate::sample::recording::Recording;
use crate::scaler::{SYNC_PERIOD, Settings};

/// Steps between the phases that are tried, first everywhere, then around the best.
const COARSE: Duration = Duration::from_secs(1);
pub(super) const FINE: Duration = Duration::from_millis(250);

/// Largest number of phases to try of each.
const MOST_TRIED: u32 = 40;

/// Duration of the part that phases are fitted to, so that a long recording takes no longer per row than a short one.
const FITTED: Duration = Duration::from_secs(2 * 60 * 60);

/// Time before the first change that belongs to that part.
const BEFORE_CHANGE: Duration = Duration::from_secs(15 * 60);

/// Returns the starting conditions for which the replicas agree best; the earliest of equal phases.
pub(super) fn fitted(settings: &Settings, recording: &Recording, new: bool) -> Start {
    let part = recording.span() > 2 * FITTED;
    // Where the start decides, it belongs to the part.
    let first = recording.first_change().filter(|_| part && !new).unwrap_or_default();
    let from = first.saturating_sub(BEFORE_CHANGE);
    let whole = if part { &recording.part(from, from + FITTED) } else { recording };
    let (keda, hpa) = phases(settings, whole, new);
    let wrapped = |at: Duration, period: Duration| {
        let nanos = (from + at).as_nanos() % period.as_nanos().max(1);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
    };
    let phases =
        if from.is_zero() { (keda, hpa) } else { (wrapped(keda, settings.poll_period()), wrapped(hpa, SYNC_PERIOD)) };
    Start { phases, new }
}

fn phases(settings: &Settings, recording: &Recording, new: bool) -> (Duration, Duration) {
    let recorded = Recorded::of(recording);
    let mut best = (f64::INFINITY, (Duration::ZERO, Duration::ZERO));
    let mut attempt = |phases| {
        let error = recorded.difference(&replay(settings, recording, Start { phases, new }));
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

/// Returns at most [`MOST_TRIED`] times from `from` to `to`, at least `least` apart.
pub(super) fn grid(from: Duration, to: Duration, least: Duration) -> impl Iterator<Item = Duration> {
    let step = (to.saturating_sub(from) / MOST_TRIED).max(least);
    std::iter::successors(Some(from), move |at| Some(*at + step)).take_while(move |at| *at < to)
}

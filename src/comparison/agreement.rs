//! Agreement of recorded and predicted replicas, at the rows of the recording.

use std::time::Duration;

use super::replay::Replayed;
use crate::sample::recording::{RecordedSample, Recording};

/// Time that the last row stands for.
const LAST: Duration = Duration::from_secs(1);

/// Recorded replicas: rows of equal ones in a run.
pub(super) struct Recorded<'a> {
    samples: &'a [RecordedSample],
    /// First row of each run, and its replicas.
    runs: Vec<(usize, u32)>,
}

impl<'a> Recorded<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let samples = &recording.samples[..];
        let changed = |index: &usize| *index == 0 || samples[*index].desired != samples[*index - 1].desired;
        let runs = (0..samples.len()).filter(changed).map(|index| (index, samples[index].desired)).collect();
        Self { samples, runs }
    }

    /// Time from the start to a row, or to the end.
    fn time(&self, row: usize) -> Duration {
        self.samples.get(row).or(self.samples.last()).map_or(Duration::ZERO, |sample| sample.at)
            + if row < self.samples.len() { Duration::ZERO } else { LAST }
    }

    /// Returns the difference in pods times seconds, row by row: a decision counts from the first row after it.
    pub(super) fn difference(&self, decisions: &[Replayed]) -> f64 {
        let first = self.runs.first().map_or(0, |(_, pods)| *pods);
        let changes = decisions.iter().filter(|decided| decided.from != decided.decision.replicas);
        let row_after = |at: Duration| self.samples.partition_point(|sample| sample.at < at);
        let predicted = changes.map(|decided| (row_after(decided.at), decided.decision.replicas));
        let mut predicted = std::iter::once((0, first)).chain(predicted).peekable();
        let mut recorded = self.runs.iter().copied().peekable();
        let (mut row, mut sum, mut pods) = (0, 0.0, (first, first));
        while row < self.samples.len() {
            while let Some((_, next)) = predicted.next_if(|(at, _)| *at <= row) {
                pods.0 = next;
            }
            while let Some((_, next)) = recorded.next_if(|(at, _)| *at <= row) {
                pods.1 = next;
            }
            let next = [predicted.peek().map(|(at, _)| *at), recorded.peek().map(|(at, _)| *at)];
            let next = next.into_iter().flatten().min().unwrap_or(self.samples.len()).min(self.samples.len());
            let length = self.time(next).saturating_sub(self.time(row));
            sum += f64::from(pods.0.abs_diff(pods.1)) * length.as_secs_f64();
            row = next;
        }
        sum
    }
}

/// A row, and the model's last decision before it.
pub(super) struct Stretch<'a> {
    pub(super) sample: &'a RecordedSample,
    /// Until the next.
    pub(super) length: Duration,
    pub(super) predicted: u32,
    pub(super) decided: Option<&'a Replayed>,
    /// The same replicas, at the row or within one row of it: a change that was recorded happened somewhere between two.
    pub(super) same: bool,
}

pub(super) fn stretches<'a>(recording: &'a Recording, decisions: &'a [Replayed]) -> impl Iterator<Item = Stretch<'a>> {
    let samples = &recording.samples;
    let first = samples.first().map_or(0, |sample| sample.desired);
    // Numbers of decisions up to a row, and up to the next.
    let (mut until, mut after) = (0, 0);
    samples.iter().enumerate().map(move |(index, sample)| {
        let count =
            |from: usize, at: Duration| from + decisions[from..].iter().take_while(|decided| decided.at <= at).count();
        let next = samples.get(index + 1);
        let before = until;
        until = count(until, sample.at);
        after = count(after.max(until), next.map_or(sample.at, |next| next.at));
        let replicas = |decisions: &[Replayed]| decisions.last().map_or(first, |decided| decided.decision.replicas);
        let predicted = replicas(&decisions[..until]);
        let same = std::iter::once(replicas(&decisions[..before]))
            .chain(decisions[before..after].iter().map(|decided| decided.decision.replicas))
            .any(|pods| pods == sample.desired);
        // The last row stands for a second as well.
        let length = next.map_or(LAST, |next| next.at.saturating_sub(sample.at));
        Stretch { sample, length, predicted, decided: decisions[..until].last(), same }
    })
}

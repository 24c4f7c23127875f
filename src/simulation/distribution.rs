//! Distribution of many runs: sequences of replicas, and the times of their steps.

use std::collections::HashMap;
use std::time::Duration;

use super::timeline::Run;
use crate::scaler::Controller;

/// Distribution of the results of many runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    /// Number of runs.
    pub runs: usize,
    /// Sequences of replicas, the most frequent first.
    pub sequences: Vec<Sequence>,
    /// Waits: the median of each run.
    pub wait_p50: Quantiles<Duration>,
    /// Waits: the 95th percentile of each run.
    pub wait_p95: Quantiles<Duration>,
    /// Waits: the 99th percentile of each run.
    pub wait_p99: Quantiles<Duration>,
    /// Time until all items were processed, of the runs in which that was reached.
    pub empty_at: Option<Quantiles<Duration>>,
    /// Maximum number of waiting items.
    pub peak_backlog: Quantiles<u64>,
    /// Lifetime of all pods.
    pub pod_seconds: Quantiles<Duration>,
    /// Number of runs with interrupted items.
    pub interrupted: usize,
}

/// A sequence of replicas that runs have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Number of runs.
    pub runs: usize,
    /// Its steps, in order.
    pub steps: Vec<SequenceStep>,
}

/// A step of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceStep {
    /// Controller that decided.
    pub by: Controller,
    /// Replicas before.
    pub from: u32,
    /// Replicas after.
    pub to: u32,
    /// Time since the start, over the runs.
    pub at: Quantiles<Duration>,
}

/// Quantiles of a value over the runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantiles<T> {
    /// 5th percentile.
    pub p5: T,
    /// Median.
    pub p50: T,
    /// 95th percentile.
    pub p95: T,
}

/// Changes that identify a sequence.
type Steps = Vec<(Controller, u32, u32)>;

/// Results of the runs so far.
#[derive(Debug, Default)]
pub struct Runs {
    /// Times of the steps, run by run, for each sequence; with the number of the first run, to keep the order.
    sequences: HashMap<Steps, (usize, Vec<Vec<Duration>>)>,
    waits: [Vec<Duration>; 3],
    empty_at: Vec<Duration>,
    peak_backlog: Vec<u64>,
    pod_time: Vec<Duration>,
    interrupted: usize,
}

impl Runs {
    /// Adds a run.
    pub fn add(&mut self, run: &Run) {
        let number = self.peak_backlog.len();
        let changes = run.changes.iter().filter(|change| change.from != change.to);
        let (steps, times) = changes.map(|change| ((change.by, change.from, change.to), change.at)).unzip();
        self.sequences.entry(steps).or_insert_with(|| (number, Vec::new())).1.push(times);
        let summary = &run.summary;
        for (waits, wait) in self.waits.iter_mut().zip([summary.wait.p50, summary.wait.p95, summary.wait.p99]) {
            waits.push(wait);
        }
        self.empty_at.extend(summary.empty_at);
        self.peak_backlog.push(summary.peak_backlog);
        self.pod_time.push(Duration::try_from_secs_f64(summary.pod_seconds).unwrap_or_default());
        self.interrupted += usize::from(summary.interrupted > 0);
    }

    /// Returns the distribution.
    pub fn distribution(self) -> Distribution {
        let mut sequences: Vec<_> = self.sequences.into_iter().collect();
        sequences.sort_by_key(|(_, (first, runs))| (std::cmp::Reverse(runs.len()), *first));
        let [wait_p50, wait_p95, wait_p99] = self.waits.map(quantiles);
        Distribution {
            runs: self.peak_backlog.len(),
            sequences: sequences.into_iter().map(|(steps, (_, times))| sequence(&steps, &times)).collect(),
            wait_p50,
            wait_p95,
            wait_p99,
            empty_at: (!self.empty_at.is_empty()).then(|| quantiles(self.empty_at)),
            peak_backlog: quantiles(self.peak_backlog),
            pod_seconds: quantiles(self.pod_time),
            interrupted: self.interrupted,
        }
    }
}

fn sequence(steps: &[(Controller, u32, u32)], times: &[Vec<Duration>]) -> Sequence {
    let step = |(index, (by, from, to)): (usize, &(Controller, u32, u32))| SequenceStep {
        by: *by,
        from: *from,
        to: *to,
        at: quantiles(times.iter().map(|run| run[index]).collect()),
    };
    Sequence { runs: times.len(), steps: steps.iter().enumerate().map(step).collect() }
}

/// Returns the quantiles of the nearest rank.
fn quantiles<T: Copy + Default + Ord>(mut values: Vec<T>) -> Quantiles<T> {
    values.sort_unstable();
    let of = |percent: usize| {
        let rank = (values.len() * percent).div_ceil(100).max(1) - 1;
        values.get(rank).copied().unwrap_or_default()
    };
    Quantiles { p5: of(5), p50: of(50), p95: of(95) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        assert_eq!(quantiles((1..=100_u64).rev().collect()), Quantiles { p5: 5, p50: 50, p95: 95 });
        assert_eq!(quantiles(vec![7_u64]), Quantiles { p5: 7, p50: 7, p95: 7 });
        assert_eq!(quantiles(Vec::<u64>::new()), Quantiles::default());
    }
}

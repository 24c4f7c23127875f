//! What consumers have done: counts and times that merge.

use std::ops::AddAssign;
use std::time::Duration;

use crate::units::float;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Items by what became of them, and how long handlers took.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// Taken off the list.
    pub claimed: u64,
    /// Worked, and Redis knows.
    pub acknowledged: u64,
    /// Failed, and to be tried again.
    pub retried: u64,
    /// Given up; with at-most-once delivery, dropped.
    pub dead: u64,
    /// Put back unfinished.
    pub requeued: u64,
    /// Finished after others had been given them: these results do not count.
    pub lease_lost: u64,
    /// How long handlers took, in µs.
    #[serde(skip)]
    times: Histogram<u64>,
}

/// Handler times that as many of a hundred do not exceed, in seconds; `None` when nothing was handled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half of them.
    pub p50: Option<f64>,
    /// Nine of ten.
    pub p90: Option<f64>,
    /// All but one of a hundred.
    pub p99: Option<f64>,
}

impl Tally {
    /// How many items were claimed, and nobody knows yet what became of them; those given back are not told from them.
    pub fn unsettled(&self) -> u64 {
        self.claimed.saturating_sub(self.acknowledged + self.retried + self.dead + self.lease_lost)
    }

    /// Takes note of how long a handler took.
    pub fn handled(&mut self, took: Duration) {
        self.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// How long handlers took.
    pub fn percentiles(&self) -> Percentiles {
        let of = |quantile| {
            let seconds = |micros: u64| float(micros) / 1e6;
            (!self.times.is_empty()).then(|| seconds(self.times.value_at_quantile(quantile)))
        };
        Percentiles { p50: of(0.5), p90: of(0.9), p99: of(0.99) }
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            claimed: 0,
            acknowledged: 0,
            retried: 0,
            dead: 0,
            requeued: 0,
            lease_lost: 0,
            // Three digits, from 1 µs to a day; beyond that a time counts as a day.
            times: Histogram::new_with_bounds(1, 86_400_000_000, 3).unwrap_or_else(|_| unreachable!("1 < a day")),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { claimed, acknowledged, retried, dead, requeued, lease_lost, times } = other;
        self.claimed += claimed;
        self.acknowledged += acknowledged;
        self.retried += retried;
        self.dead += dead;
        self.requeued += requeued;
        self.lease_lost += lease_lost;
        self.times += times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_merge_and_no_time_is_no_percentile() {
        assert_eq!(Tally::default().percentiles().p50, None);
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.handled(Duration::from_secs(1));
        other.handled(Duration::from_secs(3));
        one += other;
        let Percentiles { p50, p99, .. } = one.percentiles();
        assert!(p50.is_some_and(|p50| (p50 - 1.0).abs() < 0.01), "{p50:?}");
        assert!(p99.is_some_and(|p99| (p99 - 3.0).abs() < 0.01), "{p99:?}");
    }
}

//! Counts and durations of consumers, which can be merged.

use std::ops::AddAssign;
use std::time::Duration;

use crate::units::float;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Items by outcome, and handler durations.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// Items claimed.
    pub claimed: u64,
    /// Items processed and acknowledged.
    pub acknowledged: u64,
    /// Items failed, with a retry scheduled.
    pub retried: u64,
    /// Items dead-lettered; with at-most-once delivery, dropped.
    pub dead: u64,
    /// Items that had expired before their handler began: dead-lettered or removed.
    pub expired: u64,
    /// Items put back unfinished.
    pub requeued: u64,
    /// Items finished after their redelivery; these results do not count.
    pub lease_lost: u64,
    /// Dead letters removed, because there were more than the limit, or older ones.
    pub trimmed: u64,
    /// Handler durations, in µs.
    #[serde(skip)]
    times: Histogram<u64>,
}

/// Percentiles of handler durations, in seconds; `None` when nothing was processed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

impl Tally {
    /// Returns the number of claimed items without an outcome.
    pub fn unsettled(&self) -> u64 {
        let processed = self.acknowledged + self.retried + self.dead + self.expired;
        self.claimed.saturating_sub(processed + self.requeued + self.lease_lost)
    }

    /// Records the duration of a handler, for each of `items`.
    pub fn handled(&mut self, took: Duration, items: usize) {
        self.times.saturating_record_n(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), items as u64);
    }

    /// Returns the percentiles of handler durations.
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
            expired: 0,
            requeued: 0,
            lease_lost: 0,
            trimmed: 0,
            // Three significant digits, from 1 µs to a day; longer durations count as a day.
            times: Histogram::new_with_bounds(1, 86_400_000_000, 3).unwrap_or_else(|_| unreachable!("1 < a day")),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, trimmed, times } = other;
        self.claimed += claimed;
        self.acknowledged += acknowledged;
        self.retried += retried;
        self.dead += dead;
        self.expired += expired;
        self.requeued += requeued;
        self.lease_lost += lease_lost;
        self.trimmed += trimmed;
        self.times += times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_cover_merged_tallies() {
        assert_eq!(Tally::default().percentiles().p50, None);
        let (mut one, mut other) = (Tally::default(), Tally::default());
        one.handled(Duration::from_secs(1), 1);
        other.handled(Duration::from_secs(3), 1);
        one += other;
        let Percentiles { p50, p99, .. } = one.percentiles();
        assert!(p50.is_some_and(|p50| (p50 - 1.0).abs() < 0.01), "{p50:?}");
        assert!(p99.is_some_and(|p99| (p99 - 3.0).abs() < 0.01), "{p99:?}");
    }
}

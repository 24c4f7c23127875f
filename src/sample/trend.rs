//! The trend of a backlog: its net rate over the last few observations.

use std::collections::VecDeque;
use std::time::Duration;

use crate::units::float;

/// Minimum time that the rate is taken over, so that batches do not make it jump.
const SHORT: Duration = Duration::from_secs(10);
/// Maximum time that the rate is taken over, as a multiple of the minimum.
const LONG: u32 = 3;
/// Number of changes of the backlog that the rate reaches back to, between the two: a list that changes every few seconds
/// needs more time than one that changes constantly.
const CHANGES: u32 = 5;
/// No rate is taken over less than this: two observations in quick succession would turn a batch into a flood.
const SHORTEST: Duration = Duration::from_millis(900);

/// Recent observations of a backlog, and the rate at which it changes.
///
/// The rate is the slope of a least-squares line through them. LLEN is exact; what the line smooths out are the steps of
/// single batches, and it still has the sign of every backlog that only grows or only shrinks.
#[derive(Debug, Clone)]
pub struct Trend {
    /// Time between two observations.
    every: Duration,
    /// Minimum time that the rate is taken over.
    short: Duration,
    /// Oldest first; `at` counts from any fixed moment.
    points: VecDeque<BacklogAt>,
}

#[derive(Debug, Clone, Copy)]
struct BacklogAt {
    at: Duration,
    backlog: u64,
}

impl Trend {
    /// Creates a trend without observations, for one observation per `every`.
    pub fn new(every: Duration) -> Self {
        Self { every, short: SHORT, points: VecDeque::new() }
    }

    /// Takes the rate over as little as `short`, for loads that last a few seconds.
    #[must_use]
    pub fn over(self, short: Duration) -> Self {
        Self { short, ..self }
    }

    /// Adds an observation made `at` (since any fixed moment, never decreasing), and returns the net rate in items per
    /// second; `None` until there are enough observations.
    ///
    /// Starts anew after a gap, such as an outage of Redis: the course of the backlog in between is unknown.
    pub fn observe(&mut self, at: Duration, backlog: u64) -> Option<f64> {
        let gap = self.points.back().map_or(Duration::ZERO, |last| at.saturating_sub(last.at));
        if gap > self.every.saturating_mul(3).max(self.short / 2) {
            self.points.clear();
        }
        self.points.push_back(BacklogAt { at, backlog });
        let long = (self.short * LONG).max(self.every.saturating_mul(4));
        while self.points.front().is_some_and(|first| at.saturating_sub(first.at) > long) {
            self.points.pop_front();
        }
        self.slope()
    }

    fn slope(&self) -> Option<f64> {
        let recent = self.recent();
        let (first, last) = (self.points.get(recent)?, self.points.back()?);
        if last.at.saturating_sub(first.at) < SHORTEST {
            return None;
        }
        // Relative to the newest, which keeps large numbers exact.
        let points = || {
            self.points.range(recent..).map(|point| {
                let time = -(last.at.saturating_sub(point.at)).as_secs_f64();
                (time, float(point.backlog) - float(last.backlog))
            })
        };
        let count = float((self.points.len() - recent) as u64);
        let (times, backlogs) = points().fold((0.0, 0.0), |(times, backlogs), (t, b)| (times + t, backlogs + b));
        let (time, backlog) = (times / count, backlogs / count);
        let (covariance, variance) = points().fold((0.0, 0.0), |(covariance, variance), (t, b)| {
            ((t - time).mul_add(b - backlog, covariance), (t - time).mul_add(t - time, variance))
        });
        (variance > 0.0).then(|| covariance / variance)
    }

    /// Returns the index of the first point that the rate is taken from.
    fn recent(&self) -> usize {
        let short = self.short.max(self.every.saturating_mul(4));
        let Some(mut newer) = self.points.back().copied() else { return 0 };
        let newest = newer.at;
        let mut changes = 0;
        for (index, point) in self.points.iter().enumerate().rev() {
            changes += u32::from(point.backlog != newer.backlog);
            if newest.saturating_sub(point.at) >= short && changes >= CHANGES {
                return index;
            }
            newer = *point;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds one value per second and returns the last rate.
    fn rate(series: impl IntoIterator<Item = u64>) -> Option<f64> {
        let mut trend = Trend::new(Duration::from_secs(1));
        let mut rate = None;
        for (second, backlog) in (0..).zip(series) {
            rate = trend.observe(Duration::from_secs(second), backlog);
        }
        rate
    }

    #[test]
    fn rate_needs_two_observations() {
        assert_eq!(rate([]), None);
        assert_eq!(rate([1_000]), None);
        assert_eq!(rate([1_000, 990]), Some(-10.0));
    }

    #[test]
    fn rate_smooths_batches() {
        // 50 every two seconds, as the built-in profile does.
        let staircase: Vec<u64> = (0..40).map(|second| second / 2 * 50).collect();
        for seconds in 12..40 {
            let rate = rate(staircase[..seconds].iter().copied()).unwrap();
            assert!((rate - 25.0).abs() < 1.0, "{rate} after {seconds} s");
        }
    }

    #[test]
    fn rate_reaches_back_further_for_a_slow_list() {
        // One item every four seconds.
        let rate = rate((0..60).map(|second| 100 - second / 4)).unwrap();
        assert!((rate + 0.25).abs() < 0.03, "{rate}");
    }

    #[test]
    fn rate_follows_soon_after_a_burst() {
        let series = (0..30).map(|_| 0).chain((0..12).map(|second| 1_000 - 20 * second));
        let rate = rate(series).unwrap();
        assert!((rate + 20.0).abs() < 1.0, "{rate}");
    }

    #[test]
    fn rate_starts_anew_after_a_gap() {
        let mut trend = Trend::new(Duration::from_secs(1));
        for second in 0..20 {
            trend.observe(Duration::from_secs(second), second * 100);
        }
        // Redis was away for ten seconds and came back with an empty list.
        assert_eq!(trend.observe(Duration::from_secs(30), 0), None);
        assert_eq!(trend.observe(Duration::from_secs(31), 7), Some(7.0));
    }

    #[test]
    fn rate_is_known_for_long_intervals() {
        let mut trend = Trend::new(Duration::from_secs(60));
        let rates: Vec<_> = (0..6).map(|n| trend.observe(Duration::from_secs(n * 60), 6_000 - n * 600)).collect();
        assert_eq!(rates[0], None);
        assert!(rates[1..].iter().all(|rate| rate.is_some_and(|rate| (rate + 10.0).abs() < 1e-9)), "{rates:?}");
    }

    proptest! {
        #[test]
        fn rate_of_a_straight_line_is_its_slope(start in 100_000_u64..1_000_000, step in -1_000_i64..1_000, seconds in 2_i64..90) {
            let series = (0..seconds).map(|second| start.saturating_add_signed(step * second));
            let rate = rate(series).unwrap();
            #[allow(clippy::cast_precision_loss)]
            let step = step as f64;
            prop_assert!((rate - step).abs() < 1e-6, "{rate} for {step}");
        }

        #[test]
        fn rate_of_a_shrinking_list_is_never_positive(steps in prop::collection::vec(0_u64..50, 2..80)) {
            let series = steps.iter().scan(10_000_u64, |backlog, step| { *backlog -= step; Some(*backlog) });
            prop_assert!(rate(series).unwrap() <= 1e-9);
        }
    }
}

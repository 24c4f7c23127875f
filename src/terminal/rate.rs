//! Counts and rates as progress shows them.

use std::collections::VecDeque;

use indicatif::HumanCount;

use crate::units::{float, whole};

/// Returns a count with separators, and what is counted.
pub(crate) fn shown_count(count: u64, noun: &str) -> String {
    format!("{} {noun}", HumanCount(count))
}

/// Returns a rate in items/s: with one decimal below 10, as a whole number above.
pub(crate) fn shown_rate(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1} items/s") } else { format!("{} items/s", HumanCount(whole(rate.round()))) }
}

/// Seconds over which a rate is taken.
const SPAN: f64 = 5.0;

/// Minimum time between two observations, in seconds.
const STEP: f64 = 0.2;

/// Number of items and the time of an observation, to derive a rate from.
#[derive(Debug, Clone, Copy)]
struct Observed {
    items: u64,
    /// Seconds since the start of the run.
    seconds: f64,
}

impl Observed {
    /// Returns the rate from `self` to `later`, in items/s.
    fn rate_until(self, later: Self) -> f64 {
        let seconds = later.seconds - self.seconds;
        if seconds > 0.0 { float(later.items.saturating_sub(self.items)) / seconds } else { 0.0 }
    }
}

/// Rate of the last seconds.
#[derive(Debug)]
pub(crate) struct RecentRate(VecDeque<Observed>);

impl Default for RecentRate {
    fn default() -> Self {
        Self(VecDeque::from([Observed { items: 0, seconds: 0.0 }]))
    }
}

impl RecentRate {
    /// Returns the rate in items/s, as `items` are done `seconds` after the start.
    pub(crate) fn observe(&mut self, items: u64, seconds: f64) -> f64 {
        let now = Observed { items, seconds };
        if self.0.back().is_none_or(|last| seconds - last.seconds >= STEP) {
            self.0.push_back(now);
        }
        while self.0.get(1).is_some_and(|second| seconds - second.seconds >= SPAN) {
            self.0.pop_front();
        }
        self.0.front().map_or(0.0, |first| first.rate_until(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_that_of_the_last_seconds() {
        let mut rate = RecentRate::default();
        assert_eq!(
            [(0, 0.0), (4, 0.1), (30, 3.0)].map(|(items, at)| shown_rate(rate.observe(items, at))),
            ["0.0 items/s", "40 items/s", "10 items/s"]
        );
        // 30 items within the first three of ten seconds.
        for second in 4..10 {
            rate.observe(30, f64::from(second));
        }
        assert_eq!(shown_rate(rate.observe(30, 10.0)), "0.0 items/s");
        assert_eq!(shown_rate(rate.observe(12_345_030, 11.0)), "2,469,000 items/s");
    }
}

//! Counts and rates as progress shows them.

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

/// Number of items and the time of an observation, to derive a rate from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    pub(crate) items: u64,
    /// Seconds since the start of the run.
    pub(crate) seconds: f64,
}

impl Observed {
    /// Returns the rate from `self` to `later`, in items/s.
    pub(crate) fn rate_until(self, later: Self) -> f64 {
        let seconds = later.seconds - self.seconds;
        if seconds > 0.0 { float(later.items.saturating_sub(self.items)) / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_items_by_seconds() {
        let rate = |items, seconds| Observed { items: 10, seconds: 1.0 }.rate_until(Observed { items, seconds });
        assert_eq!(
            [rate(10, 1.0), rate(30, 3.0), rate(12, 1.5)].map(shown_rate),
            ["0.0 items/s", "10 items/s", "4.0 items/s"]
        );
        assert_eq!(shown_rate(12_345.6), "12,346 items/s");
    }
}

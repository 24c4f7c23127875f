//! Demand of a load, by formula.

use std::time::Duration;

use super::target_wait::TargetWait;
use crate::units::{float, whole};

/// Largest number of pods that is proposed without a maximum.
pub(super) const MAX_PODS: u32 = 1_000;

/// Time between two syncs of the HPA.
const SYNC: Duration = Duration::from_secs(15);

/// Demand of a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Largest number of items per second over a `window`.
    pub rate: f64,
    /// Length of the window.
    pub window: Duration,
    /// Mean processing time, in seconds.
    pub service: f64,
    /// Longest processing time drawn.
    pub longest: Duration,
    /// Items that a pod processes at a time.
    pub concurrency: u32,
    /// From a pod's creation to its first item.
    pub start: Duration,
    /// Number of items in all.
    pub items: u64,
}

impl Demand {
    /// Returns the largest number of items per second over any `window`; `arrivals` are times with counts, in order.
    pub fn peak_rate(arrivals: &[(Duration, u64)], window: Duration) -> f64 {
        let mut most = 0;
        let mut inside = 0;
        let mut first = 0;
        for (at, count) in arrivals {
            inside += count;
            while arrivals[first].0 + window <= *at {
                inside -= arrivals[first].1;
                first += 1;
            }
            most = most.max(inside);
        }
        float(most) / window.as_secs_f64()
    }

    /// Returns the offered load at the peak, in erlangs: λ·s, the mean number of busy slots.
    pub fn offered(&self) -> f64 {
        self.rate * self.service
    }

    /// Returns the fewest pods that sustain `target`, by Erlang C; `None` above the largest number proposed.
    pub fn pods(&self, target: TargetWait) -> Option<u32> {
        let offered = self.offered();
        let (mut blocked, mut slots) = (1.0, 0_u32);
        loop {
            slots += 1;
            let n = f64::from(slots);
            // Erlang B from one slot to the next: the only form that neither over- nor underflows.
            blocked = offered * blocked / (n + offered * blocked);
            if n > offered {
                let waits = blocked / (1.0 - offered / n * (1.0 - blocked));
                let longer = waits * (-(n - offered) * target.wait.as_secs_f64() / self.service.max(1e-9)).exp();
                if longer <= target.percentile.rest() {
                    return Some(slots.div_ceil(self.concurrency));
                }
            }
            if slots / self.concurrency > MAX_PODS {
                return None;
            }
        }
    }

    /// Returns the longest time until more pods are ready; from zero, a poll comes first.
    pub(super) fn reaction(&self, from_zero: Option<Duration>) -> Duration {
        SYNC + self.start + from_zero.unwrap_or_default()
    }

    /// Returns the most items per pod that keep `target`, at least 1; from zero, with the poll that comes first.
    pub fn allowance(&self, target: TargetWait, from_zero: Option<Duration>) -> u64 {
        let left = target.wait.saturating_sub(self.reaction(from_zero)).as_secs_f64();
        whole(left / self.service.max(1e-9) * f64::from(self.concurrency)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuning::Percentile;

    const TARGET: TargetWait = TargetWait { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        let (start, window) = (Duration::from_secs(2), Duration::from_secs(60));
        Demand { rate, window, service, longest, concurrency: 1, start, items: 1_000 }
    }

    #[test]
    fn fewest_pods_are_those_of_erlang_c() {
        // Erlang C with 10 erlangs: 11 slots P(wait) = 0.682, 13 slots 0.285, 14 slots 0.174 (tables of M/M/c).
        let soon = |millis, percentile| TargetWait { percentile, wait: Duration::from_millis(millis) };
        assert_eq!(demand(10.0, 1.0).pods(soon(1, Percentile::P50)), Some(12));
        assert_eq!(demand(10.0, 1.0).pods(soon(1_000, Percentile::P95)), Some(13));
        assert_eq!(demand(10.0, 1.0).pods(TARGET), Some(11));
        assert_eq!(Demand { concurrency: 4, ..demand(10.0, 1.0) }.pods(TARGET), Some(3));
        assert_eq!(demand(1e6, 60.0).pods(TARGET), None);
    }

    #[test]
    fn peak_rate_is_that_of_the_fullest_window() {
        let seconds =
            |at: &[(u64, u64)]| -> Vec<_> { at.iter().map(|(at, n)| (Duration::from_secs(*at), *n)).collect() };
        let ten = Duration::from_secs(10);
        assert!((Demand::peak_rate(&seconds(&[(0, 5), (9, 5), (10, 20), (40, 3)]), ten) - 2.5).abs() < 1e-9);
        assert!(Demand::peak_rate(&[], ten).abs() < 1e-9);
    }
}

//! What a load asks for, by formula.

use std::time::Duration;

use super::{MOST_PODS, Want};
use crate::units::{float, whole};

/// Time between syncs of the HPA.
const SYNC: Duration = Duration::from_secs(15);

/// Demand of a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Items per second, over the `window` that has the most.
    pub rate: f64,
    /// Over how long that is.
    pub window: Duration,
    /// Seconds of work an item, on average.
    pub service: f64,
    /// The longest work seen.
    pub longest: Duration,
    /// Items that a pod works at a time.
    pub concurrency: u32,
    /// From a pod's creation to its first item.
    pub start: Duration,
    /// Items in all.
    pub items: u64,
}

impl Demand {
    /// The most items a second over any stretch of `window`: `arrivals` are moments with counts, in order.
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

    /// Busy slots on average, at the peak: λ·s, in erlangs.
    pub fn offered(&self) -> f64 {
        self.rate * self.service
    }

    /// Minimum number of running pods that meets `want`, by Erlang C; `None` beyond any real cluster.
    pub fn pods(&self, want: Want) -> Option<u32> {
        let offered = self.offered();
        let (mut blocked, mut slots) = (1.0, 0_u32);
        loop {
            slots += 1;
            let n = f64::from(slots);
            // Erlang B from one slot to the next: the only form that neither over- nor underflows.
            blocked = offered * blocked / (n + offered * blocked);
            if n > offered {
                let waits = blocked / (1.0 - offered / n * (1.0 - blocked));
                let longer = waits * (-(n - offered) * want.wait.as_secs_f64() / self.service.max(1e-9)).exp();
                if longer <= want.percentile.rest() {
                    return Some(slots.div_ceil(self.concurrency));
                }
            }
            if slots / self.concurrency > MOST_PODS {
                return None;
            }
        }
    }

    /// Returns the longest time until more pods run; from zero, a poll comes first.
    pub(super) fn reaction(&self, from_zero: Option<Duration>) -> Duration {
        SYNC + self.start + from_zero.unwrap_or_default()
    }

    /// The most items in front of one pod that leave `want`, where there is time for any; from none, with the poll that
    /// comes first.
    pub fn allowance(&self, want: Want, from_zero: Option<Duration>) -> u64 {
        let left = want.wait.saturating_sub(self.reaction(from_zero)).as_secs_f64();
        whole(left / self.service.max(1e-9) * f64::from(self.concurrency)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuning::Percentile;

    const WANT: Want = Want { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        let (start, window) = (Duration::from_secs(2), Duration::from_secs(60));
        Demand { rate, window, service, longest, concurrency: 1, start, items: 1_000 }
    }

    #[test]
    fn the_fewest_pods_are_those_of_erlang() {
        // Erlang C with 10 erlangs: 11 slots P(wait) = 0.682, 13 slots 0.285, 14 slots 0.174 (tables of M/M/c).
        let soon = |millis, percentile| Want { percentile, wait: Duration::from_millis(millis) };
        assert_eq!(demand(10.0, 1.0).pods(soon(1, Percentile::P50)), Some(12));
        assert_eq!(demand(10.0, 1.0).pods(soon(1_000, Percentile::P95)), Some(13));
        assert_eq!(demand(10.0, 1.0).pods(WANT), Some(11));
        assert_eq!(Demand { concurrency: 4, ..demand(10.0, 1.0) }.pods(WANT), Some(3));
        assert_eq!(demand(1e6, 60.0).pods(WANT), None);
    }

    #[test]
    fn the_peak_is_the_fullest_stretch_of_the_load() {
        let seconds =
            |at: &[(u64, u64)]| -> Vec<_> { at.iter().map(|(at, n)| (Duration::from_secs(*at), *n)).collect() };
        let ten = Duration::from_secs(10);
        assert!((Demand::peak_rate(&seconds(&[(0, 5), (9, 5), (10, 20), (40, 3)]), ten) - 2.5).abs() < 1e-9);
        assert!(Demand::peak_rate(&[], ten).abs() < 1e-9);
    }
}

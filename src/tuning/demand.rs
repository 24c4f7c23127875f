//! Demand of a load, by formula.

use std::time::Duration;

use super::target_wait::TargetWait;
use crate::units::{saturating_u32, whole};

/// Largest number of pods that is proposed without a maximum.
pub(super) const MAX_PODS: u32 = 1_000;

/// Time between two syncs of the HPA.
const SYNC: Duration = Duration::from_secs(15);

/// Demand of a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Sustained number of items per second: the highest level that the load keeps up, or its mean if that is higher.
    pub rate: f64,
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

/// Largest part of the slots that a sustained load may keep busy: beyond it, waits grow with every fluctuation.
const MAX_UTILISATION: f64 = 0.95;

/// Number of bins that a level has to last for.
const BINS_OF_A_LEVEL: usize = 8;

impl Demand {
    /// Returns the highest number of items per second that lasts for several bins in a row; `bins` holds the items of each,
    /// and `width` is their length.
    pub fn level(bins: &[f64], width: Duration) -> f64 {
        let lowest = |level: &[f64]| level.iter().copied().fold(f64::INFINITY, f64::min);
        bins.windows(BINS_OF_A_LEVEL).map(lowest).fold(0.0, f64::max) / width.as_secs_f64().max(1e-9)
    }

    /// Returns the width of the bins for levels that last as long as the target wait, and as several items take.
    pub fn bin(target: TargetWait, service: Duration) -> Duration {
        target.wait.max(service * 4).max(SYNC) / u32::try_from(BINS_OF_A_LEVEL).unwrap_or(1)
    }

    /// Returns the fewest pods that have capacity to spare for the sustained load.
    pub fn stable_pods(&self, concurrency: u32) -> u32 {
        let slots = whole((self.offered() / MAX_UTILISATION - 1e-9).ceil());
        saturating_u32(slots.div_ceil(u64::from(concurrency.max(1)))).max(1)
    }

    /// Returns the offered load, in erlangs: λ·s, the mean number of busy slots.
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
    pub fn allowance(&self, target: TargetWait, concurrency: u32, from_zero: Option<Duration>) -> u64 {
        let left = target.wait.saturating_sub(self.reaction(from_zero)).as_secs_f64();
        whole(left / self.service.max(1e-9) * f64::from(concurrency)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuning::Percentile;

    const TARGET: TargetWait = TargetWait { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        Demand { rate, service, longest, concurrency: 1, start: Duration::from_secs(2), items: 1_000 }
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
    fn level_lasts_for_several_bins() {
        let ten = Duration::from_secs(10);
        let level = |bins: &[f64]| Demand::level(bins, ten);
        // A burst is not sustained, nor is a peak that is shorter than eight bins.
        assert!((level(&[&[500.0][..], &[20.0; 9]].concat()) - 2.0).abs() < 1e-9);
        assert!((level(&[&[10.0; 8][..], &[60.0; 7], &[10.0; 8]].concat()) - 1.0).abs() < 1e-9);
        assert!((level(&[&[10.0; 8][..], &[60.0; 8], &[10.0; 8]].concat()) - 6.0).abs() < 1e-9);
        assert!(level(&[10.0; 7]).abs() < 1e-9);
    }

    #[test]
    fn stable_pods_have_capacity_to_spare() {
        for (rate, service, concurrency, pods) in [
            (0.5, 300.0, 1, 158),
            (4.0, 1.0, 1, 5),
            (1.9, 1.0, 1, 2),
            (2.0, 1.0, 1, 3),
            (4.0, 1.0, 4, 2),
            (0.0, 1.0, 1, 1),
        ] {
            assert_eq!(demand(rate, service).stable_pods(concurrency), pods, "{rate} × {service} ÷ {concurrency}");
        }
    }
}

//! A load that goes on: repeated from its start once it is over.

use std::time::Duration;

use super::load::{Load, Timing};
use super::pattern::Arrival;

/// Distance of the seeds of two rounds: those of neighbouring runs stay apart.
const SEED_STEP: u64 = 1_000_003;

impl Load {
    /// Returns the time after which the load starts again if it goes on, of a load that ends or that `limit` ends; `None`
    /// where all of it comes at once, so that there is nothing to go on.
    pub fn round(&self, limit: Option<Duration>) -> Option<Duration> {
        let timed = match &self.timing {
            Timing::Pattern(pattern) => pattern.length(),
            Timing::Pace(pace) => self.count.map(|count| pace.next_after(count)),
        };
        let counted = self.count.and_then(|_| self.arrivals(0)?.last()).map(|arrival| arrival.at);
        let counted = counted.filter(|_| matches!(self.timing, Timing::Pattern(_)));
        [timed, counted, self.duration, limit].into_iter().flatten().min().filter(|round| !round.is_zero())
    }

    /// Returns when items are due if the load goes on, round after round, without an end; `None` for a load without a rate.
    pub fn continued(&self, round: Duration, seed: u64) -> Option<impl Iterator<Item = Arrival> + use<>> {
        let load = self.clone();
        drop(load.arrivals(seed)?);
        let one = move |number: u32| {
            let seed = seed.wrapping_add(u64::from(number).wrapping_mul(SEED_STEP));
            let begun = round.saturating_mul(number);
            let arrivals = load.arrivals(seed).into_iter().flatten().take_while(move |arrival| arrival.at <= round);
            arrivals.map(move |arrival| Arrival { at: begun + arrival.at, ..arrival })
        };
        Some((0..u32::MAX).flat_map(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Pace;

    fn pattern(text: &str) -> Load {
        Load { timing: Timing::Pattern(text.parse().unwrap()), count: None, duration: None }
    }

    #[test]
    fn continued_load_starts_again() {
        let ms = |load: &Load, limit| {
            let round = load.round(limit).unwrap();
            let arrivals = load.continued(round, 1).unwrap().take(5);
            arrivals.map(|arrival| (arrival.at.as_millis(), arrival.count)).collect::<Vec<_>>()
        };
        let expected = [(500, 1), (1_500, 1), (2_000, 9), (4_500, 1), (5_500, 1)];
        assert_eq!(ms(&pattern("2s@1, burst 9, 2s@0"), None), expected);
        assert_eq!(
            ms(&pattern("1s@1, repeat"), Some(Duration::from_secs(2))),
            [(500, 1), (1_500, 1), (2_500, 1), (3_500, 1), (4_500, 1)]
        );
        let pace = Pace::Batches { batch: 5, every: Duration::from_secs(2) };
        let batches = Load { timing: Timing::Pace(pace), count: Some(10), duration: None };
        assert_eq!(ms(&batches, None), [(0, 5), (2_000, 5), (4_000, 5), (6_000, 5), (8_000, 5)]);
        assert_eq!((pattern("burst 5").round(None), pattern("1s@1, repeat").round(None)), (None, None));
    }
}

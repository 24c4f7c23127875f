//! A whole load: what is due when, and where it ends.

use std::time::Duration;

use super::pace::Pace;
use super::pattern::{Arrival, Pattern};
use crate::units::whole;

/// Items a batch when nothing says otherwise.
pub const USUAL_BATCH: u64 = 50;

/// Times at which items are pushed, and the end of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Times at which items are due.
    pub timing: Timing,
    /// Stop after this many items.
    pub count: Option<u64>,
    /// Stop after this long.
    pub duration: Option<Duration>,
}

/// Times at which items are due.
#[derive(Debug, Clone, PartialEq)]
pub enum Timing {
    /// Always the same.
    Pace(Pace),
    /// Changing.
    Pattern(Pattern),
}

impl Load {
    /// Returns how many items there are in all; `None` when there is no end to them, or only time sets one to what goes
    /// as fast as it can.
    pub fn total(&self, seed: u64) -> Option<u64> {
        [self.count, self.within(seed)].into_iter().flatten().min()
    }

    /// Returns how many items the timing has until its end, or until that of the duration; `None` when it sets no number.
    pub fn within(&self, seed: u64) -> Option<u64> {
        match &self.timing {
            Timing::Pace(pace) => self.duration.and_then(|limit| pace.within(limit)),
            Timing::Pattern(pattern) => pattern.items(self.duration, seed),
        }
    }

    /// Returns about how many items are due before `end`, or in all; `None` when there is no end to them.
    ///
    /// Takes no longer for more items, so that a load can be refused before anything is made of it.
    pub fn estimate(&self, end: Option<Duration>) -> Option<u64> {
        let limit = [self.duration, end].into_iter().flatten().min();
        let timed = match &self.timing {
            Timing::Pace(pace) => limit.and_then(|limit| pace.within(limit)),
            Timing::Pattern(pattern) => pattern.expected(limit).map(|items| whole(items.round())),
        };
        [self.count, timed].into_iter().flatten().min()
    }

    /// Returns when items are due, in order, the same for the same `seed`; `None` for a load that goes as fast as Redis
    /// takes it and has no count, which is not known beforehand.
    pub fn arrivals(&self, seed: u64) -> Option<Box<dyn Iterator<Item = Arrival> + Send>> {
        let mut left = self.total(seed).unwrap_or(u64::MAX);
        let endless = match &self.timing {
            Timing::Pace(Pace::Unpaced) => {
                let count = self.count?;
                Box::new(std::iter::once(Arrival { at: Duration::ZERO, count }))
            }
            timing => timing.arrivals(seed)?,
        };
        Some(Box::new(endless.map_while(move |arrival| {
            let count = arrival.count.min(left);
            left -= count;
            (count > 0).then_some(Arrival { count, ..arrival })
        })))
    }
}

impl Timing {
    /// Returns when items are due, in order, the same for the same `seed`; `None` for what goes as fast as Redis takes it.
    pub fn arrivals(&self, seed: u64) -> Option<Box<dyn Iterator<Item = Arrival> + Send>> {
        match self {
            Self::Pattern(pattern) => Some(Box::new(pattern.arrivals(seed))),
            Self::Pace(Pace::Unpaced) => None,
            Self::Pace(pace) => {
                let pace = *pace;
                let count = if let Pace::Batches { batch, .. } = pace { batch } else { 1 };
                let sent = (0..).map(move |index: u64| index.saturating_mul(count));
                Some(Box::new(sent.map(move |sent| Arrival { at: pace.next_after(sent), count })))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(pace: Pace) -> Load {
        Load { timing: Timing::Pace(pace), count: None, duration: None }
    }

    fn batches(batch: u64) -> Load {
        pace(Pace::Batches { batch, every: Duration::from_secs(2) })
    }

    fn steady(rate: f64) -> Load {
        pace(Pace::Steady { rate })
    }

    fn pattern(text: &str) -> Load {
        Load { timing: Timing::Pattern(text.parse().unwrap()), count: None, duration: None }
    }

    /// Milliseconds and items.
    fn arrivals(load: &Load) -> Vec<(u128, u64)> {
        let arrivals = load.arrivals(1).expect("the load of this test can be foreseen");
        arrivals.take(5).map(|arrival| (arrival.at.as_millis(), arrival.count)).collect()
    }

    #[test]
    fn arrivals_follow_the_load_to_its_end() {
        for (load, expected) in [
            (Load { count: Some(50), ..batches(20) }, vec![(0, 20), (2_000, 20), (4_000, 10)]),
            (Load { duration: Some(Duration::from_secs(3)), ..batches(50) }, vec![(0, 50), (2_000, 50)]),
            (
                Load { duration: Some(Duration::from_secs(2)), ..steady(2.0) },
                vec![(0, 1), (500, 1), (1_000, 1), (1_500, 1)],
            ),
            (Load { count: Some(9), ..pace(Pace::Unpaced) }, vec![(0, 9)]),
            (pattern("2s@1, burst 9"), vec![(500, 1), (1_500, 1), (2_000, 9)]),
            (Load { count: Some(4), ..pattern("2s@1, burst 9") }, vec![(500, 1), (1_500, 1), (2_000, 2)]),
            (Load { duration: Some(Duration::from_secs(1)), ..pattern("2s@1, burst 9") }, vec![(500, 1)]),
            (Load { count: Some(3), ..pattern("1s@1, repeat") }, vec![(500, 1), (1_500, 1), (2_500, 1)]),
        ] {
            assert_eq!(arrivals(&load), expected, "{load:?}");
        }
    }

    #[test]
    fn total_is_known_where_the_load_ends() {
        for (load, total) in [
            (pace(Pace::Unpaced), None),
            (steady(5.0), None),
            (Load { duration: Some(Duration::from_secs(60)), ..pace(Pace::Unpaced) }, None),
            (Load { duration: Some(Duration::from_secs(60)), ..steady(5.0) }, Some(300)),
            (pattern("1m@5"), Some(300)),
            (pattern("1m@5, repeat"), None),
            (Load { duration: Some(Duration::from_secs(120)), ..pattern("1m@5, repeat") }, Some(600)),
        ] {
            assert_eq!(load.total(1), total, "{load:?}");
        }
        assert!(pace(Pace::Unpaced).arrivals(1).is_none());
    }
}

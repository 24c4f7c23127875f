//! A whole load: what is due when, and where it ends.

use std::num::NonZeroU64;
use std::time::Duration;

use super::{Arrival, Pace, Pattern, Rate};
use crate::profile::ProduceTable;

/// Items a batch when nothing says otherwise.
pub const USUAL_BATCH: u64 = 50;

/// What `[produce]` says of when items are put on the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// When items are due.
    pub timing: Timing,
    /// Stop after this many items.
    pub count: Option<u64>,
    /// Stop after this long.
    pub duration: Option<Duration>,
}

/// When items are due.
#[derive(Debug, Clone, PartialEq)]
pub enum Timing {
    /// Always the same.
    Pace(Pace),
    /// Changing.
    Pattern(Pattern),
}

impl Load {
    /// Takes the load from `table`: its pattern, or its rate, or its batches.
    ///
    /// A `pattern-file` is left out: whoever may read files puts what is in it into `pattern`.
    pub fn of(table: &ProduceTable) -> Self {
        let every = table.every.map(|span| span.0).filter(|every| !every.is_zero());
        let timing = match (&table.pattern, table.rate, every) {
            (Some(pattern), _, _) => Timing::Pattern(pattern.clone()),
            (None, Some(Rate::PerSecond(rate)), _) => Timing::Pace(Pace::Steady { rate }),
            (None, None, Some(every)) => {
                let batch = table.batch.map_or(USUAL_BATCH, NonZeroU64::get);
                Timing::Pace(Pace::Batches { batch, every })
            }
            _ => Timing::Pace(Pace::Unpaced),
        };
        Self { timing, count: table.count, duration: table.duration.map(|span| span.0) }
    }

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

    /// Returns when items are due, in order, the same for the same `seed`; `None` for a load that goes as fast as Redis
    /// takes it and has no count, of which nobody knows beforehand.
    pub fn arrivals(&self, seed: u64) -> Option<Box<dyn Iterator<Item = Arrival> + Send>> {
        let mut left = self.total(seed).unwrap_or(u64::MAX);
        let endless: Box<dyn Iterator<Item = Arrival> + Send> = match &self.timing {
            Timing::Pattern(pattern) => Box::new(pattern.arrivals(seed)),
            Timing::Pace(Pace::Unpaced) => {
                let count = self.count?;
                Box::new(std::iter::once(Arrival { at: Duration::ZERO, count }))
            }
            Timing::Pace(pace) => {
                let pace = *pace;
                let count = if let Pace::Batches { batch, .. } = pace { batch } else { 1 };
                let sent = (0..).map(move |index: u64| index.saturating_mul(count));
                Box::new(sent.map(move |sent| Arrival { at: pace.next_after(sent), count }))
            }
        };
        Some(Box::new(endless.map_while(move |arrival| {
            let count = arrival.count.min(left);
            left -= count;
            (count > 0).then_some(Arrival { count, ..arrival })
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn load(produce: &str) -> Load {
        let profile = Profile::parse("q.toml", &format!("[produce]\n{produce}")).expect("the table is right");
        Load::of(&profile.produce)
    }

    /// Milliseconds and items.
    fn arrivals(produce: &str) -> Vec<(u128, u64)> {
        let arrivals = load(produce).arrivals(1).expect("the load of this test can be foreseen");
        arrivals.take(5).map(|arrival| (arrival.at.as_millis(), arrival.count)).collect()
    }

    #[test]
    fn every_load_has_its_arrivals() {
        for (produce, expected) in [
            ("batch = 20\nevery = \"2s\"\ncount = 50", vec![(0, 20), (2_000, 20), (4_000, 10)]),
            ("every = \"2s\"\nduration = \"3s\"", vec![(0, 50), (2_000, 50)]),
            ("rate = 2\nduration = \"2s\"", vec![(0, 1), (500, 1), (1_000, 1), (1_500, 1)]),
            ("rate = \"max\"\ncount = 9", vec![(0, 9)]),
            ("pattern = \"2s@1, burst 9\"", vec![(500, 1), (1_500, 1), (2_000, 9)]),
            ("pattern = \"2s@1, burst 9\"\ncount = 4", vec![(500, 1), (1_500, 1), (2_000, 2)]),
            ("pattern = \"2s@1, burst 9\"\nduration = \"1s\"", vec![(500, 1)]),
            ("pattern = \"1s@1, repeat\"\ncount = 3", vec![(500, 1), (1_500, 1), (2_500, 1)]),
        ] {
            assert_eq!(arrivals(produce), expected, "{produce}");
        }
    }

    #[test]
    fn an_end_is_known_where_there_is_one() {
        for (produce, total) in [
            ("", None),
            ("rate = 5", None),
            ("rate = \"max\"\nduration = \"1m\"", None),
            ("rate = 5\nduration = \"1m\"", Some(300)),
            ("pattern = \"1m@5\"", Some(300)),
            ("pattern = \"1m@5, repeat\"", None),
            ("pattern = \"1m@5, repeat\"\nduration = \"2m\"", Some(600)),
        ] {
            assert_eq!(load(produce).total(1), total, "{produce}");
        }
        assert!(load("rate = \"max\"").arrivals(1).is_none());
    }
}

//! Lateness: time between when items are due and when they are pushed.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Peekable;
use std::time::Duration;

use super::Timing;
use super::pattern::Arrival;
use crate::units::saturating_seconds;

/// Lateness from which an item counts as late.
pub const LATE: Duration = Duration::from_secs(1);

/// Lateness of the items of a [`Timing`], which are pushed in order.
///
/// An item is late from the time at which it was due, not from the time at which it was sent: a producer that waits for Redis
/// sends nothing, and would report no delay at all (coordinated omission).
pub struct Lateness {
    /// Arrivals with items that are not on the list yet; `None` without a pace.
    due: Option<Peekable<Box<dyn Iterator<Item = Arrival> + Send>>>,
    total: u64,
    speed: f64,
    /// Items of the first arrival that are on the list.
    partly: u64,
    /// Items that are on the list.
    pushed: u64,
    /// Items that were held back on purpose: number of the first one, and the time until then.
    held: VecDeque<(u64, Duration)>,
    late: u64,
    longest: Duration,
}

impl Lateness {
    /// Starts with the first of `total` items of `timing`, run `factor` times as fast; the same `seed` is the same times.
    pub fn new(timing: &Timing, total: Option<u64>, seed: u64, factor: f64) -> Self {
        Self {
            due: timing.arrivals(seed).map(Iterator::peekable),
            total: total.unwrap_or(u64::MAX),
            speed: factor,
            partly: 0,
            pushed: 0,
            held: VecDeque::new(),
            late: 0,
            longest: Duration::ZERO,
        }
    }

    /// Returns true if items have a time at which they are due.
    pub fn is_known(&self) -> bool {
        self.due.is_some()
    }

    /// Notes that the items after the first `sent` could not be sent before `now`, and that Redis was not the reason: the
    /// input had none, or the backlog was too long.
    pub fn hold(&mut self, sent: u64, now: Duration) {
        if !self.is_known() {
            return;
        }
        if self.held.back().is_some_and(|(first, _)| *first == sent) {
            self.held.pop_back();
        }
        self.held.push_back((sent, now));
    }

    /// Counts the next `items` as pushed at `now`.
    pub fn push(&mut self, items: u64, now: Duration) {
        let mut left = items;
        while left > 0 {
            let Some((due, count)) = self.next() else { return };
            let pushed = count.min(left);
            let late = now.saturating_sub(due);
            self.longest = self.longest.max(late);
            if late >= LATE {
                self.late += pushed;
            }
            self.pushed += pushed;
            self.partly += pushed;
            left -= pushed;
            if pushed == count {
                self.partly = 0;
                self.due.as_mut().and_then(Iterator::next);
            }
        }
    }

    /// Returns for how long, at `now`, the first item that is not on the list has been due.
    pub fn at(&mut self, now: Duration) -> Duration {
        self.next().map_or(Duration::ZERO, |(due, _)| now.saturating_sub(due))
    }

    /// Number of items that were pushed at least [`LATE`] after they were due.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Longest lateness of a pushed item.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Returns when the next item is due, and how many are due with it.
    fn next(&mut self) -> Option<(Duration, u64)> {
        let arrival = self.due.as_mut().filter(|_| self.pushed < self.total)?.peek()?;
        let due = saturating_seconds(arrival.at.as_secs_f64() / self.speed);
        while self.held.get(1).is_some_and(|(first, _)| *first <= self.pushed) {
            self.held.pop_front();
        }
        let held = self.held.front().filter(|(first, _)| *first <= self.pushed).map_or(Duration::ZERO, |held| held.1);
        Some((due.max(held), arrival.count - self.partly))
    }
}

impl fmt::Debug for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lateness").field("late", &self.late).field("longest", &self.longest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Pace;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn lateness_counts_from_when_items_were_due() {
        // Redis does not answer from 3.0 s to 7.0 s.
        let mut lateness = Lateness::new(&Timing::Pace(Pace::Steady { rate: 100.0 }), Some(702), 1, 1.0);
        (0..=300).for_each(|item| lateness.push(1, ms(item * 10)));
        assert_eq!((lateness.at(ms(3_005)), lateness.at(ms(7_000))), (ms(0), ms(3_990)));
        lateness.push(400, ms(7_000));
        // Those due from 3.01 s to 6.00 s.
        assert_eq!((lateness.late(), lateness.longest()), (300, ms(3_990)));
        lateness.push(1, ms(7_011));
        assert_eq!((lateness.late(), lateness.at(ms(7_015))), (300, ms(0)));
        assert_eq!(lateness.at(ms(60_000)), ms(0), "all are pushed");
    }

    #[test]
    fn lateness_of_batches_and_patterns_follows_their_speed() {
        let every = Timing::Pace(Pace::Batches { batch: 50, every: ms(2_000) });
        let mut lateness = Lateness::new(&every, None, 1, 2.0);
        lateness.push(70, ms(1_500));
        assert_eq!((lateness.at(ms(1_500)), lateness.late(), lateness.longest()), (ms(500), 50, ms(1_500)));
        let mut lateness = Lateness::new(&Timing::Pattern("1s@1, burst 3".parse().unwrap()), None, 1, 1.0);
        assert_eq!(lateness.at(ms(400)), ms(0));
        lateness.push(2, ms(2_100));
        assert_eq!((lateness.late(), lateness.longest(), lateness.at(ms(2_100))), (2, ms(1_600), ms(1_100)));
        lateness.push(2, ms(2_200));
        assert_eq!(lateness.at(ms(90_000)), ms(0), "nothing is left");
    }

    #[test]
    fn lateness_leaves_out_what_was_held_back() {
        let mut lateness = Lateness::new(&Timing::Pace(Pace::Steady { rate: 1.0 }), None, 1, 1.0);
        // One item is without an answer while the input has nothing.
        lateness.hold(1, ms(5_000));
        lateness.hold(1, ms(9_000));
        lateness.push(1, ms(2_000));
        assert_eq!((lateness.longest(), lateness.at(ms(9_500))), (ms(2_000), ms(500)));
        lateness.push(3, ms(9_500));
        assert_eq!((lateness.late(), lateness.longest()), (1, ms(2_000)));
    }

    #[test]
    fn lateness_is_unknown_without_a_pace() {
        let mut lateness = Lateness::new(&Timing::Pace(Pace::Unpaced), None, 1, 1.0);
        lateness.push(9, ms(60_000));
        assert!(!lateness.is_known());
        assert_eq!((lateness.at(ms(60_000)), lateness.late()), (ms(0), 0));
    }
}

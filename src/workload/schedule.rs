//! What is due now, and when the next item is, for who keeps up with a load as time goes by.

use std::iter::Peekable;
use std::time::Duration;

use super::pattern::Arrivals;
use super::{Pace, Timing};
use crate::units::saturating_seconds;

/// Arrivals that one call goes through, more than a batch has items.
const MAX_ARRIVALS: usize = 100_000;

/// A [`Timing`] that is gone through.
///
/// All times count from the start, and not from the last call: a late call does not lower the rate, what it missed is due
/// at once.
#[derive(Debug)]
pub struct Schedule {
    kind: ScheduleKind,
    /// Speed, as a multiple of the timing.
    speed: f64,
}

#[derive(Debug)]
enum ScheduleKind {
    Pace(Pace),
    Pattern {
        ahead: Box<Peekable<Arrivals>>,
        /// Items that `ahead` has given.
        due: u64,
    },
}

impl Schedule {
    /// Starts at the beginning; the same `seed` is the same times.
    pub fn new(timing: &Timing, seed: u64) -> Self {
        let kind = match timing {
            Timing::Pace(pace) => ScheduleKind::Pace(*pace),
            Timing::Pattern(pattern) => {
                ScheduleKind::Pattern { ahead: Box::new(pattern.arrivals(seed).peekable()), due: 0 }
            }
        };
        Self { kind, speed: 1.0 }
    }

    /// Goes through it `speed` times as fast.
    #[must_use]
    pub fn faster(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// Returns how many items are due in total, `elapsed` after the start; never asked for an earlier time than before.
    ///
    /// Of a pattern, some remain for the next call where very many are due at once: the caller must not wait for the count.
    pub fn due(&mut self, elapsed: Duration) -> u64 {
        let elapsed = saturating_seconds(elapsed.as_secs_f64() * self.speed);
        match &mut self.kind {
            ScheduleKind::Pace(pace) => pace.due(elapsed),
            ScheduleKind::Pattern { ahead, due } => {
                for _ in 0..MAX_ARRIVALS {
                    let Some(arrival) = ahead.next_if(|arrival| arrival.at <= elapsed) else { break };
                    *due = due.saturating_add(arrival.count);
                }
                *due
            }
        }
    }

    /// Returns when, after the start, the item after the first `sent` is due, or zero when it was due already at the
    /// previous call; `None` when there is none.
    pub fn next_after(&mut self, sent: u64) -> Option<Duration> {
        let next = match &mut self.kind {
            ScheduleKind::Pace(pace) => Some(pace.next_after(sent)),
            ScheduleKind::Pattern { due, .. } if sent < *due => Some(Duration::ZERO),
            ScheduleKind::Pattern { ahead, .. } => ahead.peek().map(|arrival| arrival.at),
        };
        let slowed = |next: Duration| saturating_seconds(next.as_secs_f64() / self.speed);
        next.map(slowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_returns_all_due_items_when_asked_late() {
        let mut schedule = Schedule::new(&Timing::Pattern("1s@4, burst 10".parse().unwrap()), 0);
        let ms = Duration::from_millis;
        assert_eq!(schedule.next_after(0), Some(ms(125)));
        assert_eq!((schedule.due(ms(124)), schedule.due(ms(125)), schedule.due(ms(800))), (0, 1, 3));
        assert_eq!((schedule.next_after(1), schedule.next_after(3)), (Some(ms(0)), Some(ms(875))));
        assert_eq!((schedule.due(ms(60_000)), schedule.next_after(14)), (14, None));
    }

    #[test]
    fn schedule_counts_a_flood_of_items_in_parts() {
        let mut schedule = Schedule::new(&Timing::Pattern("1h@1000000000".parse().unwrap()), 0);
        let hour = Duration::from_secs(3_600);
        assert_eq!((schedule.due(hour), schedule.due(hour)), (100_000, 200_000));
        assert_eq!(schedule.next_after(100_001), Some(Duration::ZERO));
    }

    #[test]
    fn twice_as_fast_is_due_in_half_the_time() {
        let mut schedule = Schedule::new(&Timing::Pattern("1s@4, burst 10".parse().unwrap()), 0).faster(2.0);
        let ms = Duration::from_millis;
        assert_eq!((schedule.due(ms(62)), schedule.due(ms(63)), schedule.due(ms(500))), (0, 1, 14));
        let mut batches = Schedule::new(&Timing::Pace(Pace::Batches { batch: 5, every: ms(2_000) }), 0).faster(20.0);
        assert_eq!((batches.due(ms(99)), batches.due(ms(100)), batches.next_after(10)), (5, 10, Some(ms(200))));
    }
}

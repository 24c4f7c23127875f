//! Jumps of the clock of Redis, which decides leases and due times.

use std::time::{Duration, Instant};

use crate::units::millis;

/// Difference between the clock of Redis and the time that has passed here up to which nothing is said.
const SLACK: Duration = Duration::from_secs(1);

/// The clock of Redis as its replies tell it.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// The last reply: when it was asked for and received here, and the time of Redis in it (ms).
    last: Option<(Instant, Instant, u64)>,
}

impl ServerClock {
    /// Records the time of Redis `now` (ms) in a reply that was asked for at `sent` and arrived at `received`; returns true if
    /// its clock has jumped since the last reply.
    pub(super) fn observe(&mut self, sent: Instant, received: Instant, now: u64) -> bool {
        let Some((last_sent, last_received, then)) = self.last.replace((sent, received, now)) else { return false };
        // The script ran at some moment between question and reply.
        let shortest = sent.saturating_duration_since(last_received).saturating_sub(SLACK);
        let longest = received.saturating_duration_since(last_sent) + SLACK;
        let passes = match now.checked_sub(then) {
            Some(passed) => (shortest..=longest).contains(&Duration::from_millis(passed)),
            None => shortest.is_zero() && then - now <= millis(SLACK),
        };
        !passes
    }

    /// Estimates the time of Redis (ms); 0 before the first reply.
    pub(super) fn now(&self) -> u64 {
        self.last.map_or(0, |(_, received, then)| then.saturating_add(millis(received.elapsed())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000;

    /// Observes replies: seconds until each was asked for and received here, and the seconds of Redis.
    fn jumps<const N: usize>(replies: [(f64, f64, f64); N]) -> [bool; N] {
        let (mut clock, begin) = (ServerClock::default(), Instant::now());
        replies.map(|(sent, received, now)| {
            let at = |seconds| begin + Duration::from_secs_f64(seconds);
            let now = Duration::from_secs_f64(now);
            clock.observe(at(sent), at(received), START + millis(now))
        })
    }

    #[test]
    fn clock_that_runs_with_ours_has_not_jumped() {
        assert_eq!(jumps([(0.0, 0.1, 0.05), (10.0, 10.1, 10.0), (10.1, 10.1, 9.9), (20.0, 20.1, 20.5)]), [false; 4]);
    }

    #[test]
    fn slow_reply_is_not_a_jump() {
        assert_eq!(jumps([(0.0, 9.0, 0.0), (9.0, 9.1, 9.0), (9.1, 30.0, 29.9), (30.0, 30.1, 30.0)]), [false; 4]);
    }

    #[test]
    fn clock_set_forward_or_back_has_jumped_once() {
        assert_eq!(jumps([(0.0, 0.1, 5000.0), (1.0, 1.1, 8601.0), (2.0, 2.1, 8602.0)]), [false, true, false]);
        assert_eq!(jumps([(0.0, 0.1, 5000.0), (1.0, 1.1, 1401.0), (2.0, 2.1, 1402.0)]), [false, true, false]);
        assert_eq!(jumps([(0.0, 0.1, 5000.0), (9.0, 9.1, 5001.0)]), [false, true]);
    }
}

//! Retry policy: exponential backoff with jitter, bounded by attempts and age.

use std::time::Duration;

use super::history::History;

/// Retry policy of a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Failed attempts after which an item is dead-lettered.
    pub max_attempts: u32,
    /// Delay after the first failed attempt; it doubles with each further one.
    pub first: Duration,
    /// Longest delay.
    pub longest: Duration,
    /// Time since the first failure after which a retry that spends no attempt is refused.
    pub max_age: Duration,
}

/// Decision on an item that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Retry after this delay.
    Retry(Duration),
    /// Dead-letter the item.
    DeadLetter,
}

impl RetryPolicy {
    /// Default policy: 3 attempts, delays from 1 s to 5 min, retries without an attempt for a day.
    pub const DEFAULT: Self = Self {
        max_attempts: 3,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(5 * 60),
        max_age: Duration::from_secs(24 * 60 * 60),
    };

    /// Decides on an item whose history already counts this failure, at `now` (ms, Redis clock).
    ///
    /// `jitter`, from 0 to 1, spreads the retries of items that failed together: a delay is between half and all of the
    /// exponential backoff. A retry that spends no attempt backs off as long as the item has been failing, which doubles the
    /// delay as well.
    pub fn decide(&self, history: &History, spent: bool, now: u64, jitter: f64) -> RetryDecision {
        let age = Duration::from_millis(now.saturating_sub(history.since));
        let exhausted = if spent { history.attempts >= self.max_attempts } else { age >= self.max_age };
        if exhausted {
            return RetryDecision::DeadLetter;
        }
        let doublings = history.attempts.saturating_sub(1).min(31);
        let backoff = self.first.saturating_mul(1 << doublings);
        let backoff = if spent { backoff } else { backoff.max(age) }.min(self.longest);
        RetryDecision::Retry(backoff.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        max_attempts: 5,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(5),
        max_age: Duration::from_secs(60),
    };

    fn after(attempts: u32) -> History {
        History { attempts, since: 1_000, ..History::default() }
    }

    #[test]
    fn retry_delay_doubles_up_to_the_longest_and_jitter_at_most_halves_it() {
        for (attempts, least, most) in [(1, 500, 1_000), (2, 1_000, 2_000), (3, 2_000, 4_000), (4, 2_500, 5_000)] {
            let delays = [0.0, 1.0].map(|jitter| POLICY.decide(&after(attempts), true, 1_000, jitter));
            let expected = [least, most].map(|millis| RetryDecision::Retry(Duration::from_millis(millis)));
            assert_eq!(delays, expected, "{attempts}");
        }
    }

    #[test]
    fn retry_after_the_last_attempt_is_a_dead_letter() {
        assert_eq!(POLICY.decide(&after(5), true, 1_000, 0.5), RetryDecision::DeadLetter);
    }

    #[test]
    fn retry_without_an_attempt_backs_off_as_long_as_the_item_has_failed() {
        for (age, delay) in [(0, 1_000), (900, 1_000), (2_000, 2_000), (4_000, 4_000), (40_000, 5_000)] {
            let decision = POLICY.decide(&after(0), false, 1_000 + age, 1.0);
            assert_eq!(decision, RetryDecision::Retry(Duration::from_millis(delay)), "{age}");
        }
        // One that spends an attempt goes by the attempts.
        assert_eq!(POLICY.decide(&after(1), true, 41_000, 1.0), RetryDecision::Retry(POLICY.first));
    }

    #[test]
    fn retry_without_an_attempt_is_bounded_by_age() {
        assert!(matches!(POLICY.decide(&after(0), false, 60_999, 0.5), RetryDecision::Retry(_)));
        assert_eq!(POLICY.decide(&after(0), false, 61_000, 0.5), RetryDecision::DeadLetter);
    }
}

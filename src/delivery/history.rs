//! What has happened to an item before: its attempts and crashes, and what became of it in the end.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The past of an item that was not worked at the first try. Kept in Redis as JSON beside the item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The id of its first claim: what an item goes by as long as it lives.
    pub id: String,
    /// How often a handler has reported failure.
    pub attempts: u32,
    /// How often a consumer died with it.
    pub crashes: u32,
    /// When it first failed or crashed, by Redis' clock, in ms since 1970.
    pub since: u64,
    /// What became of the last try.
    pub reason: String,
    /// When it was given up, by Redis' clock, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub died: Option<u64>,
    /// The end of what the last handler wrote to stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

/// When a failed item is tried again, and when no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many failed attempts make a dead letter.
    pub max_attempts: u32,
    /// The pause after the first failure; it doubles with each one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long after its first failure an item may go on without spending attempts.
    pub max_age: Duration,
}

/// What to do with an item that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after this long.
    Retry(Duration),
    /// Give it up.
    DeadLetter,
}

impl RetryPolicy {
    /// Decides about an item whose history already counts this failure, at `now` (ms, Redis' clock).
    ///
    /// `chance`, from 0 to 1, spreads the retries of items that failed together: a pause is between half and all of what
    /// the doubling says.
    pub fn next(&self, history: &History, spent: bool, now: u64, chance: f64) -> Next {
        let age = Duration::from_millis(now.saturating_sub(history.since));
        let exhausted = if spent { history.attempts >= self.max_attempts } else { age >= self.max_age };
        if exhausted {
            return Next::DeadLetter;
        }
        let doublings = history.attempts.saturating_sub(1).min(31);
        let pause = self.first.saturating_mul(1 << doublings).min(self.longest);
        Next::Retry(pause.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0))
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
    fn pauses_double_up_to_the_longest_and_jitter_halves_them_at_most() {
        for (attempts, least, most) in [(1, 500, 1_000), (2, 1_000, 2_000), (3, 2_000, 4_000), (4, 2_500, 5_000)] {
            let pauses = [0.0, 1.0].map(|chance| POLICY.next(&after(attempts), true, 1_000, chance));
            assert_eq!(pauses, [least, most].map(|millis| Next::Retry(Duration::from_millis(millis))), "{attempts}");
        }
    }

    #[test]
    fn the_last_attempt_makes_a_dead_letter() {
        assert_eq!(POLICY.next(&after(5), true, 1_000, 0.5), Next::DeadLetter);
    }

    #[test]
    fn what_spends_no_attempt_is_bounded_by_age() {
        assert!(matches!(POLICY.next(&after(0), false, 60_999, 0.5), Next::Retry(_)));
        assert_eq!(POLICY.next(&after(0), false, 61_000, 0.5), Next::DeadLetter);
    }
}

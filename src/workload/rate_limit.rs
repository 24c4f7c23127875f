//! Limit on the rate at which items are begun, as a function of the time since the start.

use std::time::Duration;

use crate::units::whole;

/// Time whose items may be begun at once after a time without any.
const BURST: Duration = Duration::from_secs(1);

/// Longest time until the next item that is told.
const LONGEST: f64 = 3600.0;

/// Limit on a rate: a bucket of tokens, one per item, that fills up at the rate.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// Items per second, more than zero.
    rate: f64,
    /// Items that may be begun, as of `counted`; less than zero after one that arrived by itself.
    tokens: f64,
    /// Time since the start.
    counted: Duration,
}

impl RateLimit {
    /// Creates a limit of `rate` items per second, which permits the first one at once.
    pub fn new(rate: f64) -> Self {
        Self { rate, tokens: 1.0, counted: Duration::ZERO }
    }

    /// Returns the number of items that may be begun `elapsed` after the start.
    pub fn allowed(&mut self, elapsed: Duration) -> usize {
        let most = (self.rate * BURST.as_secs_f64()).max(1.0);
        let passed = elapsed.saturating_sub(self.counted);
        self.tokens = (self.tokens + self.rate * passed.as_secs_f64()).min(most);
        self.counted = self.counted.max(elapsed);
        usize::try_from(whole(self.tokens)).unwrap_or(usize::MAX)
    }

    /// Records that items were begun.
    pub fn begun(&mut self, items: usize) {
        self.tokens -= f64::from(u32::try_from(items).unwrap_or(u32::MAX));
    }

    /// Returns when, after the start, an item may be begun again at the latest; `None` if one may now.
    pub fn next(&self) -> Option<Duration> {
        let missing = 1.0 - self.tokens;
        // Rounded up: the token must be whole by then.
        let wait = || Duration::from_secs_f64((missing / self.rate).min(LONGEST)) + Duration::from_millis(1);
        (missing > 0.0).then(|| self.counted + wait())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_kept_over_time() {
        let (mut limit, mut now, mut begun) = (RateLimit::new(10.0), Duration::ZERO, 0);
        while now < Duration::from_secs(10) {
            let allowed = limit.allowed(now);
            limit.begun(allowed);
            begun += allowed;
            now = limit.next().unwrap();
        }
        assert!((99..=101).contains(&begun), "{begun}");
    }

    #[test]
    fn burst_is_what_comes_within_a_second() {
        let minute = Duration::from_secs(60);
        let mut limit = RateLimit::new(10.0);
        assert_eq!(limit.allowed(minute), 10);
        limit.begun(12);
        assert_eq!(limit.allowed(minute), 0);
        assert_eq!(limit.allowed(limit.next().unwrap()), 1);
        assert_eq!(RateLimit::new(0.5).allowed(minute), 1);
    }
}

//! Limits on what a consumer begins: a rate, and the pause of the list.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;

/// Interval at which a consumer looks whether its list is paused.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Time whose items may be begun at once after a time without any.
const BURST: Duration = Duration::from_secs(1);

/// Limits on what is begun.
pub(super) struct Intake {
    /// Items per second.
    rate: Option<f64>,
    /// Items that may be begun now, as of `counted`; less than zero after one that arrived by itself.
    tokens: f64,
    counted: Instant,
    is_paused: bool,
    checked: Option<Instant>,
}

impl Intake {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self { rate: plan.rate, tokens: 1.0, counted: Instant::now(), is_paused: false, checked: None }
    }

    /// Returns true if it is time to look whether the list is paused.
    pub(super) fn is_check_due(&self) -> bool {
        self.checked.is_none_or(|checked| checked.elapsed() >= CHECK_INTERVAL)
    }

    /// Records whether the list is paused; `None` if that is not known.
    pub(super) fn observe(&mut self, is_paused: Option<bool>, plan: &Plan) {
        self.checked = Some(Instant::now());
        let Some(is_paused) = is_paused else { return };
        match (self.is_paused, is_paused) {
            (false, true) => {
                tracing::info!(event = "consumer_paused", list = plan.list, "list is paused, claiming nothing");
            }
            (true, false) => {
                tracing::info!(event = "consumer_resumed", list = plan.list, "list is not paused any more");
            }
            _ => {}
        }
        self.is_paused = is_paused;
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Number of items that may be begun now.
    pub(super) fn allowed(&mut self) -> usize {
        if self.is_paused {
            return 0;
        }
        let Some(rate) = self.rate else { return usize::MAX };
        let now = Instant::now();
        let most = (rate * BURST.as_secs_f64()).max(1.0);
        self.tokens = (self.tokens + rate * (now - self.counted).as_secs_f64()).min(most);
        self.counted = now;
        whole(self.tokens)
    }

    /// Records that items were begun.
    pub(super) fn begun(&mut self, items: usize) {
        if self.rate.is_some() {
            self.tokens -= f64::from(u32::try_from(items).unwrap_or(u32::MAX));
        }
    }

    /// Returns when an item may be begun again at the latest, if none may now.
    pub(super) fn next(&self) -> Option<Instant> {
        if self.is_paused {
            return self.checked.map(|checked| checked + CHECK_INTERVAL);
        }
        let missing = 1.0 - self.tokens;
        let rate = self.rate.filter(|_| missing > 0.0)?;
        // Rounded up: the token must be whole by then.
        Some(self.counted + Duration::from_secs_f64((missing / rate).min(3600.0)) + Duration::from_millis(1))
    }
}

/// Returns the whole part of a number of items.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(number: f64) -> usize {
    number.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(rate: f64) -> Intake {
        Intake { rate: Some(rate), tokens: 1.0, counted: Instant::now(), is_paused: false, checked: None }
    }

    #[tokio::test(start_paused = true)]
    async fn rate_is_kept_over_all_slots() {
        let (mut intake, start, mut begun) = (intake(10.0), Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(10) {
            let allowed = intake.allowed();
            intake.begun(allowed);
            begun += allowed;
            tokio::time::sleep_until(intake.next().unwrap()).await;
        }
        assert!((99..=101).contains(&begun), "{begun}");
    }

    #[tokio::test(start_paused = true)]
    async fn burst_is_what_comes_within_a_second() {
        let mut intake = intake(10.0);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(intake.allowed(), 10);
        intake.begun(12);
        assert_eq!(intake.allowed(), 0);
        tokio::time::sleep_until(intake.next().unwrap()).await;
        assert_eq!(intake.allowed(), 1);
        let mut slow = self::intake(0.5);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(slow.allowed(), 1);
    }
}

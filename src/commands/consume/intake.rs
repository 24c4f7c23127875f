//! Limits on what a consumer begins: a rate, and the pause of the list.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;
use crate::workload::RateLimit;

/// Interval at which a consumer looks whether its list is paused.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Limits on what is begun.
pub(super) struct Intake {
    rate: Option<RateLimit>,
    start: Instant,
    is_paused: bool,
    checked: Option<Instant>,
}

impl Intake {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self { rate: plan.rate.map(RateLimit::new), start: Instant::now(), is_paused: false, checked: None }
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
        let elapsed = self.start.elapsed();
        self.rate.as_mut().map_or(usize::MAX, |rate| rate.allowed(elapsed))
    }

    /// Records that items were begun.
    pub(super) fn begun(&mut self, items: usize) {
        if let Some(rate) = &mut self.rate {
            rate.begun(items);
        }
    }

    /// Returns when an item may be begun again at the latest, if none may now.
    pub(super) fn next(&self) -> Option<Instant> {
        if self.is_paused {
            return self.checked.map(|checked| checked + CHECK_INTERVAL);
        }
        Some(self.start + self.rate?.next()?)
    }
}

//! Pause of a list: while it lasts, a consumer claims nothing.

use std::time::Duration;

use tokio::time::Instant;

use super::plan::Plan;

/// Interval at which a consumer looks whether its list is paused.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// What is known about the pause of a list.
#[derive(Debug, Default)]
pub(super) struct ListPause {
    is_paused: bool,
    checked: Option<Instant>,
}

impl ListPause {
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

    /// Returns when the next check is due, if the list is paused.
    pub(super) fn next(&self) -> Option<Instant> {
        self.checked.filter(|_| self.is_paused).map(|checked| checked + CHECK_INTERVAL)
    }
}

//! The watched scale target: the latest replica counts, or the reason why there are none.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::error::KubernetesError;
use crate::sample::Replicas;

/// Shortest time between two polls: a little less than a second, so that ticks of a second need not be exact.
const PAUSE: Duration = Duration::from_millis(900);
/// Longest time between two polls while they fail, for callers that ask more often.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A watched object, for as long as this value lives: it is polled when its user asks for it.
///
/// A plain GET needs no permission but `get`, and unlike a watch it cannot go stale without an error.
#[derive(Debug)]
pub struct Watcher {
    pub(super) latest: Receiver<Observation>,
    requests: Arc<Notify>,
    #[allow(dead_code, reason = "stops polling when dropped")]
    polling: AbortOnDropHandle<()>,
    requested: Option<Instant>,
    pause: Duration,
    /// A poll is worth waiting for.
    is_awaited: bool,
    /// The last poll took too long to wait for.
    is_slow: bool,
}

/// Result of the latest poll.
#[derive(Debug, Clone)]
pub enum Observation {
    /// No poll has ended yet.
    Pending,
    /// The replica counts.
    Seen(Replicas),
    /// The poll failed; the next one may succeed.
    Failed(Arc<KubernetesError>),
}

impl Watcher {
    #[cfg(feature = "kubernetes")]
    pub(super) fn new(latest: Receiver<Observation>, requests: Arc<Notify>, polling: AbortOnDropHandle<()>) -> Self {
        Self { latest, requests, polling, requested: None, pause: PAUSE, is_awaited: false, is_slow: false }
    }

    /// Starts a poll, unless the last one was started less than a second ago, or a few seconds while they fail.
    pub fn refresh(&mut self) {
        if self.requested.is_some_and(|at| at.elapsed() < self.pause) {
            return;
        }
        let failed = matches!(*self.latest.borrow(), Observation::Failed(_));
        self.pause = if failed { (self.pause * 2).min(LONGEST_PAUSE) } else { PAUSE };
        self.requested = Some(Instant::now());
        self.is_slow &= !self.latest.has_changed().unwrap_or(false);
        self.latest.mark_unchanged();
        self.is_awaited = !self.is_slow;
        self.requests.notify_one();
    }

    /// Waits until the poll that [`Watcher::refresh`] started has ended, for `limit` at most; not for one after a poll that
    /// took longer. Cancel-safe.
    pub async fn refreshed(&mut self, limit: Duration) {
        if self.is_awaited {
            self.is_slow = timeout(limit, self.latest.changed()).await.is_err();
            self.is_awaited = false;
        }
    }

    /// Returns the result of the latest poll.
    pub fn latest(&self) -> Observation {
        self.latest.borrow().clone()
    }
}

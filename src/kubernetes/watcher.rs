//! The watched scale target: the latest replica counts, or the reason why there are none.

use std::sync::Arc;

use tokio::sync::watch::Receiver;
use tokio_util::task::AbortOnDropHandle;

use super::error::KubernetesError;
use crate::sample::Replicas;

/// A watched object: it is polled for as long as this value lives.
///
/// A plain GET needs no permission but `get`, and unlike a watch it cannot go stale without an error.
#[derive(Debug)]
pub struct Watcher {
    pub(super) latest: Receiver<Observation>,
    #[allow(dead_code, reason = "stops polling when dropped")]
    pub(super) polling: AbortOnDropHandle<()>,
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
    /// Returns the result of the latest poll.
    pub fn latest(&self) -> Observation {
        self.latest.borrow().clone()
    }

    /// Waits until the first poll has ended. Cancel-safe.
    pub async fn first_poll(&mut self) {
        // Polling ends only with this value.
        let _ = self.latest.wait_for(|observation| !matches!(observation, Observation::Pending)).await;
    }
}

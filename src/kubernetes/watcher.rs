//! The watched objects of a cluster, for as long as someone looks.

use std::time::Duration;

use tokio::sync::watch::{Receiver, Ref};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::facts::Facts;
use crate::cluster::LiveTarget;

/// Objects that are watched for as long as this value lives.
#[derive(Debug)]
pub struct Watcher {
    facts: Receiver<Facts>,
    #[allow(dead_code, reason = "streams end when dropped")]
    streams: Vec<AbortOnDropHandle<()>>,
}

impl Watcher {
    #[cfg(feature = "kubernetes")]
    pub(super) fn new(facts: Receiver<Facts>, streams: Vec<AbortOnDropHandle<()>>) -> Self {
        Self { facts, streams }
    }

    /// Waits until all that belongs to the scaled object has been read, for `limit` at most. Cancel-safe.
    pub async fn ready(&mut self, limit: Duration) {
        let _ = timeout(limit, self.facts.wait_for(is_known)).await;
    }

    /// Returns the latest state.
    pub fn facts(&self) -> Ref<'_, Facts> {
        self.facts.borrow()
    }
}

fn is_known(facts: &Facts) -> bool {
    let of_all = !facts.scaled.is_pending() && !facts.events.is_pending();
    let of_jobs = !facts.jobs.is_pending() && !facts.pods.is_pending();
    // Its pods are followed once the target has told their labels.
    let has_no_pods = facts.target.objects().first().and_then(LiveTarget::selector).is_none();
    let of_target =
        !facts.target.is_pending() && !facts.autoscalers.is_pending() && (has_no_pods || !facts.pods.is_pending());
    of_all && (of_jobs || of_target)
}

//! The watched objects of a cluster, for as long as someone looks.

use std::time::Duration;

use tokio::sync::watch::{Receiver, Ref};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::facts::Facts;

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

    /// Waits until the scaled object and what scales it have been read, for `limit` at most. Cancel-safe.
    pub async fn ready(&mut self, limit: Duration) {
        let known = |facts: &Facts| {
            let scaled = !facts.target.is_pending() || !facts.jobs.is_pending();
            scaled && !facts.scaled.is_pending() && (!facts.autoscalers.is_pending() || !facts.jobs.is_pending())
        };
        let _ = timeout(limit, self.facts.wait_for(known)).await;
    }

    /// Returns the latest state.
    pub fn facts(&self) -> Ref<'_, Facts> {
        self.facts.borrow()
    }
}

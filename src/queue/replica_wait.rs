//! Confirmation of pushes by replicas, with `WAIT`.

use std::time::{Duration, Instant};

use super::connection::Connection;
use super::error::Fault;
use super::pipeline::Reply;

/// Time for which one `WAIT` blocks its connection, at most; it is repeated. No stop waits for longer.
pub(super) const WAIT: Duration = Duration::from_millis(500);

/// Wait for the replicas that have to hold a batch before it counts as pushed.
pub(super) struct ReplicaWait {
    wanted: u64,
    /// Time since which too few have confirmed the oldest batch.
    short_since: Option<Instant>,
}

impl ReplicaWait {
    pub(super) fn of(wanted: u64) -> Self {
        Self { wanted, short_since: None }
    }

    /// Asks how many replicas hold what this connection has written; `None` if none have to.
    pub(super) fn ask(&self, connection: &Connection) -> Option<Reply<u64>> {
        let limit = i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX);
        (self.wanted > 0)
            .then(|| connection.send("WAIT", vec![i64::try_from(self.wanted).unwrap_or(i64::MAX).into(), limit.into()]))
    }

    /// Finds out whether the user may ask.
    ///
    /// # Errors
    ///
    /// Fails as the command does.
    pub(super) async fn probe(&self, connection: &mut Connection) -> Result<(), super::QueueError> {
        if self.wanted == 0 {
            return Ok(());
        }
        connection.command("WAIT", "0", &[1.into()]).await
    }

    /// Takes an answer; returns `false` if too few replicas hold the oldest batch, and logs the first time.
    ///
    /// # Errors
    ///
    /// Fails when that has been so for as long as `limit`.
    pub(super) fn suffice(&mut self, confirmed: u64, limit: Option<Duration>) -> Result<bool, Fault> {
        let wanted = self.wanted;
        if confirmed >= wanted {
            if let Some(since) = self.short_since.take() {
                tracing::info!("enough replicas confirm again after {:.1}s", since.elapsed().as_secs_f64());
            }
            return Ok(true);
        }
        if self.short_since.is_none() {
            tracing::warn!(confirmed, wanted, "too few replicas hold what was pushed, waiting");
        }
        let since = *self.short_since.get_or_insert_with(Instant::now);
        match limit {
            Some(limit) if since.elapsed() >= limit => Err(Fault::NotReplicated { confirmed, wanted, within: limit }),
            _ => Ok(false),
        }
    }
}

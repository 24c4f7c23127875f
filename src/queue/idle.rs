//! Idle connections, replaced where a server or proxy has closed them after its idle timeout.

use super::connection::Connection;
use super::error::{Fault, QueueError};

impl Connection {
    /// Replaces this connection if it has been closed; call this while no command is under way.
    ///
    /// As no reply is lost, nothing has to be sent again, and it is an outage only if the server cannot be reached at once.
    ///
    /// # Errors
    ///
    /// Fails as [`Connection::reconnect`] does.
    pub(super) async fn refresh(&mut self) -> Result<(), QueueError> {
        if !self.task.has_ended() {
            return Ok(());
        }
        let is_outage = self.backoff.as_ref().is_some_and(|backoff| !backoff.is_over());
        if !is_outage {
            let redis = self.redis().clone();
            let opened = tokio::select! {
                biased;
                () = redis.cancel.cancelled() => return Err(redis.error(Fault::Stopped)),
                opened = redis.connect_once(&self.list) => opened,
            };
            if let Ok(connection) = opened {
                tracing::debug!("replaced an idle connection that was closed");
                *self = connection;
                return Ok(());
            }
        }
        self.reconnect(Fault::closed()).await
    }
}

//! Idle connections: kept alive on the way, and replaced where a server or proxy has closed them after its idle timeout.

use std::time::Duration;

use socket2::TcpKeepalive;

use super::connection::Connection;
use super::error::{Fault, QueueError};

/// Time without data after which the network is shown that the connection is in use: firewalls and load balancers forget
/// those that are silent, some after a minute.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Time between two probes without an answer, of which the system sends some before the connection counts as lost.
const PROBE: Duration = Duration::from_secs(5);

/// Returns the settings of TCP that keep an idle connection alive.
pub(super) fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new().with_time(KEEPALIVE).with_interval(PROBE)
}

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

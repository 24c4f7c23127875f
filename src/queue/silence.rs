//! Silence of a connection: a large reply over a slow link may take its time as long as bytes arrive.
//!
//! The client library reports only whole replies, so the system is asked for the progress of one.

use std::time::{Duration, Instant};

use super::arrival;
use super::connection::Connection;
use super::error::Fault;

/// Time after which a connection counts as lost where the system does not say whether bytes arrive.
const UNKNOWN_LIMIT: Duration = Duration::from_secs(30);

impl Connection {
    /// Waits for the reply to one command until nothing has arrived for `limit`. After a transient fault the connection is
    /// unusable.
    pub(super) async fn once_unless_silent<T>(
        &self,
        limit: Duration,
        key: &str,
        command: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, Fault> {
        self.once_until(limit, silence(limit), key, command).await
    }
}

/// Waits until nothing has arrived for `limit` in reply to a command that is sent now.
async fn silence(limit: Duration) {
    let (start, mut pause) = (Instant::now(), limit);
    loop {
        tokio::time::sleep(pause).await;
        let waited = start.elapsed();
        pause = match arrival::since_last_byte(waited) {
            Ok(Some(since)) => limit.saturating_sub(since),
            Ok(None) => Duration::ZERO,
            Err(error) => {
                tracing::debug!(%error, "cannot tell whether a reply is arriving");
                UNKNOWN_LIMIT.saturating_sub(waited)
            }
        };
        if pause.is_zero() {
            return;
        }
    }
}

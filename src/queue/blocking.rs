//! Blocking commands: their timeouts, and how they are interrupted.

use std::time::Duration;

use fred::interfaces::ClientInterface as _;
use tokio_util::sync::CancellationToken;

use super::connection::{COMMAND_TIMEOUT, Connection};
use super::error::Fault;

/// Time a blocking command waits in Redis. Short, so that a consumer checks its state often; in whole seconds, because
/// servers before 6.0 accept no fraction.
pub(super) const BLOCK: Duration = Duration::from_secs(1);

/// Pause before Redis is asked again to unblock a connection.
const RETRY: Duration = Duration::from_millis(20);

/// Time beyond that of the command after which a connection without a reply counts as lost.
pub(super) const MARGIN: Duration = Duration::from_secs(4);

/// Waits for a blocking `command` on `key`; when `stop` is cancelled, asks Redis to unblock it.
///
/// The command is never dropped: Redis answers either with an item or with nothing, so that no item is lost.
pub(super) async fn until_stopped<T>(
    connection: &Connection,
    key: &str,
    stop: &CancellationToken,
    command: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let mut command = std::pin::pin!(command);
    tokio::select! {
        biased;
        reply = &mut command => return reply,
        () = stop.cancelled() => {}
    }
    tokio::select! {
        biased;
        reply = &mut command => reply,
        () = Box::pin(unblock(connection, key)) => command.await,
    }
}

/// Asks Redis, through another connection, to unblock `connection`; again if it did not block yet.
async fn unblock(connection: &Connection, key: &str) {
    // If the user may not call CLIENT, or Redis does not answer, the command ends by itself.
    let Some(id) = connection.client().connection_ids().into_values().next() else { return };
    let Ok(other) = connection.redis().connect_once(key).await else { return };
    loop {
        let unblocked = other.send::<u8>("CLIENT", vec!["UNBLOCK".into(), id.into(), "TIMEOUT".into()]);
        match other.once(COMMAND_TIMEOUT, "", unblocked).await {
            Ok(0) => tokio::time::sleep(RETRY).await,
            Ok(_) => break,
            Err(fault) => {
                tracing::debug!(error = %fault, "cannot unblock the connection");
                break;
            }
        }
    }
    other.close().await;
}

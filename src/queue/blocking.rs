//! Blocking commands: their timeouts, and how they are interrupted.

use std::time::Duration;

use fred::interfaces::ClientInterface as _;
use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio_util::sync::CancellationToken;

use super::connection::{COMMAND_TIMEOUT, Connection};
use super::error::Fault;

/// Time a blocking command waits in Redis. Short, so that a consumer checks its state often; in whole seconds, because
/// servers before 6.0 accept no fraction.
pub(super) const BLOCK: Duration = Duration::from_secs(1);

/// Time beyond [`BLOCK`] after which a connection without a reply counts as lost.
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
        reply = &mut command => reply,
        () = stop.cancelled() => {
            let ((), reply) = tokio::join!(Box::pin(unblock(connection, key)), command);
            reply
        }
    }
}

/// Asks Redis, through another connection, to unblock `connection`.
async fn unblock(connection: &Connection, key: &str) {
    let ids = connection.client().connection_ids();
    // If the user may not call CLIENT, or Redis does not answer, the command ends by itself within a second.
    let Some(id) = ids.into_values().next() else { return };
    let Ok(other) = connection.redis().connect_once(key).await else { return };
    let client = CustomCommand::new_static("CLIENT", ClusterHash::FirstKey, false);
    let arguments: Vec<Value> = vec!["UNBLOCK".into(), id.into(), "TIMEOUT".into()];
    let reply = other.client().custom::<i64, _>(client, arguments);
    if let Err(fault) = other.once(COMMAND_TIMEOUT, "", Box::pin(reply)).await {
        tracing::debug!(error = %fault, "cannot unblock the connection");
    }
    other.close().await;
}

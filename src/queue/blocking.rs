//! Blocking commands: their timeouts, and how they are interrupted.

use std::time::Duration;

use fred::interfaces::ClientInterface as _;
use fred::prelude::{ClientLike, ClusterInterface as _};
use fred::types::{CustomCommand, Value};
use fred::util::redis_keyslot;
use tokio_util::sync::CancellationToken;

use super::connection::{COMMAND_TIMEOUT, Connection};
use super::error::Fault;
use super::keys::node_of;

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
///
/// In a cluster, a command that blocks on `key` uses one of several sockets: the one to the node that holds the key.
async fn unblock(connection: &Connection, key: &str) {
    let cluster = connection.client().cached_cluster_state();
    let node = cluster.as_ref().and_then(|cluster| cluster.get_server(redis_keyslot(key.as_bytes())));
    let mut ids = connection.client().connection_ids().into_iter();
    // If the user may not call CLIENT, or Redis does not answer, the command ends by itself within a second.
    let Some((_, id)) = ids.find(|(server, _)| node.is_none_or(|node| node == server)) else { return };
    let Ok(other) = connection.redis().connect().await else { return };
    let client = CustomCommand::new_static("CLIENT", node_of(key), false);
    let arguments: Vec<Value> = vec!["UNBLOCK".into(), id.into(), "TIMEOUT".into()];
    let reply = other.client().custom::<i64, _>(client, arguments);
    if let Err(fault) = other.once(COMMAND_TIMEOUT, "", Box::pin(reply)).await {
        tracing::debug!(error = %fault, "cannot unblock the connection");
    }
    other.close().await;
}

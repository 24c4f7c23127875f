//! Waiting for the next item on a connection that may block: it lands where whoever takes the next one finds it.

use bytes::Bytes;
use fred::interfaces::ClientInterface as _;
use fred::prelude::{ClientLike, ClusterInterface as _};
use fred::types::{ClusterHash, CustomCommand, Value};
use fred::util::redis_keyslot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::at_home_of;
use super::list::{BLOCK, MARGIN};

/// A connection that waits for a list to hold something.
#[derive(Debug)]
pub struct Waiter {
    connection: Connection,
    list: String,
    landing: String,
}

impl Waiter {
    pub(super) async fn connect(redis: &Redis, list: &str, landing: &str) -> Result<Self, QueueError> {
        let waiter = Self { connection: redis.connect().await?, list: list.to_owned(), landing: landing.to_owned() };
        // Redis looks at the rights first, and then at this.
        match waiter.blmove("no time").await {
            Err(fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_))) => Err(redis.error(fault)),
            _ => Ok(waiter),
        }
    }

    /// Moves the item that has waited longest to the landing list; `false` when none came for a second or `stop` asked to
    /// stop. One push wakes one waiter.
    ///
    /// # Errors
    ///
    /// Fails when the key is no list, or when Redis stays away for longer than patience allows.
    pub async fn wait(&mut self, stop: &CancellationToken) -> Result<bool, QueueError> {
        let moved = {
            let seconds = BLOCK.as_secs().to_string();
            let mut moving = std::pin::pin!(self.blmove(&seconds));
            tokio::select! {
                biased;
                moved = &mut moving => moved,
                () = stop.cancelled() => {
                    let ((), moved) = tokio::join!(Box::pin(self.connection.wake(&self.list)), moving);
                    moved
                }
            }
        };
        match moved {
            Err(fault) if fault.is_transient() => {
                self.connection.reconnect(fault).await?;
                // Whether it had moved one is seen where it lands.
                Ok(true)
            }
            // A Redis that is full moves nothing to where nothing was; it can be worked empty all the same.
            Err(Fault::OutOfMemory) => {
                let _ = timeout(BLOCK, stop.cancelled()).await;
                Ok(true)
            }
            moved => moved.map_err(|fault| self.connection.redis().error(fault)),
        }
    }

    async fn blmove(&self, seconds: &str) -> Result<bool, Fault> {
        // Through `custom`, an empty answer is not the same error as a lost one.
        let blmove = CustomCommand::new_static("BLMOVE", ClusterHash::FirstKey, true);
        let arguments: Vec<Value> = vec![
            self.list.as_str().into(),
            self.landing.as_str().into(),
            "RIGHT".into(),
            "LEFT".into(),
            seconds.into(),
        ];
        let moved = self.connection.client().custom::<Option<Bytes>, _>(blmove, arguments);
        Ok(self.connection.once(BLOCK + MARGIN, &self.list, Box::pin(moved)).await?.is_some())
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

impl Connection {
    /// Asks Redis, on another connection, to end what this one is blocked in. Loses no item: what blocks is either answered
    /// with one or unblocked.
    ///
    /// In a cluster, what blocks on `key` is one connection of several: that to the server which holds it.
    pub(super) async fn wake(&self, key: &str) {
        let home = self.client().cached_cluster_state();
        let home = home.as_ref().and_then(|cluster| cluster.get_server(redis_keyslot(key.as_bytes())));
        let mut ids = self.client().connection_ids().into_iter();
        // Where the user may not ask for it, or Redis does not answer, it ends by itself within a second.
        let Some((_, id)) = ids.find(|(server, _)| home.is_none_or(|home| home == server)) else { return };
        let Ok(other) = self.redis().connect().await else { return };
        let unblock = CustomCommand::new_static("CLIENT", at_home_of(key), false);
        let words: Vec<Value> = vec!["UNBLOCK".into(), id.into(), "TIMEOUT".into()];
        let unblock = other.client().custom::<i64, _>(unblock, words);
        if let Err(fault) = other.once(COMMAND_TIMEOUT, "", Box::pin(unblock)).await {
            tracing::debug!("cannot wake the blocked connection: {fault}");
        }
        other.close().await;
    }
}

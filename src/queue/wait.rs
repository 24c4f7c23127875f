//! Waiting for the next item: `BLMOVE` from the list to the landing list, where any consumer can claim it.

use bytes::Bytes;
use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::blocking::{BLOCK, MARGIN, until_stopped};
use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};

/// A connection that blocks until an item arrives.
#[derive(Debug)]
pub struct Waiter {
    connection: Connection,
    list: String,
    landing: String,
}

impl Waiter {
    pub(super) async fn connect(redis: &Redis, list: &str, landing: &str) -> Result<Self, QueueError> {
        let waiter =
            Self { connection: redis.connect(list).await?, list: list.to_owned(), landing: landing.to_owned() };
        // Redis checks permissions before the invalid timeout.
        match waiter.blmove("not a timeout").await {
            Err(fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_))) => Err(redis.error(fault)),
            _ => Ok(waiter),
        }
    }

    /// Moves the item that has waited longest to the landing list; returns `false` when none arrives within a second or
    /// `stop` is cancelled. One push wakes one waiter.
    ///
    /// Not cancel-safe: cancel `stop` instead of dropping this future.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn wait(&mut self, stop: &CancellationToken) -> Result<bool, QueueError> {
        let seconds = BLOCK.as_secs().to_string();
        match until_stopped(&self.connection, &self.list, stop, self.blmove(&seconds)).await {
            // When Redis is out of memory, no item can be moved to a key that does not exist, but all can be processed.
            Err(Fault::OutOfMemory) => {
                let _ = timeout(BLOCK, stop.cancelled()).await;
                Ok(true)
            }
            Err(fault) if fault.is_transient() => {
                self.connection.reconnect(fault).await?;
                // An item may have been moved before the reply was lost.
                Ok(true)
            }
            moved => moved.map_err(|fault| self.connection.redis().error(fault)),
        }
    }

    async fn blmove(&self, seconds: &str) -> Result<bool, Fault> {
        // Through `custom`, an empty reply is not the same error as a lost one.
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

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

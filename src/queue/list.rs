//! At-most-once access: `LLEN` and blocking `BRPOP`.

use bytes::Bytes;
use fred::prelude::{ClientLike, ListInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio_util::sync::CancellationToken;

use super::blocking::{BLOCK, MARGIN, until_stopped};
use super::connection::{Connection, Redis, time_limit};
use super::error::{Fault, QueueError};
use crate::delivery::item::Item;

/// A Redis List on its own connection.
#[derive(Debug)]
pub struct List {
    connection: Connection,
    key: String,
}

impl List {
    /// Connects to the list `key`, which may not exist yet.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(redis: &Redis, key: &str) -> Result<Self, QueueError> {
        Ok(Self { connection: redis.connect(key).await?, key: key.to_owned() })
    }

    /// Returns the length of the list.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn length(&mut self) -> Result<u64, QueueError> {
        self.connection.length(&self.key).await
    }

    /// Number of outages so far.
    pub fn outages(&self) -> u64 {
        self.connection.outage()
    }

    /// Pops the item that has waited longest; `None` when none arrives within a second or `stop` is cancelled. After an
    /// outage it polls again: without a reply, the list is not known to be empty.
    ///
    /// Not cancel-safe: dropping this future can lose an item. Cancel `stop` instead.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn pop(&mut self, stop: &CancellationToken) -> Result<Option<Item>, QueueError> {
        loop {
            match until_stopped(&self.connection, &self.key, stop, self.blocking_pop()).await {
                Err(fault) if fault.is_transient() => self.connection.reconnect(fault).await?,
                popped => return popped.map_err(|fault| self.connection.redis().error(fault)),
            }
            if stop.is_cancelled() {
                return Ok(None);
            }
        }
    }

    /// Not cancel-safe: an item that Redis has popped would be lost.
    async fn blocking_pop(&self) -> Result<Option<Item>, Fault> {
        // Through `custom`, an empty reply is not the same error as a lost one.
        let brpop = CustomCommand::new_static("BRPOP", ClusterHash::FirstKey, true);
        let arguments = vec![Value::from(self.key.as_str()), Value::from(BLOCK.as_secs().cast_signed())];
        // Boxed, because the library's futures are large and would be part of every future around them.
        let popped = Box::pin(self.connection.client().custom::<Option<(Bytes, Bytes)>, _>(brpop, arguments));
        let popped = self.connection.once(BLOCK + MARGIN, &self.key, popped).await?;
        Ok(popped.map(|(_, item)| Item(item)))
    }

    /// Puts an item back on the right end of the list, so that it is the next to be popped.
    ///
    /// Sent again only if Redis says that it has not run the command: if the reply is lost, the item may or may not be back.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses or does not answer.
    pub async fn requeue(&mut self, item: Item) -> Result<(), QueueError> {
        loop {
            let push = self.connection.client().rpush::<(), _, _>(self.key.as_str(), item.0.clone());
            match self.connection.once(time_limit(item.0.len()), &self.key, Box::pin(push)).await {
                Err(fault) if fault.is_refusal() => self.connection.reconnect(fault).await?,
                pushed => return pushed.map_err(|fault| self.connection.redis().error(fault)),
            }
        }
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

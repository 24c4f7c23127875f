//! The bare list: its length, and taking from it without a net.

use std::time::Duration;

use bytes::Bytes;
use fred::prelude::{ClientLike, ListInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio_util::sync::CancellationToken;

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::{Fault, QueueError};
use crate::delivery::item::Item;

/// How long one pop blocks in Redis. Short, so that a consumer is never far from looking up; whole seconds, as servers
/// before 6.0 know no others.
pub(super) const BLOCK: Duration = Duration::from_secs(1);

/// How much later than Redis itself an answer may come before the link counts as dead.
pub(super) const MARGIN: Duration = Duration::from_secs(4);

/// A Redis List on a connection of its own.
#[derive(Debug)]
pub struct List {
    connection: Connection,
    key: String,
}

impl List {
    /// Connects to the list `key`; it need not exist.
    ///
    /// # Errors
    ///
    /// Says what is in the way of connecting.
    pub async fn connect(redis: &Redis, key: &str) -> Result<Self, QueueError> {
        Ok(Self { connection: redis.connect().await?, key: key.to_owned() })
    }

    /// How many items wait.
    ///
    /// # Errors
    ///
    /// Fails when the key is no list, or when Redis stays away for longer than patience allows.
    pub async fn length(&mut self) -> Result<u64, QueueError> {
        let key = self.key.clone();
        self.connection
            .repeat(&key, |client| {
                let key = key.clone();
                async move { client.llen(key).await }
            })
            .await
    }

    /// Takes the item that has waited longest, or `None` when none came for a second, or `stop` asked to stop.
    ///
    /// Never races the pop: after `stop`, Redis is asked to end it, and either answers with an item or with nothing.
    ///
    /// # Errors
    ///
    /// Fails when the key is no list, or when Redis stays away for longer than patience allows.
    pub async fn take(&mut self, stop: &CancellationToken) -> Result<Option<Item>, QueueError> {
        let popped = {
            let mut pop = std::pin::pin!(self.pop());
            tokio::select! {
                biased;
                popped = &mut pop => popped,
                () = stop.cancelled() => {
                    let ((), popped) = tokio::join!(Box::pin(self.connection.wake(&self.key)), pop);
                    popped
                }
            }
        };
        match popped {
            Err(fault) if fault.is_transient() => {
                self.connection.reconnect(fault).await?;
                Ok(None)
            }
            popped => popped.map_err(|fault| self.connection.redis().error(fault)),
        }
    }

    /// One blocking pop. Must not be dropped half-way: an item that Redis has taken off the list would be lost.
    async fn pop(&self) -> Result<Option<Item>, Fault> {
        // Through `custom`, an empty answer is not the same error as a lost one.
        let pop = CustomCommand::new_static("BRPOP", ClusterHash::FirstKey, true);
        let arguments = vec![Value::from(self.key.as_str()), Value::from(BLOCK.as_secs().cast_signed())];
        // The library's futures are large, and would be part of every future around them.
        let popped = Box::pin(self.connection.client().custom::<Option<(Bytes, Bytes)>, _>(pop, arguments));
        let popped = self.connection.once(BLOCK + MARGIN, &self.key, popped).await?;
        Ok(popped.map(|(_, item)| Item(item)))
    }

    /// Puts an item back where it was taken from: it is the next to be taken.
    ///
    /// Sent once: when its reply is lost, the item may be back or not.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses or does not answer.
    pub async fn requeue(&mut self, item: Item) -> Result<(), QueueError> {
        let push = self.connection.client().rpush::<(), _, _>(self.key.as_str(), item.0);
        let pushed = self.connection.once(COMMAND_TIMEOUT, &self.key, Box::pin(push)).await;
        pushed.map_err(|fault| self.connection.redis().error(fault))
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

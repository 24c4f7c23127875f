//! At-most-once access: `LLEN`, blocking `BRPOP`, and `RPOP` of several items.

use bytes::Bytes;
use fred::prelude::{ClientLike, ListInterface};
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio_util::sync::CancellationToken;

use super::blocking::{BLOCK, MARGIN, until_stopped};
use super::connection::{COMMAND_TIMEOUT, Connection, Redis, time_limit};
use super::error::{Fault, QueueError};
use super::wait::watch;
use crate::delivery::item::Item;

/// Maximum number of items per pop: more make it no faster, and a crash loses those in transit.
const MAX_ITEMS: usize = 100;

/// Size that all items of a pop should not exceed, in bytes: the server does not tell in advance how large they are.
const MAX_SIZE: usize = 256 * 1024;

/// A Redis List on its own connection.
#[derive(Debug)]
pub struct List {
    pub(super) connection: Connection,
    pub(super) key: String,
    batch: BatchSize,
}

impl List {
    /// Connects to the list `key`, which may not exist yet.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(redis: &Redis, key: &str) -> Result<Self, QueueError> {
        Ok(Self { connection: redis.connect(key).await?, key: key.to_owned(), batch: BatchSize::default() })
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

    /// Pops the items that have waited longest, up to `limit`; none when none arrives within a second or `stop` is cancelled.
    /// After an outage it polls again: without a reply, the list is not known to be empty.
    ///
    /// Not cancel-safe: dropping this future can lose items. Cancel `stop` instead.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn pop(&mut self, limit: usize, stop: &CancellationToken) -> Result<Vec<Item>, QueueError> {
        loop {
            self.connection.refresh().await?;
            let count = self.batch.items(limit);
            let popped = if count > 1 {
                self.pop_waiting(count).await
            } else {
                until_stopped(&self.connection, &self.key, stop, self.pop_blocking()).await
            };
            match popped {
                Ok(items) => {
                    self.batch.received(&items, count);
                    if count == 1 || !items.is_empty() {
                        return Ok(items);
                    }
                }
                Err(fault) if fault.is_transient() => self.connection.reconnect(fault).await?,
                // `RPOP` is refused, or too old for a count: since 6.2.
                Err(_) if count > 1 => self.batch.single = true,
                Err(fault) => return Err(self.connection.redis().error(fault)),
            }
            if stop.is_cancelled() {
                return Ok(Vec::new());
            }
        }
    }

    /// Pops the items that have waited longest, up to `limit`, and waits for none.
    ///
    /// Not cancel-safe: dropping this future can lose items.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, when Redis stays unreachable for too long, and with servers before 6.2.
    pub async fn take(&mut self, limit: usize) -> Result<Vec<Item>, QueueError> {
        loop {
            self.connection.refresh().await?;
            let count = self.batch.items(limit);
            match self.pop_waiting(count).await {
                Ok(items) => {
                    self.batch.received(&items, count);
                    return Ok(items);
                }
                Err(fault) if fault.is_transient() => self.connection.reconnect(fault).await?,
                Err(fault) => return Err(self.connection.redis().error(fault)),
            }
        }
    }

    /// Waits until the list holds items, for a second at most or until `stop` is cancelled, and leaves them there.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, when Redis stays unreachable for too long, and with servers before 6.2.
    pub async fn watch(&mut self, stop: &CancellationToken) -> Result<(), QueueError> {
        watch(&mut self.connection, &self.key, BLOCK, stop).await.map(drop)
    }

    /// Pops one item, and waits for it.
    ///
    /// Not cancel-safe: an item that Redis has popped would be lost.
    async fn pop_blocking(&self) -> Result<Vec<Item>, Fault> {
        // Through `custom`, an empty reply is not the same error as a lost one.
        let brpop = CustomCommand::new_static("BRPOP", ClusterHash::FirstKey, true);
        let arguments = vec![Value::from(self.key.as_str()), Value::from(BLOCK.as_secs().cast_signed())];
        // Boxed, because the library's futures are large and would be part of every future around them.
        let popped = Box::pin(self.connection.client().custom::<Option<(Bytes, Bytes)>, _>(brpop, arguments));
        let popped = self.connection.once_unless_silent(BLOCK + MARGIN, &self.key, popped).await?;
        Ok(popped.into_iter().map(|(_, item)| Item(item)).collect())
    }

    /// Pops up to `count` of the items that are waiting.
    ///
    /// Not cancel-safe: items that Redis has popped would be lost.
    async fn pop_waiting(&self, count: usize) -> Result<Vec<Item>, Fault> {
        let rpop = CustomCommand::new_static("RPOP", ClusterHash::FirstKey, false);
        let arguments = vec![Value::from(self.key.as_str()), Value::from(count.to_string())];
        let popped = Box::pin(self.connection.client().custom::<Option<Vec<Bytes>>, _>(rpop, arguments));
        let popped = self.connection.once_unless_silent(COMMAND_TIMEOUT, &self.key, popped).await?;
        Ok(popped.into_iter().flatten().map(Item).collect())
    }

    /// Puts items back on the right end of the list; the last of them is the next to be popped.
    ///
    /// Sent again only if Redis says that it has not run the command: if the reply is lost, the items may or may not be back.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses or does not answer.
    pub async fn requeue(&mut self, items: &[Item]) -> Result<(), QueueError> {
        loop {
            self.connection.refresh().await?;
            let items: Vec<Bytes> = items.iter().map(|item| item.0.clone()).collect();
            let limit = time_limit(items.iter().map(Bytes::len).sum());
            let push = self.connection.client().rpush::<(), _, _>(self.key.as_str(), items);
            match self.connection.once(limit, &self.key, Box::pin(push)).await {
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

/// Number of items to pop at a time, by the replies before.
#[derive(Debug, Default)]
struct BatchSize {
    /// Number that the sizes of items justify.
    items: usize,
    /// Size of the largest items of late, in bytes.
    size: usize,
    /// True when the list was empty: the next item is waited for.
    empty: bool,
    /// True when only single items can be popped.
    single: bool,
}

impl BatchSize {
    fn items(&self, limit: usize) -> usize {
        if self.empty || self.single { 1 } else { self.items.min(limit).max(1) }
    }

    /// Records the reply to a pop of `count` items.
    fn received(&mut self, items: &[Item], count: usize) {
        self.empty = items.len() < count;
        if let Some(largest) = items.iter().map(|item| item.0.len()).max() {
            self.size = largest.max(self.size / 2);
            // At most twice as many as have been seen, because larger ones may follow.
            let most = self.items.max(items.len() * 2);
            self.items = (MAX_SIZE / self.size.max(1)).clamp(1, MAX_ITEMS).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize, size: usize) -> Vec<Item> {
        vec![Item(Bytes::from(vec![b'x'; size])); count]
    }

    #[test]
    fn batch_size_grows_with_each_full_reply_up_to_the_limit() {
        let mut batch = BatchSize::default();
        for expected in [1, 2, 4, 8, 16, 32, 64, 64] {
            let count = batch.items(64);
            assert_eq!(count, expected);
            batch.received(&items(count, 100), count);
        }
        assert_eq!((batch.items(1000), batch.items(1)), (MAX_ITEMS, 1));
        batch.received(&items(1, 100), 1);
        assert_eq!(batch.items(1000), MAX_ITEMS, "one free slot says nothing about sizes");
    }

    #[test]
    fn batch_size_waits_for_one_item_when_the_list_was_empty() {
        let mut batch = BatchSize { items: 50, ..BatchSize::default() };
        batch.received(&items(3, 100), 50);
        assert_eq!(batch.items(64), 1);
        batch.received(&[], 1);
        assert_eq!(batch.items(64), 1);
        batch.received(&items(1, 100), 1);
        assert_eq!(batch.items(64), 50);
    }

    #[test]
    fn batch_size_is_bounded_in_bytes() {
        let mut batch = BatchSize { items: 100, ..BatchSize::default() };
        batch.received(&items(100, 16 * 1024), 100);
        assert_eq!(batch.items(100), 16);
        batch.received(&items(16, 10_000_000), 16);
        assert_eq!(batch.items(100), 1);
        for _ in 0..40 {
            let count = batch.items(100);
            batch.received(&items(count, 10), count);
        }
        assert_eq!(batch.items(100), 100, "large items are forgotten");
    }
}

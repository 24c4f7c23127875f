//! Lengths of a list's keys, read for metrics.

use std::time::Duration;

use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::timeout;

use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::Keys;
use crate::delivery::snapshot::Depths;

/// Time limit of one read, including connecting.
const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads the lengths of a list's keys, on its own connection that is made when needed and never waited for.
#[derive(Debug)]
pub struct DepthReader {
    redis: Redis,
    keys: Keys,
    connection: Option<Connection>,
}

impl DepthReader {
    /// Creates a reader without connecting.
    pub fn new(redis: &Redis, list: &str) -> Self {
        Self { redis: redis.observer(), keys: Keys::of(list), connection: None }
    }

    /// Reads the lengths once.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or does not answer within a second; the next read makes a new connection.
    pub async fn read(&mut self) -> Result<Depths, QueueError> {
        let read = timeout(READ_TIMEOUT, async {
            let connection = match self.connection.take() {
                Some(connection) if !connection.task.has_ended() => connection,
                _ => self.redis.connect_once(&self.keys.list).await?,
            };
            let depths = self.depths(&connection).await.map_err(|fault| self.redis.error(fault))?;
            Ok((connection, depths))
        });
        let (connection, depths) =
            read.await.unwrap_or_else(|_| Err(self.redis.error(Fault::TimedOut(READ_TIMEOUT))))?;
        self.connection = Some(connection);
        Ok(depths)
    }

    async fn depths(&self, connection: &Connection) -> Result<Depths, Fault> {
        let length = async |command: &'static str, key: &str| {
            let command = CustomCommand::new_static(command, ClusterHash::FirstKey, false);
            let reply = connection.client().custom::<u64, Value>(command, vec![key.into()]);
            connection.once(READ_TIMEOUT, key, Box::pin(reply)).await
        };
        Ok(Depths {
            backlog: length("LLEN", &self.keys.list).await?,
            delayed: length("ZCARD", &self.keys.delayed()).await?,
            dead: length("LLEN", &self.keys.dead()).await? + length("LLEN", &self.keys.examined()).await?,
        })
    }
}

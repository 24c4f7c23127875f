//! How much a list and its companions hold, for who only looks.

use std::time::Duration;

use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};
use tokio::time::timeout;

use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::Keys;
use crate::delivery::snapshot::Depths;

/// How long a look may take, with connecting.
const PATIENCE: Duration = Duration::from_secs(1);

/// Looks at a list, on a connection of its own that is made when it is needed and never waited for.
#[derive(Debug)]
pub struct DepthReader {
    redis: Redis,
    keys: Keys,
    connection: Option<Connection>,
}

impl DepthReader {
    /// Connects to nothing yet.
    pub fn new(redis: &Redis, list: &str) -> Self {
        Self { redis: redis.aside(), keys: Keys::of(list), connection: None }
    }

    /// Looks once.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or has not answered within a second; the next look makes a new connection.
    pub async fn read(&mut self) -> Result<Depths, QueueError> {
        let looked = timeout(PATIENCE, async {
            let connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.redis.connect().await?,
            };
            let depths = self.look(&connection).await.map_err(|fault| self.redis.error(fault))?;
            Ok((connection, depths))
        });
        let (connection, depths) = looked.await.unwrap_or_else(|_| Err(self.redis.error(Fault::TimedOut(PATIENCE))))?;
        self.connection = Some(connection);
        Ok(depths)
    }

    async fn look(&self, connection: &Connection) -> Result<Depths, Fault> {
        let ask = async |command: &'static str, key: &str| {
            let asked = CustomCommand::new_static(command, ClusterHash::FirstKey, false);
            let answer = connection.client().custom::<u64, Value>(asked, vec![key.into()]);
            connection.once(PATIENCE, key, Box::pin(answer)).await
        };
        Ok(Depths {
            backlog: ask("LLEN", &self.keys.list).await?,
            delayed: ask("ZCARD", &self.keys.delayed()).await?,
            dead: ask("LLEN", &self.keys.dead()).await?,
        })
    }
}

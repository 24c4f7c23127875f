//! Commands that may be repeated: sent again after every loss of the connection, and after every refusal that passes.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use fred::prelude::{Client, ClientLike};
use fred::types::{ClusterHash, CustomCommand, FromValue, Value};

use super::connection::{COMMAND_TIMEOUT, Connection};
use super::error::{Fault, QueueError};
use super::script::Script;

/// Longest time for a reply, of a command that is repeated because its reply takes long.
const LONGEST_REPLY: Duration = Duration::from_secs(10 * 60);

impl Connection {
    /// Runs a command that may be repeated, again after every loss of the connection; with twice the time if nothing of its
    /// reply arrived in time. A large reply over a slow link may take as long as it does.
    ///
    /// `key` is what an error names.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub(super) async fn repeat<T, F>(
        &mut self,
        key: &str,
        mut command: impl FnMut(Client) -> F,
    ) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, fred::error::Error>>,
    {
        let mut limit = COMMAND_TIMEOUT;
        loop {
            self.refresh().await?;
            match self.once_unless_silent(limit, key, Box::pin(command(self.client().clone()))).await {
                Err(fault) if fault.is_transient() => {
                    if matches!(fault, Fault::TimedOut(_)) {
                        limit = (limit * 2).min(LONGEST_REPLY);
                    }
                    self.reconnect(fault).await?;
                }
                Err(fault) => return Err(self.explained(fault).await),
                Ok(value) => return Ok(value),
            }
        }
    }

    /// Runs a script that may be repeated; see [`Connection::repeat`].
    pub(super) async fn script<T: FromValue>(
        &mut self,
        script: &Script,
        key: &str,
        keys: &[String],
        arguments: &[Bytes],
    ) -> Result<T, QueueError> {
        self.repeat(key, |client| {
            let (keys, arguments) = (keys.to_vec(), arguments.to_vec());
            async move { script.run(&client, keys, arguments).await }
        })
        .await
    }

    /// Runs a command that may be repeated, with `key` as its first argument; see [`Connection::repeat`].
    pub(super) async fn command<T: FromValue>(
        &mut self,
        name: &'static str,
        key: &str,
        arguments: &[Value],
    ) -> Result<T, QueueError> {
        let words: Vec<Value> = std::iter::once(key.into()).chain(arguments.iter().cloned()).collect();
        self.command_without_key(name, key, &words).await
    }

    /// Runs a command that may be repeated, with `arguments` only; see [`Connection::repeat`].
    pub(super) async fn command_without_key<T: FromValue>(
        &mut self,
        name: &'static str,
        key: &str,
        arguments: &[Value],
    ) -> Result<T, QueueError> {
        self.repeat(key, |client| {
            let (command, arguments) =
                (CustomCommand::new_static(name, ClusterHash::FirstKey, false), arguments.to_vec());
            async move { client.custom(command, arguments).await }
        })
        .await
    }

    /// Returns the length of the list `key`.
    pub(super) async fn length(&mut self, key: &str) -> Result<u64, QueueError> {
        self.command("LLEN", key, &[]).await
    }
}

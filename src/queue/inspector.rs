//! A list and all that belongs to it, seen in one moment.

use std::collections::HashSet;

use bytes::Bytes;
use fred::prelude::{ClientLike as _, KeysInterface as _, ListInterface as _, SortedSetsInterface as _};
use fred::types::{CustomCommand, Value};

use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::{Keys, at_home_of};
use super::script::Script;
use crate::delivery::snapshot::{ClaimState, Counters, Snapshot};

/// How many keys Redis looks at in one step of a scan.
const SCAN: i64 = 1000;

/// A list and its companions, on a connection of their own.
pub struct Inspector {
    connection: Connection,
    keys: Keys,
    script: Script,
    /// Why only the list may be looked at.
    plain: Option<Fault>,
}

/// A look as it comes from Redis.
type SnapshotReply = (u64, u64, u64, u64, u64, u64, u64, u64, Vec<String>);

impl Inspector {
    /// Connects to `list`; it need not exist.
    ///
    /// # Errors
    ///
    /// Says what is in the way of connecting.
    pub async fn connect(redis: &Redis, list: &str) -> Result<Self, QueueError> {
        let connection = redis.connect().await?;
        let script = Script::new(include_str!("scripts/snapshot.lua"));
        Ok(Self { connection, keys: Keys::of(list), script, plain: None })
    }

    /// What keeps more than the list from being looked at; known after a look.
    pub fn refusal(&self) -> Option<QueueError> {
        self.plain.clone().map(|fault| self.connection.redis().error(fault))
    }

    /// Looks at everything in one step. Where user or server allow no scripts, the list is looked at alone.
    ///
    /// # Errors
    ///
    /// Fails when the key is no list, or when Redis stays away for longer than patience allows.
    pub async fn snapshot(&mut self) -> Result<Snapshot, QueueError> {
        if self.plain.is_none() {
            match self.full_snapshot(&HashSet::new()).await {
                Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                    tracing::debug!("{fault}: looking at the list alone");
                    self.plain = Some(fault);
                }
                looked => return looked,
            }
        }
        let list = self.keys.list.clone();
        let length = self.connection.repeat(&list, |client| {
            let list = list.clone();
            async move { client.llen(list).await }
        });
        Ok(Snapshot { waiting: length.await?, claims: None })
    }

    /// How many items are held by consumers that Redis has forgotten: it takes a walk through all keys. `None` when that is
    /// not allowed.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn stranded(&mut self) -> Result<Option<u64>, QueueError> {
        let consumers = match self.consumers_by_keys().await {
            Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => return Ok(None),
            consumers => consumers?,
        };
        // One that has come or gone meanwhile is seen as it is now.
        match self.full_snapshot(&consumers).await {
            Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => Ok(None),
            snapshot => Ok(snapshot?.claims.map(|claimed| claimed.abandoned)),
        }
    }

    /// Deletes the list and all that belongs to it. Nobody may use it any more.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn delete(&mut self) -> Result<(), QueueError> {
        let consumers = self.keys.consumers();
        let known: Vec<String> = self
            .connection
            .repeat(&consumers, |client| {
                let consumers = consumers.clone();
                async move { client.zrange(consumers, 0, -1, None, false, None, false).await }
            })
            .await?;
        let own = known.iter().map(|consumer| self.keys.inflight(consumer));
        let keys: Vec<String> = self.keys.lasting().into_iter().chain(own).collect();
        let list = self.keys.list.clone();
        self.connection
            .repeat(&list, |client| {
                let keys = keys.clone();
                async move { client.del(keys).await }
            })
            .await
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.connection.close().await;
    }

    async fn full_snapshot(&mut self, consumers: &HashSet<String>) -> Result<Snapshot, QueueError> {
        let keys = vec![
            self.keys.list.clone(),
            self.keys.consumers(),
            self.keys.busy(),
            self.keys.delayed(),
            self.keys.items(),
            self.keys.dead(),
            self.keys.stats(),
            self.keys.landing(),
        ];
        let base = std::iter::once(self.keys.inflight(""));
        let arguments: Vec<Bytes> = base.chain(consumers.iter().cloned()).map(Bytes::from).collect();
        let (script, list) = (&self.script, self.keys.list.clone());
        let (waiting, any, in_flight, abandoned, busy, delayed, orphaned, dead, pairs) = self
            .connection
            .repeat(&list, |client| {
                let (keys, arguments) = (keys.clone(), arguments.clone());
                async move { script.run::<SnapshotReply>(&client, keys, arguments).await }
            })
            .await?;
        let mut counters = Counters::default();
        for pair in pairs.chunks_exact(2) {
            counters.set(&pair[0], pair[1].parse().unwrap_or_default());
        }
        let claims = ClaimState { any: any == 1, in_flight, abandoned, busy, delayed, orphaned, dead, counters };
        Ok(Snapshot { waiting, claims: Some(claims) })
    }

    /// The consumers that have keys of their own.
    async fn consumers_by_keys(&mut self) -> Result<HashSet<String>, QueueError> {
        let base = self.keys.inflight("");
        let pattern = format!("{}*", escape_glob(&base));
        let mut consumers = HashSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let (next, keys): (String, Vec<Bytes>) = self
                .connection
                .repeat("", |client| {
                    // Of a cluster, only the server that holds the list holds its companions.
                    let scan = CustomCommand::new_static("SCAN", at_home_of(&base), false);
                    let words: Vec<Value> = vec![
                        cursor.as_str().into(),
                        "MATCH".into(),
                        pattern.as_str().into(),
                        "COUNT".into(),
                        SCAN.into(),
                    ];
                    async move { client.custom(scan, words).await }
                })
                .await?;
            consumers.extend(
                keys.iter().filter_map(|key| Some(std::str::from_utf8(key).ok()?.strip_prefix(&base)?.to_owned())),
            );
            if next == "0" {
                return Ok(consumers);
            }
            cursor = next;
        }
    }
}

/// A pattern that matches `text` and nothing else.
fn escape_glob(text: &str) -> String {
    text.chars().flat_map(|c| "*?[]^\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_the_name_says() {
        assert_eq!(escape_glob("{a*[b]?\\}:"), "{a\\*\\[b\\]\\?\\\\}:");
    }
}

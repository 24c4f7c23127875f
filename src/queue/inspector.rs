//! State of a list and its companion keys, read in one step.

use std::collections::HashSet;

use bytes::Bytes;
use fred::types::Value;

use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::Keys;
use super::script::Script;
use crate::delivery::item::Item;
use crate::delivery::pause::PauseState;
use crate::delivery::snapshot::{ClaimState, Counters, Presence, Snapshot};

/// Number of keys per step of a `SCAN`.
const SCAN_COUNT: i64 = 1000;

/// Longest item that is read to see since when it waits, in bytes.
const LONGEST_OLDEST: usize = 64 * 1024;

/// Reads the state of a list, on its own connection.
pub struct Inspector {
    pub(super) connection: Connection,
    pub(super) keys: Keys,
    script: Script,
    presence: Script,
    /// True once the user may not read who processes the list.
    is_presence_refused: bool,
    /// Fault that limits this inspector to the length of the list.
    restricted: Option<Fault>,
}

/// Reply of `snapshot.lua`.
type SnapshotReply = (u64, u64, u64, u64, u64, u64, u64, u64, Vec<String>);

/// Reply of `presence.lua`.
type PresenceReply = (u64, Option<Bytes>, i64, Option<Bytes>);

/// State of a list as `watch` shows it.
pub struct Observation {
    pub snapshot: Snapshot,
    /// `None` when user or server do not permit to read it.
    pub presence: Option<Presence>,
    /// Pause of the list, if it is paused.
    pub pause: Option<PauseState>,
}

impl Inspector {
    /// Connects to `list`, which may not exist yet.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(redis: &Redis, list: &str) -> Result<Self, QueueError> {
        let connection = redis.connect(list).await?;
        let script = Script::new(include_str!("scripts/snapshot.lua"));
        let presence = Script::new(include_str!("scripts/presence.lua"));
        Ok(Self { connection, keys: Keys::of(list), script, presence, is_presence_refused: false, restricted: None })
    }

    /// Returns why only the length of the list can be read; known after the first snapshot.
    pub fn refusal(&self) -> Option<QueueError> {
        self.restricted.clone().map(|fault| self.connection.redis().error(fault))
    }

    /// Takes a snapshot in one step. If user or server do not permit scripts, it holds only the length of the list.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn snapshot(&mut self) -> Result<Snapshot, QueueError> {
        if self.restricted.is_none() {
            match self.full_snapshot(&HashSet::new()).await {
                Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                    tracing::debug!(error = %fault, "reading only the length of the list");
                    self.restricted = Some(fault);
                }
                snapshot => return snapshot,
            }
        }
        Ok(Snapshot { waiting: self.connection.length(&self.keys.list).await?, claims: None })
    }

    /// Reads who processes the list, and with `with_oldest` the item that waits longest. `None` when user or server do not
    /// permit that.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn presence(&mut self, with_oldest: bool) -> Result<Option<Presence>, QueueError> {
        if self.is_presence_refused || self.restricted.is_some() {
            return Ok(None);
        }
        let arguments = presence_arguments(with_oldest);
        let read: Result<PresenceReply, _> =
            self.connection.script(&self.presence, &self.keys.list, &self.keys.presence(), &arguments).await;
        match read {
            Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                tracing::debug!(error = %fault, "not reading the consumers of the list");
                self.is_presence_refused = true;
                Ok(None)
            }
            read => read.map(|reply| Some(into_presence(reply).0)),
        }
    }

    /// Takes a snapshot and reads who processes the list and whether it is paused, in one round trip; see
    /// [`Inspector::snapshot`] and [`Inspector::presence`].
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn observe(&mut self, with_oldest: bool) -> Result<Observation, QueueError> {
        if self.restricted.is_none() && !self.is_presence_refused {
            match self.both(with_oldest).await {
                Ok(observed) => return Ok(observed),
                // One of them is not permitted.
                Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (snapshot, presence) = (self.snapshot().await?, self.presence(with_oldest).await?);
        Ok(Observation { snapshot, presence, pause: self.pause().await })
    }

    async fn both(&mut self, with_oldest: bool) -> Result<Observation, QueueError> {
        let (Self { connection, keys, script, presence, .. }, none) = (self, HashSet::new());
        let (snapshot, presence) = connection
            .repeat(&keys.list, |client| {
                let [words, oldest] = [snapshot_arguments(keys, &none), presence_arguments(with_oldest)];
                let (script, presence) = (&*script, &*presence);
                let (snapshot_keys, presence_keys) = (keys.snapshot(), keys.presence());
                async move {
                    // Polled in turn before either is answered: they travel together.
                    tokio::try_join!(
                        script.run::<SnapshotReply>(&client, snapshot_keys, words),
                        presence.run::<PresenceReply>(&client, presence_keys, oldest),
                    )
                }
            })
            .await?;
        let (presence, pause) = into_presence(presence);
        Ok(Observation { snapshot: into_snapshot(snapshot), presence: Some(presence), pause })
    }

    /// Returns the number of items held by consumers that Redis has forgotten, which takes a scan of all keys. `None` when
    /// the user may not scan.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn stranded(&mut self) -> Result<Option<u64>, QueueError> {
        let consumers = match self.scan(&self.keys.inflight("")).await {
            Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => return Ok(None),
            consumers => consumers?,
        };
        // Consumers that have started or stopped since the scan are seen as they are now.
        match self.full_snapshot(&consumers).await {
            Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => Ok(None),
            snapshot => Ok(snapshot?.claims.map(|claims| claims.abandoned)),
        }
    }

    /// Deletes the list and its companion keys. No other client may use them any more.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn delete(&mut self) -> Result<(), QueueError> {
        let all = [Value::from(0), Value::from(-1)];
        let consumers: Vec<String> = self.connection.command("ZRANGE", &self.keys.consumers(), &all).await?;
        let producers = match self.scan(&self.keys.producers()).await {
            // Tokens of producers expire.
            Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => HashSet::new(),
            producers => producers?,
        };
        let companions = self.keys.shared().into_iter().skip(1);
        let inflight = consumers.iter().map(|consumer| self.keys.inflight(consumer));
        let tokens = producers.iter().map(|token| format!("{}{token}", self.keys.producers()));
        let keys: Vec<Value> = companions.chain(inflight).chain(tokens).map(Value::from).collect();
        self.connection.command("DEL", &self.keys.list, &keys).await
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }

    async fn full_snapshot(&mut self, consumers: &HashSet<String>) -> Result<Snapshot, QueueError> {
        let arguments = snapshot_arguments(&self.keys, consumers);
        let reply = self.connection.script(&self.script, &self.keys.list, &self.keys.snapshot(), &arguments).await?;
        Ok(into_snapshot(reply))
    }

    /// Returns what follows `base` in the keys that begin with it.
    async fn scan(&mut self, base: &str) -> Result<HashSet<String>, QueueError> {
        let pattern = format!("{}*", escape_glob(base));
        let mut found = HashSet::new();
        let mut cursor = "0".to_owned();
        loop {
            let words: [Value; 5] =
                [cursor.as_str().into(), "MATCH".into(), pattern.as_str().into(), "COUNT".into(), SCAN_COUNT.into()];
            // In a cluster, the node that holds the list holds its companions.
            let (next, keys): (String, Vec<Bytes>) = self.connection.command_without_key("SCAN", "", &words).await?;
            found.extend(
                keys.iter().filter_map(|key| Some(std::str::from_utf8(key).ok()?.strip_prefix(base)?.to_owned())),
            );
            if next == "0" {
                return Ok(found);
            }
            cursor = next;
        }
    }
}

fn snapshot_arguments(keys: &Keys, consumers: &HashSet<String>) -> Vec<Bytes> {
    std::iter::once(keys.inflight("")).chain(consumers.iter().cloned()).map(Bytes::from).collect()
}

fn presence_arguments(with_oldest: bool) -> Vec<Bytes> {
    let longest = if with_oldest { LONGEST_OLDEST } else { 0 };
    vec![Bytes::from(longest.to_string())]
}

fn into_snapshot(reply: SnapshotReply) -> Snapshot {
    let (waiting, any, in_flight, abandoned, busy, delayed, orphaned, dead, pairs) = reply;
    let mut counters = Counters::default();
    for pair in pairs.chunks_exact(2) {
        counters.set(&pair[0], pair[1].parse().unwrap_or_default());
    }
    let claims = ClaimState { any: any == 1, in_flight, abandoned, busy, delayed, orphaned, dead, counters };
    Snapshot { waiting, claims: Some(claims) }
}

fn into_presence((consumers, oldest, left, reason): PresenceReply) -> (Presence, Option<PauseState>) {
    let reason = reason.map(|reason| String::from_utf8_lossy(&reason).into_owned()).unwrap_or_default();
    (Presence { consumers, oldest: oldest.map(Item) }, PauseState::of(left, reason))
}

/// Returns a glob pattern that matches only `text`.
pub(super) fn escape_glob(text: &str) -> String {
    text.chars().flat_map(|c| "*?[]^\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glob_pattern_escapes_the_name() {
        assert_eq!(escape_glob("{a*[b]?\\}:"), "{a\\*\\[b\\]\\?\\\\}:");
    }
}

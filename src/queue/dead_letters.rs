//! Dead letters: listed, requeued and purged one page at a time.

use bytes::Bytes;
use fred::prelude::KeysInterface as _;

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::QueueError;
use super::keys::Keys;
use super::script::Script;
use crate::delivery::dead_letter::{DeadLetter, Filter};
use crate::delivery::item::Item;

/// Iterates over the dead letters of a list.
pub struct DeadLetters {
    connection: Connection,
    keys: Keys,
    token: String,
    script: Script,
    filter: Filter,
    /// Bytes of each item to return; `None` for all.
    cut: Option<usize>,
    order: DeadLetterOrder,
    /// Position of the next page; -1 for the first.
    position: i64,
    call: u64,
}

/// Order of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterOrder {
    /// Newest first.
    NewestFirst,
    /// Oldest first, the order in which they are requeued and purged.
    OldestFirst,
}

/// Action on a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterAction {
    /// Push the item to the list, behind those that wait, without its history.
    Requeue,
    /// Delete it.
    Purge,
}

/// A page of dead letters.
#[derive(Debug)]
pub struct Page {
    /// Dead letters of this page.
    pub dead_letters: Vec<DeadLetter>,
    /// True on the last page.
    pub over: bool,
    /// Redis time (ms since 1970).
    pub now: u64,
}

/// Result of an action on one page.
#[derive(Debug, Clone, Copy)]
pub struct Applied {
    /// Number of dead letters requeued or purged.
    pub dead_letters: u64,
    /// Number of elements skipped because they are not dead letters.
    pub foreign: u64,
    /// True on the last page.
    pub over: bool,
}

/// Reply of `dead_letters.lua`.
type PageReply = (i64, u64, u64, u64, u64, Vec<Bytes>);

impl DeadLetters {
    /// Connects to the dead letters of `list`.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(
        redis: &Redis,
        list: &str,
        filter: Filter,
        order: DeadLetterOrder,
        cut: Option<usize>,
    ) -> Result<Self, QueueError> {
        let keys = Keys::of(list);
        Ok(Self {
            connection: redis.connect(list).await?,
            token: keys.walker(rand::random()),
            keys,
            script: Script::new(include_str!("scripts/dead_letters.lua")),
            filter,
            cut,
            order,
            position: -1,
            call: 0,
        })
    }

    /// Returns the next dead letters that match the filter, at most `limit`; a page may be empty before the end.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn next_page(&mut self, limit: u64) -> Result<Page, QueueError> {
        let (over, now, _, _, parts) = self.call("list", self.order, limit).await?;
        Ok(Page { dead_letters: parts.chunks_exact(3).map(dead_letter).collect(), over, now })
    }

    /// Applies `action` to the next dead letters that match the filter, at most `limit`, oldest first: each atomically, and
    /// once even if the connection is lost.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn apply(&mut self, action: DeadLetterAction, limit: u64) -> Result<Applied, QueueError> {
        let action = match action {
            DeadLetterAction::Requeue => "requeue",
            DeadLetterAction::Purge => "purge",
        };
        let (over, _, dead_letters, foreign, _) = self.call(action, DeadLetterOrder::OldestFirst, limit).await?;
        Ok(Applied { dead_letters, foreign, over })
    }

    /// Deletes the token and closes the connection.
    pub async fn close(self) {
        // Best effort: the token expires anyway.
        let delete = Box::pin(self.connection.client().del::<(), _>(self.token.as_str()));
        let _ = self.connection.once(COMMAND_TIMEOUT, &self.token, delete).await;
        self.connection.close().await;
    }

    async fn call(
        &mut self,
        action: &'static str,
        order: DeadLetterOrder,
        limit: u64,
    ) -> Result<(bool, u64, u64, u64, Vec<Bytes>), QueueError> {
        let number = self.call;
        self.call += 1;
        let Filter { ids, older_than, text } = &self.filter;
        let mut arguments = vec![
            Bytes::from_static(action.as_bytes()),
            Bytes::from_static(if order == DeadLetterOrder::NewestFirst { b"newest" } else { b"oldest" }),
            Bytes::from(self.position.to_string()),
            // Lua numbers are floating point.
            Bytes::from(limit.min(1 << 50).to_string()),
            Bytes::from(older_than.map(|age| age.as_millis().to_string()).unwrap_or_default()),
            Bytes::from(text.clone().unwrap_or_default()),
            Bytes::from(self.cut.map(|cut| cut.to_string()).unwrap_or_default()),
            Bytes::from(number.to_string()),
        ];
        arguments.extend(ids.iter().cloned().map(Bytes::from));
        let keys = self.keys.dead_letters(&self.token);
        let (position, over, now, found, foreign, parts): PageReply =
            self.connection.script(&self.script, &self.keys.dead(), &keys, &arguments).await?;
        self.position = position;
        Ok((over == 1, now, found, foreign, parts))
    }
}

/// Reads header, size and item.
fn dead_letter(parts: &[Bytes]) -> DeadLetter {
    let [header, size, item] = parts else { unreachable!("the script returns them in threes") };
    let size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
    DeadLetter {
        history: serde_json::from_str(&String::from_utf8_lossy(header)).ok(),
        item: Item(item.clone()),
        size: size.unwrap_or(item.len() as u64),
    }
}

//! Dead letters: walked a page at a time, requeued and purged.

use bytes::Bytes;
use fred::prelude::KeysInterface as _;

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::QueueError;
use super::keys::Keys;
use super::script::Script;
use crate::delivery::dead_letter::{DeadLetter, Filter};
use crate::delivery::item::Item;

/// A walk through the dead letters of a list.
pub struct DeadLetters {
    connection: Connection,
    keys: Keys,
    token: String,
    script: Script,
    filter: Filter,
    /// How many bytes of each item are wanted; `None` is all.
    cut: Option<usize>,
    order: DeadLetterOrder,
    /// Where to go on; -1 is the beginning.
    place: i64,
    call: u64,
}

/// Which come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterOrder {
    /// What died last.
    NewestFirst,
    /// What died first: as they are requeued and purged.
    OldestFirst,
}

/// What is done with a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterAction {
    /// Its item goes back to the list, bare, behind what waits there; its past is forgotten.
    Requeue,
    /// It is thrown away.
    Purge,
}

/// Some letters, and whether there are more.
#[derive(Debug)]
pub struct Page {
    /// The letters.
    pub letters: Vec<DeadLetter>,
    /// Whether the walk has come to its end.
    pub over: bool,
    /// Redis' time, in ms since 1970.
    pub now: u64,
}

/// What was done on one page.
#[derive(Debug, Clone, Copy)]
pub struct Applied {
    /// How many letters it was done with.
    pub letters: u64,
    /// How many elements were left alone because they are no dead letters.
    pub foreign: u64,
    /// Whether the walk has come to its end.
    pub over: bool,
}

/// A page as it comes from Redis.
type PageReply = (i64, u64, u64, u64, u64, Vec<Bytes>);

impl DeadLetters {
    /// Connects to what has died of `list`.
    ///
    /// # Errors
    ///
    /// Says what is in the way of connecting.
    pub async fn connect(
        redis: &Redis,
        list: &str,
        filter: Filter,
        order: DeadLetterOrder,
        cut: Option<usize>,
    ) -> Result<Self, QueueError> {
        let keys = Keys::of(list);
        Ok(Self {
            connection: redis.connect().await?,
            token: keys.walker(rand::random()),
            keys,
            script: Script::new(include_str!("scripts/dead_letters.lua")),
            filter,
            cut,
            order,
            place: -1,
            call: 0,
        })
    }

    /// The next letters that the filter means, `most` at most; a page may be empty before the end.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn next_page(&mut self, most: u64) -> Result<Page, QueueError> {
        let (over, now, _, _, parts) = self.call("list", self.order, most).await?;
        Ok(Page { letters: parts.chunks_exact(3).map(dead_letter).collect(), over, now })
    }

    /// Does `action` with the next letters that the filter means, `most` at most, from the oldest on: each in one step,
    /// and once however often the connection is lost.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn apply(&mut self, action: DeadLetterAction, most: u64) -> Result<Applied, QueueError> {
        let action = match action {
            DeadLetterAction::Requeue => "requeue",
            DeadLetterAction::Purge => "purge",
        };
        let (over, _, letters, foreign, _) = self.call(action, DeadLetterOrder::OldestFirst, most).await?;
        Ok(Applied { letters, foreign, over })
    }

    /// Says goodbye.
    pub async fn close(self) {
        // Redis forgets it by itself otherwise.
        let forget = Box::pin(self.connection.client().del::<(), _>(self.token.as_str()));
        let _ = self.connection.once(COMMAND_TIMEOUT, &self.token, forget).await;
        self.connection.close().await;
    }

    async fn call(
        &mut self,
        action: &'static str,
        order: DeadLetterOrder,
        most: u64,
    ) -> Result<(bool, u64, u64, u64, Vec<Bytes>), QueueError> {
        let number = self.call;
        self.call += 1;
        let keys = vec![self.keys.list.clone(), self.keys.dead(), self.keys.stats(), self.token.clone()];
        let Filter { ids, older_than, text } = &self.filter;
        let mut arguments = vec![
            Bytes::from_static(action.as_bytes()),
            Bytes::from_static(if order == DeadLetterOrder::NewestFirst { b"newest" } else { b"oldest" }),
            Bytes::from(self.place.to_string()),
            // Lua counts in floating point.
            Bytes::from(most.min(1 << 50).to_string()),
            Bytes::from(older_than.map(|age| age.as_millis().to_string()).unwrap_or_default()),
            Bytes::from(text.clone().unwrap_or_default()),
            Bytes::from(self.cut.map(|cut| cut.to_string()).unwrap_or_default()),
            Bytes::from(number.to_string()),
        ];
        arguments.extend(ids.iter().cloned().map(Bytes::from));
        let (script, key) = (&self.script, self.keys.dead());
        let (place, over, now, found, foreign, parts) = self
            .connection
            .repeat(&key, |client| {
                let (keys, arguments) = (keys.clone(), arguments.clone());
                async move { script.run::<PageReply>(&client, keys, arguments).await }
            })
            .await?;
        self.place = place;
        Ok((over == 1, now, found, foreign, parts))
    }
}

/// Of header, size and item.
fn dead_letter(parts: &[Bytes]) -> DeadLetter {
    let [header, size, item] = parts else { unreachable!("they come in threes") };
    let size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
    DeadLetter {
        history: serde_json::from_str(&String::from_utf8_lossy(header)).ok(),
        item: Item(item.clone()),
        size: size.unwrap_or(item.len() as u64),
    }
}

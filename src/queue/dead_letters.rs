//! Dead letters: listed, requeued and purged one page at a time.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::QueueError;
use super::keys::Keys;
use super::script::Script;
use crate::delivery::dead_letter::{DeadLetter, Filter};
use crate::delivery::item::Item;

/// Pause before the next attempt while another client moves dead letters.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// Time after which a client that moves dead letters counts as crashed unless it calls again: at least this, and several of
/// its round trips, which tells a slow link from a crash.
const ACTIVE: Duration = Duration::from_secs(1);

/// Round trips that a client may take until its next call.
const ROUND_TRIPS: u32 = 3;

/// Iterates over the dead letters of a list.
pub struct DeadLetters {
    connection: Connection,
    keys: Keys,
    filter: Filter,
    /// Bytes of each item to return; `None` for all.
    cut: Option<usize>,
    order: DeadLetterOrder,
    /// Position of the next page to list; -1 for the first.
    position: i64,
    list: Script,
    apply: Script,
    /// Name of this client while it moves dead letters.
    client: String,
    /// Number of the next call that moves dead letters.
    call: u64,
    /// Duration of the last call; before the first, the time that connecting took.
    round_trip: Duration,
    /// True once another client was found to move dead letters.
    waited: bool,
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

/// Reply of `list_dead_letters.lua`.
type PageReply = (i64, u64, u64, Vec<Bytes>);

/// Reply of `move_dead_letters.lua`.
type AppliedReply = (u64, u64, u64, u64);

impl DeadLetters {
    /// Longest pause between two calls that move dead letters: after a longer one, this client counts as crashed.
    pub const LONGEST_PAUSE: Duration = Duration::from_millis(300);

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
        let start = Instant::now();
        let connection = redis.connect(list).await?;
        Ok(Self {
            connection,
            keys: Keys::of(list),
            filter,
            cut,
            order,
            position: -1,
            list: Script::new(concat!(
                include_str!("scripts/dead_letter.lua"),
                include_str!("scripts/list_dead_letters.lua")
            )),
            apply: Script::new(concat!(
                include_str!("scripts/dead_letter.lua"),
                include_str!("scripts/move_dead_letters.lua")
            )),
            client: format!("{:016x}", rand::random::<u64>()),
            call: 0,
            round_trip: start.elapsed().min(COMMAND_TIMEOUT),
            waited: false,
        })
    }

    /// Key of the list.
    pub fn list(&self) -> &str {
        &self.keys.list
    }

    /// Returns the next dead letters that match the filter, at most `limit`; a page may be empty before the end.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn next_page(&mut self, limit: u64) -> Result<Page, QueueError> {
        let order: &[u8] = if self.order == DeadLetterOrder::NewestFirst { b"newest" } else { b"oldest" };
        let cut = self.cut.map(|cut| cut.to_string()).unwrap_or_default();
        let arguments = self.arguments([
            Bytes::from_static(order),
            Bytes::from(self.position.to_string()),
            count(limit),
            Bytes::from(cut),
            Bytes::new(),
        ]);
        let keys = self.keys.list_dead_letters();
        let (position, over, now, parts): PageReply =
            self.connection.script(&self.list, &self.keys.dead(), &keys, &arguments).await?;
        self.position = position;
        Ok(Page { dead_letters: parts.chunks_exact(3).map(dead_letter).collect(), over: over == 1, now })
    }

    /// Begins with the first page again.
    pub fn rewind(&mut self) {
        self.position = -1;
    }

    /// Applies `action` to the next dead letters that match the filter, at most `limit`, oldest first: each atomically, and
    /// once even if the connection is lost. Only one client at a time does so.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn apply(&mut self, action: DeadLetterAction, limit: u64) -> Result<Applied, QueueError> {
        let action = match action {
            DeadLetterAction::Requeue => "requeue",
            DeadLetterAction::Purge => "purge",
        };
        let (keys, arguments) = (self.keys.move_dead_letters(&self.client), self.move_arguments(action, limit));
        let start = Instant::now();
        let (over, dead_letters, foreign, busy): AppliedReply =
            self.connection.script(&self.apply, &self.keys.dead(), &keys, &arguments).await?;
        self.round_trip = start.elapsed();
        self.call += 1;
        if busy == 1 {
            if !self.waited {
                tracing::info!(list = %self.keys.list, "waiting for another client that moves dead letters");
            }
            self.waited = true;
            tokio::time::sleep(BUSY_PAUSE).await;
        }
        Ok(Applied { dead_letters, foreign, over: over == 1 })
    }

    /// Puts examined dead letters back in their place, and closes the connection.
    pub async fn close(self) {
        if self.call > 0 {
            let (keys, arguments) = (self.keys.move_dead_letters(&self.client), self.move_arguments("restore", 0));
            loop {
                let call = self.apply.run(self.connection.client(), keys.clone(), arguments.clone());
                let reply: Result<AppliedReply, _> =
                    self.connection.once(COMMAND_TIMEOUT, &self.keys.dead(), Box::pin(call)).await;
                // If it fails, the next client that moves dead letters does it.
                if !matches!(reply, Ok((0, ..))) {
                    break;
                }
            }
        }
        self.connection.close().await;
    }

    /// Arguments of `move_dead_letters.lua`.
    fn move_arguments(&self, action: &'static str, limit: u64) -> Vec<Bytes> {
        let (client, call) = (Bytes::from(self.client.clone()), Bytes::from(self.call.to_string()));
        let active = ACTIVE.max(self.round_trip * ROUND_TRIPS).as_millis();
        let active = Bytes::from(active.to_string());
        self.arguments([Bytes::from_static(action.as_bytes()), client, call, count(limit), active])
    }

    /// Appends the filter, as `dead_letter.lua` takes it.
    fn arguments(&self, first: [Bytes; 5]) -> Vec<Bytes> {
        let Filter { ids, older_than, text } = &self.filter;
        let mut arguments = Vec::from(first);
        arguments.push(Bytes::from(older_than.map(|age| age.as_millis().to_string()).unwrap_or_default()));
        arguments.push(Bytes::from(text.clone().unwrap_or_default()));
        arguments.extend(ids.iter().cloned().map(Bytes::from));
        arguments
    }
}

/// Formats a maximum number; those of Lua are floating point.
fn count(limit: u64) -> Bytes {
    Bytes::from(limit.min(1 << 50).to_string())
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

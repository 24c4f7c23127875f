//! Data of claims: settings, finished items out, claims in.

use std::time::Duration;

use bytes::Bytes;

use crate::delivery::history::History;
use crate::delivery::item::Item;

/// Settings of claims.
#[derive(Debug, Clone, Copy)]
pub struct ClaimSettings {
    /// Lease duration: items of a consumer that has not renewed for this long are redelivered.
    pub lease: Duration,
    /// Consumer crashes after which an item is dead-lettered.
    pub max_crashes: u32,
}

/// Result of a search for crashed consumers.
#[derive(Debug, Clone, Copy)]
pub struct Redelivered {
    /// Number of items redelivered.
    pub redelivered: u64,
    /// Number of items dead-lettered, because this was the last crash allowed.
    pub dead: u64,
    /// True when there is more to do: search again at once.
    pub more: bool,
}

/// An item claimed under a lease.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Id of the claim, new at each attempt.
    pub id: String,
    /// The item.
    pub item: Item,
    /// Retry history; `None` at the first attempt.
    pub history: Option<History>,
}

/// Outcome of a claim.
#[derive(Debug, Clone)]
pub enum Finished {
    /// The item was processed.
    Acknowledge {
        /// Id of the claim.
        id: String,
    },
    /// The item is delayed and retried.
    Retry {
        /// Id of the claim.
        id: String,
        /// Delay.
        after: Duration,
        /// Retry history to store.
        history: History,
    },
    /// The item is dead-lettered.
    DeadLetter {
        /// Id of the claim.
        id: String,
        /// Retry history to store.
        history: History,
    },
    /// The item was not begun, and goes back to the list.
    Requeue {
        /// Id of the claim.
        id: String,
    },
}

/// Result of an exchange.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts about an exchange")]
pub struct Exchanged {
    /// Items claimed.
    pub items: Vec<Claim>,
    /// Finished items that Redis now knows to be so, including those lost.
    pub settled: Vec<Finished>,
    /// Ids of finished claims that had been given to another consumer: their outcome does not count.
    pub lost: Vec<String>,
    /// True when items were left because of their size: the next exchange can claim more.
    pub more: bool,
    /// Time until the next delayed item is due.
    pub due: Option<Duration>,
    /// True when the lease had expired since the last exchange, and the items in flight were redelivered.
    pub expired: bool,
    /// True when time passed without Redis: the connection was lost, or the lease had expired.
    pub interrupted: bool,
    /// True when the clock of Redis has jumped since the last exchange.
    pub clock_jumped: bool,
}

impl Claim {
    /// Returns the id that identifies the item through all its attempts.
    pub fn name(&self) -> &str {
        self.history.as_ref().map_or(&self.id, |history| &history.id)
    }

    /// Number of this attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.history.as_ref().map_or(1, |history| history.attempts.saturating_add(1))
    }

    /// Returns the retry history, or a new one that starts `now` (ms, Redis clock).
    pub fn into_history(self, now: u64) -> History {
        self.history.unwrap_or_else(|| History { id: self.id, since: now, ..History::default() })
    }
}

impl Finished {
    /// Id of the claim.
    pub fn id(&self) -> &str {
        match self {
            Self::Acknowledge { id } | Self::Retry { id, .. } | Self::DeadLetter { id, .. } | Self::Requeue { id } => {
                id
            }
        }
    }

    /// Returns the settlement of the claim, whose id within the consumer is `id`; `None` if it is acknowledged.
    pub(super) fn settlement(&self, id: &str) -> Option<Settlement> {
        let json = |history: &History| Bytes::from(serde_json::to_vec(history).unwrap_or_default());
        let bytes = Bytes::copy_from_slice(id.as_bytes());
        match self {
            Self::Acknowledge { .. } => None,
            Self::Retry { after, history, .. } => {
                Some([Bytes::from_static(b"retry"), bytes, millis(*after), json(history)])
            }
            Self::DeadLetter { history, .. } => Some([Bytes::from_static(b"dead"), bytes, json(history), Bytes::new()]),
            Self::Requeue { .. } => Some(requeue(id)),
        }
    }
}

/// Outcome, id and two more values, as `exchange.lua` takes them.
pub(super) type Settlement = [Bytes; 4];

/// Returns the settlement of an item with a history that was processed.
pub(super) fn acknowledge(id: &str) -> Settlement {
    [Bytes::from_static(b"ack"), Bytes::copy_from_slice(id.as_bytes()), Bytes::new(), Bytes::new()]
}

/// Returns the settlement of a claim that goes back to the list.
pub(super) fn requeue(id: &str) -> Settlement {
    [Bytes::from_static(b"requeue"), Bytes::copy_from_slice(id.as_bytes()), Bytes::new(), Bytes::new()]
}

/// Formats a duration in ms, as the scripts take it.
pub(super) fn millis(duration: Duration) -> Bytes {
    Bytes::from(duration.as_millis().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempt_after_more_than_can_be_counted_is_not_the_first() {
        let history = |attempts| Some(History { attempts, ..History::default() });
        let attempt = |history| Claim { id: "a".to_owned(), item: Item(Bytes::new()), history }.attempt();
        assert_eq!([None, history(1), history(u32::MAX)].map(attempt), [1, 2, u32::MAX]);
    }
}

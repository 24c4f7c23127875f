//! What goes out in an exchange and what comes in: items in hand, and what became of them.

use std::time::Duration;

use bytes::Bytes;

use crate::delivery::history::History;
use crate::delivery::item::Item;

/// An item in hand.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The claim; anew at every try.
    pub id: String,
    /// What it holds.
    pub item: Item,
    /// What happened to it before; `None` at the first try.
    pub history: Option<History>,
}

/// What became of a claim.
#[derive(Debug, Clone)]
pub enum Finished {
    /// It was worked.
    Acknowledge {
        /// The claim.
        id: String,
    },
    /// It is to be tried again.
    Retry {
        /// The claim.
        id: String,
        /// After this long.
        after: Duration,
        /// With this past.
        history: History,
    },
    /// It is given up.
    DeadLetter {
        /// The claim.
        id: String,
        /// With this past.
        history: History,
    },
}

/// The answer to an exchange.
#[derive(Debug, Default)]
pub struct Exchanged {
    /// What was taken.
    pub items: Vec<Claim>,
    /// Claims that others have been given: their result does not count.
    pub lost: Vec<String>,
    /// When the next delayed item is due.
    pub due: Option<Duration>,
    /// Whether the lease had run out since the last exchange, and others were given what was held.
    pub expired: bool,
    /// Redis' time, in ms since 1970.
    pub now: u64,
}

impl Claim {
    /// What it goes by as long as it lives.
    pub fn name(&self) -> &str {
        self.history.as_ref().map_or(&self.id, |history| &history.id)
    }

    /// Which try this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.history.as_ref().map_or(1, |history| history.attempts + 1)
    }

    /// Its past, which begins `now` (ms, Redis' clock) when it has none.
    pub fn past(self, now: u64) -> History {
        self.history.unwrap_or_else(|| History { id: self.id, since: now, ..History::default() })
    }

    /// Of id, bytes and history, one after the other.
    pub(super) fn of(parts: &[Bytes]) -> Self {
        let [id, item, history] = parts else { unreachable!("they come in threes") };
        Self {
            id: String::from_utf8_lossy(id).into_owned(),
            item: Item(item.clone()),
            history: serde_json::from_slice(history).ok(),
        }
    }
}

impl Finished {
    /// The claim.
    pub fn id(&self) -> &str {
        match self {
            Self::Acknowledge { id } | Self::Retry { id, .. } | Self::DeadLetter { id, .. } => id,
        }
    }

    /// How, id, and two more: as the script takes them.
    pub(super) fn arguments(&self) -> [Bytes; 4] {
        let json = |history: &History| Bytes::from(serde_json::to_vec(history).unwrap_or_default());
        match self {
            Self::Acknowledge { id } => {
                [Bytes::from_static(b"ack"), Bytes::from(id.clone()), Bytes::new(), Bytes::new()]
            }
            Self::Retry { id, after, history } => {
                [Bytes::from_static(b"retry"), Bytes::from(id.clone()), millis(*after), json(history)]
            }
            Self::DeadLetter { id, history } => {
                [Bytes::from_static(b"dead"), Bytes::from(id.clone()), json(history), Bytes::new()]
            }
        }
    }
}

/// As the scripts take a time.
pub(super) fn millis(duration: Duration) -> Bytes {
    Bytes::from(duration.as_millis().to_string())
}

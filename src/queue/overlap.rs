//! Calls that are sent before the reply to the one before: Redis runs one while the items of the other are processed.

use std::collections::VecDeque;
use std::time::Instant;

use super::exchange::Finished;
use super::exchange_call::{ExchangeCall, Lane, MAX_CLAIMS, RawReply};
use super::pipeline::Reply;

/// Number of calls under way at most.
const DEPTH: usize = 2;

/// Smallest number of items for which a call is sent ahead: below, one call with all of them costs less.
const SMALLEST: usize = 16;

/// Calls under way, the first one sent first.
///
/// Only calls that acknowledge and claim are sent ahead, and only from a list that has more items than fit. Redis runs them in
/// order, and their numbers follow each other: if it has not run the first, it refuses the second.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    pub(super) sent: VecDeque<Sent>,
    /// True while the list has more items than fit.
    is_loaded: bool,
}

/// A call that has been sent.
pub(super) struct Sent {
    pub(super) number: u64,
    pub(super) limit: usize,
    pub(super) finished: Vec<Finished>,
    /// Ids of the finished items in Redis.
    pub(super) acknowledged: Vec<String>,
    pub(super) reply: Reply<RawReply>,
    pub(super) at: Instant,
    /// Number of outages before it was sent.
    pub(super) outage: u64,
}

impl Overlap {
    pub(super) fn asked(&self) -> usize {
        self.sent.iter().map(|sent| sent.limit).sum()
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.sent.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.sent.len() >= DEPTH
    }

    /// Returns how many of `limit` items the next call claims: half of them, to leave as many to the one after it; `None` if
    /// they are too few, or if the list has no more items than fit.
    pub(super) fn part(&self, limit: usize) -> Option<usize> {
        let part = if self.sent.is_empty() { limit.div_ceil(DEPTH) } else { limit }.min(MAX_CLAIMS);
        (self.is_loaded && part >= SMALLEST).then_some(part)
    }

    /// Ends the sending ahead, until the list is found to have more items again.
    pub(super) fn end(&mut self) {
        self.is_loaded = false;
    }

    /// Records a call that has claimed `claimed` of at most `limit` items, and left others that are `large`.
    pub(super) fn observe(&mut self, claimed: usize, limit: usize, large: bool) {
        self.is_loaded = claimed >= limit && limit >= SMALLEST && !large;
    }
}

/// Returns the call that acknowledges these ids and claims up to `limit` items.
pub(super) fn call<'a>(consumer: &'a str, number: u64, limit: usize, acknowledged: &'a [String]) -> ExchangeCall<'a> {
    ExchangeCall { consumer, lane: Lane::Claims, number, limit, renew: None, acknowledged, others: &[] }
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").field("number", &self.number).field("limit", &self.limit).finish_non_exhaustive()
    }
}

//! Calls that are sent before the reply to the one before: Redis runs one while the items of the other are processed.

use std::collections::VecDeque;
use std::time::Instant;

use super::claims::Claims;
use super::connection::COMMAND_TIMEOUT;
use super::error::{Fault, QueueError};
use super::exchange::{Exchanged, Finished};
use super::exchange_call::{ExchangeCall, Lane, MAX_CLAIMS, RawReply, size_of};
use super::pipeline::Reply;
use super::reply_size::sized;

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
    sent: VecDeque<Sent>,
    /// True while the list has more items than fit.
    is_loaded: bool,
}

/// A call that has been sent.
struct Sent {
    number: u64,
    limit: usize,
    finished: Vec<Finished>,
    /// Ids of the finished items in Redis.
    acknowledged: Vec<String>,
    reply: Reply<RawReply>,
    at: Instant,
    /// Number of outages before it was sent.
    outage: u64,
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

    /// Ends the sending ahead, until the list is found to have more items again.
    pub(super) fn end(&mut self) {
        self.is_loaded = false;
    }

    /// Records a call that has claimed `claimed` of at most `limit` items, and left others that are `large`.
    pub(super) fn observe(&mut self, claimed: usize, limit: usize, large: bool) {
        self.is_loaded = claimed >= limit && limit >= SMALLEST && !large;
    }
}

impl Claims {
    /// Returns true if a call that settles `finished` and claims up to `limit` items can be sent ahead.
    pub(super) fn may_overlap(&self, finished: &[Finished], limit: usize) -> bool {
        let is_plain = |finished: &Finished| {
            matches!(finished, Finished::Acknowledge { .. })
                && self.held.is_without_history(self.held.id(finished.id()))
        };
        self.overlap.is_loaded
            && self.part(limit) >= SMALLEST
            && self.signed_on == Some(self.connection.outage())
            && !self.schedule.is_renewal_due(true)
            && finished.len() <= MAX_CLAIMS
            && finished.iter().all(is_plain)
    }

    /// Returns how many of `limit` items the next call claims: half of them, to leave as many to the one after it.
    fn part(&self, limit: usize) -> usize {
        if self.overlap.sent.is_empty() { limit.div_ceil(DEPTH) } else { limit }.min(MAX_CLAIMS)
    }

    /// Sends a call ahead; see [`Claims::may_overlap`].
    pub(super) fn send(&mut self, finished: Vec<Finished>, limit: usize) {
        let limit = self.part(limit);
        self.call += 1;
        let mut acknowledged = Vec::with_capacity(finished.len());
        for finished in &finished {
            let id = self.held.id(finished.id());
            self.held.remove(id);
            acknowledged.push(id.to_owned());
        }
        let call = call(self.held.consumer(), self.call, limit, &acknowledged);
        let keys = self.keys.exchange(self.held.consumer());
        let words = self.exchange.words(keys, call.arguments(self.reply_size.bytes()));
        let (reply, outage) = (self.connection.send("EVALSHA", words), self.connection.outage());
        let sent = Sent { number: self.call, limit, finished, acknowledged, reply, at: Instant::now(), outage };
        self.overlap.sent.push_back(sent);
    }

    /// Takes the reply to the first call under way; returns the ids of acknowledged items that Redis has not settled, because
    /// the consumer has to sign on again.
    pub(super) async fn receive(&mut self, exchanged: &mut Exchanged) -> Result<Vec<String>, QueueError> {
        let Some(first) = self.overlap.sent.front_mut() else { return Ok(Vec::new()) };
        let answer = if first.outage == self.connection.outage() {
            match self.connection.once(COMMAND_TIMEOUT, &self.keys.list, &mut first.reply).await {
                Ok(reply) => Some(reply),
                Err(Fault::NoScript) => None,
                Err(fault) if fault.is_transient() => {
                    self.connection.reconnect(fault).await?;
                    self.reply_size.repeated();
                    None
                }
                Err(fault) => return Err(self.connection.redis().error(fault)),
            }
        } else {
            None
        };
        let call = call(self.held.consumer(), first.number, first.limit, &first.acknowledged);
        let reply = match answer {
            Some(reply) => reply,
            None => {
                let keys = self.keys.exchange(self.held.consumer());
                let (script, key, size) = (&self.exchange, &self.keys.list, &mut self.reply_size);
                sized(&mut self.connection, script, key, &keys, size, |page| call.arguments(page), size_of).await?
            }
        };
        let reply = reply.map(|values| call.reply(values));
        let Some(first) = self.overlap.sent.pop_front() else { return Ok(Vec::new()) };
        exchanged.settled.extend(first.finished);
        let Some(reply) = reply else {
            (self.signed_on, self.overlap.is_loaded) = (None, false);
            return Ok(first.acknowledged);
        };
        if reply.missing > 0 {
            // Redis does not say which are missing: only another client can have removed them.
            let settled = first.acknowledged.len().saturating_sub(reply.missing);
            exchanged.lost.extend(first.acknowledged.iter().skip(settled).map(|id| self.held.name(id)));
            self.signed_on = None;
        }
        self.overlap.observe(reply.claims.len(), first.limit, reply.more);
        self.take([first.at; 2], reply, exchanged).await?;
        Ok(Vec::new())
    }
}

/// Returns the call that acknowledges these ids and claims up to `limit` items.
fn call<'a>(consumer: &'a str, number: u64, limit: usize, acknowledged: &'a [String]) -> ExchangeCall<'a> {
    ExchangeCall { consumer, lane: Lane::Claims, number, limit, renew: None, acknowledged, others: &[] }
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").field("number", &self.number).field("limit", &self.limit).finish_non_exhaustive()
    }
}

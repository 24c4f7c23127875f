//! Calls sent ahead, and how their replies are taken.

use std::time::Instant;

use super::claims::Claims;
use super::connection::COMMAND_TIMEOUT;
use super::error::{Fault, QueueError};
use super::exchange::{Exchanged, Finished};
use super::exchange_call::{MAX_CLAIMS, size_of};
use super::overlap::{Sent, call};
use super::reply_size::sized;

impl Claims {
    /// Returns how many items a call may claim that settles `finished` and is sent ahead; `None` if it is to be sent alone.
    pub(super) fn part_ahead(&self, finished: &[Finished], limit: usize) -> Option<usize> {
        let is_plain = |finished: &Finished| {
            matches!(finished, Finished::Acknowledge { .. })
                && self.held.is_without_history(self.held.id(finished.id()))
        };
        let is_plain_call = self.signed_on == Some(self.connection.outage())
            && !self.schedule.is_renewal_due(true)
            && !self.connection.task.has_ended()
            && finished.len() <= MAX_CLAIMS
            && finished.iter().all(is_plain);
        self.overlap.part(limit).filter(|_| is_plain_call)
    }

    /// Sends a call ahead; see [`Claims::part_ahead`].
    pub(super) fn send_ahead(&mut self, finished: Vec<Finished>, limit: usize) {
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
                Err(fault) => return Err(self.connection.explained(fault).await),
            }
        } else {
            None
        };
        let call = call(self.held.consumer(), first.number, first.limit, &first.acknowledged);
        let reply = if let Some(reply) = answer {
            reply
        } else {
            let keys = self.keys.exchange(self.held.consumer());
            let (script, key, size) = (&self.exchange, &self.keys.list, &mut self.reply_size);
            sized(&mut self.connection, script, key, &keys, size, |page| call.arguments(page), size_of).await?
        };
        let reply = reply.map(|values| call.reply(values));
        let Some(first) = self.overlap.sent.pop_front() else { return Ok(Vec::new()) };
        exchanged.settled.extend(first.finished);
        let Some(reply) = reply else {
            self.signed_on = None;
            self.overlap.end();
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

//! Answers of a process, and the items that they are about.

use super::super::seats::{PoolItem, PoolResult};
use super::{HandedCall, PoolProcess};
use crate::handler::answer::{AnsweredOutcome, HandlerAnswer};

/// Longest answer in bytes, and how much longer it may be per item of a batch.
const LONGEST: usize = 64 * 1024;
const PER_ITEM: usize = 1024;

impl PoolProcess<'_> {
    /// Takes the answers in the first `read` bytes of the chunk.
    pub(super) fn receive(&mut self, read: usize) -> Result<(), String> {
        // A line on stderr before an answer is about its item.
        self.log.catch_up();
        let chunk = std::mem::take(&mut self.chunk);
        self.results.reserve(self.in_flight.len());
        let (mut received, ended) = (Ok(()), self.ended);
        let longest = LONGEST + self.pool.spec.batch.map_or(0, |batch| batch * PER_ITEM);
        for part in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            if self.begun.len() + part.len() > longest {
                received = Err(format!("wrote a line of more than {longest} bytes to stdout"));
                break;
            }
            let Some(line) = part.strip_suffix(b"\n") else {
                self.begun.extend_from_slice(part);
                break;
            };
            let answered = if self.begun.is_empty() {
                self.answer(line)
            } else {
                let mut whole = std::mem::take(&mut self.begun);
                whole.extend_from_slice(line);
                self.answer(&whole)
            };
            if answered.is_err() {
                received = answered;
                break;
            }
        }
        self.chunk = chunk;
        if !self.results.is_empty() {
            let results = std::mem::take(&mut self.results);
            self.answered += results.len() as u64;
            let calls = usize::try_from(self.ended - ended).unwrap_or(usize::MAX);
            let room = if received.is_ok() { self.grant(calls) } else { 0 };
            self.pool.seats.settle(self.place, results, room);
        }
        received
    }

    fn answer(&mut self, line: &[u8]) -> Result<(), String> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        // Without an id, which of several calls is meant is not clear.
        let may_be_for_all = self.pool.spec.batch.is_some() && self.pool.spec.per_process == 1;
        HandlerAnswer::parse(line, may_be_for_all, |answer| {
            match answer {
                HandlerAnswer::Ready if self.is_ready || self.is_closing => {}
                HandlerAnswer::Ready => self.open(),
                HandlerAnswer::Finished { id: Some(id), outcome } => self.finish(&id, outcome)?,
                HandlerAnswer::Finished { id: None, outcome } => self.finish_all(&outcome)?,
            }
            Ok(())
        })
    }

    /// Takes the answer about one item.
    fn finish(&mut self, id: &str, outcome: AnsweredOutcome) -> Result<(), String> {
        let found = self
            .in_flight
            .iter()
            .enumerate()
            .find_map(|(place, call)| Some((place, call.items.iter().position(|item| item.assignment.id == id)?)));
        let Some((place, item)) =
            found.and_then(|(place, item)| Some((place, self.in_flight[place].items.remove(item)?)))
        else {
            return Err(format!("answered twice, or for an item that it does not have: `{id}`"));
        };
        if self.in_flight[place].items.is_empty() {
            self.in_flight.remove(place);
            self.ended += 1;
        }
        let result = self.result(item, outcome, 1);
        self.results.push(result);
        Ok(())
    }

    /// Takes the answer about all items of the only call that are not answered.
    fn finish_all(&mut self, outcome: &AnsweredOutcome) -> Result<(), String> {
        let Some(HandedCall { items, count, .. }) = self.in_flight.pop_front() else {
            return Err("answered without an item".to_owned());
        };
        self.ended += 1;
        for item in items {
            let result = self.result(item, outcome.clone(), count);
            self.results.push(result);
        }
        Ok(())
    }

    /// Returns the result of an item whose answer is about `count` items.
    fn result(&self, item: PoolItem, outcome: AnsweredOutcome, count: usize) -> PoolResult {
        let stderr = if outcome.keeps_stderr() { self.log.tail() } else { Vec::new() };
        PoolResult { ticket: Some(item.ticket), disposition: outcome.disposition(stderr).of_several(count) }
    }
}

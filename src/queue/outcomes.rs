//! Outcomes of finished items on their way to Redis, in as many calls as they take.

use std::collections::HashSet;

use super::exchange::{Finished, Settlement, acknowledge, requeue};
use super::exchange_call::{ExchangeReply, MAX_CLAIMS, MAX_SETTLEMENTS};

/// Outcomes that Redis does not know yet, by the ids of the claims in Redis.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// Acknowledged items without a history.
    acknowledged: Vec<String>,
    /// Other settlements.
    others: Vec<Settlement>,
}

impl Outcomes {
    /// Adds the outcome of a claim.
    pub(super) fn add(&mut self, id: &str, finished: &Finished, has_history: bool) {
        match finished.settlement(id) {
            Some(settlement) => self.others.push(settlement),
            None if has_history => self.others.push(acknowledge(id)),
            None => self.acknowledged.push(id.to_owned()),
        }
    }

    /// Adds acknowledged items without a history.
    pub(super) fn extend(&mut self, acknowledged: Vec<String>) {
        self.acknowledged.extend(acknowledged);
    }

    /// Adds a claim that goes back to the list.
    pub(super) fn requeue(&mut self, id: &str) {
        self.others.push(requeue(id));
    }

    /// Returns the acknowledged items and other settlements of the next call.
    pub(super) fn next(&self) -> (&[String], &[Settlement]) {
        let acknowledged = &self.acknowledged[..self.acknowledged.len().min(MAX_CLAIMS)];
        (acknowledged, &self.others[..self.others.len().min(MAX_SETTLEMENTS)])
    }

    pub(super) fn fit_in_one_call(&self) -> bool {
        self.acknowledged.len() <= MAX_CLAIMS && self.others.len() <= MAX_SETTLEMENTS
    }

    pub(super) fn is_empty(&self) -> bool {
        self.acknowledged.is_empty() && self.others.is_empty()
    }

    /// Removes what the last call has settled; returns the ids that were not in flight.
    pub(super) fn settled(&mut self, reply: &mut ExchangeReply) -> Vec<String> {
        self.others.drain(..reply.settled.min(self.others.len()));
        let acknowledged = self.acknowledged.len().min(MAX_CLAIMS);
        // Redis does not say which are missing: only another client can have removed them.
        let missing = acknowledged.saturating_sub(reply.missing);
        let mut lost = std::mem::take(&mut reply.lost);
        lost.extend(self.acknowledged.drain(..acknowledged).skip(missing));
        lost
    }

    /// Removes the outcomes of claims that are not `held`; returns their ids.
    pub(super) fn retain(&mut self, held: &HashSet<String>) -> Vec<String> {
        let mut lost = Vec::new();
        self.acknowledged.retain(|id| {
            held.contains(id) || {
                lost.push(id.clone());
                false
            }
        });
        self.others.retain(|settlement| {
            let id = id_of(settlement);
            held.contains(&*id) || {
                lost.push(id.into_owned());
                false
            }
        });
        lost
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.acknowledged.iter().any(|other| other == id) || self.others.iter().any(|other| id_of(other) == id)
    }
}

fn id_of(settlement: &Settlement) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(&settlement[1])
}

//! Claims that a consumer knows it holds, and their names inside and outside its hash in Redis.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::exchange::Claim;

/// Claims of one consumer, by their ids in Redis.
///
/// For people, and wherever the claims of several consumers meet, the name of the consumer precedes the id.
#[derive(Debug)]
pub(super) struct HeldClaims {
    consumer: String,
    claims: HashMap<String, HeldClaim>,
    /// Number of claims made so far.
    made: u64,
}

#[derive(Debug, Clone, Copy)]
struct HeldClaim {
    /// Place among all claims of the consumer.
    order: u64,
    has_history: bool,
}

impl HeldClaims {
    pub(super) fn new(consumer: &str) -> Self {
        Self { consumer: consumer.to_owned(), claims: HashMap::new(), made: 0 }
    }

    pub(super) fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Returns the id in Redis of the claim with this `name`.
    pub(super) fn id<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(self.consumer.as_str()).map_or(name, |id| id.trim_start_matches(':'))
    }

    /// Returns the name of the claim with this `id` in Redis.
    pub(super) fn name(&self, id: &str) -> String {
        format!("{}:{id}", self.consumer)
    }

    pub(super) fn insert(&mut self, claim: &Claim) {
        self.made += 1;
        let held = HeldClaim { order: self.made, has_history: claim.history.is_some() };
        self.claims.insert(self.id(&claim.id).to_owned(), held);
    }

    /// Returns true if a claim is held and has no history.
    pub(super) fn is_without_history(&self, id: &str) -> bool {
        self.claims.get(id).is_some_and(|held| !held.has_history)
    }

    /// Removes a claim; returns whether it has a history, or `None` if it is not held.
    pub(super) fn remove(&mut self, id: &str) -> Option<bool> {
        self.claims.remove(id).map(|held| held.has_history)
    }

    /// Forgets the claims that are not among those `in_redis`; returns those in Redis that are not known here.
    pub(super) fn compare<'a>(&mut self, in_redis: &'a HashSet<String>) -> Vec<&'a str> {
        self.claims.retain(|id, _| in_redis.contains(id));
        in_redis.iter().map(String::as_str).filter(|id| !self.claims.contains_key(*id)).collect()
    }

    /// Forgets all claims; sorts `ids`, the latest claim first. One whose reply did not arrive was the last.
    pub(super) fn sort_latest_first(&mut self, ids: &mut [String]) {
        let claims = std::mem::take(&mut self.claims);
        ids.sort_by_cached_key(|id| Reverse((claims.get(id).map_or(u64::MAX, |held| held.order), place(id))));
    }
}

/// Place of a claim among those of its lane: its id ends in the number of the call and the position within it.
fn place(id: &str) -> Option<(u64, u64)> {
    let (call, position) = id.get(1..)?.split_once(':')?;
    Some((call.parse().ok()?, position.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::delivery::item::Item;

    #[test]
    fn claims_are_sorted_by_when_they_were_made_and_not_by_their_lane() {
        let mut held = HeldClaims::new("pod-1");
        for id in ["d1:1", "c2:1", "c2:2"] {
            held.insert(&Claim { id: held.name(id), item: Item(Bytes::new()), history: None });
        }
        let mut ids = ["c2:2", "d1:1", "c9:1", "c2:1", "c10:1"].map(str::to_owned);
        held.sort_latest_first(&mut ids);
        assert_eq!(ids, ["c10:1", "c9:1", "c2:2", "c2:1", "d1:1"]);
    }
}

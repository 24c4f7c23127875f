//! Keys of a list and its companions, and the keys that each script takes.

use crate::delivery::keys;

/// The list and its companion keys, all in one slot of a Redis Cluster.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// The list of waiting items.
    pub(super) list: String,
    /// Prefix of every companion key, including the colon.
    base: String,
}

impl Keys {
    pub(super) fn of(list: &str) -> Self {
        let base = keys::base(list);
        Self { list: list.to_owned(), base }
    }

    /// KEYS of `exchange.lua`.
    pub(super) fn exchange(&self, consumer: &str) -> Vec<String> {
        vec![
            self.list.clone(),
            self.inflight(consumer),
            self.stats(),
            self.busy(),
            self.landing(),
            self.consumers(),
            self.delayed(),
            self.items(),
            self.dead(),
        ]
    }

    /// KEYS of `redeliver.lua`.
    pub(super) fn redeliver(&self) -> Vec<String> {
        vec![self.consumers(), self.busy(), self.delayed(), self.items(), self.dead(), self.stats()]
    }

    /// KEYS of `leave.lua`.
    pub(super) fn leave(&self, consumer: &str) -> Vec<String> {
        vec![self.list.clone(), self.inflight(consumer), self.landing(), self.consumers(), self.busy()]
    }

    /// KEYS of `sign_on.lua` and `read_claim.lua`.
    pub(super) fn claims(&self, consumer: &str) -> Vec<String> {
        vec![self.list.clone(), self.inflight(consumer), self.consumers()]
    }

    /// KEYS of `rights.lua`.
    pub(super) fn rights(&self, consumer: &str) -> Vec<String> {
        vec![
            self.inflight(consumer),
            self.landing(),
            self.consumers(),
            self.busy(),
            self.delayed(),
            self.items(),
            self.dead(),
            self.stats(),
        ]
    }

    /// KEYS of `snapshot.lua`.
    pub(super) fn snapshot(&self) -> Vec<String> {
        vec![
            self.list.clone(),
            self.consumers(),
            self.busy(),
            self.delayed(),
            self.items(),
            self.dead(),
            self.stats(),
            self.landing(),
            self.examined(),
        ]
    }

    /// KEYS of `presence.lua`.
    pub(super) fn presence(&self) -> Vec<String> {
        vec![self.list.clone(), self.landing(), self.consumers(), self.paused()]
    }

    /// KEYS of `list_dead_letters.lua`.
    pub(super) fn list_dead_letters(&self) -> Vec<String> {
        vec![self.list.clone(), self.dead(), self.examined()]
    }

    /// KEYS of `trim_dead_letters.lua`.
    pub(super) fn trim_dead_letters(&self) -> Vec<String> {
        vec![self.list.clone(), self.dead(), self.examined(), self.stats()]
    }

    /// KEYS of `move_dead_letters.lua`.
    pub(super) fn move_dead_letters(&self, client: &str) -> Vec<String> {
        let reply = self.companion(&format!("walker:{client}"));
        vec![self.list.clone(), self.dead(), self.examined(), self.stats(), self.walker(), reply]
    }

    /// Pattern of all companion keys, as Redis ACL rules write it.
    pub(super) fn pattern(&self) -> String {
        self.companion("*")
    }

    /// The list and the companion keys that belong to no single consumer or producer.
    pub(super) fn shared(&self) -> Vec<String> {
        self.typed().into_iter().map(|(key, _)| key).collect()
    }

    /// The same, each with its type as Redis names it.
    pub(super) fn typed(&self) -> Vec<(String, &'static str)> {
        vec![
            (self.list.clone(), "list"),
            (self.landing(), "list"),
            (self.consumers(), "zset"),
            (self.busy(), "zset"),
            (self.delayed(), "zset"),
            (self.items(), "hash"),
            (self.dead(), "list"),
            (self.examined(), "list"),
            (self.stats(), "hash"),
            (self.walker(), "string"),
        ]
    }

    /// Items in flight at a consumer (hash).
    pub(super) fn inflight(&self, consumer: &str) -> String {
        self.companion(&format!("inflight:{consumer}"))
    }

    /// Items that blocking pops have moved and no consumer has claimed yet (list). Shared by all consumers, so that a
    /// crash strands no item.
    pub(super) fn landing(&self) -> String {
        keys::landing(&self.list)
    }

    /// Consumers by lease deadline (sorted set).
    pub(super) fn consumers(&self) -> String {
        self.companion("consumers")
    }

    /// Busy consumers (sorted set).
    pub(super) fn busy(&self) -> String {
        keys::busy(&self.list)
    }

    /// Ids of delayed items by due time (sorted set).
    pub(super) fn delayed(&self) -> String {
        keys::delayed(&self.list)
    }

    /// Delayed items and their histories (hash).
    pub(super) fn items(&self) -> String {
        self.companion("items")
    }

    /// Key that pauses the list while it exists.
    pub(super) fn paused(&self) -> String {
        self.companion("paused")
    }

    /// Dead letters (list).
    pub(super) fn dead(&self) -> String {
        self.companion("dead")
    }

    /// Dead letters that a requeue or purge has examined and left (list): older than those of [`Keys::dead`].
    pub(super) fn examined(&self) -> String {
        self.companion("dead:examined")
    }

    /// Client that moves dead letters (string).
    fn walker(&self) -> String {
        self.companion("walker")
    }

    /// Counters (hash).
    pub(super) fn stats(&self) -> String {
        self.companion("stats")
    }

    /// Number of the last batch that a producer has pushed (string).
    pub(super) fn producer(&self, token: u64) -> String {
        format!("{}{token:016x}", self.producers())
    }

    /// Start of the keys of all producers.
    pub(super) fn producers(&self) -> String {
        self.companion("producer:")
    }

    fn companion(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }
}

//! The keys that belong to a list: its companions.

use fred::types::ClusterHash;
use fred::util::redis_keyslot;

use crate::delivery::keys;

/// The list and its companions, all in the same slot of a Redis Cluster.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// The list: waiting items, bare.
    pub(super) list: String,
    /// What every companion's name begins with, the colon included.
    base: String,
}

impl Keys {
    pub(super) fn of(list: &str) -> Self {
        let base = keys::base(list);
        Self { list: list.to_owned(), base }
    }

    /// All companions, as Redis' access rules write it.
    pub(super) fn pattern(&self) -> String {
        self.companion("*")
    }

    /// The list, and what belongs to no single consumer or producer.
    pub(super) fn lasting(&self) -> Vec<String> {
        let companions =
            [self.landing(), self.consumers(), self.busy(), self.delayed(), self.items(), self.dead(), self.stats()];
        std::iter::once(self.list.clone()).chain(companions).collect()
    }

    /// What a consumer holds (hash).
    pub(super) fn inflight(&self, consumer: &str) -> String {
        self.companion(&format!("inflight:{consumer}"))
    }

    /// Where blocking pops deliver to (list). One for all: whatever dies, no item lies where nobody looks.
    pub(super) fn landing(&self) -> String {
        keys::landing(&self.list)
    }

    /// Consumers by lease deadline (sorted set).
    pub(super) fn consumers(&self) -> String {
        self.companion("consumers")
    }

    /// Consumers that hold something (sorted set).
    pub(super) fn busy(&self) -> String {
        keys::busy(&self.list)
    }

    /// Due times of what is delayed (sorted set).
    pub(super) fn delayed(&self) -> String {
        keys::delayed(&self.list)
    }

    /// What is delayed (hash).
    pub(super) fn items(&self) -> String {
        self.companion("items")
    }

    /// Dead letters (list).
    pub(super) fn dead(&self) -> String {
        self.companion("dead")
    }

    /// Counters (hash).
    pub(super) fn stats(&self) -> String {
        self.companion("stats")
    }

    /// The token of a producer (string).
    pub(super) fn producer(&self, token: u64) -> String {
        self.companion(&format!("producer:{token:016x}"))
    }

    /// The token of who requeues or purges dead letters (string).
    pub(super) fn walker(&self, token: u64) -> String {
        self.companion(&format!("walker:{token:016x}"))
    }

    fn companion(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }
}

/// Where a command that names no key belongs in a cluster: with the server that holds `key`.
pub(super) fn at_home_of(key: &str) -> ClusterHash {
    ClusterHash::Custom(redis_keyslot(key.as_bytes()))
}

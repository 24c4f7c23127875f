//! State of a list at one moment: the lengths of its keys, its counters, and its consumers.

use super::item::Item;

/// State of a list and its companion keys at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Backlog: number of items waiting on the list.
    pub waiting: u64,
    /// State kept by at-least-once delivery; `None` when the user may read only the list.
    pub claims: Option<ClaimState>,
}

/// State that at-least-once delivery keeps next to a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimState {
    /// True once an item of this list has been claimed.
    pub any: bool,
    /// Number of items in flight.
    pub in_flight: u64,
    /// Items in flight whose consumer's lease has expired.
    pub abandoned: u64,
    /// Number of busy consumers.
    pub busy: u64,
    /// Number of delayed items.
    pub delayed: u64,
    /// Items stored as delayed that have no due time and are never redelivered.
    pub orphaned: u64,
    /// Number of dead letters.
    pub dead: u64,
    /// Counters of the list.
    pub counters: Counters,
}

/// Counts of events since the counters of a list were created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Items pushed by `produce`.
    pub pushed: u64,
    /// Items claimed from the list; a requeued item counts again.
    pub claimed: u64,
    /// Items processed successfully.
    pub acknowledged: u64,
    /// Failed attempts that were scheduled for a retry.
    pub retried: u64,
    /// Items dead-lettered; an item counts again after it was put back on the list.
    pub dead: u64,
    /// Items taken from crashed consumers or expired leases, to be given to others.
    pub redelivered: u64,
    /// Items put back unfinished, on the list or as delayed.
    pub requeued: u64,
    /// Dead letters put back on the list.
    pub dead_requeued: u64,
    /// Dead letters deleted.
    pub purged: u64,
}

/// Consumers of a list, and the item that waits longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Consumers whose lease has not expired.
    pub consumers: u64,
    /// The item that was pushed first; `None` if the list is empty, or it was not asked for or is too long.
    pub oldest: Option<Item>,
}

/// Lengths of the keys of a list, as metrics report them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depths {
    /// Items waiting on the list.
    pub backlog: u64,
    /// Delayed items.
    pub delayed: u64,
    /// Dead letters.
    pub dead: u64,
}

impl Counters {
    /// Names of the counters in the stats hash.
    pub const NAMES: [&str; 9] =
        ["pushed", "claimed", "acknowledged", "retried", "dead", "redelivered", "requeued", "dead_requeued", "purged"];

    /// Sets the counter `name` of the stats hash; unknown names are ignored.
    pub fn set(&mut self, name: &str, value: u64) {
        match name {
            "pushed" => self.pushed = value,
            "claimed" => self.claimed = value,
            "acknowledged" => self.acknowledged = value,
            "retried" => self.retried = value,
            "dead" => self.dead = value,
            "redelivered" => self.redelivered = value,
            "requeued" => self.requeued = value,
            "dead_requeued" => self.dead_requeued = value,
            "purged" => self.purged = value,
            _ => {}
        }
    }

    /// Items dead-lettered and not put back on the list since.
    pub(super) fn still_dead(&self) -> u64 {
        self.dead.saturating_sub(self.dead_requeued)
    }
}

impl Snapshot {
    /// Returns true when no item waits, is in flight or is delayed.
    pub fn is_settled(&self) -> bool {
        let none_held = |claims: &ClaimState| claims.in_flight == 0 && claims.busy == 0 && claims.delayed == 0;
        self.waiting == 0 && self.claims.as_ref().is_none_or(none_held)
    }
}

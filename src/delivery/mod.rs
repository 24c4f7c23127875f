//! Delivery of items: retries, dead letters, key names, counts and reconciliation.

pub mod dead_letter;
pub mod defaults;
pub mod exit_map;
pub mod expiry;
pub mod guarantee;
pub mod history;
pub mod item;
pub mod keys;
pub mod list_order;
pub mod lists;
pub mod pause;
pub mod protocol;
pub mod reconciliation;
pub mod retry;
pub mod snapshot;
pub mod status_map;
pub mod tally;

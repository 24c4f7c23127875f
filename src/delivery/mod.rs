//! An item from the list to its end: the item itself, its retries, its end, and the keys and counts around it.

pub mod dead_letter;
pub mod history;
pub mod item;
pub mod keys;
pub mod reconciliation;
pub mod snapshot;
pub mod tally;

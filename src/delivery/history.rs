//! Retry history of an item.

use serde::{Deserialize, Serialize};

/// Retry history of an item that failed or whose consumer crashed. Stored in Redis as JSON next to the item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Id of the item's first claim, which identifies the item through all its attempts.
    pub id: String,
    /// Number of failed attempts.
    pub attempts: u32,
    /// Number of consumers that crashed while the item was in flight.
    pub crashes: u32,
    /// Time of the first failure or crash (Redis clock, ms since 1970).
    pub since: u64,
    /// Reason of the last failure or crash.
    pub reason: String,
    /// Time the item was dead-lettered (Redis clock, ms since 1970).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub died: Option<u64>,
    /// End of the last handler's stderr.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

//! Limit on the dead letters of a list: the oldest beyond a number or an age are removed.

use std::time::Duration;

use bytes::Bytes;

use super::claims::Claims;
use super::error::{Fault, QueueError};
use super::exchange::millis;
use super::script::Script;

/// Limit on the dead letters of a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeadLetterLimit {
    /// Maximum number.
    pub count: Option<u64>,
    /// Maximum time since an item was dead-lettered.
    pub age: Option<Duration>,
}

/// Result of one call.
#[derive(Debug, Clone, Copy)]
pub struct Trimmed {
    /// Number of dead letters removed.
    pub removed: u64,
    /// True if more are to be removed: call again.
    pub more: bool,
}

impl DeadLetterLimit {
    /// Returns true if there is no limit.
    pub fn is_none(&self) -> bool {
        self.count.is_none() && self.age.is_none()
    }
}

impl Claims {
    /// Removes some of the dead letters beyond `limit`, the oldest first; `None` if the user may not.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn trim_dead_letters(&mut self, limit: DeadLetterLimit) -> Result<Option<Trimmed>, QueueError> {
        let script = Script::new(concat!(
            include_str!("scripts/dead_letter.lua"),
            include_str!("scripts/trim_dead_letters.lua")
        ));
        let count = limit.count.map(|count| Bytes::from(count.min(1 << 50).to_string())).unwrap_or_default();
        let arguments = [count, limit.age.map(millis).unwrap_or_default()];
        let keys = self.keys.trim_dead_letters();
        let trimmed = self.connection.script(&script, &self.keys.dead(), &keys, &arguments).await;
        match trimmed {
            Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                tracing::warn!(error = %fault, "cannot limit the dead letters");
                Ok(None)
            }
            trimmed => trimmed.map(|(removed, more): (u64, u8)| Some(Trimmed { removed, more: more == 1 })),
        }
    }
}

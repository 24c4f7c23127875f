//! Outcome of a handler.

use std::time::Duration;

/// Outcome of a handler for its item.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// The item was processed.
    Ack,
    /// The attempt failed, and can be retried.
    Retry {
        reason: String,
        /// Last 4 KiB of the handler's stderr.
        stderr: Vec<u8>,
        /// True if the failure spends an attempt.
        spend: bool,
        /// Time until the next attempt, if the handler gives one.
        after: Option<Duration>,
    },
    /// The item can never be processed.
    DeadLetter {
        reason: String,
        /// Last 4 KiB of the handler's stderr.
        stderr: Vec<u8>,
    },
    /// The item is too old to be processed.
    Expired { reason: String },
    /// The handler was aborted before it finished.
    Interrupted,
    /// The command cannot run, so that no item can be processed. The item is unchanged.
    Unrunnable(String),
    /// The handler's output is closed, so that no item can be processed. The item is unchanged.
    Closed(std::io::Error),
}

impl Disposition {
    /// Fails the attempt of a handler that did not say so itself.
    pub(super) fn fail(reason: impl Into<String>, stderr: Vec<u8>) -> Self {
        Self::Retry { reason: reason.into(), stderr, spend: true, after: None }
    }

    /// Dead-letters an item whose handler did not run.
    pub(super) fn dead_letter(reason: impl Into<String>) -> Self {
        Self::DeadLetter { reason: reason.into(), stderr: Vec::new() }
    }
}

//! What became of an item that was worked.

/// What became of an item.
#[derive(Debug)]
pub(crate) enum Disposition {
    /// It was worked.
    Ack,
    /// It was not worked, and can be tried again later.
    Retry {
        reason: String,
        /// The last 4 KiB that the handler wrote to stderr.
        tail: Vec<u8>,
        /// Whether this counts as an attempt.
        spend: bool,
    },
    /// Nobody can work it: a dead letter.
    DeadLetter {
        reason: String,
        /// The last 4 KiB that the handler wrote to stderr.
        tail: Vec<u8>,
    },
    /// It was put down unfinished, because abort insisted.
    Interrupted,
    /// The command cannot be run at all, and so no item can be worked; this one is as it was.
    Unrunnable(String),
    /// Nobody takes what this handler gives out, and so no item can be worked; this one is as it was.
    Closed(std::io::Error),
}

impl Disposition {
    /// A dead letter of which the handler said nothing.
    pub(super) fn dead_letter(reason: impl Into<String>) -> Self {
        Self::DeadLetter { reason: reason.into(), tail: Vec::new() }
    }
}

//! What became of an item that was worked.

/// What became of an item.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It was worked.
    Done,
    /// It was not worked, and can be tried again later.
    Retry {
        reason: String,
        /// The last 4 KiB that the handler wrote to stderr.
        tail: Vec<u8>,
        /// Whether this counts as an attempt.
        spend: bool,
    },
    /// Nobody can work it: a dead letter.
    Bury {
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

impl Verdict {
    /// A dead letter of which the handler said nothing.
    pub(super) fn bury(reason: impl Into<String>) -> Self {
        Self::Bury { reason: reason.into(), tail: Vec::new() }
    }
}

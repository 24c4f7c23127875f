//! Pause of a list.

use std::time::{Duration, SystemTime};

use crate::units::{rfc_3339_seconds, visible};

/// Characters of a reason that are shown.
const LONGEST: usize = 200;

/// Pause of a list: its consumers claim nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PauseState {
    /// Time until it ends by itself; `None` if it does not.
    pub left: Option<Duration>,
    /// Reason that was given for it; may be empty.
    pub reason: String,
}

/// Reply of `PTTL` about a key that does not exist.
const ABSENT: i64 = -2;

impl PauseState {
    /// Returns the pause of a list, of whose key `PTTL` says that `left` milliseconds are left; `None` without the key.
    pub fn of(left: i64, reason: String) -> Option<Self> {
        (left != ABSENT).then(|| Self { left: u64::try_from(left).ok().map(Duration::from_millis), reason })
    }

    /// Returns the pause in words.
    pub fn text(&self, now: SystemTime) -> String {
        let until = self.left.and_then(|left| now.checked_add(left));
        let until = until.map(|until| format!(" until {}", rfc_3339_seconds(until)));
        let text = format!("the list is paused{}", until.unwrap_or_default());
        let reason: String = self.reason.trim().chars().take(LONGEST).collect();
        if reason.is_empty() { text } else { format!("{text}: {}", visible(&reason)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_says_until_when_and_why() {
        let text = |left: Option<u64>, reason: &str| {
            let pause = PauseState { left: left.map(Duration::from_secs), reason: reason.to_owned() };
            pause.text(SystemTime::UNIX_EPOCH)
        };
        assert_eq!(text(None, ""), "the list is paused");
        assert_eq!(text(Some(90), "upgrade"), "the list is paused until 1970-01-01T00:01:30Z: upgrade");
        // The longest expiry that Redis takes.
        assert_eq!(text(Some(u64::MAX / 2000), ""), "the list is paused until 9999-12-31T23:59:59Z");
    }
}

//! Elapsed time, as on a stop watch.

use std::fmt;
use std::time::Duration;

/// Elapsed time such as `2:05` or `1:00:00`; with tenths unless they are 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elapsed(pub(crate) Duration);

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0.as_millis() + 50) / 100;
        let (seconds, tenth) = (tenths / 10, tenths % 10);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let text = match (hours, tenth) {
            (0, 0) => format!("{minutes}:{seconds:02}"),
            (0, tenth) => format!("{minutes}:{seconds:02}.{tenth}"),
            (hours, 0) => format!("{hours}:{minutes:02}:{seconds:02}"),
            (hours, tenth) => format!("{hours}:{minutes:02}:{seconds:02}.{tenth}"),
        };
        f.pad(&text)
    }
}

/// Returns a time, or the times from and until which something lasts.
pub(crate) fn when(at: Duration, until: Option<Duration>) -> String {
    match until {
        Some(until) if until > at => format!("{} to {}", Elapsed(at), Elapsed(until)),
        _ => Elapsed(at).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_has_tenths_unless_they_are_0() {
        for (millis, text) in [(0, "0:00"), (28_630, "0:28.6"), (59_960, "1:00"), (3_600_000, "1:00:00")] {
            assert_eq!(Elapsed(Duration::from_millis(millis)).to_string(), text);
        }
    }
}

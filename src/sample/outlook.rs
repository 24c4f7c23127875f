//! The outlook of a backlog, and rates, as they are displayed.

use std::fmt;
use std::time::Duration;

/// Rate in items per second below which the backlog counts as steady.
pub(super) const STEADY: f64 = 0.01;

/// Expected course of the backlog.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outlook {
    /// Not enough observations yet.
    Unknown,
    /// No item is waiting.
    Empty,
    /// Shrinking, and empty after this time at the current rate.
    EmptyIn(Duration),
    /// Neither growing nor shrinking.
    Steady,
    /// Growing, in items per second.
    Growing(f64),
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unknown => f.write_str("measuring"),
            Self::Empty => f.write_str("empty"),
            Self::EmptyIn(time) => write!(f, "empty in {}", Forecast(time)),
            Self::Steady => f.write_str("steady"),
            Self::Growing(rate) => write!(f, "growing {}", PerSecond(rate)),
        }
    }
}

/// Displays a rate in items per second: with its sign, and with decimals only where they matter.
#[derive(Debug, Clone, Copy)]
pub struct PerSecond(pub f64);

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.0;
        match rate.abs() {
            size if size < STEADY => f.write_str("0/s"),
            size if size < 1.0 => write!(f, "{rate:+.2}/s"),
            size if size < 100.0 => write!(f, "{rate:+.1}/s"),
            _ => write!(f, "{rate:+.0}/s"),
        }
    }
}

/// Displays a forecast in its two largest units.
struct Forecast(Duration);

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64().ceil();
        if seconds > 99.0 * 86_400.0 {
            return f.write_str("over 99days");
        }
        let coarse = match seconds {
            s if s < 3_600.0 => 1,
            s if s < 86_400.0 => 60,
            _ => 3_600,
        };
        let whole = Duration::from_secs_f64(seconds).as_secs().max(1);
        humantime::format_duration(Duration::from_secs(whole / coarse * coarse)).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_displayed_with_sign_and_few_decimals() {
        for (rate, text) in [(0.0, "0/s"), (-0.001, "0/s"), (-12.5, "-12.5/s"), (0.05, "+0.05/s"), (250.4, "+250/s")] {
            assert_eq!(PerSecond(rate).to_string(), text);
        }
    }
}

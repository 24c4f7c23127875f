//! When items are due, as a function of the time since the start.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{counted, float, saturating_seconds, whole};

/// Regular expression of a rate, for the schema.
const FORM: &str = "^(max|\\s*\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*(/[smh])?)$";

/// Rate at which items are pushed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// A batch at once, and the next one `every` later.
    Batches {
        /// Items a batch, at least 1.
        batch: u64,
        /// From the start of one batch to the start of the next; more than zero.
        every: Duration,
    },
    /// One item after the other.
    Steady {
        /// Items per second, more than zero.
        rate: f64,
    },
    /// As fast as Redis takes them.
    Unpaced,
}

impl Pace {
    /// Returns how many items are due in total, `elapsed` after the start.
    ///
    /// Counting from the start, and not from the last call, is what keeps a late call from lowering the rate: the items
    /// it missed are due at once.
    pub fn due(&self, elapsed: Duration) -> u64 {
        match self {
            Self::Batches { batch, every } => batch.saturating_mul(periods(elapsed, *every) + 1),
            Self::Steady { rate } => whole(elapsed.as_secs_f64() * rate).saturating_add(1),
            Self::Unpaced => u64::MAX,
        }
    }

    /// Returns when, after the start, the item after the first `sent` is due.
    pub fn next_after(&self, sent: u64) -> Duration {
        match self {
            Self::Batches { batch, every } => every.saturating_mul(u32::try_from(sent / batch).unwrap_or(u32::MAX)),
            Self::Steady { rate } => saturating_seconds(float(sent) / rate),
            Self::Unpaced => Duration::ZERO,
        }
    }

    /// Returns how many items fall due within `limit`, its end left out; `None` when the pace sets no number.
    pub fn within(&self, limit: Duration) -> Option<u64> {
        match self {
            Self::Batches { batch, every } => {
                let started = limit.as_nanos().div_ceil(every.as_nanos());
                Some(batch.saturating_mul(u64::try_from(started).unwrap_or(u64::MAX)))
            }
            // Rounded as in a pattern: 0.5 items per second for 5 seconds are 2 items.
            Self::Steady { rate } => Some(whole((limit.as_secs_f64() * rate - 0.5).ceil())),
            Self::Unpaced => None,
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batches { batch, every } => {
                write!(f, "{} every {}", counted(*batch, "item", "items"), humantime::format_duration(*every))
            }
            Self::Steady { rate } => f.write_str(&counted(*rate, "item/s", "items/s")),
            Self::Unpaced => f.write_str("all items at once"),
        }
    }
}

/// Number of whole periods of `every` in `elapsed`.
fn periods(elapsed: Duration, every: Duration) -> u64 {
    u64::try_from(elapsed.as_nanos() / every.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// A rate as people write it: `200`, `200/s`, `30/m`, or `max`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "RateText", into = "RateText")]
pub enum Rate {
    /// Items per second, more than zero.
    PerSecond(f64),
    /// As fast as Redis takes them.
    Max,
}

/// A rate in a profile is a number of items per second, or text.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "expected a rate such as `200`, `200/s`, `30/m` or `max`")]
enum RateText {
    Number(#[schemars(extend("exclusiveMinimum" = 0))] f64),
    Text(#[schemars(extend("pattern" = FORM, "examples" = ["200/s", "30/m", "max"]))] String),
}

/// A rate that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// A unit other than second, minute and hour.
    #[error("`/{0}` is not a valid unit: expected /s, /m or /h")]
    Unit(String),
    /// Anything else, such as a rate of zero.
    #[error("`{0}` is not a valid rate: expected `200`, `200/s`, `30/m` or `max`")]
    Rate(String),
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let (number, seconds) = match text.split_once('/') {
            None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
            Some((number, "m")) => (number, 60.0),
            Some((number, "h")) => (number, 3600.0),
            Some((_, unit)) => return Err(RateError::Unit(unit.to_owned())),
        };
        match number.trim().parse::<f64>() {
            Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(Self::PerSecond(rate / seconds)),
            _ => Err(RateError::Rate(text.to_owned())),
        }
    }
}

impl TryFrom<RateText> for Rate {
    type Error = RateError;

    fn try_from(text: RateText) -> Result<Self, RateError> {
        match text {
            RateText::Number(rate) => rate.to_string().parse(),
            RateText::Text(text) => text.parse(),
        }
    }
}

impl From<Rate> for RateText {
    fn from(rate: Rate) -> Self {
        match rate {
            Rate::PerSecond(rate) => Self::Number(rate),
            Rate::Max => Self::Text("max".to_owned()),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
            Self::Max => f.write_str("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TUTORIAL: Pace = Pace::Batches { batch: 50, every: Duration::from_secs(2) };

    #[test]
    fn batches_are_due_at_their_start() {
        for (millis, due) in [(0, 50), (1_999, 50), (2_000, 100), (60_000, 1_550)] {
            assert_eq!(TUTORIAL.due(Duration::from_millis(millis)), due, "after {millis} ms");
        }
        for (sent, millis) in [(0, 0), (49, 0), (50, 2_000), (99, 2_000), (100, 4_000)] {
            assert_eq!(TUTORIAL.next_after(sent), Duration::from_millis(millis), "after {sent} items");
        }
    }

    #[test]
    fn pace_limit_excludes_items_due_at_its_end() {
        let minute = Duration::from_secs(60);
        assert_eq!(TUTORIAL.within(minute), Some(1_500));
        assert_eq!(Pace::Steady { rate: 100.0 }.within(minute), Some(6_000));
        for (rate, seconds, items) in [(0.3, 10, 3), (0.5, 5, 2), (0.5, 6, 3), (1.0 / 6.0, 180, 30), (0.1, 3, 0)] {
            let limit = Duration::from_secs(seconds);
            assert_eq!(Pace::Steady { rate }.within(limit), Some(items), "{rate}/s for {seconds}s");
            let pattern: super::super::Pattern = format!("{seconds}s@{rate}").parse().unwrap();
            assert_eq!(pattern.items(None, 1), Some(items), "{pattern}");
        }
        assert_eq!(Pace::Unpaced.within(minute), None);
    }

    #[test]
    fn rates_are_read_as_written() {
        for (text, rate) in [
            ("200", Rate::PerSecond(200.0)),
            ("2.5/s", Rate::PerSecond(2.5)),
            ("30/m", Rate::PerSecond(0.5)),
            ("max", Rate::Max),
        ] {
            assert_eq!(text.parse(), Ok(rate), "{text}");
        }
        for text in ["0", "-1", "fast", "5/d", "inf", ""] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn due_never_goes_back(rate in 0.01..1e6, a in 0_u64..86_400_000, b in 0_u64..86_400_000) {
            let pace = Pace::Steady { rate };
            let [early, late] = [a.min(b), a.max(b)].map(|millis| pace.due(Duration::from_millis(millis)));
            prop_assert!(early <= late);
        }

        #[test]
        fn pace_next_item_is_due_at_the_returned_time(sent in 0_u64..1_000_000, batch in 1_u64..1000, millis in 1_u64..10_000) {
            let pace = Pace::Batches { batch, every: Duration::from_millis(millis) };
            let at = pace.next_after(sent);
            prop_assert!(pace.due(at) > sent);
            prop_assert!(at.is_zero() || pace.due(at.saturating_sub(Duration::from_millis(1))) <= sent);
        }
    }
}

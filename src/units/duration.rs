//! Durations and ranges of durations as text: `2s`, `1m 30s`, `2s..6s`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::pattern;

/// Duration as text, such as `2s` or `1m 30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String", title = "duration", extend("pattern" = pattern::DURATION, "examples" = ["2s", "1m 30s"]))]
pub struct HumanDuration(pub Duration);

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        // humantime knows no bare zero; people write it.
        if text.trim() == "0" {
            return Ok(Self(Duration::ZERO));
        }
        match humantime::parse_duration(text) {
            Ok(duration) if !is_within_limit(&duration) => Err(DurationError::TooLong(text.to_owned())),
            Ok(duration) => Ok(Self(duration)),
            Err(humantime::DurationError::NumberOverflow) if is_too_fine(text) => {
                Err(DurationError::TooFine(text.to_owned()))
            }
            Err(humantime::DurationError::NumberOverflow) => Err(DurationError::TooLong(text.to_owned())),
            Err(error) => Err(DurationError::Invalid { text: text.to_owned(), error }),
        }
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor { expected: "a string such as \"60s\"", read: PhantomData })
    }
}

impl From<HumanDuration> for String {
    fn from(duration: HumanDuration) -> Self {
        duration.to_string()
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// Range of durations as text, such as `2s..6s`; both ends are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String", title = "duration or range of durations", extend("pattern" = pattern::DURATION_RANGE, "examples" = ["2s", "2s..6s"]))]
pub struct DurationRange {
    /// The shortest.
    pub from: Duration,
    /// The longest.
    pub to: Duration,
}

impl FromStr for DurationRange {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => {
                (from.parse::<HumanDuration>()?.0, to.strip_prefix('=').unwrap_or(to).parse::<HumanDuration>()?.0)
            }
            None => text.parse::<HumanDuration>().map(|duration| (duration.0, duration.0))?,
        };
        if from > to {
            return Err(DurationError::Reversed(text.to_owned()));
        }
        Ok(Self { from, to })
    }
}

impl<'de> Deserialize<'de> for DurationRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor { expected: "a string such as \"2s..6s\"", read: PhantomData })
    }
}

impl From<DurationRange> for String {
    fn from(range: DurationRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for DurationRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HumanDuration(self.from).fmt(f)?;
        if self.to > self.from {
            write!(f, "..{}", HumanDuration(self.to))?;
        }
        Ok(())
    }
}

/// Limit of a duration, in years: beyond it the number is a mistake, and clocks cannot add it to a time.
const MAX_YEARS: u64 = 100;

/// Seconds in a year, as the parser counts them: 365.25 days.
const YEAR: u64 = 31_557_600;

/// Returns true unless a duration is a mistake, and too long to be added to a time.
pub fn is_within_limit(duration: &Duration) -> bool {
    duration.as_secs() <= MAX_YEARS * YEAR
}

/// Invalid duration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DurationError {
    /// Neither a number with a unit nor several of them.
    #[error("`{text}` is not a valid duration such as `2s` or `1m 30s`{}", reason(text, error))]
    Invalid {
        /// The text.
        text: String,
        /// The reason.
        error: humantime::DurationError,
    },
    /// Beyond the limit.
    #[error("`{0}` is too long: the limit is {MAX_YEARS} years")]
    TooLong(String),
    /// A fraction of a nanosecond.
    #[error("`{0}` is finer than a nanosecond")]
    TooFine(String),
    /// A range whose second duration is shorter than its first.
    #[error("`{0}` is not a valid range: the first duration must be the shorter one")]
    Reversed(String),
}

/// Returns whether a duration would be valid without its fractions: the parser calls a fraction of a nanosecond an overflow.
fn is_too_fine(text: &str) -> bool {
    let mut parts = text.split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    let whole = parts.fold(first, |whole, part| whole + part.trim_start_matches(|c: char| c.is_ascii_digit()));
    whole != text && humantime::parse_duration(&whole).is_ok()
}

/// Returns the reason, where it says more than the text itself does.
fn reason(text: &str, error: &humantime::DurationError) -> String {
    match error {
        humantime::DurationError::UnknownUnit { unit, .. } if unit.is_empty() => {
            format!(": time unit needed, as in `{}s`", text.trim())
        }
        humantime::DurationError::UnknownUnit { unit, .. } => {
            format!(": unknown time unit `{unit}`, expected ms, s, m, h or d")
        }
        humantime::DurationError::Empty => ": it is empty".to_owned(),
        _ => String::new(),
    }
}

/// Visitor of a string that names the expected form when it meets anything else.
struct TextVisitor<T> {
    expected: &'static str,
    read: PhantomData<T>,
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_ranges_are_parsed() {
        let ms = Duration::from_millis;
        for (text, from, to) in
            [("2s", 2_000, 2_000), ("2s..6s", 2_000, 6_000), ("0..=1m 30s", 0, 90_000), ("5ms..5ms", 5, 5)]
        {
            assert_eq!(text.parse(), Ok(DurationRange { from: ms(from), to: ms(to) }), "{text}");
        }
    }

    #[test]
    fn invalid_durations_are_rejected() {
        for (text, reason) in [
            ("5x", "unknown time unit"),
            ("6s..2s", "must be the shorter one"),
            ("2", "time unit needed"),
            ("101y", "the limit is 100 years"),
            ("99999999999999999999s", "the limit is 100 years"),
            ("1s..9999999999999999y", "the limit is 100 years"),
            ("1.99999999999999999999y", "finer than a nanosecond"),
            ("1.5ns", "finer than a nanosecond"),
        ] {
            let error = text.parse::<DurationRange>().unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn durations_display_as_they_are_parsed() {
        for text in ["2s", "2s..6s", "1m 30s..2h"] {
            assert_eq!(text.parse::<DurationRange>().unwrap().to_string(), text);
        }
    }
}

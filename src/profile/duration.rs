//! Durations and ranges of them as people write them: `2s`, `1m 30s`, `2s..6s`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::form;

/// A duration that reads and writes as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String", extend("pattern" = form::SPAN, "examples" = ["2s", "1m 30s"]))]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // humantime knows no bare zero; people write it.
        if text.trim() == "0" {
            return Ok(Self(Duration::ZERO));
        }
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|error| format!("`{text}` is not a duration such as `2s` or `1m 30s`: {error}"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text { expected: "a duration in quotes, such as \"60s\"", read: PhantomData })
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A duration that varies from item to item: both ends can occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String", extend("pattern" = form::SPAN_RANGE, "examples" = ["2s", "2s..6s"]))]
pub struct SpanRange {
    /// The shortest.
    pub from: Duration,
    /// The longest.
    pub to: Duration,
}

impl FromStr for SpanRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (from.parse::<Span>()?.0, to.strip_prefix('=').unwrap_or(to).parse::<Span>()?.0),
            None => text.parse::<Span>().map(|span| (span.0, span.0))?,
        };
        if from > to {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { from, to })
    }
}

impl<'de> Deserialize<'de> for SpanRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text { expected: "durations in quotes, such as \"2s..6s\"", read: PhantomData })
    }
}

impl From<SpanRange> for String {
    fn from(range: SpanRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for SpanRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.from).fmt(f)?;
        if self.to > self.from {
            write!(f, "..{}", Span(self.to))?;
        }
        Ok(())
    }
}

/// Reads a text, and says of anything else what should be there: of `60` neither the unit nor the quotes are.
struct Text<T> {
    expected: &'static str,
    read: PhantomData<T>,
}

impl<T: FromStr<Err = String>> Visitor<'_> for Text<T> {
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
    fn durations_and_ranges_are_read_as_written() {
        let ms = Duration::from_millis;
        for (text, from, to) in
            [("2s", 2_000, 2_000), ("2s..6s", 2_000, 6_000), ("0..=1m 30s", 0, 90_000), ("5ms..5ms", 5, 5)]
        {
            assert_eq!(text.parse(), Ok(SpanRange { from: ms(from), to: ms(to) }), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_named() {
        for (text, reason) in
            [("5x", "unknown time unit"), ("6s..2s", "ends before it begins"), ("2", "time unit needed")]
        {
            let error = text.parse::<SpanRange>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        for text in ["2s", "2s..6s", "1m 30s..2h"] {
            assert_eq!(text.parse::<SpanRange>().unwrap().to_string(), text);
        }
    }
}

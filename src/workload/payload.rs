//! What items hold: text with placeholders.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;
use std::time::SystemTime;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::rfc_3339_millis;

/// Characters of random text.
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Regular expression of a template, for the schema.
const FORM: &str = concat!(
    "^([^{]|\\{\\{|\\{[^a-z{]|\\{(seq|time|unix|id|text:\\+?[0-9]+|int:",
    "\\s*[+-]?[0-9]+\\s*\\.\\.\\s*[+-]?[0-9]+\\s*",
    ")\\})*\\{?$"
);

/// A template of items. JSON needs no escapes in it: a brace only opens a placeholder before a letter.
///
/// | placeholder | becomes |
/// |---|---|
/// | `{int:10..20}` | a random whole number, both ends included |
/// | `{seq}` | 1 for the first item, 2 for the second … |
/// | `{time}` | when the item was made, as RFC 3339 in UTC with milliseconds |
/// | `{unix}` | the same in seconds since 1970, with milliseconds |
/// | `{id}` | 32 random hexadecimal digits |
/// | `{text:100}` | as many random letters and digits |
/// | `{{` | a brace |
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = FORM, "examples" = ["message-{seq}"]))]
pub struct Payload {
    text: String,
    parts: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Int { from: i64, to: i64 },
    Seq,
    Time,
    Unix,
    Id,
    Text(usize),
}

/// The longest `{text:N}`: Redis' own limit for a value is 512 MB, a batch is cut long before.
const LONGEST_TEXT: usize = 16 * 1024 * 1024;

/// A template that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// A malformed range of numbers.
    #[error("`{{int:{0}}}` is not a valid range: expected {{int:10..20}}, the smaller number first")]
    Range(String),
    /// A malformed or too large number of characters.
    #[error("`{{text:{0}}}` is not a valid length: expected {{text:100}}, at most {LONGEST_TEXT}")]
    Length(String),
    /// More random characters in all than an item may have.
    #[error("the lengths of all {{text:N}} add up to {0}: the limit is {LONGEST_TEXT}")]
    Size(usize),
    /// A placeholder that does not exist.
    #[error(
        "unknown placeholder `{{{0}}}`: expected {{int:A..B}}, {{seq}}, {{time}}, {{unix}}, {{id}} or {{text:N}}; \
         write {{{{ for a brace"
    )]
    Unknown(String),
    /// A placeholder without its closing brace.
    #[error("`{{{0}` is not closed with a brace")]
    Unclosed(String),
}

impl Payload {
    /// Default payload.
    pub fn usual() -> Self {
        let parts = vec![Segment::Literal("message-".to_owned()), Segment::Seq];
        Self { text: "message-{seq}".to_owned(), parts }
    }

    /// Writes the item number `seq` (from 1), made at the time `now`, to the end of `text`.
    pub fn write(&self, text: &mut String, seq: u64, now: SystemTime, rng: &mut impl Rng) {
        for part in &self.parts {
            part.write(text, seq, now, rng);
        }
    }
}

impl Segment {
    fn write(&self, item: &mut String, seq: u64, now: SystemTime, rng: &mut impl Rng) {
        let written = match self {
            Self::Literal(text) => {
                item.push_str(text);
                Ok(())
            }
            Self::Int { from, to } => write!(item, "{}", rng.random_range(*from..=*to)),
            Self::Seq => write!(item, "{seq}"),
            Self::Time => write!(item, "{}", rfc_3339_millis(now)),
            Self::Unix => {
                let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                write!(item, "{}.{:03}", since.as_secs(), since.subsec_millis())
            }
            Self::Id => write!(item, "{:032x}", rng.random::<u128>()),
            Self::Text(length) => {
                random_text(item, *length, rng);
                Ok(())
            }
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    fn parse(placeholder: &str) -> Result<Self, PayloadError> {
        let (name, argument) = match placeholder.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (placeholder, None),
        };
        match (name, argument) {
            ("int", Some(range)) => int(range).ok_or_else(|| PayloadError::Range(range.to_owned())),
            ("seq", None) => Ok(Self::Seq),
            ("time", None) => Ok(Self::Time),
            ("unix", None) => Ok(Self::Unix),
            ("id", None) => Ok(Self::Id),
            ("text", Some(length)) => match length.parse() {
                Ok(length) if length <= LONGEST_TEXT => Ok(Self::Text(length)),
                _ => Err(PayloadError::Length(length.to_owned())),
            },
            _ => Err(PayloadError::Unknown(placeholder.to_owned())),
        }
    }
}

/// Appends random letters and digits: six bits choose one, or none if they are beyond the last.
fn random_text(item: &mut String, length: usize, rng: &mut impl Rng) {
    item.reserve(length);
    let (mut bits, mut left, mut missing) = (0_u64, 0, length);
    while missing > 0 {
        if left < 6 {
            (bits, left) = (rng.next_u64(), u64::BITS);
        }
        if let Some(character) = ALPHANUMERIC.get((bits & 63) as usize) {
            item.push(char::from(*character));
            missing -= 1;
        }
        (bits, left) = (bits >> 6, left - 6);
    }
}

fn int(range: &str) -> Option<Segment> {
    let (from, to) = range.split_once("..")?;
    let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    (from <= to).then_some(Segment::Int { from, to })
}

impl FromStr for Payload {
    type Err = PayloadError;

    fn from_str(text: &str) -> Result<Self, PayloadError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            literal.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            if let Some(after_brace) = after.strip_prefix('{') {
                literal.push('{');
                rest = after_brace;
            } else if after.starts_with(|c: char| c.is_ascii_lowercase()) {
                let end = after.find('}').ok_or_else(|| PayloadError::Unclosed(after.to_owned()))?;
                if !literal.is_empty() {
                    parts.push(Segment::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Segment::parse(&after[..end])?);
                rest = &after[end + 1..];
            } else {
                literal.push('{');
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Segment::Literal(literal));
        }
        let lengths = parts.iter().map(|part| if let Segment::Text(length) = part { *length } else { 0 });
        match lengths.fold(0_usize, usize::saturating_add) {
            0..=LONGEST_TEXT => Ok(Self { text: text.to_owned(), parts }),
            size => Err(PayloadError::Size(size)),
        }
    }
}

impl TryFrom<String> for Payload {
    type Error = PayloadError;

    fn try_from(text: String) -> Result<Self, PayloadError> {
        text.parse()
    }
}

impl From<Payload> for String {
    fn from(payload: Payload) -> Self {
        payload.text
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn item(template: &str, seq: u64) -> String {
        let payload: Payload = template.parse().expect("the template of this test can be read");
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        let mut text = String::new();
        payload.write(&mut text, seq, now, &mut StdRng::seed_from_u64(7));
        text
    }

    #[test]
    fn placeholders_become_values() {
        assert_eq!(item("message-{seq}", 3), "message-3");
        assert_eq!(item("{time} {unix}", 1), "2023-11-14T22:13:20.250Z 1700000000.250");
        assert_eq!(item("{id}", 1).len(), 32);
        assert_eq!(item("{text:5}|", 1).len(), 6);
        assert_eq!(item("", 1), "");
    }

    #[test]
    fn json_stays_json_without_escapes() {
        let made = item(r#"{"wait": {int:10..20}, "deep": {"a": {"id": "{id}"}}, "none": {}}"#, 1);
        let value: serde_json::Value = serde_json::from_str(&made).expect("it is JSON");
        assert!((10..=20).contains(&value["wait"].as_i64().expect("a number")));
    }

    #[test]
    fn range_placeholder_includes_both_ends() {
        let payload: Payload = "{int:-1..1}".parse().unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let mut text = String::new();
        for seq in 0..100 {
            payload.write(&mut text, seq, SystemTime::now(), &mut rng);
            text.push(' ');
        }
        let mut made: Vec<_> = text.split_whitespace().collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made, ["-1", "0", "1"]);
    }

    #[test]
    fn doubled_brace_is_a_literal_brace() {
        assert_eq!(item("{{seq} }", 1), "{seq} }");
    }

    #[test]
    fn payload_error_names_the_placeholder() {
        for (template, named) in [
            ("{sequence}", "{sequence}"),
            ("{int:5}", "{int:5}"),
            ("{int:9..1}", "{int:9..1}"),
            ("a{seq", "not closed"),
            ("{text:16777217}", "at most 16777216"),
            ("{text:16777216}{text:1}", "add up to 16777217: the limit is 16777216"),
        ] {
            let error = template.parse::<Payload>().unwrap_err().to_string();
            assert!(error.contains(named), "{template}: {error}");
        }
    }
}

//! How an item is worked when no program is there to do it: for how long, and who says so.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::{SpanRange, form};

/// What is done with an item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = form::WORK, "examples" = ["2s..6s", "field:wait", "none"]))]
pub enum Work {
    /// Nothing: the item is written to stdout as a line.
    None,
    /// Wait a random time within the range.
    Wait(SpanRange),
    /// Wait as many seconds as this field of the JSON item says.
    Field(String),
}

/// The longest an item may ask to be worked for; beyond it the number is a mistake.
pub const LONGEST_WORK: Duration = Duration::from_secs(24 * 60 * 60);

impl Work {
    /// Returns how long to work `item`; nothing for [`Work::None`].
    ///
    /// A random time is drawn in the coarsest of second and millisecond that both ends of the range are whole in, so
    /// that `2s..6s` draws whole seconds.
    ///
    /// # Errors
    ///
    /// Says what keeps a [`Work::Field`] from being read from the item.
    pub fn duration(&self, item: &[u8], rng: &mut impl Rng) -> Result<Duration, String> {
        match self {
            Self::None => Ok(Duration::ZERO),
            Self::Wait(range) => Ok(draw(*range, rng)),
            Self::Field(name) => field(item, name),
        }
    }
}

fn draw(SpanRange { from, to }: SpanRange, rng: &mut impl Rng) -> Duration {
    let whole_seconds = from.subsec_nanos() == 0 && to.subsec_nanos() == 0;
    if whole_seconds {
        return Duration::from_secs(rng.random_range(from.as_secs()..=to.as_secs()));
    }
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rng.random_range(millis(from)..=millis(to)))
}

fn field(item: &[u8], name: &str) -> Result<Duration, String> {
    let value: serde_json::Value = serde_json::from_slice(item).map_err(|error| format!("not JSON: {error}"))?;
    let seconds = match value.get(name) {
        None => return Err(format!("no field `{name}`")),
        Some(value) => value.as_f64().ok_or_else(|| format!("field `{name}` is not a number of seconds: {value}"))?,
    };
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST_WORK)
        .ok_or_else(|| format!("field `{name}` is {seconds}, not 0 to {} seconds", LONGEST_WORK.as_secs()))
}

impl FromStr for Work {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("field", name)) if !name.is_empty() => Ok(Self::Field(name.to_owned())),
            _ if text == "none" => Ok(Self::None),
            _ => text
                .parse()
                .map(Self::Wait)
                .map_err(|error| format!("{error} (work is `2s`, `2s..6s`, `field:NAME` or `none`)")),
        }
    }
}

impl TryFrom<String> for Work {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Work> for String {
    fn from(work: Work) -> Self {
        work.to_string()
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Wait(range) => range.fmt(f),
            Self::Field(name) => write!(f, "field:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn work(text: &str) -> Work {
        text.parse().expect("the work of this test can be read")
    }

    #[test]
    fn whole_seconds_are_drawn_between_whole_seconds_and_both_ends_occur() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut drawn: Vec<_> =
            (0..300).map(|_| work("2s..6s").duration(b"x", &mut rng).unwrap().as_millis()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [2_000, 3_000, 4_000, 5_000, 6_000]);
    }

    #[test]
    fn milliseconds_are_drawn_between_milliseconds() {
        let mut rng = StdRng::seed_from_u64(1);
        let drawn = (0..50).map(|_| work("200ms..600ms").duration(b"x", &mut rng).unwrap().as_millis());
        assert!(drawn.into_iter().any(|millis| millis % 100 != 0));
    }

    #[test]
    fn a_field_gives_the_seconds() {
        let mut rng = StdRng::seed_from_u64(1);
        for (item, millis) in [(r#"{"wait": 17}"#, 17_000), (r#"{"wait":0.25,"x":[1]}"#, 250)] {
            assert_eq!(work("field:wait").duration(item.as_bytes(), &mut rng).map(|d| d.as_millis()), Ok(millis));
        }
    }

    #[test]
    fn an_item_that_does_not_say_is_told_apart() {
        let mut rng = StdRng::seed_from_u64(1);
        for (item, reason) in [
            ("nope", "not JSON"),
            (r#"{"wiat": 1}"#, "no field `wait`"),
            (r#"{"wait": "1"}"#, "not a number"),
            (r#"{"wait": -1}"#, "not 0 to"),
            (r#"{"wait": 1e300}"#, "not 0 to"),
        ] {
            let error = work("field:wait").duration(item.as_bytes(), &mut rng).unwrap_err();
            assert!(error.contains(reason), "{item}: {error}");
        }
    }

    #[test]
    fn work_reads_as_it_is_written() {
        for text in ["none", "2s", "2s..6s", "field:wait"] {
            assert_eq!(work(text).to_string(), text);
        }
        assert!("field:".parse::<Work>().is_err());
    }
}

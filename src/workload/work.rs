//! Simulated work: processing times, fixed, random, or from the item.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::distr::Distribution as _;
use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::normal::standard_normal_quantile;
use crate::units::pattern::duration_pattern;
use crate::units::{DurationError, DurationRange, HumanDuration, millis};

/// Regular expression of work, for the schema.
const FORM: &str = concat!("^(none|field:[\\s\\S]+|", duration_pattern!(range), ")$");

/// Simulated processing of an item.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = FORM, "examples" = ["2s..6s", "field:wait", "none"]))]
pub enum Work {
    /// Nothing: the item is written to stdout as a line.
    None,
    /// Wait a random time within the range.
    Wait(DurationRange),
    /// Wait so long on average, most items shorter and some far longer: `exp(4s)`.
    Exponential {
        /// The mean; more than zero.
        mean: Duration,
    },
    /// Wait so long or shorter in one of two items, with a long tail: `lognormal(4s, 0.5)`.
    LogNormal {
        /// Median; more than zero.
        median: Duration,
        /// The standard deviation of the logarithm, from 0 to [`WIDEST`]: at 0.5 one item in twenty takes more than 2.3
        /// times the median.
        sigma: f64,
    },
    /// Wait as many seconds as this field of the JSON item says.
    Field(String),
}

/// Maximum processing time that an item may ask for; beyond it the number is a mistake.
pub const LONGEST_WORK: Duration = Duration::from_secs(24 * 60 * 60);

/// Maximum sigma: beyond it, the mean is dominated by a few items of extreme length.
pub const WIDEST: f64 = 3.0;

impl Work {
    /// Draws the processing time of an item, at most [`LONGEST_WORK`] for unbounded distributions; `None` when only the item
    /// says.
    pub fn draw(&self, rng: &mut impl Rng) -> Option<Duration> {
        let factor = |seconds: Duration, factor: f64| {
            let drawn = Duration::try_from_secs_f64(seconds.as_secs_f64() * factor).unwrap_or(LONGEST_WORK);
            drawn.min(LONGEST_WORK)
        };
        match self {
            Self::None => Some(Duration::ZERO),
            Self::Wait(range) => Some(draw(*range, rng)),
            Self::Exponential { mean } => Some(factor(*mean, Exp1.sample(rng))),
            Self::LogNormal { median, sigma } => {
                let normal: f64 = StandardNormal.sample(rng);
                Some(factor(*median, (sigma * normal).exp()))
            }
            Self::Field(_) => None,
        }
    }

    /// Returns the mean processing time; `None` when only the items say.
    pub fn mean(&self) -> Option<Duration> {
        match self {
            Self::None => Some(Duration::ZERO),
            Self::Wait(DurationRange { from, to }) => Some(from.saturating_add(*to) / 2),
            Self::Exponential { mean } => Some(*mean),
            Self::LogNormal { median, sigma } => Some(median.mul_f64((sigma * sigma / 2.0).exp())),
            Self::Field(_) => None,
        }
    }

    /// Returns the longest that an item can take; `None` when the distribution or the items are unbounded.
    pub fn longest(&self) -> Option<Duration> {
        match self {
            Self::None => Some(Duration::ZERO),
            Self::Wait(range) => Some(range.to),
            Self::Exponential { .. } | Self::LogNormal { .. } | Self::Field(_) => None,
        }
    }

    /// Returns what the part `part` of all items, between 0 and 1, does not exceed; `None` when only the items say.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        // At 1 there would be no end.
        let part = part.clamp(0.0, 1.0 - f64::EPSILON);
        match self {
            Self::None => Some(Duration::ZERO),
            Self::Wait(DurationRange { from, to }) => Some(*from + to.saturating_sub(*from).mul_f64(part)),
            Self::Exponential { mean } => Some(mean.mul_f64(-(-part).ln_1p())),
            Self::LogNormal { median, sigma } => Some(median.mul_f64((sigma * standard_normal_quantile(part)).exp())),
            Self::Field(_) => None,
        }
    }

    /// Returns how long to work `item`; nothing for [`Work::None`].
    ///
    /// A random time is drawn in the coarsest of second and millisecond that both ends of the range are whole in, so
    /// that `2s..6s` draws whole seconds.
    ///
    /// # Errors
    ///
    /// Says what keeps a [`Work::Field`] from being read from the item.
    pub fn duration(&self, item: &[u8], rng: &mut impl Rng) -> Result<Duration, FieldError> {
        match self {
            Self::Field(name) => field(item, name),
            other => Ok(other.draw(rng).unwrap_or_default()),
        }
    }
}

fn draw(DurationRange { from, to }: DurationRange, rng: &mut impl Rng) -> Duration {
    let whole_seconds = from.subsec_nanos() == 0 && to.subsec_nanos() == 0;
    if whole_seconds {
        return Duration::from_secs(rng.random_range(from.as_secs()..=to.as_secs()));
    }
    Duration::from_millis(rng.random_range(millis(from)..=millis(to)))
}

fn field(item: &[u8], name: &str) -> Result<Duration, FieldError> {
    let value: serde_json::Value =
        serde_json::from_slice(item).map_err(|error| FieldError::NotJson(error.to_string()))?;
    let name = || name.to_owned();
    let value = value.get(name()).ok_or_else(|| FieldError::Missing(name()))?;
    let seconds = value.as_f64().ok_or_else(|| FieldError::NotANumber { field: name(), value: value.to_string() })?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST_WORK)
        .ok_or_else(|| FieldError::OutOfRange { field: name(), seconds })
}

/// A processing time that cannot be read from an item.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// The item is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The JSON object has no such field.
    #[error("no field `{0}`")]
    Missing(String),
    /// The field holds another type.
    #[error("field `{field}` is not a number of seconds: {value}")]
    NotANumber {
        /// The field.
        field: String,
        /// Its value.
        value: String,
    },
    /// The number is negative, or larger than [`LONGEST_WORK`].
    #[error("field `{field}` is {seconds}, not 0 to {} seconds", LONGEST_WORK.as_secs())]
    OutOfRange {
        /// The field.
        field: String,
        /// Its value.
        seconds: f64,
    },
}

/// Work that cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WorkError {
    /// A log-normal distribution without its two parameters.
    #[error("`{0}` needs a median and a width, as in `lognormal(4s, 0.5)`")]
    Parameters(String),
    /// A width out of range.
    #[error("`{0}`: the width must be a number from 0 to {WIDEST}, such as 0.5")]
    Width(String),
    /// A time of zero, or beyond [`LONGEST_WORK`].
    #[error("`{0}` is not a valid processing time: must be more than 0s and at most 1day")]
    Time(String),
    /// A malformed duration within brackets.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// Any other malformed text.
    #[error("{0} (expected `2s`, `2s..6s`, `exp(4s)`, `lognormal(4s, 0.5)`, `field:NAME` or `none`)")]
    Invalid(DurationError),
}

impl FromStr for Work {
    type Err = WorkError;

    fn from_str(text: &str) -> Result<Self, WorkError> {
        if let Some(inner) = brackets(text, "exp") {
            return Ok(Self::Exponential { mean: some_time(inner)? });
        }
        if let Some(inner) = brackets(text, "lognormal") {
            let (median, sigma) = inner.split_once(',').ok_or_else(|| WorkError::Parameters(text.to_owned()))?;
            let sigma = sigma.trim().parse().ok().filter(|sigma| (0.0..=WIDEST).contains(sigma));
            let sigma = sigma.ok_or_else(|| WorkError::Width(text.to_owned()))?;
            return Ok(Self::LogNormal { median: some_time(median)?, sigma });
        }
        match text.split_once(':') {
            Some(("field", name)) if !name.is_empty() => Ok(Self::Field(name.to_owned())),
            _ if text == "none" => Ok(Self::None),
            _ => text.parse().map(Self::Wait).map_err(WorkError::Invalid),
        }
    }
}

/// Returns the arguments of `name(…)`.
fn brackets<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

/// Reads a time that is neither nothing nor beyond [`LONGEST_WORK`].
fn some_time(text: &str) -> Result<Duration, WorkError> {
    let time = text.trim().parse::<HumanDuration>()?.0;
    if time.is_zero() || time > LONGEST_WORK {
        return Err(WorkError::Time(text.trim().to_owned()));
    }
    Ok(time)
}

impl TryFrom<String> for Work {
    type Error = WorkError;

    fn try_from(text: String) -> Result<Self, WorkError> {
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
            Self::Exponential { mean } => write!(f, "exp({})", HumanDuration(*mean)),
            Self::LogNormal { median, sigma } => write!(f, "lognormal({}, {sigma})", HumanDuration(*median)),
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
    fn work_field_gives_seconds() {
        let mut rng = StdRng::seed_from_u64(1);
        for (item, millis) in [(r#"{"wait": 17}"#, 17_000), (r#"{"wait":0.25,"x":[1]}"#, 250)] {
            assert_eq!(work("field:wait").duration(item.as_bytes(), &mut rng).map(|d| d.as_millis()), Ok(millis));
        }
    }

    #[test]
    fn work_field_errors_are_distinguished() {
        let mut rng = StdRng::seed_from_u64(1);
        for (item, reason) in [
            ("nope", "not JSON"),
            (r#"{"wiat": 1}"#, "no field `wait`"),
            (r#"{"wait": "1"}"#, "not a number"),
            (r#"{"wait": -1}"#, "not 0 to"),
            (r#"{"wait": 1e300}"#, "not 0 to"),
        ] {
            let error = work("field:wait").duration(item.as_bytes(), &mut rng).unwrap_err().to_string();
            assert!(error.contains(reason), "{item}: {error}");
        }
    }

    #[test]
    fn work_reads_as_it_is_written() {
        for text in ["none", "2s", "2s..6s", "exp(4s)", "lognormal(1m 30s, 0.5)", "field:wait"] {
            assert_eq!(work(text).to_string(), text);
        }
        for text in
            ["field:", "exp()", "exp(0s)", "exp(2days)", "lognormal(4s)", "lognormal(4s, -1)", "lognormal(4s, 9)"]
        {
            assert!(text.parse::<Work>().is_err(), "{text}");
        }
    }

    #[test]
    fn work_samples_match_mean_and_quantiles() {
        for text in ["2s..6s", "100ms..700ms", "exp(4s)", "lognormal(4s, 0.5)", "lognormal(1s, 1)"] {
            let mut rng = StdRng::seed_from_u64(7);
            let work = work(text);
            let mut drawn: Vec<f64> = (0..40_000).map(|_| work.draw(&mut rng).unwrap().as_secs_f64()).collect();
            let near = |drawn: f64, told: Option<Duration>, part: f64| {
                let told = told.unwrap().as_secs_f64();
                assert!((drawn / told - 1.0).abs() < part, "{text}: {drawn} and not {told}");
            };
            near(drawn.iter().sum::<f64>() / 40_000.0, work.mean(), 0.03);
            drawn.sort_by(f64::total_cmp);
            // Whole seconds are five values, and no line.
            if text != "2s..6s" {
                for (index, part) in [(20_000, 0.5), (36_000, 0.9), (39_600, 0.99)] {
                    near(drawn[index], work.quantile(part), 0.06);
                }
            }
        }
    }

    #[test]
    fn work_has_an_upper_bound_only_for_a_range() {
        let longest = |text: &str| work(text).longest().map(|longest| longest.as_secs());
        assert_eq!((longest("2s..6s"), longest("none")), (Some(6), Some(0)));
        assert_eq!((longest("exp(4s)"), longest("lognormal(4s, 1)"), longest("field:x")), (None, None, None));
        assert!(work("field:x").mean().is_none() && work("field:x").draw(&mut StdRng::seed_from_u64(1)).is_none());
    }
}

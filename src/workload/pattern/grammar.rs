//! The text of a pattern, and where in it something is wrong.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Pattern, Phase, RateShape};
use crate::units::{HumanDuration, snippet};
use crate::workload::Rate;

/// The phases by example, for messages.
const PHASES: &str =
    "`30s@50`, `1m@200..1000`, `2m@sine(100,80,30s)`, `5m@poisson(20)`, `burst 500` or, at the end, `repeat 3`";

/// The highest rate, in items per second: beyond it the number is a mistake.
pub(super) const HIGHEST: f64 = 1e9;

/// The lowest rate above zero, in items per second: an item in eleven days.
const LOWEST: f64 = 1e-6;

/// The fewest items per round of a pattern that repeats: all rounds without an item are gone through for the next one.
const LEAST_PER_ROUND: f64 = 1e-3;

/// Limit of phases, repetitions not counted.
const MAX_PHASES: usize = 10_000;

/// Syntax error of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Text that was parsed.
    text: String,
    /// Position of the error, counted from 1, in characters.
    column: usize,
    /// Length of the wrong part, in characters.
    width: usize,
    message: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, column, width, message } = self;
        let snippet = snippet::of_text(text, column - 1..column - 1 + width);
        write!(f, "column {column}: {message}\n{snippet}")
    }
}

impl std::error::Error for PatternError {}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        PatternParser { text }.pattern()
    }
}

/// Syntax error of a pattern in one line, for where the text itself is shown already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} (column {} of the pattern)", .0.message, .0.column)]
pub struct InlinePatternError(PatternError);

impl TryFrom<String> for Pattern {
    type Error = InlinePatternError;

    fn try_from(text: String) -> Result<Self, InlinePatternError> {
        text.parse().map_err(InlinePatternError)
    }
}

/// Reads parts of one text, all of which are slices of it.
struct PatternParser<'a> {
    text: &'a str,
}

impl<'a> PatternParser<'a> {
    fn pattern(&self) -> Result<Pattern, PatternError> {
        let mut pattern = Pattern { phases: Vec::new(), rounds: Some(1) };
        let mut parts = self.parts().into_iter().peekable();
        while let Some(part) = parts.next() {
            let Some(rounds) = part.strip_prefix("repeat") else {
                if pattern.phases.len() == MAX_PHASES {
                    return Err(self.error(part, format!("has more than {MAX_PHASES} phases, the limit")));
                }
                pattern.phases.push(self.phase(part)?);
                continue;
            };
            if parts.peek().is_some() {
                return Err(self.error(part, "`repeat` is for the whole of the pattern: write it last"));
            }
            pattern.rounds = match rounds.trim() {
                "" => None,
                rounds => Some(self.number(rounds, "a number of times, as in `repeat 3`")?),
            };
            if pattern.stands_still() {
                return Err(self.error(part, "has nothing to repeat: the phases before it need items and a length"));
            }
            if pattern.per_round() < LEAST_PER_ROUND {
                return Err(self.error(part, "repeats less than 1 item in 1000 rounds, the limit: make phases longer"));
            }
        }
        Ok(pattern)
    }

    /// Cuts at the commas that stand outside brackets.
    fn parts(&self) -> Vec<&'a str> {
        let mut depth = 0_usize;
        let outside = |c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        };
        self.text.split(outside).map(str::trim).collect()
    }

    fn phase(&self, part: &'a str) -> Result<Phase, PatternError> {
        if let Some(items) = part.strip_prefix("burst ") {
            return self.number(items.trim(), "a number of items, as in `burst 500`").map(Phase::Burst);
        }
        let Some((span, shape)) = part.split_once('@') else {
            let message = match (part, without_at(part)) {
                ("", _) => format!("a phase is missing here: {PHASES}"),
                (_, Some(meant)) => {
                    format!("`{part}` has no `@` between duration and rate: did you mean `{meant}`?")
                }
                _ => format!("`{part}` is not a phase: {PHASES}"),
            };
            return Err(self.error(part, message));
        };
        let span = self.span(span.trim())?;
        Ok(Phase::Over { span, shape: self.shape(shape.trim(), span)? })
    }

    fn shape(&self, text: &'a str, span: Duration) -> Result<RateShape, PatternError> {
        if let Some(inner) = self.inner(text, "sine")? {
            let [mean, amplitude, period] =
                self.split(inner, "its mean, how far it goes up and down, and its period")?;
            let (mean_rate, amplitude_rate) = (self.more_than_zero(mean)?, self.rate(amplitude)?);
            if amplitude_rate > mean_rate {
                let message = format!("`{amplitude}` takes the rate below zero: at most the mean, {mean}");
                return Err(self.error(amplitude, message));
            }
            return Ok(RateShape::Sine { mean: mean_rate, amplitude: amplitude_rate, period: self.span(period)? });
        }
        if let Some(rate) = self.inner(text, "poisson")? {
            return self.more_than_zero(rate).map(RateShape::Poisson);
        }
        if let Some((name, _)) = text.split_once('(')
            && let Some(meant) = ["sine", "poisson"].into_iter().find(|meant| is_like(name.trim(), meant))
        {
            return Err(self.error(name.trim(), format!("`{}` is not a shape: did you mean `{meant}`?", name.trim())));
        }
        match text.split_once("..") {
            Some(("", _) | (_, "")) => {
                Err(self.error(text, format!("`{text}` has only one rate: a ramp has two, as in `1m@200..1000`")))
            }
            Some((from, to)) => {
                let (from, to) = (self.rate(from.trim())?, self.rate(to.trim())?);
                Ok(RateShape::Ramp { from, to, seconds: span.as_secs_f64() })
            }
            None => self.rate(text).map(RateShape::Constant),
        }
    }

    /// Returns the arguments of `name(…)`; `None` for anything else.
    fn inner(&self, text: &'a str, name: &str) -> Result<Option<&'a str>, PatternError> {
        let Some(rest) = text.strip_prefix(name) else { return Ok(None) };
        let inner = rest.trim_start().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        inner
            .map(|inner| Some(inner.trim()))
            .ok_or_else(|| self.error(text, format!("`{name}` takes what it needs in brackets, as in {PHASES}")))
    }

    fn split<const N: usize>(&self, inner: &'a str, what: &str) -> Result<[&'a str; N], PatternError> {
        let parts: Vec<&str> = inner.split(',').map(str::trim).collect();
        let found = parts.len();
        parts.try_into().map_err(|_| self.error(inner, format!("takes {N} values ({what}), not {found}")))
    }

    fn rate(&self, text: &'a str) -> Result<f64, PatternError> {
        if text == "0" {
            return Ok(0.0);
        }
        match text.parse() {
            Ok(Rate::PerSecond(rate)) if (LOWEST..=HIGHEST).contains(&rate) => Ok(rate),
            Ok(Rate::PerSecond(rate)) => {
                let (limit, word) = if rate < LOWEST { ("0.000001", "least") } else { ("1000000000", "most") };
                Err(self.error(text, format!("`{text}` is not a rate: at {word} {limit} items per second, the limit")))
            }
            _ => match text.parse::<f64>() {
                Ok(0.0) => Ok(0.0),
                _ => Err(self.error(
                    text,
                    format!("`{text}` is not a rate such as `50` (items per second) or `30/m` (per minute)"),
                )),
            },
        }
    }

    fn more_than_zero(&self, text: &'a str) -> Result<f64, PatternError> {
        match self.rate(text)? {
            rate if rate < LOWEST => Err(self.error(text, "is a rate of nothing: for a pause, write `1m@0`")),
            rate => Ok(rate),
        }
    }

    fn span(&self, text: &'a str) -> Result<Duration, PatternError> {
        match text.parse::<HumanDuration>() {
            Ok(HumanDuration(span)) if span < Duration::from_millis(1) => {
                Err(self.error(text, "is shorter than 1ms: for items all at once, write `burst 500`"))
            }
            Ok(HumanDuration(span)) => Ok(span),
            Err(error) => Err(self.error(text, error.to_string())),
        }
    }

    fn number(&self, text: &'a str, what: &str) -> Result<u64, PatternError> {
        let number = text.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| self.error(text, format!("`{text}` is not {what}")))
    }

    /// Points at `part`, which is a slice of the text.
    fn error(&self, part: &str, message: impl Into<String>) -> PatternError {
        let start = part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let column = self.text.get(..start).unwrap_or_default().chars().count() + 1;
        let width = part.chars().count().max(1);
        PatternError { text: self.text.to_owned(), column, width, message: message.into() }
    }
}

/// Returns whether a name was most likely meant as another.
fn is_like(name: &str, meant: &str) -> bool {
    let name = name.to_lowercase();
    name.len() > 2 && meant.starts_with(&name) || strsim::damerau_levenshtein(&name, meant) <= 2
}

/// Returns a phase such as `1m6` as it was meant, with an `@` after the unit of its duration.
fn without_at(part: &str) -> Option<String> {
    let rate = part.rfind(|c: char| !(c.is_ascii_digit() || c == '.'))? + 1;
    let (span, rate) = part.split_at_checked(rate)?;
    let is_duration = span.trim().parse::<HumanDuration>().is_ok();
    (is_duration && !rate.is_empty()).then(|| format!("{}@{rate}", span.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_is_parsed_with_and_without_blanks() {
        let text = "30s@50, 1m@200..1000, 2m@sine(100,80,30s), burst 500, 5m@poisson(20), 1m 30s@0, repeat 3";
        let pattern: Pattern = text.parse().unwrap();
        assert_eq!(pattern.to_string(), text);
        let loose =
            " 30s @ 50/s ,1m@ 200 .. 1000,2m@sine( 100, 80 , 30s ),burst  500,5m@poisson( 1200/m ),90s@0,repeat  3 ";
        assert_eq!(loose.parse(), Ok(pattern));
    }

    #[test]
    fn pattern_errors_name_the_mistake() {
        for (text, shown, reason) in [
            ("", "", "a phase is missing"),
            ("30s@50,", "", "a phase is missing"),
            ("30s@50, fast", "fast", "not a phase"),
            ("30s@50, 1m@2OO", "2OO", "not a rate"),
            ("1m@-5", "-5", "not a rate"),
            ("1m@max", "max", "not a rate"),
            ("1m@1e10", "1e10", "at most 1000000000 items per second"),
            ("10s@0.00000000013/m, repeat", "0.00000000013/m", "at least 0.000001 items per second"),
            ("10s@0..1e-9", "1e-9", "at least 0.000001 items per second"),
            ("1ms@0.000001, repeat", "repeat", "less than 1 item in 1000 rounds"),
            ("1ms@poisson(0.000001), repeat 5", "repeat 5", "less than 1 item in 1000 rounds"),
            ("1@50", "1", "time unit needed"),
            ("0s@50", "0s", "burst"),
            ("1m@5..x", "x", "not a rate"),
            ("2m@1..", "1..", "a ramp has two"),
            ("2m@..5", "..5", "a ramp has two"),
            ("2m@sin(1,1,30s)", "sin", "did you mean `sine`?"),
            ("2m@Sinus(1,1,30s)", "Sinus", "did you mean `sine`?"),
            ("10m@poison(3)", "poison", "did you mean `poisson`?"),
            ("10m@poiss(3)", "poiss", "did you mean `poisson`?"),
            ("2m@exp(3)", "exp(3)", "not a rate"),
            ("2m@1, 1m6", "1m6", "did you mean `1m@6`?"),
            ("1m 30s 2.5", "1m 30s 2.5", "did you mean `1m 30s@2.5`?"),
            ("grün, 1m@sine(10,20,3s)", "grün", "not a phase"),
            ("1m@sine(10,20,3s)", "20", "below zero"),
            ("1m@sine(10,2)", "10,2", "takes 3 values"),
            ("1m@sine", "sine", "in brackets"),
            ("1m@poisson(0)", "0", "`1m@0`"),
            ("burst many", "many", "`burst 500`"),
            ("burst 0", "0", "`burst 500`"),
            ("repeat, 1m@5", "repeat", "last"),
            ("burst 5, repeat", "repeat", "nothing to repeat"),
            ("5s@0, repeat 2", "repeat 2", "nothing to repeat"),
        ] {
            let error = text.parse::<Pattern>().unwrap_err();
            let message = error.to_string();
            assert!(message.contains(reason), "{text}: {message}");
            let pointed: String = text.chars().skip(error.column - 1).take(error.width).collect();
            assert_eq!(pointed, shown, "{text}: {message}");
        }
    }

    #[test]
    fn pattern_caret_points_at_the_mistake() {
        let message = "30s@50, 1m@2OO".parse::<Pattern>().unwrap_err().to_string();
        assert!(
            message.starts_with("column 12: ") && message.ends_with("\n |\n | 30s@50, 1m@2OO\n |            ^^^"),
            "{message}"
        );
    }
}

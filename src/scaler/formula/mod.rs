//! Formulas over the triggers: `scalingModifiers.formula` of KEDA.
//!
//! KEDA's language is expr-lang, <https://expr-lang.org/docs/language-definition>. Supported is what a sum, a weight or a
//! threshold needs, with the same precedences: numbers, names, `+ - * / **`, comparisons, `and or not`, `? :`, `??`, and
//! `max min abs ceil floor round`.

mod error;
mod expression;
mod parser;
mod token;

use std::fmt;

use self::error::LARGEST;
pub use self::error::{EvaluationError, FormulaError};
use self::expression::{Expression, ValueType};
use self::parser::Parser;

/// Counts at which no formula may overflow.
const FEW: [f64; 3] = [0.0, 1.0, 1_000.0];

/// A formula that KEDA accepts, and whose value is never negative.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    node: Expression,
}

impl Formula {
    /// Parses a formula over the triggers `names`.
    ///
    /// # Errors
    ///
    /// Fails for a formula that KEDA would refuse or could not evaluate (`pkg/scaling/modifiers/formula.go`), and for one
    /// that can be negative: the HPA takes a negative value for the largest there is, and scales to the maximum.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, FormulaError> {
        let (node, kind) = Parser::of(text, names).formula()?;
        if kind == ValueType::Comparison {
            return Err(FormulaError::Comparison);
        }
        // One line: in the manifest a comment follows it.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if node.range()?.0 < 0.0 {
            return Err(FormulaError::Negative(text));
        }
        let overflows = |count: f64| node.value(&|_| Some(count)).is_ok_and(|value| value > Some(LARGEST));
        if FEW.into_iter().any(overflows) {
            return Err(FormulaError::Overflow);
        }
        Ok(Self { text, node })
    }

    /// Returns the value for the counts that `read` gives; `None` where the result is `nil`.
    ///
    /// # Errors
    ///
    /// Fails where `nil` takes part in arithmetic, which KEDA cannot evaluate; without a `??` KEDA does not accept `nil`
    /// as the result either (`formula.go`: `float()` around the whole).
    pub fn value(&self, read: &dyn Fn(&str) -> Option<f64>) -> Result<Option<f64>, EvaluationError> {
        match self.node.value(read)? {
            None if !self.handles_nil() => Err(EvaluationError),
            value => Ok(value),
        }
    }

    /// Tells if `??` gives a value for a trigger that cannot be read.
    fn handles_nil(&self) -> bool {
        self.text.contains("??")
    }

    /// Returns the smallest set of triggers out of `names` without which the formula cannot be evaluated.
    pub fn unevaluable_without<'a>(&self, names: &[&'a str]) -> Option<Vec<&'a str>> {
        let mut sets: Vec<Vec<&str>> = (1..1_usize << names.len())
            .map(|set| (0..names.len()).filter(|name| set & (1 << name) != 0).map(|name| names[name]).collect())
            .collect();
        sets.sort_by_key(Vec::len);
        // With other counts a condition may choose another branch.
        sets.into_iter().find(|unread| {
            [0.0, 1.0, 1e6].iter().any(|count| self.value(&|name| (!unread.contains(&name)).then_some(*count)).is_err())
        })
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["waiting", "busy"];

    #[expect(clippy::unnecessary_wraps, reason = "signature of a reader")]
    fn read(name: &str) -> Option<f64> {
        Some(match name {
            "waiting" => 3.0,
            _ => 4.0,
        })
    }

    fn value(text: &str) -> f64 {
        let formula = Formula::parse(text, &NAMES).unwrap_or_else(|error| panic!("{text}: {error}"));
        formula.value(&read).unwrap().unwrap()
    }

    #[test]
    fn value_is_that_of_keda() {
        for (text, expected) in [
            ("waiting + busy*5", 23.0),
            ("(waiting + busy) * 5", 35.0),
            ("max(0, waiting - busy)", 0.0),
            ("max(0, busy - waiting - 1)", 0.0),
            ("abs(waiting - busy)", 1.0),
            ("waiting > 2 and busy >= 4 ? waiting * 2 : 1", 6.0),
            ("not (waiting > 2) or busy == 5 ? 1 : waiting < 1 ? 2 : 3", 3.0),
            ("2 ** 3 ** 2 / 2", 256.0),
            ("waiting / max(1, busy)", 0.75),
            ("waiting > busy ? waiting - busy : 0", 0.0),
            ("waiting >= busy ? 0 : busy - waiting", 1.0),
            ("ceil(waiting / 2) + floor(1.5) + round(.5e0)", 4.0),
            ("min(waiting, busy, 1_000)", 3.0),
            ("-2 ** 2 + 9", 5.0),
            ("waiting ** 4 * 1e3", 81_000.0),
        ] {
            assert!((value(text) - expected).abs() < 1e-9, "{text}: {}", value(text));
        }
    }

    #[test]
    fn lines_are_joined() {
        let formula = Formula::parse(" waiting\n  + busy ", &NAMES).unwrap();
        assert_eq!(formula.to_string(), "waiting + busy");
    }

    #[test]
    fn nil_takes_the_value_after_its_operator() {
        let formula = Formula::parse("waiting + (busy ?? 2) * 5", &NAMES).unwrap();
        let only = |known: &'static str| move |name: &str| (name == known).then_some(1.0);
        assert_eq!(formula.value(&only("waiting")), Ok(Some(11.0)));
        // KEDA cannot evaluate `nil + 5`.
        assert_eq!(formula.value(&only("busy")), Err(EvaluationError));
        let formula = Formula::parse("waiting ?? busy", &NAMES).unwrap();
        assert_eq!(formula.value(&only("delayed")), Ok(None));
        let formula = Formula::parse("waiting", &NAMES).unwrap();
        assert_eq!(formula.value(&only("busy")), Err(EvaluationError));
    }

    #[test]
    fn triggers_it_needs_are_named() {
        for (text, needed) in [
            ("waiting + (busy ?? 2) * 5", Some(vec!["waiting"])),
            ("(waiting ?? 9) + (busy ?? 2) * 5", None),
            ("waiting ?? busy", None),
            ("(waiting ?? busy) + 1", Some(vec!["waiting", "busy"])),
            ("(waiting ?? 0) > 5 ? busy + 1 : 0", Some(vec!["busy"])),
            ("waiting + busy", Some(vec!["waiting"])),
        ] {
            assert_eq!(Formula::parse(text, &NAMES).unwrap().unevaluable_without(&NAMES), needed, "{text}");
        }
    }

    #[test]
    fn formula_beyond_a_limit_is_refused_with_the_limit() {
        let nested = |open: &str, close: &str, times: usize| open.repeat(times) + "waiting" + &close.repeat(times);
        let chain = |operator: &str, times: usize| vec!["waiting"; times].join(operator);
        for (text, limit) in [
            (nested("(", ")", 12_000), "more than 100 levels"),
            (nested("-", "", 100_000), "more than 100 levels"),
            (nested("max(0, ", ")", 12_000), "more than 100 levels"),
            (nested("not (", ")", 12_000), "more than 100 levels"),
            (nested("waiting > 1 ? 1 : ", "", 12_000), "more than 100 levels"),
            (chain(" ** ", 12_000), "more than 100 levels"),
            (chain(" + ", 100_000), "more than 500 numbers and triggers"),
            (chain(" ?? ", 100_000), "more than 500 numbers and triggers"),
            (format!("max({})", chain(", ", 100_000)), "more than 500 numbers and triggers"),
        ] {
            let error = Formula::parse(&text, &NAMES).unwrap_err().to_string();
            assert!(error.contains(limit), "{}…: {error}", &text[..30]);
        }
        assert!((value(&nested("(", ")", 90)) - 3.0).abs() < f64::EPSILON);
        assert!((value(&chain(" + ", 500)) - 1_500.0).abs() < f64::EPSILON);
    }

    #[test]
    fn errors_say_what_keda_would_refuse() {
        for (text, reason) in [
            ("", "ends too early"),
            ("waiting +", "ends too early"),
            ("waiting busy", "unexpected `busy`: expected an operator"),
            ("wating", "unknown trigger `wating`: expected one of waiting, busy"),
            ("Waiting", "unknown trigger `Waiting`"),
            ("in", "unknown trigger `in`"),
            ("pending-items", "unknown trigger `pending`"),
            ("waiting - busy", "`max(0, waiting - busy)`"),
            ("max(0, waiting) - busy", "can be negative"),
            ("waiting < busy ? waiting - busy : 0", "can be negative"),
            ("-waiting * -1 - 1", "can be negative"),
            ("waiting / busy", "divide by zero"),
            ("waiting * 9e15", "exceeds 9e15 with 1000 items or fewer"),
            ("waiting ** 100", "exceeds"),
            ("waiting + 1e300 * 1e300", "exceeds"),
            ("waiting > 2", "is a comparison"),
            ("waiting > 2 > 1 ? 1 : 2", "operands of `>` must be numbers"),
            ("waiting ? 1 : 2", "needs a comparison"),
            ("not waiting > 2 ? 1 : 2", "in parentheses"),
            ("sum([waiting])", "unknown function `sum`"),
            ("ceil(1, 2)", "takes 1 argument, not 2"),
            ("waiting % 2", "`%`"),
            ("(waiting", "missing `)`"),
            ("1.2.3", "`1.2.3` is not a valid number"),
            ("waiting + 1e309", "`1e309` is not a valid number"),
        ] {
            let error = Formula::parse(text, &NAMES).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}

//! A formula over the triggers: KEDA's `scalingModifiers`, as far as it can be reckoned here.
//!
//! KEDA's language is expr-lang, <https://expr-lang.org/docs/language-definition>. Of it there is what a sum, a weight or
//! a threshold needs, with its precedences: numbers, names, `+ - * / **`, comparisons, `and or not`, `? :`, `??`, and
//! `max min abs ceil floor round`.

mod node;
mod parser;
mod token;

use std::fmt;

use self::node::{Node, Sort};
use self::parser::Parser;
use self::token::Tokens;

/// A formula that KEDA reads, and whose value is never below zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    node: Node,
}

/// Something was to be reckoned with a count that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be reckoned with what could not be read")]
pub struct Unreckoned;

impl Formula {
    /// Reads a formula over the triggers `names`.
    ///
    /// # Errors
    ///
    /// Says what KEDA would refuse or could not reckon (`pkg/scaling/modifiers/formula.go`), and of what can go below
    /// zero that it can: the HPA takes a negative value for the greatest there is, and goes to the maximum.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, String> {
        let mut parser = Parser { tokens: Tokens::of(text).peekable(), names };
        let (node, sort) = parser.expression(0)?;
        if let Some(token) = parser.tokens.next() {
            return Err(format!("has `{}` where an operator or the end was expected", token?));
        }
        if sort == Sort::Truth {
            return Err("is true or false, and a number is needed: add `? 1 : 0`, say".to_owned());
        }
        // One line: a comment stands behind it in the manifest.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if node.range()?.0 < 0.0 {
            return Err(format!("can go below zero, and then the HPA would go to the maximum: write `max(0, {text})`"));
        }
        Ok(Self { text, node })
    }

    /// Its value where `read` says what each trigger counts; `None` where that leaves `nil`.
    ///
    /// # Errors
    ///
    /// Where something is to be reckoned with `nil`, which KEDA cannot; without a `??` it cannot take `nil` for a value
    /// either (`formula.go`: `float()` around the whole).
    pub fn value(&self, read: &dyn Fn(&str) -> Option<f64>) -> Result<Option<f64>, Unreckoned> {
        match self.node.value(read)? {
            None if !self.minds_failures() => Err(Unreckoned),
            value => Ok(value),
        }
    }

    /// Whether it says what counts for a trigger that cannot be read (`??`).
    fn minds_failures(&self) -> bool {
        self.text.contains("??")
    }

    /// Those of the triggers `names` with which, when they cannot be read, it cannot be reckoned; the fewest that do.
    pub fn unreckoned_without<'a>(&self, names: &[&'a str]) -> Option<Vec<&'a str>> {
        let mut unread: Vec<Vec<&str>> = (1..1_usize << names.len())
            .map(|set| (0..names.len()).filter(|name| set & (1 << name) != 0).map(|name| names[name]).collect())
            .collect();
        unread.sort_by_key(Vec::len);
        // A condition may lead elsewhere with other counts.
        unread.into_iter().find(|unread| {
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

    #[expect(clippy::unnecessary_wraps, reason = "what a formula reads with")]
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
    fn it_is_reckoned_as_keda_reckons_it() {
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
        ] {
            assert!((value(text) - expected).abs() < 1e-9, "{text}: {}", value(text));
        }
    }

    #[test]
    fn a_formula_of_several_lines_is_one() {
        let formula = Formula::parse(" waiting\n  + busy ", &NAMES).unwrap();
        assert_eq!(formula.to_string(), "waiting + busy");
    }

    #[test]
    fn what_cannot_be_read_counts_as_is_said() {
        let formula = Formula::parse("waiting + (busy ?? 2) * 5", &NAMES).unwrap();
        let only = |known: &'static str| move |name: &str| (name == known).then_some(1.0);
        assert_eq!(formula.value(&only("waiting")), Ok(Some(11.0)));
        // `nil + 5` is nothing that KEDA could reckon.
        assert_eq!(formula.value(&only("busy")), Err(Unreckoned));
        let formula = Formula::parse("waiting ?? busy", &NAMES).unwrap();
        assert_eq!(formula.value(&only("delayed")), Ok(None));
        let formula = Formula::parse("waiting", &NAMES).unwrap();
        assert_eq!(formula.value(&only("busy")), Err(Unreckoned));
    }

    #[test]
    fn what_it_needs_to_be_reckoned_is_named() {
        for (text, needed) in [
            ("waiting + (busy ?? 2) * 5", Some(vec!["waiting"])),
            ("(waiting ?? 9) + (busy ?? 2) * 5", None),
            ("waiting ?? busy", None),
            ("(waiting ?? busy) + 1", Some(vec!["waiting", "busy"])),
            ("(waiting ?? 0) > 5 ? busy + 1 : 0", Some(vec!["busy"])),
            ("waiting + busy", Some(vec!["waiting"])),
        ] {
            assert_eq!(Formula::parse(text, &NAMES).unwrap().unreckoned_without(&NAMES), needed, "{text}");
        }
    }

    #[test]
    fn what_keda_would_refuse_or_mistake_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "ends where"),
            ("waiting +", "ends where"),
            ("waiting busy", "has `busy` where an operator"),
            ("wating", "names `wating`; the triggers are waiting, busy"),
            ("Waiting", "names `Waiting`"),
            ("in", "names `in`"),
            ("pending-items", "names `pending`"),
            ("waiting - busy", "`max(0, waiting - busy)`"),
            ("max(0, waiting) - busy", "can go below zero"),
            ("waiting < busy ? waiting - busy : 0", "can go below zero"),
            ("-waiting * -1 - 1", "can go below zero"),
            ("waiting / busy", "divide by zero"),
            ("waiting > 2", "true or false"),
            ("waiting > 2 > 1 ? 1 : 2", "at `>`"),
            ("waiting ? 1 : 2", "needs a comparison"),
            ("not waiting > 2 ? 1 : 2", "in parentheses"),
            ("sum([waiting])", "calls `sum`"),
            ("ceil(1, 2)", "takes one"),
            ("waiting % 2", "`%`"),
            ("(waiting", "no `)`"),
            ("1.2.3", "`1.2.3` is no number"),
        ] {
            let error = Formula::parse(text, &NAMES).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}

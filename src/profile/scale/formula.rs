//! A formula over the triggers: KEDA's `scalingModifiers`, as far as it can be reckoned here.
//!
//! KEDA's language is expr-lang, <https://expr-lang.org/docs/language-definition>. Of it there is what a sum, a weight or
//! a threshold needs, with its precedences: numbers, names, `+ - * / **`, comparisons, `and or not`, `? :`, `??`, and
//! `max min abs ceil floor round`.

use std::fmt;
use std::iter::Peekable;

use super::token::{Token, Tokens};

/// A formula that KEDA reads, and whose value is never below zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    text: String,
    node: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Name(String),
    Negate(Box<Node>),
    Not(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Choose(Box<[Node; 3]>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    /// The right where the left could not be read.
    OrElse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Max,
    Min,
    Abs,
    Ceil,
    Floor,
    Round,
}

/// What a part of a formula is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Truth,
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

impl Node {
    fn value(&self, read: &dyn Fn(&str) -> Option<f64>) -> Result<Option<f64>, Unreckoned> {
        let number = |node: &Self| node.value(read)?.ok_or(Unreckoned);
        Ok(Some(match self {
            Self::Number(number) => *number,
            Self::Name(name) => return Ok(read(name)),
            Self::Negate(node) => -number(node)?,
            Self::Not(node) => 1.0 - number(node)?,
            Self::Choose(nodes) => return nodes[if number(&nodes[0])? > 0.0 { 1 } else { 2 }].value(read),
            Self::Binary(Operator::OrElse, left, right) => match left.value(read)? {
                Some(value) => value,
                None => return right.value(read),
            },
            Self::Binary(operator, left, right) => operator.apply(number(left)?, number(right)?),
            Self::Call(function, nodes) => function.apply(&nodes.iter().map(number).collect::<Result<Vec<_>, _>>()?),
        }))
    }

    /// The same where `condition` holds, or does not: what is more than another is no less than that after all.
    fn range_where(&self, condition: &Self, holds: bool) -> Result<(f64, f64), String> {
        let (least, most) = self.range()?;
        let (Self::Binary(operator, left, right), Self::Binary(Operator::Subtract, from, taken)) = (condition, self)
        else {
            return Ok((least, most));
        };
        let (greater, smaller) = match (operator, holds) {
            (Operator::Greater | Operator::AtLeast, true) | (Operator::Less | Operator::AtMost, false) => (left, right),
            (Operator::Less | Operator::AtMost, true) | (Operator::Greater | Operator::AtLeast, false) => (right, left),
            _ => return Ok((least, most)),
        };
        Ok(if greater == from && smaller == taken { (least.max(0.0), most) } else { (least, most) })
    }

    /// The least and the greatest value it can have: triggers count from zero on.
    fn range(&self) -> Result<(f64, f64), String> {
        let of_corners = |(a, b): (f64, f64), (c, d): (f64, f64), apply: &dyn Fn(f64, f64) -> f64| {
            // Nothing times without end is nothing.
            let corners =
                [(a, c), (a, d), (b, c), (b, d)].map(|(x, y)| apply(x, y)).map(|x| if x.is_nan() { 0.0 } else { x });
            (corners.into_iter().fold(f64::INFINITY, f64::min), corners.into_iter().fold(f64::NEG_INFINITY, f64::max))
        };
        Ok(match self {
            Self::Number(number) => (*number, *number),
            Self::Name(_) => (0.0, f64::INFINITY),
            Self::Negate(node) => {
                let (least, most) = node.range()?;
                (-most, -least)
            }
            Self::Not(node) => node.range().map(|_| (0.0, 1.0))?,
            Self::Choose(nodes) => {
                nodes[0].range()?;
                let ((a, b), (c, d)) =
                    (nodes[1].range_where(&nodes[0], true)?, nodes[2].range_where(&nodes[0], false)?);
                (a.min(c), b.max(d))
            }
            Self::Binary(operator, left, right) => {
                let (left, right) = (left.range()?, right.range()?);
                match operator {
                    Operator::OrElse => (left.0.min(right.0), left.1.max(right.1)),
                    Operator::Divide if right.0 <= 0.0 && right.1 >= 0.0 => {
                        return Err("can divide by zero: write `/ max(1, …)`".to_owned());
                    }
                    Operator::Power if left.0 < 0.0 => return Err("takes a power of what can be below zero".to_owned()),
                    Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Power => {
                        of_corners(left, right, &|x, y| operator.apply(x, y))
                    }
                    _ => (0.0, 1.0),
                }
            }
            Self::Call(function, nodes) => {
                let ranges: Vec<(f64, f64)> = nodes.iter().map(Self::range).collect::<Result<_, _>>()?;
                let (least, most): (Vec<f64>, Vec<f64>) = ranges.into_iter().unzip();
                match function {
                    Function::Abs if least[0] <= 0.0 => (0.0, most[0].max(-least[0])),
                    _ => (function.apply(&least), function.apply(&most)),
                }
            }
        })
    }
}

impl Operator {
    /// The operator that `word` is, how strongly it binds, and what it takes and gives.
    fn of(word: &str) -> Option<(Self, u8, Sort, Sort)> {
        use Sort::{Number, Truth};
        Some(match word {
            "or" | "||" => (Self::Or, 1, Truth, Truth),
            "and" | "&&" => (Self::And, 2, Truth, Truth),
            "==" => (Self::Equal, 3, Number, Truth),
            "!=" => (Self::Unequal, 3, Number, Truth),
            "<" => (Self::Less, 3, Number, Truth),
            "<=" => (Self::AtMost, 3, Number, Truth),
            ">" => (Self::Greater, 3, Number, Truth),
            ">=" => (Self::AtLeast, 3, Number, Truth),
            "+" => (Self::Add, 4, Number, Number),
            "-" => (Self::Subtract, 4, Number, Number),
            "*" => (Self::Multiply, 6, Number, Number),
            "/" => (Self::Divide, 6, Number, Number),
            "**" | "^" => (Self::Power, 8, Number, Number),
            "??" => (Self::OrElse, 9, Number, Number),
            _ => return None,
        })
    }

    /// Truth is 1, and 0 is not true.
    #[expect(clippy::float_cmp, reason = "`==` of the formula is meant")]
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |truth: bool| f64::from(u8::from(truth));
        match self {
            Self::Or | Self::OrElse => left.max(right),
            Self::And => left.min(right),
            Self::Equal => truth(left == right),
            Self::Unequal => truth(left != right),
            Self::Less => truth(left < right),
            Self::AtMost => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::AtLeast => truth(left >= right),
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        }
    }
}

impl Function {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "max" => Self::Max,
            "min" => Self::Min,
            "abs" => Self::Abs,
            "ceil" => Self::Ceil,
            "floor" => Self::Floor,
            "round" => Self::Round,
            _ => return None,
        })
    }

    fn takes(self, arguments: usize) -> bool {
        if matches!(self, Self::Max | Self::Min) { arguments >= 1 } else { arguments == 1 }
    }

    fn apply(self, values: &[f64]) -> f64 {
        match self {
            Self::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Abs => values[0].abs(),
            Self::Ceil => values[0].ceil(),
            Self::Floor => values[0].floor(),
            Self::Round => values[0].round(),
        }
    }
}

struct Parser<'a> {
    tokens: Peekable<Tokens<'a>>,
    names: &'a [&'a str],
}

impl Parser<'_> {
    /// Reads on while operators bind at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Result<(Node, Sort), String> {
        let (mut left, mut sort) = self.operand()?;
        while let Some(Ok(Token::Word(word) | Token::Sign(word))) = self.tokens.peek().cloned() {
            let Some((operator, strength, takes, gives)) = Operator::of(word) else { break };
            if strength < least {
                break;
            }
            self.tokens.next();
            // A power binds to the right, all others to the left.
            let (right, of_right) = self.expression(strength + u8::from(operator != Operator::Power))?;
            if sort != takes || of_right != takes {
                return Err(format!("has a number and a truth at `{word}`, where both have to be the same"));
            }
            (left, sort) = (Node::Binary(operator, left.into(), right.into()), gives);
        }
        if least == 0 && self.skip("?") {
            let then = self.expression(0)?;
            self.expect(":")?;
            let otherwise = self.expression(0)?;
            if sort != Sort::Truth || then.1 != otherwise.1 {
                return Err("has a `?` that needs a comparison before it, and two of a kind after it".to_owned());
            }
            return Ok((Node::Choose(Box::new([left, then.0, otherwise.0])), then.1));
        }
        Ok((left, sort))
    }

    fn operand(&mut self) -> Result<(Node, Sort), String> {
        match self.tokens.next().transpose()? {
            Some(Token::Number(number)) => Ok((Node::Number(number), Sort::Number)),
            Some(Token::Sign("(")) => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Sign("-")) => match self.expression(7)? {
                (node, Sort::Number) => Ok((Node::Negate(node.into()), Sort::Number)),
                _ => Err("has a `-` before what is no number".to_owned()),
            },
            Some(Token::Sign("!") | Token::Word("not")) => match self.expression(5)? {
                (node, Sort::Truth) => Ok((Node::Not(node.into()), Sort::Truth)),
                _ => Err("has a `not` before a number: compare it first, in parentheses".to_owned()),
            },
            Some(Token::Word(name)) if self.skip("(") => self.call(name),
            Some(Token::Word(name)) if self.names.contains(&name) => Ok((Node::Name(name.to_owned()), Sort::Number)),
            Some(Token::Word(name)) => Err(format!("names `{name}`; the triggers are {}", self.names.join(", "))),
            Some(token) => Err(format!("has `{token}` where a number or a trigger was expected")),
            None => Err("ends where a number or a trigger was expected".to_owned()),
        }
    }

    fn call(&mut self, name: &str) -> Result<(Node, Sort), String> {
        let function = Function::of(name)
            .ok_or_else(|| format!("calls `{name}`; known here are max, min, abs, ceil, floor and round"))?;
        let mut arguments = Vec::new();
        loop {
            match self.expression(0)? {
                (node, Sort::Number) => arguments.push(node),
                _ => return Err(format!("gives `{name}` what is no number")),
            }
            if !self.skip(",") {
                break;
            }
        }
        self.expect(")")?;
        if !function.takes(arguments.len()) {
            return Err(format!("gives `{name}` {} numbers; it takes one", arguments.len()));
        }
        Ok((Node::Call(function, arguments), Sort::Number))
    }

    fn skip(&mut self, sign: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Ok(Token::Sign(found)) if *found == sign)).is_some()
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.skip(sign) { Ok(()) } else { Err(format!("has no `{sign}` where one was expected")) }
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

//! Tokens of a formula.

use std::fmt;

use super::error::FormulaError;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    /// A name, or an operator that is written as one.
    Word(&'a str),
    /// An operator, a parenthesis or a comma.
    Sign(&'a str),
}

/// Tokens of a text, in order.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

/// Signs, those of two characters first.
const SIGNS: [&str; 21] =
    ["**", "==", "!=", "<=", ">=", "&&", "||", "??", "+", "-", "*", "/", "^", "<", ">", "!", "?", ":", "(", ")", ","];

impl<'a> Tokens<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Splits off the characters for which `belongs` holds.
    fn take(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let length = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        word
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, FormulaError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        if first.is_ascii_digit() || first == '.' {
            let mut before = ' ';
            let number = self.take(|c| {
                let sign_of_exponent = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
                before = c;
                c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || sign_of_exponent
            });
            // KEDA refuses a number that is out of range, which is infinite here.
            let parsed = number.replace('_', "").parse().ok().filter(|parsed: &f64| parsed.is_finite());
            return Some(parsed.map(Token::Number).ok_or_else(|| FormulaError::InvalidNumber(number.to_owned())));
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return Some(Ok(Token::Word(self.take(|c| c.is_ascii_alphanumeric() || c == '_'))));
        }
        let Some(sign) = SIGNS.into_iter().find(|sign| self.rest.starts_with(sign)) else {
            self.rest = "";
            return Some(Err(FormulaError::Unsupported(first)));
        };
        self.rest = &self.rest[sign.len()..];
        Some(Ok(Token::Sign(sign)))
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(text) | Self::Sign(text) => f.write_str(text),
        }
    }
}

//! Recursive-descent parser of formulas.

use std::iter::Peekable;

use super::error::{FormulaError, MAX_DEPTH, MAX_OPERANDS};
use super::expression::{Expression, Function, Operator, ValueType};
use super::token::{Token, Tokens};

pub(super) struct Parser<'a> {
    tokens: Peekable<Tokens<'a>>,
    names: &'a [&'a str],
    depth: usize,
    operands: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn of(text: &'a str, names: &'a [&'a str]) -> Self {
        Self { tokens: Tokens::of(text).peekable(), names, depth: 0, operands: 0 }
    }

    /// Parses a formula to its end.
    pub(super) fn formula(&mut self) -> Result<(Expression, ValueType), FormulaError> {
        let formula = self.expression(0)?;
        match self.tokens.next() {
            Some(token) => {
                Err(FormulaError::Unexpected { token: token?.to_string(), expected: "an operator or the end" })
            }
            None => Ok(formula),
        }
    }

    /// Parses while operators bind at least as strongly as `least`.
    fn expression(&mut self, least: u8) -> Result<(Expression, ValueType), FormulaError> {
        if self.depth == MAX_DEPTH {
            return Err(FormulaError::TooDeep);
        }
        self.depth += 1;
        let expression = self.operators(least)?;
        self.depth -= 1;
        Ok(expression)
    }

    fn operators(&mut self, least: u8) -> Result<(Expression, ValueType), FormulaError> {
        let (mut left, mut kind) = self.operand()?;
        while let Some(Ok(Token::Word(word) | Token::Sign(word))) = self.tokens.peek().cloned() {
            let Some((operator, strength, takes, gives)) = Operator::of(word) else { break };
            if strength < least {
                break;
            }
            self.tokens.next();
            // A power binds to the right, all others to the left.
            let (right, of_right) = self.expression(strength + u8::from(operator != Operator::Power))?;
            if kind != takes || of_right != takes {
                let expected = if takes == ValueType::Number { "numbers" } else { "comparisons" };
                return Err(FormulaError::Operands { operator: word.to_owned(), expected });
            }
            (left, kind) = (Expression::Binary(operator, left.into(), right.into()), gives);
        }
        if least == 0 && self.skip("?") {
            let then = self.expression(0)?;
            self.expect(":")?;
            let otherwise = self.expression(0)?;
            if kind != ValueType::Comparison || then.1 != otherwise.1 {
                return Err(FormulaError::Conditional);
            }
            return Ok((Expression::Choose(Box::new([left, then.0, otherwise.0])), then.1));
        }
        Ok((left, kind))
    }

    fn operand(&mut self) -> Result<(Expression, ValueType), FormulaError> {
        self.operands += 1;
        if self.operands > MAX_OPERANDS {
            return Err(FormulaError::TooLong);
        }
        match self.tokens.next().transpose()? {
            Some(Token::Number(number)) => Ok((Expression::Number(number), ValueType::Number)),
            Some(Token::Sign("(")) => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Sign("-")) => match self.expression(7)? {
                (node, ValueType::Number) => Ok((Expression::Negate(node.into()), ValueType::Number)),
                _ => Err(FormulaError::NegatedComparison),
            },
            Some(Token::Sign("!") | Token::Word("not")) => match self.expression(5)? {
                (node, ValueType::Comparison) => Ok((Expression::Not(node.into()), ValueType::Comparison)),
                _ => Err(FormulaError::NotOfNumber),
            },
            Some(Token::Word(name)) if self.skip("(") => self.call(name),
            Some(Token::Word(name)) if self.names.contains(&name) => {
                Ok((Expression::Name(name.to_owned()), ValueType::Number))
            }
            Some(Token::Word(name)) => Err(FormulaError::UnknownTrigger {
                name: name.to_owned(),
                known: self.names.iter().map(|name| (*name).to_owned()).collect(),
            }),
            Some(token) => {
                Err(FormulaError::Unexpected { token: token.to_string(), expected: "a number or a trigger" })
            }
            None => Err(FormulaError::Incomplete),
        }
    }

    fn call(&mut self, name: &str) -> Result<(Expression, ValueType), FormulaError> {
        let function = Function::of(name).ok_or_else(|| FormulaError::UnknownFunction(name.to_owned()))?;
        let mut arguments = Vec::new();
        loop {
            match self.expression(0)? {
                (node, ValueType::Number) => arguments.push(node),
                _ => return Err(FormulaError::ArgumentType(name.to_owned())),
            }
            if !self.skip(",") {
                break;
            }
        }
        self.expect(")")?;
        if !function.takes(arguments.len()) {
            return Err(FormulaError::ArgumentCount { function: name.to_owned(), given: arguments.len() });
        }
        Ok((Expression::Call(function, arguments), ValueType::Number))
    }

    fn skip(&mut self, sign: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Ok(Token::Sign(found)) if *found == sign)).is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), FormulaError> {
        if self.skip(sign) { Ok(()) } else { Err(FormulaError::Missing(sign)) }
    }
}

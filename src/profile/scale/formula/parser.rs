//! A formula as it is read.

use std::iter::Peekable;

use super::node::{Function, Node, Operator, Sort};
use super::token::{Token, Tokens};

pub(super) struct Parser<'a> {
    pub(super) tokens: Peekable<Tokens<'a>>,
    pub(super) names: &'a [&'a str],
}

impl Parser<'_> {
    /// Reads on while operators bind at least as strongly as `least`.
    pub(super) fn expression(&mut self, least: u8) -> Result<(Node, Sort), String> {
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

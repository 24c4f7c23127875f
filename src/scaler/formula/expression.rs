//! Syntax tree of a formula: evaluation, and the range of its values.

use super::error::{EvaluationError, FormulaError};

/// Expression of the syntax tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    Name(String),
    Negate(Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Choose(Box<[Expression; 3]>),
    Call(Function, Vec<Expression>),
}

/// Binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
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
    /// `??`: the right operand where the left one is `nil`.
    OrElse,
}

/// Supported function of expr-lang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Max,
    Min,
    Abs,
    Ceil,
    Floor,
    Round,
}

/// Type of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueType {
    Number,
    Comparison,
}

impl Expression {
    pub(super) fn value(&self, read: &dyn Fn(&str) -> Option<f64>) -> Result<Option<f64>, EvaluationError> {
        let number = |node: &Self| node.value(read)?.ok_or(EvaluationError);
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

    /// Returns the range given that `condition` holds, or does not: where `a > b`, `a - b` is not negative.
    fn range_where(&self, condition: &Self, holds: bool) -> Result<(f64, f64), FormulaError> {
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

    /// Returns the smallest and the largest possible value; triggers count from zero.
    pub(super) fn range(&self) -> Result<(f64, f64), FormulaError> {
        let of_corners = |(a, b): (f64, f64), (c, d): (f64, f64), apply: &dyn Fn(f64, f64) -> f64| {
            // Zero times infinity counts as zero.
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
                        return Err(FormulaError::DivisionByZero);
                    }
                    Operator::Power if left.0 < 0.0 => return Err(FormulaError::PowerOfNegative),
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
    /// Returns the operator `word`, its precedence, and the types of its operands and result.
    pub(super) fn of(word: &str) -> Option<(Self, u8, ValueType, ValueType)> {
        use ValueType::{Comparison, Number};
        Some(match word {
            "or" | "||" => (Self::Or, 1, Comparison, Comparison),
            "and" | "&&" => (Self::And, 2, Comparison, Comparison),
            "==" => (Self::Equal, 3, Number, Comparison),
            "!=" => (Self::Unequal, 3, Number, Comparison),
            "<" => (Self::Less, 3, Number, Comparison),
            "<=" => (Self::AtMost, 3, Number, Comparison),
            ">" => (Self::Greater, 3, Number, Comparison),
            ">=" => (Self::AtLeast, 3, Number, Comparison),
            "+" => (Self::Add, 4, Number, Number),
            "-" => (Self::Subtract, 4, Number, Number),
            "*" => (Self::Multiply, 6, Number, Number),
            "/" => (Self::Divide, 6, Number, Number),
            "**" | "^" => (Self::Power, 8, Number, Number),
            "??" => (Self::OrElse, 9, Number, Number),
            _ => return None,
        })
    }

    /// Comparisons give 1 for true and 0 for false.
    #[expect(clippy::float_cmp, reason = "`==` of the formula is meant")]
    fn apply(self, left: f64, right: f64) -> f64 {
        let truth = |holds: bool| f64::from(u8::from(holds));
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
    pub(super) fn of(name: &str) -> Option<Self> {
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

    pub(super) fn takes(self, arguments: usize) -> bool {
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

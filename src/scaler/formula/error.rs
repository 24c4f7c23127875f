//! Errors of formulas.

/// Levels of parentheses, conditions and prefixes: each is a call on the stack.
pub(super) const MAX_DEPTH: usize = 100;

/// Numbers and triggers of one formula: the tree is as deep as a chain of operators is long.
pub(super) const MAX_OPERANDS: usize = 500;

/// Value that KEDA can pass on: it counts in thousandths, in 64 bits.
pub(super) const LARGEST: f64 = 9e15;

/// A formula that KEDA would refuse, or that would scale to the maximum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// A token in the wrong place.
    #[error("unexpected `{token}`: expected {expected}")]
    Unexpected {
        /// The token.
        token: String,
        /// Description of the tokens that fit.
        expected: &'static str,
    },
    /// The text ends within an expression.
    #[error("ends too early: expected a number or a trigger")]
    Incomplete,
    /// A sign that belongs to an earlier one is missing.
    #[error("missing `{0}`")]
    Missing(&'static str),
    /// A character outside the supported language.
    #[error("`{0}` is not supported")]
    Unsupported(char),
    /// A malformed number.
    #[error("`{0}` is not a valid number")]
    InvalidNumber(String),
    /// A name that is not a trigger's.
    #[error("unknown trigger `{name}`: expected {}", one_of(.known))]
    UnknownTrigger {
        /// The name.
        name: String,
        /// Names of the triggers.
        known: Vec<String>,
    },
    /// A function outside the supported language.
    #[error("unknown function `{0}`: expected one of max, min, abs, ceil, floor, round")]
    UnknownFunction(String),
    /// Operands that do not fit their operator.
    #[error("operands of `{operator}` must be {expected}")]
    Operands {
        /// The operator.
        operator: String,
        /// Description of the operands that fit.
        expected: &'static str,
    },
    /// A conditional without a condition, or with two kinds of results.
    #[error("`?` needs a comparison before it, and two numbers or two comparisons after it")]
    Conditional,
    /// More levels than the parser follows.
    #[error("is nested more than {MAX_DEPTH} levels deep, the limit")]
    TooDeep,
    /// More operands than the parser follows.
    #[error("has more than {MAX_OPERANDS} numbers and triggers, the limit")]
    TooLong,
    /// Negation of a comparison.
    #[error("`-` needs a number after it")]
    NegatedComparison,
    /// `not` before a number.
    #[error("`not` needs a comparison after it: put it in parentheses")]
    NotOfNumber,
    /// An argument that is not a number.
    #[error("arguments of `{0}` must be numbers")]
    ArgumentType(String),
    /// Too many arguments.
    #[error("`{function}` takes 1 argument, not {given}")]
    ArgumentCount {
        /// The function.
        function: String,
        /// Number of arguments given.
        given: usize,
    },
    /// A comparison as the whole.
    #[error("is a comparison, and must be a number: add `? 1 : 0`")]
    Comparison,
    /// The value can be negative, which the HPA takes for the largest there is.
    #[error("can be negative, and the HPA would then scale to the maximum: write `max(0, {0})`")]
    Negative(String),
    /// The value is more than KEDA can pass on: it becomes a negative number.
    #[error("exceeds 9e15 with 1000 items or fewer, more than KEDA can pass on: use smaller numbers")]
    Overflow,
    /// A divisor can be zero.
    #[error("can divide by zero: write `/ max(1, …)`")]
    DivisionByZero,
    /// A power of a number that can be negative.
    #[error("can take a power of a negative number")]
    PowerOfNegative,
}

/// A trigger that could not be read takes part in arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be evaluated: a trigger could not be read")]
pub struct EvaluationError;

fn one_of(names: &[String]) -> String {
    match names {
        [name] => format!("`{name}`"),
        names => format!("one of {}", names.join(", ")),
    }
}

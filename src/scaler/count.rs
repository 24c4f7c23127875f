//! Value of a metric as KEDA sees it, and the inactivity that follows from it.

use std::fmt;

use super::trigger::Counted;

/// Value of a metric, as KEDA sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    /// Subject of the count; `None` for a formula over several.
    pub counted: Option<Counted>,
    /// The value.
    pub value: f64,
    /// The value comes from the fallback, as the trigger cannot be read.
    pub from_fallback: bool,
    /// Value that has to be exceeded for activity.
    pub activation: f64,
}

/// Cause of inactivity.
#[derive(Debug, Clone, PartialEq)]
pub enum Inactivity {
    /// Every trigger is at zero.
    NoItems,
    /// A count that does not exceed its activation value.
    BelowActivation(Count),
    /// A formula without a value.
    NotEvaluated,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counted, value, from_fallback, .. } = self;
        match counted {
            Some(counted) => write!(f, "{value} {counted}")?,
            None => write!(f, "formula value {value}")?,
        }
        if *from_fallback {
            f.write_str(" (from fallback.replicas)")?;
        }
        Ok(())
    }
}

impl Count {
    /// Name of the field with the activation value.
    pub(super) fn activation_field(&self) -> &'static str {
        match &self.counted {
            Some(Counted::Other(_)) => "activation value",
            Some(_) => "activationListLength",
            None => "activationTarget",
        }
    }
}

impl Inactivity {
    /// Returns the punctuation before what follows from the inactivity.
    pub(super) fn separator(&self) -> char {
        if *self == Self::NoItems { ':' } else { ';' }
    }
}

impl fmt::Display for Inactivity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoItems => f.write_str("inactive"),
            Self::BelowActivation(count) => {
                write!(f, "{count}, {} {}: inactive", count.activation_field(), count.activation)
            }
            Self::NotEvaluated => f.write_str("the formula cannot be evaluated: inactive"),
        }
    }
}

//! Triggers of type `redis`, and the formula over them.

use super::formula::Formula;

/// Names of the triggers, as formulas use them; with at-most-once delivery there is only the first.
pub const TRIGGERS: [&str; 4] = ["waiting", "busy", "delayed", "landing"];

/// One trigger of type `redis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Key in Redis.
    pub key: String,
    /// Meaning of the key's members.
    pub counted: Counted,
    /// `listLength`: number per pod.
    pub target: u64,
    /// `activationListLength`: up to this number the trigger is inactive.
    pub activation: u64,
}

/// Subject of a trigger's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Waiting items.
    Waiting,
    /// Busy consumers.
    Busy,
    /// Items delayed for a retry.
    Delayed,
    /// Items popped by consumers that crashed before they claimed them.
    Landing,
}

/// `advanced.scalingModifiers`.
#[derive(Debug, Clone, PartialEq)]
pub struct Composite {
    /// `formula`.
    pub formula: Formula,
    /// `target`: value per pod.
    pub target: f64,
    /// `activationTarget`: up to this value the formula is inactive.
    pub activation: f64,
}

impl Counted {
    /// Returns the trigger's name in formulas.
    pub fn name(self) -> &'static str {
        let [waiting, busy, delayed, landing] = TRIGGERS;
        match self {
            Self::Waiting => waiting,
            Self::Busy => busy,
            Self::Delayed => delayed,
            Self::Landing => landing,
        }
    }
}

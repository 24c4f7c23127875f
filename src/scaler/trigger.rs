//! Triggers, and the formula over them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::formula::Formula;

/// Names of the triggers of type `redis` that count what a list and its consumers hold, as formulas use them; with
/// at-most-once delivery there is only the first.
pub const TRIGGERS: [&str; 4] = ["waiting", "busy", "delayed", "landing"];

/// One trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Key in Redis; empty for a trigger of another type.
    pub key: String,
    /// Meaning of its value.
    pub counted: Counted,
    /// `listLength`, or what it is for another type: the target value.
    pub target: f64,
    /// `activationListLength`, or what it is for another type: up to this value the trigger is inactive.
    pub activation: f64,
    /// `metricType`.
    pub metric_type: MetricType,
}

/// Subject of a trigger's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Waiting items.
    Waiting,
    /// Busy consumers.
    Busy,
    /// Items delayed for a retry.
    Delayed,
    /// Items popped by consumers that crashed before they claimed them.
    Landing,
    /// One of these of one of several lists.
    OfList {
        /// Place of the list.
        place: usize,
        /// Name of the trigger, such as `critical_waiting`.
        name: Arc<str>,
        /// What is counted of the list.
        counted: Box<Counted>,
    },
    /// Value of a trigger of another type, by its name.
    Other(Arc<str>),
}

/// `metricType` of a trigger: what its target is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum MetricType {
    /// The value per pod.
    #[default]
    AverageValue,
    /// The value itself: the HPA multiplies the ready pods by its ratio to the target.
    Value,
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
    pub fn name(&self) -> &str {
        let [waiting, busy, delayed, landing] = TRIGGERS;
        match self {
            Self::Waiting => waiting,
            Self::Busy => busy,
            Self::Delayed => delayed,
            Self::Landing => landing,
            Self::OfList { name, .. } | Self::Other(name) => name,
        }
    }

    /// Returns the place of its list, the first unless there are several, and what is counted of that.
    pub fn of_list(&self) -> (usize, &Self) {
        match self {
            Self::OfList { place, counted, .. } => (*place, counted),
            counted => (0, counted),
        }
    }

    /// Reports whether it is of what a list and its consumers hold.
    pub fn is_of_list(&self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

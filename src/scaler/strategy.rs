//! `scalingStrategy` of a ScaledJob.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `scalingStrategy.strategy`: number of Jobs to create from the queue and the Jobs that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Subtracts running Jobs from the queue: for items that count until they are processed.
    Default,
    /// Subtracts pending Jobs only: for items that leave the list, uncounted, when their Job starts.
    Accurate,
    /// Starts as many Jobs as `maxReplicaCount` allows.
    Eager,
    /// Subtracts a share of the running Jobs, and a fixed number.
    Custom,
}

/// `scalingStrategy.multipleScalersCalculation`: demand of several triggers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calculation {
    /// The largest queue.
    Max,
    /// The smallest queue of the active triggers.
    Min,
    /// The average of the active triggers.
    Avg,
    /// The sum of the active triggers.
    #[default]
    Sum,
}

/// As KEDA spells it.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::Accurate => "accurate",
            Self::Eager => "eager",
            Self::Custom => "custom",
        })
    }
}

/// As KEDA spells it.
impl fmt::Display for Calculation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Max => "max",
            Self::Min => "min",
            Self::Avg => "avg",
            Self::Sum => "sum",
        })
    }
}

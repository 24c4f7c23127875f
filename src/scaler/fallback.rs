//! KEDA's `fallback`.

use serde::{Deserialize, Serialize};

/// `fallback` of a ScaledObject: replicas while a trigger cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// `failureThreshold`: failed reads in a row before the fallback applies.
    pub failure_threshold: u32,
    /// `replicas`.
    pub replicas: u32,
    /// `behavior`.
    pub behavior: FallbackBehavior,
}

/// `behavior` of a fallback: relation between its `replicas` and the current replicas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FallbackBehavior {
    /// `replicas`, whatever the current count is.
    #[default]
    Static,
    /// The current replicas.
    CurrentReplicas,
    /// The larger of `replicas` and the current replicas.
    CurrentReplicasIfHigher,
    /// The smaller of `replicas` and the current replicas.
    CurrentReplicasIfLower,
    /// The formula is evaluated with `nil` for a trigger that cannot be read; `replicas` where the result is `nil`.
    ScalingModifiers,
}

impl Fallback {
    /// Returns the replicas that a failed trigger stands for; `None` where the formula decides.
    pub(super) fn replicas(&self, current: u32) -> Option<u32> {
        match self.behavior {
            FallbackBehavior::Static => Some(self.replicas),
            FallbackBehavior::CurrentReplicas => Some(current),
            FallbackBehavior::CurrentReplicasIfHigher => Some(current.max(self.replicas)),
            FallbackBehavior::CurrentReplicasIfLower => Some(current.min(self.replicas)),
            FallbackBehavior::ScalingModifiers => None,
        }
    }
}

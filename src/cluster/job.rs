//! Jobs of a ScaledJob.

use serde::Deserialize;

use super::metadata::{ConditionStatus, ObjectMetadata, StatusCondition, condition};

/// A Job.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LiveJob {
    /// `metadata`.
    pub metadata: ObjectMetadata,
    status: JobStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct JobStatus {
    ready: u32,
    conditions: Vec<StatusCondition>,
}

impl LiveJob {
    /// Returns true once it has completed.
    pub fn is_complete(&self) -> bool {
        self.is("Complete")
    }

    /// Returns true once it has failed.
    pub fn is_failed(&self) -> bool {
        self.is("Failed")
    }

    /// Returns true while its pod runs.
    pub fn is_running(&self) -> bool {
        self.status.ready > 0
    }

    fn is(&self, kind: &str) -> bool {
        condition(&self.status.conditions, kind).is_some_and(|condition| condition.status == ConditionStatus::True)
    }
}

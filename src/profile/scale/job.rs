//! The `[scale.job]` table: the Jobs that a `ScaledJob` starts.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::CalculationValue;
use super::whole_seconds;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
use crate::scaler::{Calculation, Strategy};
use crate::units::HumanDuration;

/// Default number of finished Jobs of each kind to keep; KEDA's own default is 100.
pub const HISTORY_LIMIT: u32 = 5;

/// Default idle time after which a Job ends that runs until idle.
pub const IDLE_EXIT_OF_JOBS: Duration = Duration::from_secs(10);

/// The `[scale.job]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobTable {
    /// End of a Job: after one item, or when idle.
    pub run: Option<JobRun>,
    /// Handling of running Jobs when the `ScaledJob` changes.
    pub rollout: Option<Rollout>,
    /// Number of succeeded Jobs to keep.
    pub successful_jobs_history_limit: Option<u32>,
    /// Number of failed Jobs to keep.
    pub failed_jobs_history_limit: Option<u32>,
    /// Time limit of a Job.
    pub active_deadline: Option<HumanDuration>,
    /// Number of times a failed pod is replaced within its Job.
    pub backoff_limit: Option<u32>,
    /// Time to keep a finished Job; without it the history limits alone decide.
    pub ttl_after_finished: Option<HumanDuration>,
    /// A pod without one of these conditions is pending.
    pub pending_pod_conditions: Option<Vec<String>>,
    /// Combination of several triggers.
    #[schemars(with = "Option<CalculationValue>")]
    pub multiple_scalers_calculation: Option<Calculation>,
    /// Jobs that the strategy `custom` deducts.
    pub custom_scaling_queue_length_deduction: Option<u32>,
    /// Share of running Jobs that the strategy `custom` deducts.
    #[schemars(range(min = 0, max = 1), extend("examples" = [0.5]))]
    pub custom_scaling_running_job_percentage: Option<f64>,
}

/// End of a Job: after one item, or when idle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobRun {
    /// After one item.
    #[default]
    Once,
    /// After no item has arrived for a while.
    UntilIdle,
}

/// Handling of running Jobs when the `ScaledJob` changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// They end by themselves.
    #[default]
    Gradual,
    /// They are ended.
    Immediate,
}

impl JobTable {
    /// Returns whether the strategy `custom` is meant, even if it is not named.
    pub(super) fn is_custom(&self) -> bool {
        self.custom_scaling_queue_length_deduction.is_some() || self.custom_scaling_running_job_percentage.is_some()
    }

    /// The limits of the API server, and keys that mean nothing with the `strategy` that was named.
    pub(super) fn check(&self, source: &Source, strategy: Option<Strategy>) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "job", key], message));
        for (key, limit) in [
            ("successful-jobs-history-limit", self.successful_jobs_history_limit),
            ("failed-jobs-history-limit", self.failed_jobs_history_limit),
            ("backoff-limit", self.backoff_limit),
            ("custom-scaling-queue-length-deduction", self.custom_scaling_queue_length_deduction),
        ] {
            if limit.is_some_and(|limit| i32::try_from(limit).is_err()) {
                return wrong(key, "is more than Kubernetes counts");
            }
        }
        if self.active_deadline.is_some_and(|span| !whole_seconds(span, 1, u64::MAX)) {
            return wrong("active-deadline", "has to be whole seconds, 1 at least and 68 years at most");
        }
        if self.ttl_after_finished.is_some_and(|span| !whole_seconds(span, 0, u64::MAX)) {
            return wrong("ttl-after-finished", "has to be whole seconds, 68 years at most");
        }
        if self.custom_scaling_running_job_percentage.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            return wrong("custom-scaling-running-job-percentage", "has to be a part from 0 to 1: 0.5 is the half");
        }
        if strategy.is_some_and(|strategy| strategy != Strategy::Custom) {
            let custom = ["custom-scaling-queue-length-deduction", "custom-scaling-running-job-percentage"];
            if let Some(key) = custom.into_iter().find(|key| source.find(&["scale", "job", key]).is_some()) {
                return wrong(key, "has no effect without `strategy = \"custom\"`");
            }
        }
        if self.pending_pod_conditions.iter().flatten().any(|condition| condition.trim().is_empty()) {
            return wrong("pending-pod-conditions", "has an empty one: name conditions such as \"Ready\"");
        }
        Ok(())
    }
}

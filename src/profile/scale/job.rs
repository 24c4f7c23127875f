//! `[scale.job]`: Jobs of a `ScaledJob`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::CalculationValue;
use super::whole_seconds;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
use crate::scaler::{Calculation, Strategy};
use crate::units::HumanDuration;

/// Default of both history limits; KEDA's own is 100.
pub const HISTORY_LIMIT: u32 = 5;

/// Default idle time after which a Job with `run = "until-idle"` ends.
pub const IDLE_EXIT_OF_JOBS: Duration = Duration::from_secs(10);

/// `[scale.job]`: Jobs of a `ScaledJob`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobTable {
    /// End of a Job: `once` after one item, `until-idle` when no item has come for `idle-exit` of [consume].
    #[allow(rustdoc::broken_intra_doc_links, reason = "description in the schema")]
    #[schemars(extend("default" = "once", "examples" = ["until-idle"]))]
    pub run: Option<JobRun>,
    /// Running Jobs when a changed `ScaledJob` is applied: rollout.strategy.
    #[schemars(extend("default" = "gradual", "examples" = ["immediate"]))]
    pub rollout: Option<Rollout>,
    /// Successful Jobs to keep: successfulJobsHistoryLimit.
    #[schemars(extend("default" = HISTORY_LIMIT, "examples" = [10]))]
    pub successful_jobs_history_limit: Option<u32>,
    /// Failed Jobs to keep: failedJobsHistoryLimit.
    #[schemars(extend("default" = HISTORY_LIMIT, "examples" = [10]))]
    pub failed_jobs_history_limit: Option<u32>,
    /// Time limit of a Job, in whole seconds: activeDeadlineSeconds.
    #[schemars(extend("x-default" = "unlimited", "examples" = ["1h"]))]
    pub active_deadline: Option<HumanDuration>,
    /// Replacements of a failed pod within its Job: backoffLimit.
    #[schemars(extend("default" = 0, "examples" = [3]))]
    pub backoff_limit: Option<u32>,
    /// Time to keep a finished Job, in whole seconds: ttlSecondsAfterFinished.
    #[schemars(extend("x-default" = "decided by the history limits", "examples" = ["10m"]))]
    pub ttl_after_finished: Option<HumanDuration>,
    /// Conditions without which a pod counts as pending: pendingPodConditions.
    #[schemars(extend("x-default" = "those of KEDA", "examples" = [["Ready", "PodScheduled"]]))]
    pub pending_pod_conditions: Option<Vec<String>>,
    /// Combination of the triggers: multipleScalersCalculation.
    #[schemars(with = "Option<CalculationValue>")]
    #[schemars(extend("default" = "sum", "examples" = ["max"]))]
    pub multiple_scalers_calculation: Option<Calculation>,
    /// Jobs that the strategy `custom` subtracts: customScalingQueueLengthDeduction.
    #[schemars(extend("default" = 0, "examples" = [1]))]
    pub custom_scaling_queue_length_deduction: Option<u32>,
    /// Share of the running Jobs that the strategy `custom` subtracts: customScalingRunningJobPercentage.
    #[schemars(range(min = 0, max = 1))]
    #[schemars(extend("default" = 0.0, "examples" = [0.5]))]
    pub custom_scaling_running_job_percentage: Option<f64>,
}

/// End of a Job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobRun {
    /// After one item.
    #[default]
    Once,
    /// When no item has come for a while.
    UntilIdle,
}

/// Running Jobs when a changed `ScaledJob` is applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// They run to their end.
    #[default]
    Gradual,
    /// They are deleted.
    Immediate,
}

impl JobTable {
    /// Tells if a key of the strategy `custom` is set.
    pub(super) fn is_custom(&self) -> bool {
        self.custom_scaling_queue_length_deduction.is_some() || self.custom_scaling_running_job_percentage.is_some()
    }

    /// Checks the limits of the API server, and keys that another `strategy` ignores.
    pub(super) fn check(&self, source: &Source, strategy: Option<Strategy>) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "job", key], message));
        for (key, limit) in [
            ("successful-jobs-history-limit", self.successful_jobs_history_limit),
            ("failed-jobs-history-limit", self.failed_jobs_history_limit),
            ("backoff-limit", self.backoff_limit),
            ("custom-scaling-queue-length-deduction", self.custom_scaling_queue_length_deduction),
        ] {
            if limit.is_some_and(|limit| i32::try_from(limit).is_err()) {
                return wrong(key, "must be at most 2147483647");
            }
        }
        if self.active_deadline.is_some_and(|duration| !whole_seconds(duration, 1, u64::MAX)) {
            return wrong("active-deadline", "must be whole seconds, at least `1s`");
        }
        if self.ttl_after_finished.is_some_and(|duration| !whole_seconds(duration, 0, u64::MAX)) {
            return wrong("ttl-after-finished", "must be whole seconds");
        }
        if self.custom_scaling_running_job_percentage.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            return wrong("custom-scaling-running-job-percentage", "must be from 0 to 1: 0.5 is 50%");
        }
        if strategy.is_some_and(|strategy| strategy != Strategy::Custom) {
            let custom = ["custom-scaling-queue-length-deduction", "custom-scaling-running-job-percentage"];
            if let Some(key) = custom.into_iter().find(|key| source.find(&["scale", "job", key]).is_some()) {
                return wrong(key, "is ignored without `strategy = \"custom\"`");
            }
        }
        if self.pending_pod_conditions.iter().flatten().any(|condition| condition.trim().is_empty()) {
            return wrong("pending-pod-conditions", "has an empty condition: expected conditions such as \"Ready\"");
        }
        Ok(())
    }
}

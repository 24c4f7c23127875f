//! The `ScaledJob`: Jobs that KEDA starts, each of which works one item, or some.

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::keda_version::API_VERSION;
use super::metadata::{Component, annotated};
use super::trigger::{ScaleTrigger, triggers};
use super::workload::Workload;
use super::{arguments, deployment, keda_version, pod};
use crate::profile::scale::{HISTORY_LIMIT, JobRun, Rollout};
use crate::scaler::{Calculation, Strategy};

/// Said above the object.
pub(super) fn comment(workload: &Workload<'_>) -> &'static str {
    let scale = &workload.profile.scale;
    match scale.job.run.unwrap_or_default() {
        _ if scale.pause.paused == Some(true) => "Paused: no Job is started until [scale.pause] is out of the profile.",
        JobRun::Once => "One Job, one pod, one item. A Job that finds the list empty ends at once.",
        JobRun::UntilIdle => "One Job, one pod, as many items as come: it ends when none has for a while.",
    }
}

/// KEDA's `ScaledJob`, as far as it is needed here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScaledJob {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: ScaledJobSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScaledJobSpec {
    job_target_ref: JobSpec,
    min_replica_count: u32,
    max_replica_count: u32,
    polling_interval: u64,
    successful_jobs_history_limit: u32,
    failed_jobs_history_limit: u32,
    rollout: RolloutSpec,
    scaling_strategy: ScalingStrategy,
    triggers: Vec<ScaleTrigger>,
}

#[derive(Serialize)]
struct RolloutSpec {
    strategy: Rollout,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScalingStrategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_scaling_queue_length_deduction: Option<u32>,
    /// Text, though it is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_scaling_running_job_percentage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_pod_conditions: Option<Vec<String>>,
    /// Combination of several triggers; left out where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    multiple_scalers_calculation: Option<Calculation>,
}

/// The object.
pub(super) fn scaled_job(workload: &Workload<'_>) -> ScaledJob {
    let scale = &workload.profile.scale;
    let job = &scale.job;
    let name = workload.profile.deploy.consumer_name();
    let triggers = triggers(workload);
    let paused = (scale.pause.paused == Some(true)).then_some(("autoscaling.keda.sh/paused", "true"));
    let annotations = paused.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    ScaledJob {
        api_version: API_VERSION,
        kind: "ScaledJob",
        metadata: annotated(workload.metadata(&name, Component::Consumer), annotations),
        spec: ScaledJobSpec {
            job_target_ref: job_spec(workload, &name),
            min_replica_count: scale.min_replica_count(),
            max_replica_count: scale.max_replica_count(),
            polling_interval: scale.polling_interval().as_secs(),
            successful_jobs_history_limit: job.successful_jobs_history_limit.unwrap_or(HISTORY_LIMIT),
            failed_jobs_history_limit: job.failed_jobs_history_limit.unwrap_or(HISTORY_LIMIT),
            // KEDA's own default ends running Jobs whenever this object is applied with a change.
            rollout: RolloutSpec { strategy: job.rollout.unwrap_or_default() },
            scaling_strategy: scaling_strategy(workload, triggers.len()),
            triggers,
        },
    }
}

fn job_spec(workload: &Workload<'_>, name: &str) -> JobSpec {
    let job = &workload.profile.scale.job;
    let arguments = arguments::consume_job(workload.profile);
    let once =
        deployment::once(pod::template(workload, name, Component::Consumer, arguments, deployment::grace(workload)));
    JobSpec {
        active_deadline_seconds: job.active_deadline.map(|span| i64::try_from(span.0.as_secs()).unwrap_or(i64::MAX)),
        backoff_limit: job.backoff_limit.map_or(once.backoff_limit, |limit| Some(limit.try_into().unwrap_or(i32::MAX))),
        ttl_seconds_after_finished: job
            .ttl_after_finished
            .map(|span| i32::try_from(span.0.as_secs()).unwrap_or(i32::MAX)),
        ..once
    }
}

fn scaling_strategy(workload: &Workload<'_>, triggers: usize) -> ScalingStrategy {
    let scale = &workload.profile.scale;
    let job = &scale.job;
    let strategy = scale.strategy(workload.profile.consume.delivery.unwrap_or_default());
    let named = strategy != Strategy::Default || keda_version::names_default_strategy(workload.keda_version);
    // Both are written even where they are nothing: before 2.20.2 KEDA falls over a deduction that is not there, and in all
    // releases a part that is not there makes it follow `default`.
    let custom = strategy == Strategy::Custom;
    let (deduction, part) = (
        job.custom_scaling_queue_length_deduction.unwrap_or(0),
        job.custom_scaling_running_job_percentage.unwrap_or(0.0),
    );
    ScalingStrategy {
        strategy: named.then_some(strategy),
        custom_scaling_queue_length_deduction: custom.then_some(deduction),
        custom_scaling_running_job_percentage: custom.then(|| part.to_string()),
        pending_pod_conditions: job.pending_pod_conditions.clone().filter(|conditions| !conditions.is_empty()),
        multiple_scalers_calculation: (triggers > 1).then(|| job.multiple_scalers_calculation.unwrap_or_default()),
    }
}

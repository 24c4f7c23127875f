//! The `ScaledJob`: Jobs that KEDA starts, each of which works one item.

use k8s_openapi::api::batch::v1::JobSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::metadata::Component;
use super::trigger::{API_VERSION, Trigger, triggers};
use super::{Workload, arguments, deployment, pod};
use crate::profile::Strategy;

/// Said above the object.
pub(super) const COMMENT: &str = "One Job, one pod, one item. A Job that finds the list empty ends at once.";

/// How many finished Jobs of each kind are kept to be looked at; KEDA's own default is 100.
const HISTORY: u32 = 5;

/// KEDA's `ScaledJob`, as far as it is needed here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScaledJob {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    job_target_ref: JobSpec,
    min_replica_count: u32,
    max_replica_count: u32,
    polling_interval: u64,
    successful_jobs_history_limit: u32,
    failed_jobs_history_limit: u32,
    rollout: Rollout,
    scaling_strategy: ScalingStrategy,
    triggers: Vec<Trigger>,
}

#[derive(Serialize)]
struct Rollout {
    strategy: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScalingStrategy {
    strategy: &'static str,
    /// What becomes of several triggers; left out where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    multiple_scalers_calculation: Option<&'static str>,
}

/// The object.
pub(super) fn scaled_job(workload: &Workload<'_>) -> ScaledJob {
    let scale = &workload.profile.scale;
    let name = workload.profile.deploy.consumer_name();
    let arguments = arguments::consume_once(workload.profile);
    let grace = deployment::grace(workload);
    let triggers = triggers(workload);
    ScaledJob {
        api_version: API_VERSION,
        kind: "ScaledJob",
        metadata: workload.metadata(&name, Component::Consumer),
        spec: Spec {
            job_target_ref: deployment::once(pod::template(workload, &name, Component::Consumer, arguments, grace)),
            min_replica_count: scale.min_replica_count(),
            max_replica_count: scale.max_replica_count(),
            polling_interval: scale.polling_interval().as_secs(),
            successful_jobs_history_limit: HISTORY,
            failed_jobs_history_limit: HISTORY,
            // Any other ends the Jobs at work whenever this object is applied with a change.
            rollout: Rollout { strategy: "gradual" },
            scaling_strategy: ScalingStrategy {
                strategy: strategy(scale.strategy(workload.profile.consume.delivery.unwrap_or_default())),
                multiple_scalers_calculation: (triggers.len() > 1).then_some("sum"),
            },
            triggers,
        },
    }
}

fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Default => "default",
        Strategy::Accurate => "accurate",
        Strategy::Eager => "eager",
        Strategy::Custom => "custom",
    }
}

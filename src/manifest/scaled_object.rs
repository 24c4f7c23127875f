//! The `ScaledObject`: how KEDA and the HPA that it makes scale the consumers' Deployment.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::{HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_saphyr::Commented;

use super::Workload;
use super::metadata::Component;
use super::trigger::{API_VERSION, Trigger, triggers};
use crate::profile::scale::{PolicyKind, Rules, ScalingPolicy, SelectPolicy};

/// KEDA's `ScaledObject`, as far as it is needed here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScaledObject {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: Spec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    scale_target_ref: ScaleTargetRef,
    min_replica_count: u32,
    max_replica_count: u32,
    polling_interval: Commented<u64>,
    cooldown_period: Commented<u64>,
    advanced: Advanced,
    triggers: Vec<Trigger>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScaleTargetRef {
    api_version: &'static str,
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    env_source_container_name: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Advanced {
    horizontal_pod_autoscaler_config: HorizontalPodAutoscalerConfig,
}

#[derive(Serialize)]
struct HorizontalPodAutoscalerConfig {
    behavior: HorizontalPodAutoscalerBehavior,
}

/// The object, which has its Deployment's name.
pub(super) fn scaled_object(workload: &Workload<'_>) -> ScaledObject {
    let scale = &workload.profile.scale;
    let name = workload.profile.deploy.consumer_name();
    let container = workload.connection.read_from_environment().then(|| Component::Consumer.name());
    let (polling, cooldown) = match scale.min_replica_count() {
        0 => ("from 0 to 1; the HPA looks every 15 seconds", "from any number to 0, and nothing else"),
        // KEDA only decides between none and some.
        _ => ("no effect: there is always a pod", "no effect: there is always a pod"),
    };
    ScaledObject {
        api_version: API_VERSION,
        kind: "ScaledObject",
        metadata: workload.metadata(&name, Component::Consumer),
        spec: Spec {
            scale_target_ref: ScaleTargetRef {
                api_version: "apps/v1",
                kind: "Deployment",
                name,
                env_source_container_name: container,
            },
            min_replica_count: scale.min_replica_count(),
            max_replica_count: scale.max_replica_count(),
            polling_interval: commented(scale.polling_interval(), polling),
            cooldown_period: commented(scale.cooldown_period(), cooldown),
            advanced: Advanced {
                // Both directions in full: without `behavior` the HPA follows another rule, which goes back to an old
                // peak after a quiet time.
                horizontal_pod_autoscaler_config: HorizontalPodAutoscalerConfig {
                    behavior: HorizontalPodAutoscalerBehavior {
                        scale_up: Some(rules(&scale.scale_up())),
                        scale_down: Some(rules(&scale.scale_down())),
                    },
                },
            },
            triggers: triggers(workload),
        },
    }
}

fn commented(duration: Duration, comment: &str) -> Commented<u64> {
    Commented(duration.as_secs(), comment.to_owned())
}

fn rules(rules: &Rules) -> HPAScalingRules {
    let select_policy = match rules.select_policy {
        SelectPolicy::Max => "Max",
        SelectPolicy::Min => "Min",
        SelectPolicy::Disabled => "Disabled",
    };
    HPAScalingRules {
        policies: Some(rules.policies.iter().map(policy).collect()),
        select_policy: Some(select_policy.to_owned()),
        stabilization_window_seconds: Some(seconds(rules.stabilization_window)),
        // Never in exponents, which `Display` of a float does not use either.
        tolerance: rules.tolerance.map(|part| Quantity(part.to_string())),
    }
}

fn policy(ScalingPolicy { kind, value, period }: &ScalingPolicy) -> HPAScalingPolicy {
    let kind = match kind {
        PolicyKind::Pods => "Pods",
        PolicyKind::Percent => "Percent",
    };
    HPAScalingPolicy {
        type_: kind.to_owned(),
        value: i32::try_from(*value).unwrap_or(i32::MAX),
        period_seconds: seconds(period.0),
    }
}

/// Whole seconds; the profile's check keeps them within Kubernetes' limits.
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

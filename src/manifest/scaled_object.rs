//! The `ScaledObject`: how KEDA and the HPA that it makes scale the consumers' Deployment.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::{HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscalerBehavior};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_saphyr::Commented;

use super::keda_version;
use super::keda_version::API_VERSION;
use super::metadata::{Component, annotated};
use super::trigger::{ScaleTrigger, triggers};
use super::workload::Workload;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::profile::deploy::canonical_ratio;
use crate::profile::scale::PauseTable;
use crate::profile::{ScaleTable, TargetTable};
use crate::scaler::{FallbackBehavior, PolicyKind, Rules, ScalingPolicy, SelectPolicy};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_replica_count: Option<Commented<u32>>,
    min_replica_count: u32,
    max_replica_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    polling_interval: Option<Commented<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown_period: Option<Commented<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_cooldown_period: Option<Commented<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<FallbackSpec>,
    advanced: Advanced,
    triggers: Vec<ScaleTrigger>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScaleTargetRef {
    api_version: String,
    kind: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    env_source_container_name: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FallbackSpec {
    failure_threshold: Commented<u32>,
    replicas: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    behavior: Option<FallbackBehavior>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Advanced {
    #[serde(skip_serializing_if = "Option::is_none")]
    restore_to_original_replica_count: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    horizontal_pod_autoscaler_config: Option<HorizontalPodAutoscalerConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scaling_modifiers: Option<ScalingModifiers>,
}

#[derive(Serialize)]
struct HorizontalPodAutoscalerConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    behavior: Option<HorizontalPodAutoscalerBehavior>,
}

/// Scaling modifiers: the formula over the triggers, as text, as KEDA expects it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScalingModifiers {
    formula: Commented<String>,
    target: Commented<String>,
    activation_target: String,
}

/// Said of a period where KEDA never decides between none and some.
const NO_EFFECT: &str = "no effect: there is always a pod";

/// Said above an object that is paused.
const PAUSED: &str = "Paused by the annotations: remove [scale.pause] from the profile to resume.";

/// Said above an object with several triggers and no formula.
const LARGEST: &str = "Each trigger proposes a number of replicas, and the HPA takes the largest, not the sum.";

/// Said above the object, where anything is.
pub(super) fn comment(workload: &Workload<'_>) -> Option<&'static str> {
    let scale = &workload.profile.scale;
    let delivery = workload.profile.consume.delivery.unwrap_or_default();
    let several = delivery == DeliveryGuarantee::AtLeastOnce || !scale.triggers.is_empty();
    let PauseTable { paused, paused_replicas, paused_scale_in, paused_scale_out } = scale.pause;
    if [paused, paused_scale_in, paused_scale_out].contains(&Some(true)) || paused_replicas.is_some() {
        return Some(PAUSED);
    }
    (several && scale.formula(delivery).is_none()).then_some(LARGEST)
}

/// The object, which has its workload's name where that is written as well.
pub(super) fn scaled_object(workload: &Workload<'_>) -> ScaledObject {
    let scale = &workload.profile.scale;
    let name = workload.profile.deploy.consumer_name();
    let (polling, cooldown) = governed_by_periods(scale);
    ScaledObject {
        api_version: API_VERSION,
        kind: "ScaledObject",
        metadata: annotated(workload.metadata(&name, Component::Consumer), annotations(scale)),
        spec: Spec {
            scale_target_ref: scale_target_ref(workload),
            idle_replica_count: scale
                .idle_replica_count
                .map(|count| Commented(count, "while idle; otherwise at least minReplicaCount".to_owned())),
            min_replica_count: scale.min_replica_count(),
            max_replica_count: scale.max_replica_count(),
            // A setting without effect is written only where the profile has it: KEDA warns of it.
            polling_interval: (scale.polling_interval.is_some() || polling != NO_EFFECT)
                .then(|| commented(scale.polling_interval(), polling)),
            cooldown_period: (scale.cooldown_period.is_some() || cooldown != NO_EFFECT)
                .then(|| commented(scale.cooldown_period(), cooldown)),
            initial_cooldown_period: (scale.initial_cooldown_period.is_some()
                || cooldown != NO_EFFECT && keda_version::knows_initial_cooldown(workload.keda_version))
            .then(|| commented(scale.initial_cooldown_period(), "like cooldownPeriod, before the first activation")),
            fallback: scale.fallback.map(|fallback| FallbackSpec {
                failure_threshold: Commented(
                    fallback.failure_threshold,
                    "failed reads in a row; while Redis is unreachable, KEDA changes nothing".to_owned(),
                ),
                replicas: fallback.replicas,
                behavior: fallback.behavior,
            }),
            advanced: Advanced {
                restore_to_original_replica_count: scale.restore_to_original_replica_count.filter(|restore| *restore),
                horizontal_pod_autoscaler_config: autoscaler(scale),
                scaling_modifiers: scaling_modifiers(workload),
            },
            triggers: triggers(workload),
        },
    }
}

/// Behavior of the HPA, if any.
///
/// Both directions in full, unless none is wanted: without `behavior` the HPA follows another rule, which goes back to an
/// old peak after a quiet time.
fn autoscaler(scale: &ScaleTable) -> Option<HorizontalPodAutoscalerConfig> {
    let behavior = (scale.omit_behavior != Some(true)).then(|| HorizontalPodAutoscalerBehavior {
        scale_up: Some(rules(&scale.scale_up())),
        scale_down: Some(rules(&scale.scale_down())),
    });
    let name = scale.hpa_name.clone();
    (behavior.is_some() || name.is_some()).then_some(HorizontalPodAutoscalerConfig { name, behavior })
}

/// Target of the scaling: the consumers, or an existing workload.
fn scale_target_ref(workload: &Workload<'_>) -> ScaleTargetRef {
    let deploy = &workload.profile.deploy;
    let TargetTable { api_version, kind, name } = deploy.scaled();
    // Of an existing target KEDA reads the first container: the names of others are not known here.
    let named = deploy.target.is_none() && workload.connection.read_from_environment();
    let env_source_container_name = named.then(|| Component::Consumer.name());
    ScaleTargetRef { api_version, kind, name, env_source_container_name }
}

/// Comments on polling interval and cooldown period: KEDA only decides between zero and some.
fn governed_by_periods(scale: &ScaleTable) -> (&'static str, &'static str) {
    let cached = scale.use_cached_metrics == Some(true);
    match (scale.min_replica_count(), scale.idle_replica_count) {
        (0, _) if cached => ("activation, and the metric that the HPA reads", "only for scaling to zero"),
        (0, _) => ("from 0 to 1; the HPA syncs every 15 seconds", "only for scaling to zero"),
        (_, Some(_)) if cached => ("activation, and the metric that the HPA reads", "only for scaling to zero"),
        (_, Some(_)) => ("from 0 to the minimum; the HPA syncs every 15 seconds", "only for scaling to zero"),
        (_, None) if cached => ("the metric that the HPA reads", NO_EFFECT),
        (_, None) => (NO_EFFECT, NO_EFFECT),
    }
}

fn scaling_modifiers(workload: &Workload<'_>) -> Option<ScalingModifiers> {
    let scale = &workload.profile.scale;
    let formula = scale.formula(workload.profile.consume.delivery.unwrap_or_default())?;
    Some(ScalingModifiers {
        formula: Commented(formula.to_string(), "replaces the metrics of the triggers".to_owned()),
        target: Commented(scale.list_length().to_string(), "value per pod".to_owned()),
        activation_target: scale.activation_target.unwrap_or(0.0).to_string(),
    })
}

/// Annotations for KEDA, which copies them to the HPA.
fn annotations(scale: &ScaleTable) -> BTreeMap<String, String> {
    let PauseTable { paused, paused_replicas, paused_scale_in, paused_scale_out } = scale.pause;
    let switch = |on: Option<bool>| on.filter(|on| *on).map(|on| on.to_string());
    [
        ("autoscaling.keda.sh/paused", switch(paused)),
        ("autoscaling.keda.sh/paused-replicas", paused_replicas.map(|count| count.to_string())),
        ("autoscaling.keda.sh/paused-scale-in", switch(paused_scale_in)),
        ("autoscaling.keda.sh/paused-scale-out", switch(paused_scale_out)),
        ("autoscaling.keda.sh/force-activation", switch(scale.force_activation)),
        ("scaledobject.keda.sh/transfer-hpa-ownership", switch(scale.transfer_hpa_ownership)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
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
        // KEDA writes the object back, so that another form would be a change at every apply.
        tolerance: rules.tolerance.map(|part| Quantity(canonical_ratio(part))),
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
        period_seconds: seconds(*period),
    }
}

/// Whole seconds; the profile's check keeps them within Kubernetes' limits.
fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

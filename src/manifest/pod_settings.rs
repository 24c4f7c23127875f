//! Settings of pods that the `[deploy]` table sets: environment, volumes, and the nodes to run on.

use k8s_openapi::DeepMerge as _;
use k8s_openapi::api::core::v1::{
    Affinity, ConfigMapEnvSource, ConfigMapKeySelector, ConfigMapVolumeSource, EmptyDirVolumeSource, EnvFromSource,
    EnvVar, EnvVarSource, LocalObjectReference, PersistentVolumeClaimVolumeSource, PodSpec, SecretEnvSource,
    SecretKeySelector, SecretVolumeSource, Toleration, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::availability;
use super::list::some;
use super::literal::literal;
use super::metadata::{Component, selector};
use super::patch;
use crate::profile::deploy::{
    DeployTable, EnvKey, EnvSource, EnvValue, TaintEffect, TolerationOperator, TolerationTable, TopologySpreadTable,
    VolumeTable, WhenUnsatisfiable,
};

/// Variables of the consumers' containers, in the order of their names.
pub(super) fn variables(deploy: &DeployTable) -> impl Iterator<Item = EnvVar> {
    deploy.env.iter().map(|(name, value)| match value {
        EnvValue::Text(text) => EnvVar { name: name.clone(), value: Some(literal(text)), value_from: None },
        EnvValue::Key(key) => EnvVar { name: name.clone(), value: None, value_from: Some(key_of(key)) },
    })
}

fn key_of(EnvKey { secret, config_map, key, optional }: &EnvKey) -> EnvVarSource {
    let (key, optional) = (key.clone(), optional.then_some(true));
    let secret = secret.clone().map(|name| SecretKeySelector { name, key: key.clone(), optional });
    let config_map = config_map.clone().map(|name| ConfigMapKeySelector { name, key, optional });
    EnvVarSource { secret_key_ref: secret, config_map_key_ref: config_map, ..EnvVarSource::default() }
}

/// Objects whose keys become variables of the consumers' containers.
pub(super) fn variable_sources(deploy: &DeployTable) -> impl Iterator<Item = EnvFromSource> {
    deploy.env_from.iter().map(|EnvSource { secret, config_map, prefix, optional }| {
        let optional = optional.then_some(true);
        EnvFromSource {
            config_map_ref: config_map.clone().map(|name| ConfigMapEnvSource { name, optional }),
            secret_ref: secret.clone().map(|name| SecretEnvSource { name, optional }),
            prefix: prefix.clone(),
        }
    })
}

/// A volume of the consumers' pods, and its place in the container.
pub(super) fn volume(table: &VolumeTable) -> (Volume, VolumeMount) {
    let VolumeTable { name, mount_path, sub_path, read_only, secret, config_map, claim, empty_dir } = table;
    let volume = Volume {
        name: name.clone(),
        secret: secret
            .clone()
            .map(|name| SecretVolumeSource { secret_name: Some(name), ..SecretVolumeSource::default() }),
        config_map: config_map.clone().map(|name| ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() }),
        persistent_volume_claim: claim
            .clone()
            .map(|claim_name| PersistentVolumeClaimVolumeSource { claim_name, read_only: read_only.then_some(true) }),
        empty_dir: empty_dir
            .as_ref()
            .map(|size| EmptyDirVolumeSource { size_limit: Some(Quantity(size.canonical())), medium: None }),
        ..Volume::default()
    };
    let mount = VolumeMount {
        name: name.clone(),
        mount_path: mount_path.clone(),
        sub_path: sub_path.clone(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    };
    (volume, mount)
}

/// Lays what the table says of nodes and accounts over `spec`, the pod of a component.
pub(super) fn scheduled(deploy: &DeployTable, spec: PodSpec, component: Component) -> PodSpec {
    let pull = deploy.image_pull_secrets.iter().map(|name| LocalObjectReference { name: name.clone() }).collect();
    let spec = PodSpec {
        service_account_name: deploy.service_account.clone().or(spec.service_account_name),
        image_pull_secrets: some(pull),
        node_selector: Some(deploy.node_selector.clone()).filter(|labels| !labels.is_empty()),
        tolerations: some(deploy.tolerations.iter().map(toleration).collect()),
        ..spec
    };
    if component != Component::Consumer {
        return spec;
    }
    let name = deploy.consumer_name();
    let mut affinity = spec.affinity;
    // Checked when the workload was made.
    if let Ok(own) = patch::typed::<Affinity>(deploy.affinity.0.clone().into()) {
        affinity.merge_from(Some(own).filter(|_| !deploy.affinity.0.is_empty()));
    }
    let spread = some(deploy.topology_spread.iter().map(|table| spread(table, &name)).collect());
    PodSpec {
        affinity,
        topology_spread_constraints: spread.or(spec.topology_spread_constraints),
        priority_class_name: deploy.priority_class.clone(),
        ..spec
    }
}

fn toleration(TolerationTable { key, operator, value, effect, seconds }: &TolerationTable) -> Toleration {
    Toleration {
        key: key.clone(),
        operator: operator.map(|operator| match operator {
            TolerationOperator::Equal => "Equal".to_owned(),
            TolerationOperator::Exists => "Exists".to_owned(),
        }),
        value: value.clone(),
        effect: effect.map(|effect| match effect {
            TaintEffect::NoSchedule => "NoSchedule".to_owned(),
            TaintEffect::PreferNoSchedule => "PreferNoSchedule".to_owned(),
            TaintEffect::NoExecute => "NoExecute".to_owned(),
        }),
        toleration_seconds: seconds.map(i64::from),
    }
}

fn spread(table: &TopologySpreadTable, name: &str) -> TopologySpreadConstraint {
    let TopologySpreadTable { topology_key, max_skew, when_unsatisfiable } = table;
    let default = availability::spread(name, Component::Consumer);
    TopologySpreadConstraint {
        label_selector: Some(selector(name, Component::Consumer)),
        topology_key: topology_key.clone(),
        max_skew: max_skew.map_or(default.max_skew, |skew| skew.get().into()),
        when_unsatisfiable: match when_unsatisfiable {
            Some(WhenUnsatisfiable::DoNotSchedule) => "DoNotSchedule".to_owned(),
            Some(WhenUnsatisfiable::ScheduleAnyway) | None => default.when_unsatisfiable,
        },
        ..default
    }
}

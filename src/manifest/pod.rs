//! The pod of producers and consumers, under the strictest of the Pod Security Standards.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, ExecAction, KeyToPath, LocalObjectReference,
    PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecretVolumeSource,
    SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Workload;
use super::connection::{CA_FILE, TLS_FOLDER, variable};
use super::metadata::{Component, labels};
use crate::profile::deploy::{ImagePullPolicy, QuantityTable};

/// The user of distroless images' `nonroot`, which has no rights to anything.
const USER: i64 = 65_532;

/// The name of the volume that holds certificates.
const TLS_VOLUME: &str = "redis-tls";

/// The name of the volume for what need not outlive the pod.
const SCRATCH_VOLUME: &str = "tmp";

/// Where it is: handlers find their usual place there, beside the sign of life.
const SCRATCH_FOLDER: &str = "/tmp";

/// What a consumer touches as long as it turns.
const HEARTBEAT: &str = "/tmp/heartbeat";

/// What asks whether it still does, without a shell, a port or the network.
const HEALTH: [&str; 2] = ["/qscale", "health"];

/// Cores, memory and disk of a container.
pub(super) type Quantities = [(&'static str, &'static str); 3];

/// What is set aside for a container of qscale where the profile says nothing.
const REQUESTS: Quantities = [("cpu", "50m"), ("memory", "32Mi"), ("ephemeral-storage", "16Mi")];

/// What it may not exceed; memory is set apart only up to the request, and stays flat however many items there are.
const LIMITS: Quantities = [("cpu", "500m"), ("memory", "128Mi"), ("ephemeral-storage", "64Mi")];

/// The pod of one component, which runs qscale with `arguments` and is given `grace` seconds to stop in.
pub(super) fn template(
    workload: &Workload<'_>,
    name: &str,
    component: Component,
    arguments: Vec<String>,
    grace: i64,
) -> PodTemplateSpec {
    let deploy = &workload.profile.deploy;
    let connection = &workload.connection;
    let mut env = connection.variables();
    env.push(variable("LIST_NAME", &workload.list));
    let mount = |name: &str, path: &str, read_only: Option<bool>| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only,
        ..VolumeMount::default()
    };
    let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
    if let Some(ca) = &connection.ca {
        mounts.push(mount(TLS_VOLUME, TLS_FOLDER, Some(true)));
        volumes.push(Volume {
            name: TLS_VOLUME.to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(ca.secret.clone()),
                items: Some(vec![KeyToPath { key: ca.key.clone(), path: CA_FILE.to_owned(), mode: None }]),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    let consumes = component == Component::Consumer;
    if consumes {
        env.push(variable("QSCALE_HEARTBEAT", HEARTBEAT));
        mounts.push(mount(SCRATCH_VOLUME, SCRATCH_FOLDER, None));
        volumes.push(Volume {
            name: SCRATCH_VOLUME.to_owned(),
            empty_dir: Some(EmptyDirVolumeSource::default()),
            ..Volume::default()
        });
    }
    let container = Container {
        name: component.name().to_owned(),
        image: Some(workload.image.clone()),
        image_pull_policy: Some(pull_policy(deploy.image_pull_policy.unwrap_or_default()).to_owned()),
        args: Some(arguments),
        env: Some(env),
        resources: Some(resources(
            quantities(REQUESTS, &deploy.resources.requests),
            quantities(LIMITS, &deploy.resources.limits),
        )),
        security_context: Some(container_security()),
        liveness_probe: consumes.then(liveness),
        ports: consumes.then(|| metrics_port(workload)).flatten(),
        volume_mounts: Some(mounts).filter(|mounts| !mounts.is_empty()),
        ..Container::default()
    };
    PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(labels(workload, name, component)), ..ObjectMeta::default() }),
        spec: Some(PodSpec {
            containers: vec![container],
            image_pull_secrets: deploy
                .image_pull_secret
                .as_ref()
                .map(|name| vec![LocalObjectReference { name: name.clone() }]),
            termination_grace_period_seconds: Some(grace),
            volumes: Some(volumes).filter(|volumes| !volumes.is_empty()),
            ..hardened()
        }),
    }
}

/// A consumer that has hung is ended, and its items go to others. It is silent for half a minute before the first no.
fn liveness() -> Probe {
    Probe {
        exec: Some(ExecAction { command: Some(HEALTH.map(str::to_owned).to_vec()) }),
        period_seconds: Some(10),
        // A process has to start, with whatever the limit leaves of a core.
        timeout_seconds: Some(5),
        failure_threshold: Some(3),
        ..Probe::default()
    }
}

/// Where figures are collected; one of the loopback is nobody's business outside the pod.
fn metrics_port(workload: &Workload<'_>) -> Option<Vec<ContainerPort>> {
    let address = workload.profile.consume.metrics?.0;
    let port = ContainerPort {
        name: Some("metrics".to_owned()),
        container_port: address.port().into(),
        ..ContainerPort::default()
    };
    (!address.ip().is_loopback()).then(|| vec![port])
}

/// A pod without containers that may do nothing it need not.
pub(super) fn hardened() -> PodSpec {
    PodSpec {
        // Nothing here talks to the API server.
        automount_service_account_token: Some(false),
        // A Service called `redis` would otherwise set REDIS_PORT to `tcp://…` in every pod.
        enable_service_links: Some(false),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
            ..PodSecurityContext::default()
        }),
        ..PodSpec::default()
    }
}

pub(super) fn container_security() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

pub(super) fn pull_policy(policy: ImagePullPolicy) -> &'static str {
    match policy {
        ImagePullPolicy::Always => "Always",
        ImagePullPolicy::IfNotPresent => "IfNotPresent",
        ImagePullPolicy::Never => "Never",
    }
}

pub(super) fn resources(
    requests: BTreeMap<String, Quantity>,
    limits: BTreeMap<String, Quantity>,
) -> ResourceRequirements {
    ResourceRequirements { requests: Some(requests), limits: Some(limits), claims: None }
}

/// Lays what the profile says over `defaults`.
pub(super) fn quantities(defaults: Quantities, table: &QuantityTable) -> BTreeMap<String, Quantity> {
    let QuantityTable { cpu, memory, ephemeral_storage } = table;
    defaults
        .into_iter()
        .zip([cpu, memory, ephemeral_storage])
        .map(|((name, default), said)| {
            let quantity = said.as_ref().map_or_else(|| default.to_owned(), |text| text.0.clone());
            (name.to_owned(), Quantity(quantity))
        })
        .collect()
}

//! A Redis for demos: one pod and its Service, with or without a volume.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ExecAction, PersistentVolumeClaim, PersistentVolumeClaimSpec, PodTemplateSpec, Probe,
    Service, ServicePort, ServiceSpec, TCPSocketAction, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::connection::{PORT, SERVICE};
use super::container::{Quantities, container_security, pull_policy, resources};
use super::metadata::{Component, annotated, labels, selecting, selector};
use super::pod::{USER, hardened};
use super::workload::Workload;
use crate::profile::deploy::{QuantityText, ResourcesTable};

/// Said above the Deployment.
pub(super) const COMMENT: &str =
    "A Redis for demos: no password, no TLS, and nothing is left of the list when its pod goes.";

/// Said above the `StatefulSet`.
pub(super) const KEPT_COMMENT: &str =
    "A Redis for demos: no password, no TLS, one pod; the list survives the pod, without backups.";

/// The name of its port.
const PORT_NAME: &str = "redis";

const REQUESTS: Quantities = [("cpu", "100m"), ("memory", "64Mi"), ("ephemeral-storage", "16Mi")];
const LIMITS: Quantities = [("cpu", "1"), ("memory", "256Mi"), ("ephemeral-storage", "64Mi")];

/// Below the memory limit, so that a full Redis says so and is not killed.
const MAX_MEMORY: &str = "192mb";

/// Data directory.
const FOLDER: &str = "/data";

/// The name of the volume that holds it.
const VOLUME: &str = "data";

/// The Deployment, which keeps nothing; one pod, and never two: the list would be in one of them.
pub(super) fn deployment(workload: &Workload<'_>) -> Deployment {
    let keep = ["--save", "", "--appendonly", "no"];
    // One pod that goes before the next comes is what checkers warn of, and what is meant.
    let ignored = ("kube-score/ignore".to_owned(), "deployment-replicas,deployment-strategy".to_owned());
    Deployment {
        metadata: annotated(workload.metadata(SERVICE, Component::Redis), BTreeMap::from([ignored])),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            selector: selector(SERVICE, Component::Redis),
            strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }),
            template: template(workload, &keep, None),
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// The `StatefulSet`, whose list outlives its pod in a volume of `size`.
pub(super) fn stateful_set(workload: &Workload<'_>, size: &QuantityText) -> StatefulSet {
    let keep = ["--save", "", "--appendonly", "yes", "--dir", FOLDER];
    let mount = VolumeMount { name: VOLUME.to_owned(), mount_path: FOLDER.to_owned(), ..VolumeMount::default() };
    let storage = BTreeMap::from([("storage".to_owned(), Quantity(size.canonical()))]);
    let claim = PersistentVolumeClaim {
        metadata: ObjectMeta { name: Some(VOLUME.to_owned()), ..ObjectMeta::default() },
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements { requests: Some(storage), limits: None }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    };
    StatefulSet {
        metadata: workload.metadata(SERVICE, Component::Redis),
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            selector: selector(SERVICE, Component::Redis),
            service_name: Some(SERVICE.to_owned()),
            template: template(workload, &keep, Some(mount)),
            volume_claim_templates: Some(vec![claim]),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

/// The Service by which pods and KEDA find it; a `StatefulSet` wants one without an address of its own.
pub(super) fn service(workload: &Workload<'_>) -> Service {
    let headless = workload.profile.deploy.redis_storage.is_some();
    Service {
        metadata: workload.metadata(SERVICE, Component::Redis),
        spec: Some(ServiceSpec {
            cluster_ip: headless.then(|| "None".to_owned()),
            ports: Some(vec![ServicePort {
                name: Some(PORT_NAME.to_owned()),
                port: PORT.into(),
                target_port: Some(IntOrString::String(PORT_NAME.to_owned())),
                ..ServicePort::default()
            }]),
            selector: Some(selecting(SERVICE, Component::Redis)),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// The pod, with a volume where there is one.
fn template(workload: &Workload<'_>, keep: &[&str], mount: Option<VolumeMount>) -> PodTemplateSpec {
    let mut pod = hardened(workload);
    if let Some(security) = pod.security_context.as_mut().filter(|_| mount.is_some()) {
        // The volume is given to the group, or nothing could be written to it.
        security.fs_group = Some(USER);
    }
    pod.containers = vec![container(workload, keep, mount)];
    let labels = Some(labels(workload, SERVICE, Component::Redis));
    PodTemplateSpec { metadata: Some(ObjectMeta { labels, ..ObjectMeta::default() }), spec: Some(pod) }
}

fn container(workload: &Workload<'_>, keep: &[&str], mount: Option<VolumeMount>) -> Container {
    let arguments = keep.iter().copied().chain(["--protected-mode", "no", "--maxmemory", MAX_MEMORY]);
    let probe = Probe { period_seconds: Some(5), timeout_seconds: Some(5), ..Probe::default() };
    let ping = ExecAction { command: Some(["redis-cli", "ping"].map(str::to_owned).to_vec()) };
    let knock = TCPSocketAction { port: IntOrString::String(PORT_NAME.to_owned()), host: None };
    let pull = workload.profile.deploy.image_pull_policy.unwrap_or_default();
    Container {
        name: Component::Redis.name().to_owned(),
        image: Some(workload.redis_image().to_owned()),
        image_pull_policy: Some(pull_policy(pull).to_owned()),
        command: Some(vec!["redis-server".to_owned()]),
        args: Some(arguments.map(str::to_owned).collect()),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.to_owned()),
            container_port: PORT.into(),
            ..ContainerPort::default()
        }]),
        // A Redis that loads its list does not answer yet, and must not be restarted for it.
        liveness_probe: Some(Probe { tcp_socket: Some(knock), ..probe.clone() }),
        readiness_probe: Some(Probe { exec: Some(ping), ..probe }),
        resources: Some(resources(REQUESTS, LIMITS, &ResourcesTable::default())),
        security_context: Some(container_security()),
        volume_mounts: mount.map(|mount| vec![mount]),
        ..Container::default()
    }
}

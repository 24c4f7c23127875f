//! A Redis for demos: one pod that keeps nothing, and its Service.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ExecAction, PodSpec, PodTemplateSpec, Probe, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Workload;
use super::connection::{PORT, SERVICE};
use super::metadata::{Component, labels, selecting, selector};
use super::pod::{Quantities, container_security, hardened, pull_policy, quantities, resources};
use crate::profile::deploy::{DEFAULT_REDIS_IMAGE, QuantityTable};

/// Said above the Deployment.
pub(super) const COMMENT: &str =
    "A Redis for demos: no password, no TLS, and nothing is left of the list when its pod goes.";

/// The name of its port.
const PORT_NAME: &str = "redis";

const REQUESTS: Quantities = [("cpu", "100m"), ("memory", "64Mi"), ("ephemeral-storage", "16Mi")];
const LIMITS: Quantities = [("cpu", "1"), ("memory", "256Mi"), ("ephemeral-storage", "64Mi")];

/// Below the memory limit, so that a full Redis says so and is not killed.
const MAX_MEMORY: &str = "192mb";

/// The Deployment; one pod, and never two: the list would be in one of them.
pub(super) fn deployment(workload: &Workload<'_>) -> Deployment {
    let deploy = &workload.profile.deploy;
    let arguments = ["--save", "", "--appendonly", "no", "--protected-mode", "no", "--maxmemory", MAX_MEMORY];
    let ping = Probe {
        exec: Some(ExecAction { command: Some(vec!["redis-cli".to_owned(), "ping".to_owned()]) }),
        period_seconds: Some(5),
        timeout_seconds: Some(5),
        ..Probe::default()
    };
    let nothing = QuantityTable::default();
    let container = Container {
        name: Component::Redis.name().to_owned(),
        image: Some(deploy.redis_image.clone().unwrap_or_else(|| DEFAULT_REDIS_IMAGE.to_owned())),
        image_pull_policy: Some(pull_policy(deploy.image_pull_policy.unwrap_or_default()).to_owned()),
        command: Some(vec!["redis-server".to_owned()]),
        args: Some(arguments.map(str::to_owned).to_vec()),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.to_owned()),
            container_port: PORT.into(),
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(ping),
        resources: Some(resources(quantities(REQUESTS, &nothing), quantities(LIMITS, &nothing))),
        security_context: Some(container_security()),
        ..Container::default()
    };
    Deployment {
        metadata: workload.metadata(SERVICE, Component::Redis),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            selector: selector(SERVICE, Component::Redis),
            strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(labels(workload, SERVICE, Component::Redis)),
                    ..ObjectMeta::default()
                }),
                spec: Some(PodSpec { containers: vec![container], ..hardened() }),
            },
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// The Service by which pods and KEDA find it.
pub(super) fn service(workload: &Workload<'_>) -> Service {
    Service {
        metadata: workload.metadata(SERVICE, Component::Redis),
        spec: Some(ServiceSpec {
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

//! The pod of producers and consumers, under the strictest of the Pod Security Standards.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, ExecAction, PodSecurityContext, PodSpec,
    PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::arguments::Call;
use super::list::some;
use super::literal::literal;
use super::metadata::{Component, labels};
use super::workload::Workload;
use super::{availability, certificate, configuration, pod_settings};
use crate::profile::ScaleKind;
use crate::profile::deploy::{DEFAULT_PROGRAM, ImagePullPolicy, QuantityText, ResourcesTable};

/// The user of distroless images' `nonroot`, which has no rights to anything.
pub(super) const USER: i64 = 65_532;

/// The name of the volume for what need not outlive the pod.
const SCRATCH_VOLUME: &str = "tmp";

/// Mount path: the usual place of temporary files for handlers, and of the heartbeat file.
const SCRATCH_FOLDER: &str = "/tmp";

/// Heartbeat file of a consumer.
const HEARTBEAT: &str = "/tmp/heartbeat";

/// Name of the port that metrics are scraped from.
pub(super) const METRICS_PORT: &str = "metrics";

/// Cores, memory and disk of a container.
pub(super) type Quantities = [(&'static str, &'static str); 3];

/// Default resource requests of a container.
const REQUESTS: Quantities = [("cpu", "50m"), ("memory", "32Mi"), ("ephemeral-storage", "16Mi")];

/// Default resource limits; memory use stays flat for any number of items.
const LIMITS: Quantities = [("cpu", "500m"), ("memory", "128Mi"), ("ephemeral-storage", "64Mi")];

/// Default resource requests of a container that runs a command: an interpreter with its libraries.
const COMMAND_REQUESTS: Quantities = [("cpu", "100m"), ("memory", "128Mi"), ("ephemeral-storage", "64Mi")];

/// Default resource limits of a container that runs a command.
const COMMAND_LIMITS: Quantities = [("cpu", "1"), ("memory", "512Mi"), ("ephemeral-storage", "512Mi")];

/// The pod of one component, which runs qscale and is given `grace` seconds to stop in.
pub(super) fn template(
    workload: &Workload<'_>,
    name: &str,
    component: Component,
    call: Call,
    grace: i64,
) -> PodTemplateSpec {
    let deploy = &workload.profile.deploy;
    let consumes = component == Component::Consumer;
    // Jobs are neither counted on nor spread: each ends by itself.
    let serves = consumes && workload.profile.scale.kind() == ScaleKind::ScaledObject;
    let mut env = workload.connection.variables();
    let mut env_from = vec![configuration::source(workload)];
    let (mut volumes, mut mounts): (Vec<_>, Vec<_>) =
        certificate::volume(&workload.connection.certificates).into_iter().unzip();
    let commands = consumes && workload.profile.consume.command.is_some();
    if consumes {
        env.extend(pod_settings::variables(deploy));
        if commands && !deploy.env.contains_key("HOME") {
            env.push(EnvVar { name: "HOME".to_owned(), value: Some(SCRATCH_FOLDER.to_owned()), value_from: None });
        }
        env_from.extend(pod_settings::variable_sources(deploy));
        for (volume, mount) in deploy.volumes.iter().map(pod_settings::volume) {
            volumes.push(volume);
            mounts.push(mount);
        }
        env.push(EnvVar { name: "QSCALE_HEARTBEAT".to_owned(), value: Some(literal(HEARTBEAT)), value_from: None });
        let (volume, mount) = scratch();
        volumes.push(volume);
        mounts.push(mount);
    }
    let container = Container {
        name: component.name().to_owned(),
        image: Some(workload.image.clone()),
        image_pull_policy: Some(pull_policy(deploy.image_pull_policy.unwrap_or_default()).to_owned()),
        command: deploy.program.as_ref().map(|program| vec![literal(program)]),
        args: Some(call.arguments),
        env: some(env),
        env_from: Some(env_from),
        resources: Some(if commands {
            resources(COMMAND_REQUESTS, COMMAND_LIMITS, &deploy.resources)
        } else {
            resources(REQUESTS, LIMITS, &deploy.resources)
        }),
        security_context: Some(SecurityContext {
            read_only_root_filesystem: Some(deploy.read_only_root != Some(false)),
            ..container_security()
        }),
        liveness_probe: consumes.then(|| liveness(workload)),
        readiness_probe: serves.then(|| readiness(workload)),
        ports: metrics(workload).filter(|_| consumes).map(|port| vec![port]),
        volume_mounts: some(mounts),
        ..Container::default()
    };
    let spec = PodSpec {
        affinity: serves.then(|| availability::apart(name, component)),
        topology_spread_constraints: serves.then(|| vec![availability::spread(name, component)]),
        containers: vec![container],
        termination_grace_period_seconds: Some(grace),
        volumes: some(volumes),
        ..hardened(workload)
    };
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels(workload, name, component)),
            annotations: Some(annotations(workload, component)),
            ..ObjectMeta::default()
        }),
        spec: Some(pod_settings::scheduled(deploy, spec, component)),
    };
    match workload.patch.as_ref().filter(|_| consumes) {
        Some(patch) => patch.apply(template),
        None => template,
    }
}

/// Annotations: a checksum that restarts pods on a change, and the scrape settings of Prometheus.
fn annotations(workload: &Workload<'_>, component: Component) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::from([(configuration::CHECKSUM.to_owned(), configuration::checksum(workload))]);
    if let Some(port) = metrics(workload).filter(|_| component == Component::Consumer) {
        let scrape = [("scrape", "true".to_owned()), ("port", port.container_port.to_string())];
        annotations.extend(scrape.map(|(key, value)| (format!("prometheus.io/{key}"), value)));
    }
    annotations.extend(workload.profile.deploy.annotations.clone());
    annotations
}

/// A folder that is gone with the pod: the only one that a container may write to.
fn scratch() -> (Volume, VolumeMount) {
    let volume = Volume {
        name: SCRATCH_VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    };
    let mount = VolumeMount {
        name: SCRATCH_VOLUME.to_owned(),
        mount_path: SCRATCH_FOLDER.to_owned(),
        ..VolumeMount::default()
    };
    (volume, mount)
}

/// A consumer that has hung is ended, and its items go to others. It is silent for half a minute before the first no.
fn liveness(workload: &Workload<'_>) -> Probe {
    Probe { failure_threshold: Some(3), ..health(workload, &[]) }
}

/// Long before that it counts as one that is not there: a rollout waits, and a budget lets no other go.
fn readiness(workload: &Workload<'_>) -> Probe {
    Probe { failure_threshold: Some(1), ..health(workload, &["--max-age=15s"]) }
}

/// Asks the heartbeat, without a shell, a port or the network.
fn health(workload: &Workload<'_>, options: &[&str]) -> Probe {
    let program = workload.profile.deploy.program.as_deref().unwrap_or(DEFAULT_PROGRAM);
    let command = [program, "health"].iter().chain(options).map(|&word| word.to_owned()).collect();
    Probe {
        exec: Some(ExecAction { command: Some(command) }),
        period_seconds: Some(10),
        // A process has to start, with whatever the limit leaves of a core.
        timeout_seconds: Some(5),
        ..Probe::default()
    }
}

/// Port that metrics are scraped from; one on the loopback is not reachable from outside the pod.
pub(super) fn metrics(workload: &Workload<'_>) -> Option<ContainerPort> {
    let address = workload.profile.consume.metrics?.0;
    (!address.ip().is_loopback()).then(|| ContainerPort {
        name: Some(METRICS_PORT.to_owned()),
        container_port: address.port().into(),
        ..ContainerPort::default()
    })
}

/// A pod without containers that may do nothing it need not.
pub(super) fn hardened(workload: &Workload<'_>) -> PodSpec {
    PodSpec {
        service_account_name: Some(workload.profile.deploy.name().to_owned()),
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

/// Lays what the profile says over the defaults. A default gives way where more would be set aside than is allowed, which
/// Kubernetes refuses.
pub(super) fn resources(requests: Quantities, limits: Quantities, table: &ResourcesTable) -> ResourceRequirements {
    let said = table.requests.entries().into_iter().zip(table.limits.entries());
    let both =
        requests.into_iter().zip(limits).zip(said).map(|(((name, request), (_, limit)), ((_, least), (_, most)))| {
            let or =
                |said: Option<&QuantityText>, default: &str| said.cloned().unwrap_or(QuantityText(default.to_owned()));
            let (mut request, mut limit) = (or(least, request), or(most, limit));
            if request.exceeds(&limit) {
                if most.is_some() {
                    request = limit.clone();
                } else {
                    limit = request.clone();
                }
            }
            let quantity = |text: QuantityText| (name.to_owned(), Quantity(text.canonical()));
            (quantity(request), quantity(limit))
        });
    let (requests, limits) = both.unzip();
    ResourceRequirements { requests: Some(requests), limits: Some(limits), claims: None }
}

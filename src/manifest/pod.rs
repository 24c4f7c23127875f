//! The pod of producers and consumers, under the strictest of the Pod Security Standards.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, EmptyDirVolumeSource, EnvVar, ExecAction, PodSecurityContext, PodSpec, PodTemplateSpec,
    Probe, SeccompProfile, SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::arguments::Call;
use super::container::{
    COMMAND_LIMITS, COMMAND_REQUESTS, LIMITS, REQUESTS, SCRATCH_FOLDER, container_security, pull_policy, resources,
};
use super::list::some;
use super::literal::literal;
use super::metadata::{Component, labels};
use super::sidecar::Surroundings;
use super::workload::Workload;
use super::{availability, certificate, configuration, pod_settings, sidecar};
use crate::profile::ScaleKind;
use crate::profile::deploy::DEFAULT_PROGRAM;

/// The user of distroless images' `nonroot`, which has no rights to anything.
pub(super) const USER: i64 = 65_532;

/// The name of the volume for what need not outlive the pod.
const SCRATCH_VOLUME: &str = "tmp";

/// Heartbeat file of a consumer.
const HEARTBEAT: &str = "/tmp/heartbeat";

/// Name of the port that metrics are scraped from.
pub(super) const METRICS_PORT: &str = "metrics";

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
    let mut sidecars = Vec::new();
    if consumes {
        let (own_volumes, own_mounts): (Vec<_>, Vec<_>) = deploy.volumes.iter().map(pod_settings::volume).unzip();
        volumes.extend(own_volumes);
        let own = Surroundings {
            env: pod_settings::variables(deploy).collect(),
            env_from: pod_settings::variable_sources(deploy).collect(),
            mounts: own_mounts,
        };
        if let Some(table) = &deploy.sidecar {
            let (container, volume) = sidecar::container(workload, table, own);
            sidecars.push(container);
            volumes.push(volume);
        } else {
            env.extend(own.env);
            env_from.extend(own.env_from);
            mounts.extend(own.mounts);
        }
        if commands && !deploy.env.contains_key("HOME") {
            env.push(EnvVar { name: "HOME".to_owned(), value: Some(SCRATCH_FOLDER.to_owned()), value_from: None });
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
        init_containers: some(sidecars),
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

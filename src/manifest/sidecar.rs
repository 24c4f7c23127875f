//! The container of the web service that items are posted to: a native sidecar, started before qscale and ended after it.

use k8s_openapi::api::core::v1::{
    Container, EmptyDirVolumeSource, EnvFromSource, EnvVar, HTTPGetAction, Probe, SecurityContext, TCPSocketAction,
    Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::container::{COMMAND_LIMITS, COMMAND_REQUESTS, SCRATCH_FOLDER, container_security, pull_policy, resources};
use super::list::some;
use super::literal::literal;
use super::workload::Workload;
use crate::profile::deploy::{SidecarTable, sidecar_port};

/// Name of the container.
const NAME: &str = "app";

/// Name of the volume for its temporary files.
const SCRATCH_VOLUME: &str = "app-tmp";

/// Time that the service may take to start, in seconds.
const START: i32 = 300;

/// Environment and volumes of the containers that run code of the team.
#[derive(Default)]
pub(super) struct Surroundings {
    pub(super) env: Vec<EnvVar>,
    pub(super) env_from: Vec<EnvFromSource>,
    pub(super) mounts: Vec<VolumeMount>,
}

/// Returns the container, and the volume for its temporary files.
pub(super) fn container(workload: &Workload<'_>, sidecar: &SidecarTable, own: Surroundings) -> (Container, Volume) {
    let deploy = &workload.profile.deploy;
    let Surroundings { mut env, env_from, mut mounts } = own;
    if !deploy.env.contains_key("HOME") {
        env.push(EnvVar { name: "HOME".to_owned(), value: Some(SCRATCH_FOLDER.to_owned()), value_from: None });
    }
    mounts.push(VolumeMount {
        name: SCRATCH_VOLUME.to_owned(),
        mount_path: SCRATCH_FOLDER.to_owned(),
        ..VolumeMount::default()
    });
    let probe = probe(workload, sidecar);
    let container = Container {
        name: NAME.to_owned(),
        image: Some(sidecar.image.clone()),
        image_pull_policy: Some(pull_policy(deploy.image_pull_policy.unwrap_or_default()).to_owned()),
        command: some(sidecar.command.iter().map(|word| literal(word)).collect()),
        env: some(env),
        env_from: some(env_from),
        resources: Some(resources(COMMAND_REQUESTS, COMMAND_LIMITS, &sidecar.resources)),
        security_context: Some(SecurityContext {
            read_only_root_filesystem: Some(deploy.read_only_root != Some(false)),
            ..container_security()
        }),
        // qscale starts once this has succeeded, and is what tells whether the pod is ready.
        startup_probe: Some(Probe { period_seconds: Some(1), failure_threshold: Some(START), ..probe.clone() }),
        liveness_probe: Some(Probe { failure_threshold: Some(3), ..probe }),
        // Of an init container, this makes a sidecar: it runs with the others, and ends after them.
        restart_policy: Some("Always".to_owned()),
        volume_mounts: some(mounts),
        ..Container::default()
    };
    let volume = Volume {
        name: SCRATCH_VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    };
    (container, volume)
}

/// Asks the path, or connects to the port. The kubelet comes from outside the pod: the service has to listen on all addresses.
fn probe(workload: &Workload<'_>, sidecar: &SidecarTable) -> Probe {
    let port = IntOrString::Int(sidecar_port(&workload.profile.consume).map_or(0, i32::from));
    let (http_get, tcp_socket) = match &sidecar.probe {
        Some(path) => (Some(HTTPGetAction { path: Some(path.clone()), port, ..HTTPGetAction::default() }), None),
        None => (None, Some(TCPSocketAction { port, host: None })),
    };
    Probe { http_get, tcp_socket, period_seconds: Some(10), timeout_seconds: Some(5), ..Probe::default() }
}

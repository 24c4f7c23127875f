//! The exporter: one pod that serves the metrics of list and consumers, also while there is no consumer.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    ContainerPort, HTTPGetAction, PodSpec, Probe, Service, ServiceAccount, ServicePort, ServiceSpec, TCPSocketAction,
};
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::arguments::Call;
use super::metadata::{Component, annotated, selecting, selector};
use super::network;
use super::object::Manifest;
use super::pod::{METRICS_PORT, template};
use super::workload::Workload;
use crate::profile::ScaleKind;

/// Port that metrics are served on.
const PORT: i32 = 9090;

/// Seconds from SIGTERM to SIGKILL: nothing is in flight.
const GRACE: i64 = 10;

/// Said above the rights.
const RIGHTS_COMMENT: &str = "The exporter reads what scales the consumers, and changes nothing.";

/// Said above the Deployment.
const COMMENT: &str = "One pod: every further one would report the same.";

impl Workload<'_> {
    /// The exporter's account and rights.
    pub(super) fn exporter_account(&self) -> [Manifest; 3] {
        let name = self.profile.deploy.exporter_name();
        [
            Manifest::plain(account(self, &name)),
            Manifest::commented(RIGHTS_COMMENT, role(self, &name)),
            Manifest::plain(binding(self, &name)),
        ]
    }

    /// The exporter.
    pub(super) fn exporter(&self) -> Vec<Manifest> {
        let name = self.profile.deploy.exporter_name();
        let policy = self.guarded().then(|| network::exporter(self, &name));
        let policy = policy.map(|(comment, policy)| Manifest::commented(comment, policy));
        let objects = [Manifest::plain(service(self, &name)), Manifest::commented(COMMENT, deployment(self, &name))];
        policy.into_iter().chain(objects).collect()
    }
}

/// An account of its own: that of the other pods has no rights.
fn account(workload: &Workload<'_>, name: &str) -> ServiceAccount {
    ServiceAccount {
        metadata: workload.metadata(name, Component::Exporter),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

fn role(workload: &Workload<'_>, name: &str) -> Role {
    let target = workload.profile.deploy.scaled();
    let own = target.api_version.split_once('/').map_or("", |(group, _)| group);
    let resource = format!("{}s", target.kind.to_lowercase());
    let is_known = own == "apps" && ["deployments", "statefulsets"].contains(&resource.as_str());
    let mut rules = vec![
        reads("apps", &["deployments", "statefulsets"]),
        reads("autoscaling", &["horizontalpodautoscalers"]),
        reads("batch", &["jobs"]),
        reads("events.k8s.io", &["events"]),
        reads("keda.sh", &["scaledjobs", "scaledobjects"]),
        reads("", &["pods"]),
    ];
    if !is_known {
        rules.push(reads(own, &[&resource, &format!("{resource}/scale")]));
    }
    Role { metadata: workload.metadata(name, Component::Exporter), rules: Some(rules) }
}

fn reads(group: &str, resources: &[&str]) -> PolicyRule {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(words(&[group])),
        resources: Some(words(resources)),
        verbs: words(&["get", "list", "watch"]),
        ..PolicyRule::default()
    }
}

fn binding(workload: &Workload<'_>, name: &str) -> RoleBinding {
    RoleBinding {
        metadata: workload.metadata(name, Component::Exporter),
        role_ref: RoleRef {
            api_group: "rbac.authorization.k8s.io".to_owned(),
            kind: "Role".to_owned(),
            name: name.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: name.to_owned(),
            namespace: workload.namespace.clone(),
            ..Subject::default()
        }]),
    }
}

fn service(workload: &Workload<'_>, name: &str) -> Service {
    Service {
        metadata: workload.metadata(name, Component::Exporter),
        spec: Some(ServiceSpec {
            ports: Some(vec![ServicePort {
                name: Some(METRICS_PORT.to_owned()),
                port: PORT,
                target_port: Some(IntOrString::String(METRICS_PORT.to_owned())),
                ..ServicePort::default()
            }]),
            selector: Some(selecting(name, Component::Exporter)),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

fn deployment(workload: &Workload<'_>, name: &str) -> Deployment {
    let mut template = template(workload, name, Component::Exporter, call(workload), GRACE);
    let knock = TCPSocketAction { port: IntOrString::String(METRICS_PORT.to_owned()), host: None };
    let scrape = HTTPGetAction {
        path: Some("/metrics".to_owned()),
        port: IntOrString::String(METRICS_PORT.to_owned()),
        ..HTTPGetAction::default()
    };
    let probe = Probe { period_seconds: Some(10), timeout_seconds: Some(5), ..Probe::default() };
    if let Some(pod) = &mut template.spec {
        for container in &mut pod.containers {
            container.ports = Some(vec![ContainerPort {
                name: Some(METRICS_PORT.to_owned()),
                container_port: PORT,
                ..ContainerPort::default()
            }]);
            container.liveness_probe = Some(Probe { tcp_socket: Some(knock.clone()), ..probe.clone() });
            container.readiness_probe = Some(Probe { http_get: Some(scrape.clone()), ..probe.clone() });
        }
        *pod = PodSpec {
            service_account_name: Some(name.to_owned()),
            // It talks to the API server.
            automount_service_account_token: Some(true),
            ..std::mem::take(pod)
        };
    }
    if let Some(metadata) = &mut template.metadata {
        let scraped = [("scrape", "true".to_owned()), ("port", PORT.to_string())];
        let scraped = scraped.map(|(key, value)| (format!("prometheus.io/{key}"), value));
        metadata.annotations.get_or_insert_default().extend(scraped);
    }
    // One pod is what checkers warn of, and enough: the next one exports the same.
    let ignored = ("kube-score/ignore".to_owned(), "deployment-replicas".to_owned());
    Deployment {
        metadata: annotated(workload.metadata(name, Component::Exporter), BTreeMap::from([ignored])),
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            selector: selector(name, Component::Exporter),
            template,
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// The call of `watch`; Redis and the list are among the variables.
fn call(workload: &Workload<'_>) -> Call {
    let deploy = &workload.profile.deploy;
    let target = if workload.profile.scale.kind() == ScaleKind::ScaledJob {
        format!("ScaledJob/{}", deploy.consumer_name())
    } else {
        let scaled = deploy.scaled();
        format!("{}/{}/{}", scaled.api_version, scaled.kind, scaled.name)
    };
    let arguments = ["watch".to_owned(), format!("--metrics=0.0.0.0:{PORT}"), "--every=5s".to_owned()];
    // Of one list, it is the variable that names it.
    let lists = workload.lists.keys().iter().filter(|_| !workload.lists.is_one()).map(|list| format!("--list={list}"));
    let arguments = arguments.into_iter().chain([format!("--target={target}")]).chain(lists).collect();
    Call { arguments, settings: BTreeMap::new() }
}

//! The workloads of consumers and producer; a Job for a producer that ends.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, StatefulSet, StatefulSetSpec};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, Service, ServiceSpec};

use super::metadata::{Component, annotated, selecting, selector};
use super::workload::Workload;
use super::{arguments, pod};
use crate::delivery::defaults::{DEFAULT_DRAIN, DEFAULT_KILL_AFTER};

/// Said above the consumers' workload.
pub(super) const COMMENT: &str = "No `replicas`: KEDA and the HPA set it, and applying this again must not reset it.";

/// Time that a consumer needs in addition to its drain time: a pop under way, the reply of Redis, the log.
const MARGIN: Duration = Duration::from_secs(10);

/// Time for a producer to finish its batch; the default of Kubernetes.
const PRODUCER_GRACE: i64 = 30;

/// Said above the Service that a `StatefulSet` has to have.
pub(super) const SERVICE_COMMENT: &str = "Gives the pods their names; nothing listens there.";

/// The consumers' Deployment.
pub(super) fn consumer(workload: &Workload<'_>) -> Deployment {
    let name = workload.profile.deploy.consumer_name();
    let mut deployment = deployment(workload, &name, Component::Consumer, None, consumer_template(workload, &name));
    let exempt = ("polaris.fairwinds.com/deploymentMissingReplicas-exempt".to_owned(), "true".to_owned());
    deployment.metadata = annotated(deployment.metadata, BTreeMap::from([exempt]));
    deployment
}

/// The consumers as a `StatefulSet`.
pub(super) fn stateful_consumer(workload: &Workload<'_>) -> StatefulSet {
    let name = workload.profile.deploy.consumer_name();
    StatefulSet {
        metadata: workload.metadata(&name, Component::Consumer),
        spec: Some(StatefulSetSpec {
            // None waits for another: they share a list and nothing else.
            pod_management_policy: Some("Parallel".to_owned()),
            selector: selector(&name, Component::Consumer),
            template: consumer_template(workload, &name),
            service_name: Some(name),
            ..StatefulSetSpec::default()
        }),
        status: None,
    }
}

/// The Service of that `StatefulSet`.
pub(super) fn consumer_service(workload: &Workload<'_>) -> Service {
    let name = workload.profile.deploy.consumer_name();
    Service {
        metadata: workload.metadata(&name, Component::Consumer),
        spec: Some(ServiceSpec {
            cluster_ip: Some("None".to_owned()),
            selector: Some(selecting(&name, Component::Consumer)),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// The producer's Deployment: one pod, which nothing scales.
pub(super) fn producer(workload: &Workload<'_>) -> Deployment {
    let name = workload.profile.deploy.producer_name();
    deployment(workload, &name, Component::Producer, Some(1), producer_template(workload, &name))
}

/// A producer that ends: in a Deployment it would begin again and again.
pub(super) fn producer_job(workload: &Workload<'_>) -> Job {
    let name = workload.profile.deploy.producer_name();
    // Deleted after a time, as checkers want it, it would be made anew by whatever applies this again, and push again.
    let kept =
        ("ignore-check.kube-linter.io/job-ttl-seconds-after-finished", "made anew, it would push all items again");
    let kept = BTreeMap::from([(kept.0.to_owned(), kept.1.to_owned())]);
    Job {
        metadata: annotated(workload.metadata(&name, Component::Producer), kept),
        spec: Some(once(producer_template(workload, &name))),
        status: None,
    }
}

/// A Job of one pod that is not tried again.
///
/// What a producer had pushed would be pushed twice. And a consumer that failed has no item any more: as long as some
/// wait, KEDA starts other Jobs.
pub(super) fn once(template: PodTemplateSpec) -> JobSpec {
    let spec = template.spec.map(|spec| PodSpec { restart_policy: Some("Never".to_owned()), ..spec });
    JobSpec { backoff_limit: Some(0), template: PodTemplateSpec { spec, ..template }, ..JobSpec::default() }
}

/// Seconds from SIGTERM to SIGKILL: the drain time of the profile, what a command may take to end, and what lies around
/// them.
pub(super) fn grace(workload: &Workload<'_>) -> i64 {
    let consume = &workload.profile.consume;
    let drain = consume.drain.map_or(DEFAULT_DRAIN, |span| span.0);
    let ending = consume.kill_after.map_or(DEFAULT_KILL_AFTER, |span| span.0);
    let needed = if consume.command.is_some() { drain.saturating_add(ending) } else { drain };
    let seconds = needed.as_secs().saturating_add(MARGIN.as_secs()).saturating_add((needed.subsec_nanos() > 0).into());
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The consumers' pods.
pub(super) fn consumer_template(workload: &Workload<'_>, name: &str) -> PodTemplateSpec {
    pod::template(workload, name, Component::Consumer, arguments::consume(workload.profile), grace(workload))
}

fn producer_template(workload: &Workload<'_>, name: &str) -> PodTemplateSpec {
    pod::template(workload, name, Component::Producer, arguments::produce(workload.profile), PRODUCER_GRACE)
}

fn deployment(
    workload: &Workload<'_>,
    name: &str,
    component: Component,
    replicas: Option<i32>,
    template: PodTemplateSpec,
) -> Deployment {
    Deployment {
        metadata: workload.metadata(name, component),
        spec: Some(DeploymentSpec {
            replicas,
            selector: selector(name, component),
            template,
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

//! Pods: image, network, resources and grace period.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{address, credentials};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::lint::finding::Report;
use crate::lint::handler;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::rule::Rule;
use crate::units::HumanDuration;

/// Default termination grace period of Kubernetes.
const GRACE: Duration = Duration::from_secs(30);

/// Checks the pods of any object that has a template.
pub(super) fn check(object: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let Some(template) = object.template() else { return };
    let spec = template.get("spec");
    let network = spec.get("hostNetwork");
    if network.is_true() {
        let message = "gives the pods the network of their node: its ports, its DNS and its localhost; Service \
                       names do not resolve";
        report.add(Rule::HostNetwork, &network, message, "remove it");
    }
    let resources = spec.get("resources");
    if resources.is_there() {
        let message = "applies to the whole pod here: Kubernetes before 1.34 silently drops it";
        let hint = "move it to the container: `containers[].resources`";
        report.add(Rule::PodResources, &resources.by_key(), message, hint);
    }
    for list in ["initContainers", "containers"] {
        for container in spec.get(list).items() {
            image(&container, report);
            credentials::check_container(&container, objects, report);
            host(&container, report);
        }
    }
    if spec.is_map() && matches!(object.kind, "Deployment" | "StatefulSet" | "ReplicaSet" | "Rollout" | "ScaledJob") {
        scaled(object, &spec, &template, objects, report);
    }
}

/// A private address as the host that qscale's own pods are told.
fn host(container: &Cursor<'_>, report: &mut Report) {
    for entry in container.get("env").items().iter().filter(|entry| entry.get("name").text() == Some("REDIS_HOST")) {
        let value = entry.get("value");
        if let Some(text) = value.text().filter(|text| text.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_private())) {
            address::host(&value, text, report);
        }
    }
}

fn image(container: &Cursor<'_>, report: &mut Report) {
    let image = container.get("image");
    if let Some(text) = image.text() {
        let name = text.rsplit('/').next().unwrap_or(text);
        let tag = name.split_once(':').map(|(_, tag)| tag);
        if !name.contains('@') && matches!(tag, None | Some("" | "latest")) {
            let message = "has no fixed version: pods of one workload can run different ones";
            report.add(Rule::ImageTag, &image, message, "use a fixed tag or a digest");
        }
    }
    let policy = container.get("imagePullPolicy");
    if policy.text() == Some("Never") {
        let message = "lets pods start only on nodes that already have the image: others report ErrImageNeverPull";
        report.add(Rule::ImagePullPolicy, &policy, message, "set `IfNotPresent`, which also uses loaded images");
    }
}

/// Checks of workloads whose replicas KEDA and the HPA set and lower at any time.
fn scaled(object: &Object<'_>, spec: &Cursor<'_>, template: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let by = objects.scalers(object.kind, object.name, object).next();
    if by.is_some() {
        let replicas = object.at(&["spec", "replicas"]);
        if replicas.is_there() {
            let message = "conflicts with KEDA and the HPA: applying this resets the number of pods";
            report.add(Rule::Replicas, &replicas, message, "remove it");
        }
    }
    let grace = spec.get("terminationGracePeriodSeconds");
    let given = grace.integer().and_then(|seconds| u64::try_from(seconds).ok()).map_or(GRACE, Duration::from_secs);
    let Some((container, handler)) = handler::of(template, objects) else {
        if by.is_some() && !grace.is_there() {
            let message = "gives a removed pod 30 seconds: an item that takes longer is cut off (SIGKILL), and the \
                           HPA does not spare busy pods";
            let hint = "set `terminationGracePeriodSeconds` to the longest item plus a margin";
            report.add(Rule::GracePeriod, &spec.by_key(), message, hint);
        }
        return;
    };
    let at = if grace.is_there() { grace } else { spec.by_key() };
    if let Some(drain) = handler.drain.filter(|drain| given <= *drain) {
        let message = format!(
            "gives a pod {} to stop, and the consumer takes up to {} (--drain) for items in flight: it is killed \
             before it can requeue the rest",
            HumanDuration(given),
            HumanDuration(drain)
        );
        report.add(Rule::GracePeriod, &at, message, format!("set at least {}", drain.as_secs() + 10));
    } else if let Some(longest) = handler.longest.filter(|longest| *longest > handler.drain.unwrap_or(given)) {
        let drain = handler.drain.unwrap_or(given);
        let message = format!(
            "cuts off items that take longer than {} (--drain) when pods are removed, and an item takes up to {}: it is {}",
            HumanDuration(drain),
            HumanDuration(Duration::from_secs(longest.as_secs())),
            match handler.delivery {
                Some(DeliveryGuarantee::AtMostOnce) => "lost",
                _ => "processed again from the start",
            }
        );
        let hint = match object.kind {
            // Scaling down does not remove the pods of Jobs; only draining a node does.
            "ScaledJob" => "set `drain` above the longest item and the grace period above that",
            _ => {
                "set `drain` above the longest item and the grace period above that; or use a ScaledJob, whose pods \
                 run to completion"
            }
        };
        report.add(Rule::GracePeriod, &container.get("args").by_key(), message, hint);
    }
}

//! Checks of a scaled object that works, and may not do what was meant: replicas, bounds, time to end.

use std::time::Duration;

use serde_json::Value;

use super::check::Checked;
use super::code::FaultCode;
use crate::cluster::variables::{VariableValue, container, value};
use crate::cluster::{ClusterReading, elements, text};
use crate::units::HumanDuration;

/// Time from SIGTERM to SIGKILL that Kubernetes gives by default.
const DEFAULT_GRACE: u64 = 30;

/// Variable of the time that consumers have to finish.
const DRAIN: &str = "QSCALE_DRAIN";

/// Manager of the fields that `kubectl apply` has set.
const CLIENT_SIDE_APPLY: &str = "kubectl-client-side-apply";

/// Returns what else sets the replicas, bounds that are one, and pods that are killed too soon.
pub(super) fn checks(reading: &ClusterReading, scaled: &Value, pod: Option<&Value>) -> Vec<Checked> {
    let target = reading.target.as_ref().ok().and_then(Option::as_ref);
    [target.and_then(replicas), Some(bounds(scaled)), pod.and_then(|pod| grace(reading, scaled, pod))]
        .into_iter()
        .flatten()
        .collect()
}

/// Returns the tool that sets the replicas: KEDA and the HPA set them by the subresource `scale`, and own them from then on,
/// but `kubectl apply` sets them again all the same.
fn replicas(target: &Value) -> Option<Checked> {
    let name = text(target, "/metadata/name");
    let mut owners = elements(target, "/metadata/managedFields").iter().filter(|entry| {
        text(entry, "/subresource").is_empty()
            && entry.pointer("/fieldsV1/f:spec/f:replicas").is_some()
            && !["kube-controller-manager", "keda", CLIENT_SIDE_APPLY].contains(&text(entry, "/manager"))
    });
    let applied = applies_replicas(target).then_some("kubectl apply");
    let owner = owners.next().map(|entry| text(entry, "/manager")).or(applied)?;
    let got = format!("`{owner}` sets spec.replicas of `{name}`");
    let code = FaultCode::ReplicasSetElsewhere;
    Some(Checked::found("replicas", code, name, got, code.hint()))
}

/// Returns true if `kubectl apply` was given replicas. Before KEDA's first step it also owns those that the API server has filled in.
fn applies_replicas(target: &Value) -> bool {
    let applied = text(target, "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
    let applied: Value = serde_json::from_str(applied).unwrap_or_default();
    applied.pointer("/spec/replicas").is_some()
}

/// Returns that KEDA counts a list of the same name in another database.
pub(super) fn database(scaled: &Value, lists: &[String], own: u8) -> Option<Checked> {
    let own = own.to_string();
    let index = |trigger: &Value| match text(trigger, "/metadata/databaseIndex") {
        "" => "0".to_owned(),
        index => index.to_owned(),
    };
    let of_list = |trigger: &&Value| lists.iter().any(|list| text(trigger, "/metadata/listName") == list);
    let trigger = elements(scaled, "/spec/triggers").iter().filter(of_list).find(|trigger| index(trigger) != own)?;
    let (list, other) = (text(trigger, "/metadata/listName"), index(trigger));
    let got = format!("KEDA counts `{list}` in database {other}, and not in database {own}");
    let hint = format!("set databaseIndex of the trigger to {own}, or the index here with --db {other}");
    Some(Checked::found("scaled-object", FaultCode::OtherList, text(scaled, "/metadata/name"), got, hint))
}

fn bounds(scaled: &Value) -> Checked {
    let count = |path: &str| scaled.pointer(path).and_then(Value::as_u64);
    let (least, most) = (count("/spec/minReplicaCount").unwrap_or(0), count("/spec/maxReplicaCount").unwrap_or(100));
    let name = text(scaled, "/metadata/name");
    if least == most && count("/spec/idleReplicaCount").is_none() {
        let code = FaultCode::BoundsEqual;
        let got = format!("minReplicaCount and maxReplicaCount are {least}");
        return Checked::found("bounds", code, name, got, code.hint());
    }
    Checked::passed("bounds", name, format!("{least} to {most} replicas"))
}

/// Compares the time to end with that of the consumer.
fn grace(reading: &ClusterReading, scaled: &Value, pod: &Value) -> Option<Checked> {
    let container = container(pod, scaled)?;
    let Some(VariableValue::Known(drain)) = value(reading, container, DRAIN) else { return None };
    let drain = drain.parse::<HumanDuration>().ok()?.0;
    let grace = pod.get("terminationGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(DEFAULT_GRACE);
    let name = text(container, "/name");
    let shown = humantime::format_duration(drain);
    if Duration::from_secs(grace) <= drain {
        let code = FaultCode::GracePeriodShort;
        let got = format!("pods are killed after {grace}s (terminationGracePeriodSeconds), and {DRAIN} is {shown}");
        return Some(Checked::found("grace-period", code, name, got, code.hint()));
    }
    Some(Checked::passed("grace-period", name, format!("{grace}s to end, {DRAIN} {shown}")))
}

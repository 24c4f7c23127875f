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

/// Returns the tool that sets the replicas: KEDA and the HPA set them by the subresource `scale`.
fn replicas(target: &Value) -> Option<Checked> {
    let name = text(target, "/metadata/name");
    let owner = elements(target, "/metadata/managedFields").iter().find(|entry| {
        text(entry, "/subresource").is_empty()
            && entry.pointer("/fieldsV1/f:spec/f:replicas").is_some()
            && !["kube-controller-manager", "keda"].contains(&text(entry, "/manager"))
            && (text(entry, "/manager") != CLIENT_SIDE_APPLY || applies_replicas(target))
    })?;
    let got = format!("`{}` sets spec.replicas of `{name}`", text(owner, "/manager"));
    let code = FaultCode::ReplicasSetElsewhere;
    Some(Checked::found("replicas", code, name, got, code.hint()))
}

/// Returns true if `kubectl apply` was given replicas. Before KEDA's first step it owns those that the API server has filled in.
fn applies_replicas(target: &Value) -> bool {
    let applied = text(target, "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration");
    let applied: Value = serde_json::from_str(applied).unwrap_or_default();
    applied.pointer("/spec/replicas").is_some()
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

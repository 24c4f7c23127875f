//! Checks of KEDA itself: its Deployments, its version, its metrics API.

use serde_json::Value;

use super::check::Checked;
use super::code::FaultCode;
use crate::cluster::{ClusterReading, Unreadable, elements, text};

/// Parts of KEDA by a part of the names of their Deployments, in the order in which the first that fits counts.
const PARTS: [(&str, &str, FaultCode); 3] = [
    ("metrics", "keda-metrics", FaultCode::KedaAdapterDown),
    ("admission", "keda-webhook", FaultCode::KedaWebhookDown),
    ("operator", "keda-operator", FaultCode::KedaOperatorDown),
];

/// Name of the APIService.
const METRICS_API: &str = "v1beta1.external.metrics.k8s.io";

/// Returns whether KEDA is there, healthy, and not older than `wanted`.
pub(super) fn checks(reading: &ClusterReading, wanted: (u64, u64, u64)) -> Vec<Checked> {
    let mut checks = Vec::new();
    if let Err(Unreadable { is_unknown_kind: true, reason, .. }) = &reading.scaled {
        let hint = FaultCode::KedaCrdsMissing.hint();
        checks.push(Checked::found("keda-crds", FaultCode::KedaCrdsMissing, &reading.server, reason, hint));
    }
    checks.extend(parts(reading, wanted));
    checks.push(metrics_api(reading));
    checks
}

fn parts(reading: &ClusterReading, wanted: (u64, u64, u64)) -> Vec<Checked> {
    let namespace = &reading.keda_namespace;
    let deployments = match &reading.keda {
        Ok(deployments) => deployments,
        Err(Unreadable { reason, hint, .. }) => return vec![Checked::not_checked("keda", namespace, reason, hint)],
    };
    let mut checks = Vec::new();
    let mut rest: Vec<&Value> = deployments.iter().filter(|one| text(one, "/metadata/name").contains("keda")).collect();
    for (part, check, code) in PARTS {
        let (found, others): (Vec<&Value>, Vec<&Value>) =
            rest.iter().partition(|deployment| text(deployment, "/metadata/name").contains(part));
        rest = others;
        if let Some(deployment) = found.first() {
            let version = (code == FaultCode::KedaOperatorDown).then(|| version(deployment, wanted)).flatten();
            // The operator is the last that is told by its name, and the first that counts.
            checks.splice(0..0, [health(check, code, deployment, namespace)].into_iter().chain(version));
        }
    }
    if checks.is_empty() {
        let got = format!("no Deployment of KEDA in namespace `{namespace}`");
        let hint = "name its namespace with --keda-namespace, or install it: https://keda.sh/docs/deploy";
        return vec![Checked::not_checked("keda", namespace, got, hint)];
    }
    checks
}

fn health(check: &'static str, code: FaultCode, deployment: &Value, namespace: &str) -> Checked {
    let name = text(deployment, "/metadata/name");
    let count = |path: &str| deployment.pointer(path).and_then(Value::as_i64);
    let (wanted, available) = (count("/spec/replicas").unwrap_or(1), count("/status/availableReplicas").unwrap_or(0));
    if wanted == 0 {
        let got = format!("{name} is scaled to 0 replicas");
        let hint = format!("kubectl --namespace {namespace} scale deployment {name} --replicas 1");
        return Checked::found(check, code, name, got, hint);
    }
    let got = format!("{name}: {available} of {wanted} available");
    if available > 0 {
        return Checked::passed(check, name, got);
    }
    Checked::found(check, code, name, got, code.hint().replace("--namespace keda", &format!("--namespace {namespace}")))
}

/// Returns whether the operator is as new as the manifests need.
fn version(deployment: &Value, wanted: (u64, u64, u64)) -> Option<Checked> {
    let image = elements(deployment, "/spec/template/spec/containers").first().map_or("", |one| text(one, "/image"));
    let tag = image.split('@').next()?.rsplit_once(':').map(|(_, tag)| tag);
    let label = text(deployment, "/metadata/labels/app.kubernetes.io~1version");
    let (shown, found) = [tag.unwrap_or_default(), label].into_iter().find_map(|text| Some((text, number(text)?)))?;
    let name = text(deployment, "/metadata/name");
    if found < wanted {
        let (major, minor, patch) = wanted;
        let got = format!("KEDA {shown} is older than {major}.{minor}.{patch}, which manifests are rendered for");
        let hint = format!("upgrade KEDA, or set scale.keda-version to {shown}");
        return Some(Checked::found("keda-version", FaultCode::KedaVersion, name, got, hint));
    }
    Some(Checked::passed("keda-version", name, format!("KEDA {shown}")))
}

fn number(text: &str) -> Option<(u64, u64, u64)> {
    let mut parts = text.trim_start_matches('v').split(['.', '-']).map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

fn metrics_api(reading: &ClusterReading) -> Checked {
    let check = "metrics-api";
    let service = match &reading.metrics_api {
        Err(Unreadable { reason, hint, .. }) => return Checked::not_checked(check, METRICS_API, reason, hint),
        Ok(None) => {
            let code = FaultCode::MetricsApiMissing;
            let got = format!("the APIService {METRICS_API} is not registered: the HPA gets no metrics");
            return Checked::found(check, code, METRICS_API, got, code.hint());
        }
        Ok(Some(service)) => service,
    };
    let available = elements(service, "/status/conditions").iter().find(|one| text(one, "/type") == "Available");
    match available {
        Some(condition) if text(condition, "/status") != "True" => {
            let code = FaultCode::MetricsApiSilent;
            let got = format!("the APIService {METRICS_API} is not available: {}", text(condition, "/message"));
            let namespace = text(service, "/spec/service/namespace");
            let hint = code.hint().replace("--namespace keda", &format!("--namespace {namespace}"));
            Checked::found(check, code, METRICS_API, got, hint)
        }
        _ => {
            let namespace = text(service, "/spec/service/namespace");
            let name = text(service, "/spec/service/name");
            if !name.contains("keda") && !name.is_empty() {
                let code = FaultCode::MetricsApiMissing;
                let got = format!("the APIService {METRICS_API} belongs to {namespace}/{name}, and not to KEDA");
                let hint = "remove the other adapter: a cluster has one server of external metrics";
                return Checked::found(check, code, METRICS_API, got, hint);
            }
            Checked::passed(check, METRICS_API, format!("served by {namespace}/{name}"))
        }
    }
}

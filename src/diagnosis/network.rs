//! Checks of the way from KEDA to Redis: the name as KEDA's namespace resolves it, and network policies.

use std::net::IpAddr;

use serde_json::Value;

use super::check::Checked;
use super::code::FaultCode;
use crate::cluster::{ClusterReading, elements, text};

/// Label that every namespace has.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Returns the Services that a host may be, as name and namespace: of a short name those that KEDA and the pods resolve.
pub fn services(host: &str, reading: &ClusterReading) -> Vec<(String, String)> {
    if host.parse::<IpAddr>().is_ok() {
        return Vec::new();
    }
    let name = host.trim_end_matches('.');
    let service = name.strip_suffix(".cluster.local").unwrap_or(name).trim_end_matches(".svc");
    match service.split('.').collect::<Vec<_>>().as_slice() {
        [name] => {
            [&reading.keda_namespace, &reading.namespace].map(|place| ((*name).to_owned(), place.clone())).to_vec()
        }
        [name, namespace] => vec![((*name).to_owned(), (*namespace).to_owned())],
        _ => Vec::new(),
    }
}

/// Returns whether KEDA resolves and reaches the hosts of the triggers, as far as objects of the cluster tell.
pub(super) fn checks(reading: &ClusterReading, hosts: &[String]) -> Vec<Checked> {
    hosts.iter().flat_map(|host| of_host(reading, host)).collect()
}

fn of_host(reading: &ClusterReading, host: &str) -> Vec<Checked> {
    let found = |(name, namespace): &(String, String)| reading.object("Service", namespace, name).is_some();
    let missing = |(name, namespace): &(String, String)| reading.is_missing("Service", namespace, name);
    let services = services(host, reading);
    let keda = &reading.keda_namespace;
    let is_short = !host.contains('.') && host.parse::<IpAddr>().is_err();
    let is_service = host.split('.').any(|label| label == "svc");
    let fault = |got: String, hint: String| vec![Checked::found("host", FaultCode::RedisHostUnknown, host, got, hint)];
    match services.as_slice() {
        [of_keda, of_pods] if is_short && missing(of_keda) => {
            let got =
                format!("KEDA resolves `{host}` in its own namespace `{keda}`, which has no Service of this name");
            let (name, namespace) = of_pods;
            let hint = if found(of_pods) {
                format!(
                    "use {name}.{namespace}.svc.cluster.local in the trigger (REDIS_HOST): pods and KEDA resolve it"
                )
            } else {
                FaultCode::RedisHostUnknown.hint().to_owned()
            };
            fault(got, hint)
        }
        [of_name] if is_service && missing(of_name) => {
            let (name, namespace) = of_name;
            let got = format!("`{host}`: there is no Service `{name}` in namespace `{namespace}`");
            fault(got, "correct the host, or create the Service".to_owned())
        }
        services => match services.iter().find(|service| found(service)) {
            Some((name, namespace)) => {
                let mut checks = policies(reading, name, namespace);
                if checks.is_empty() {
                    let got = format!("`{host}` is the Service `{name}` of namespace `{namespace}`");
                    checks.push(Checked::passed("host", host, got));
                }
                checks
            }
            None => Vec::new(),
        },
    }
}

/// Returns that the policies of Redis admit others than KEDA.
fn policies(reading: &ClusterReading, service: &str, namespace: &str) -> Vec<Checked> {
    let (Some(object), Ok(policies)) = (reading.object("Service", namespace, service), &reading.policies) else {
        return Vec::new();
    };
    let Some(labels) = object.pointer("/spec/selector") else { return Vec::new() };
    let guards = |policy: &&Value| {
        let types = elements(policy, "/spec/policyTypes");
        let is_ingress = types.is_empty() || types.iter().any(|kind| kind == "Ingress");
        is_ingress
            && text(policy, "/metadata/namespace") == namespace
            && selects(policy.pointer("/spec/podSelector"), labels)
    };
    let guarding: Vec<&Value> = policies.iter().filter(guards).collect();
    if guarding.is_empty() || guarding.iter().any(|policy| admits(policy, reading, namespace)) {
        return Vec::new();
    }
    let names: Vec<&str> = guarding.iter().map(|policy| text(policy, "/metadata/name")).collect();
    let keda = &reading.keda_namespace;
    let got =
        format!("NetworkPolicy `{}` of namespace `{namespace}` admits no pod of `{keda}` to Redis", names.join("`, `"));
    let hint = format!("admit the pods of namespace `{keda}` (namespaceSelector {NAME_LABEL}: {keda})");
    vec![Checked::found("network", FaultCode::NetworkPolicy, service, got, hint)]
}

/// Returns whether a policy admits pods of KEDA's namespace, as far as its labels are known.
fn admits(policy: &Value, reading: &ClusterReading, namespace: &str) -> bool {
    let keda = &reading.keda_namespace;
    let known = reading.object("Namespace", "", keda).and_then(|object| object.pointer("/metadata/labels")).cloned();
    let labels = known.unwrap_or_else(|| serde_json::json!({ NAME_LABEL: keda }));
    elements(policy, "/spec/ingress").iter().any(|rule| {
        let from = elements(rule, "/from");
        from.is_empty()
            || from.iter().any(|peer| match peer.get("namespaceSelector") {
                Some(selector) => selects(Some(selector), &labels),
                // Addresses are not compared; pods alone are of the namespace of the policy.
                None => peer.get("ipBlock").is_some() || keda == namespace,
            })
    })
}

/// Returns whether a selector selects labels; of its expressions, which are rare, it is taken that they do.
fn selects(selector: Option<&Value>, labels: &Value) -> bool {
    let wanted = selector.and_then(|selector| selector.get("matchLabels")).and_then(Value::as_object);
    wanted.into_iter().flatten().all(|(name, value)| labels.get(name) == Some(value))
}

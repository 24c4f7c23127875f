//! Checks of the way from KEDA to Redis: the name as KEDA's namespace resolves it, and network policies.

use std::net::IpAddr;

use serde_json::Value;

use super::check::Checked;
use super::code::FaultCode;
use super::references::TriggerHost;
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
pub(super) fn checks(reading: &ClusterReading, hosts: &[TriggerHost]) -> Vec<Checked> {
    hosts.iter().flat_map(|host| of_host(reading, host)).collect()
}

fn of_host(reading: &ClusterReading, trigger: &TriggerHost) -> Vec<Checked> {
    let host = trigger.name.as_str();
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
                let mut checks = policies(reading, name, namespace, trigger.port);
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

/// Returns that the policies of Redis admit others than KEDA, or to other ports.
fn policies(reading: &ClusterReading, service: &str, namespace: &str, port: Option<u16>) -> Vec<Checked> {
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
    let target = port.and_then(|port| target_port(object, port));
    let of_keda: Vec<&Value> = guarding.iter().flat_map(|policy| rules_of_keda(policy, reading, namespace)).collect();
    if guarding.is_empty() || of_keda.iter().any(|rule| opens(rule, target.as_ref())) {
        return Vec::new();
    }
    let names: Vec<&str> = guarding.iter().map(|policy| text(policy, "/metadata/name")).collect();
    let (names, keda) = (names.join("`, `"), &reading.keda_namespace);
    let (place, admit) = match target.filter(|_| !of_keda.is_empty()) {
        Some(port) => {
            let port = port.to_string().replace('"', "");
            (format!("port {port} of Redis, only to others"), format!("add port {port} to the rule that admits"))
        }
        None => ("Redis".to_owned(), "admit".to_owned()),
    };
    let got = format!("NetworkPolicy `{names}` of namespace `{namespace}` admits no pod of `{keda}` to {place}");
    let hint = format!("{admit} the pods of namespace `{keda}` (namespaceSelector {NAME_LABEL}: {keda})");
    vec![Checked::found("network", FaultCode::NetworkPolicy, service, got, hint)]
}

/// Returns the port of the pods behind a port of a Service, by number or name; `None` if the Service has no such port.
fn target_port(service: &Value, port: u16) -> Option<Value> {
    let entry = elements(service, "/spec/ports").iter().find(|entry| entry["port"] == port)?;
    Some(entry.get("targetPort").unwrap_or(&entry["port"]).clone())
}

/// Returns whether a rule of a policy opens a port of the pods; no port is any, and of a number and a name, it is taken that
/// they are one.
fn opens(rule: &Value, target: Option<&Value>) -> bool {
    let ports = elements(rule, "/ports");
    let Some(target) = target.filter(|_| !ports.is_empty()) else { return true };
    ports.iter().filter(|port| matches!(text(port, "/protocol"), "" | "TCP")).any(|port| {
        match (port.get("port"), target) {
            (Some(Value::Number(first)), Value::Number(target)) => {
                let first = first.as_u64();
                let last = port.get("endPort").and_then(Value::as_u64).or(first);
                first <= target.as_u64() && target.as_u64() <= last
            }
            (Some(Value::String(name)), Value::String(target)) => name == target,
            _ => true,
        }
    })
}

/// Returns the rules of a policy that admit pods of KEDA's namespace, as far as its labels are known.
fn rules_of_keda<'a>(
    policy: &'a Value,
    reading: &'a ClusterReading,
    namespace: &'a str,
) -> impl Iterator<Item = &'a Value> {
    let keda = reading.keda_namespace.as_str();
    let known = reading.object("Namespace", "", keda).and_then(|object| object.pointer("/metadata/labels")).cloned();
    let labels = known.unwrap_or_else(|| serde_json::json!({ NAME_LABEL: keda }));
    elements(policy, "/spec/ingress").iter().filter(move |rule| {
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

//! Checks of what triggers and containers refer to: TriggerAuthentications, Secrets, ConfigMaps, variables.

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::{CheckResult, Checked};
use super::code::FaultCode;
use crate::cluster::variables::{
    CLUSTER_TRIGGER_AUTHENTICATION, KeyReference, VariableValue, authentications, container, of_authentication,
    of_container, value,
};
use crate::cluster::{ClusterReading, ObjectKey, elements, text};
use crate::units::counted;

const CHECK: &str = "references";

/// Returns what is missing among the things that a scaled object and its container refer to.
pub(super) fn checks(reading: &ClusterReading, scaled: &Value, pod: Option<&Value>) -> Vec<Checked> {
    let mut checks = Vec::new();
    let namespace = reading.namespace.as_str();
    let mut count = 0_u64;
    let found = pod.map(|pod| container(pod, scaled));
    if let Some(None) = found {
        let named = text(scaled, "/spec/scaleTargetRef/envSourceContainerName");
        let got = format!("KEDA reads the variables of container `{named}`, which the pods do not have");
        let code = FaultCode::ContainerMissing;
        checks.push(Checked::found(CHECK, code, named, got, code.hint()));
    }
    let container = found.flatten();
    let mut missing = MissingReferences::default();
    if let Some(container) = container {
        let user = format!("container `{}`", text(container, "/name"));
        for reference in of_container(container) {
            count += 1;
            missing.add(of_reference(reading, namespace, &reference), &user);
        }
    }
    for key in authentications(scaled, namespace) {
        count += 1;
        let place = if key.kind == CLUSTER_TRIGGER_AUTHENTICATION { &reading.keda_namespace } else { &key.namespace };
        match reading.objects.get(&key) {
            Some(Ok(Some(authentication))) => {
                let user = format!("{} `{}`", key.kind, key.name);
                for reference in of_authentication(authentication) {
                    count += 1;
                    missing.add(of_reference(reading, place, &reference), &user);
                }
            }
            Some(Ok(None)) => {
                let got = format!("{} `{}` does not exist, and a trigger refers to it", key.kind, key.name);
                let code = FaultCode::TriggerAuthenticationMissing;
                checks.push(Checked::found(CHECK, code, &key.name, got, code.hint()));
            }
            Some(Err(unread)) => {
                checks.push(Checked::not_checked(CHECK, &key.name, &unread.reason, &unread.hint));
            }
            None => {}
        }
    }
    checks.extend(missing.checks());
    checks.extend(container.map(|container| variables(reading, scaled, container)).unwrap_or_default());
    let mut seen = BTreeSet::new();
    checks.retain(|check| seen.insert(check.got.clone()));
    if checks.is_empty() {
        let got =
            format!("{} to Secrets, ConfigMaps and the like are there", counted(count, "reference", "references"));
        checks.push(Checked::passed(CHECK, text(scaled, "/metadata/name"), got));
    }
    checks
}

/// What is wrong with references, each with the users that refer to the same.
#[derive(Default)]
struct MissingReferences(Vec<(Checked, Vec<String>)>);

impl MissingReferences {
    fn add(&mut self, check: Option<Checked>, user: &str) {
        let Some(check) = check else { return };
        match self.0.iter_mut().find(|(known, _)| *known == check) {
            Some((_, users)) if users.iter().any(|known| known == user) => {}
            Some((_, users)) => users.push(user.to_owned()),
            None => self.0.push((check, vec![user.to_owned()])),
        }
    }

    fn checks(self) -> impl Iterator<Item = Checked> {
        self.0.into_iter().map(|(check, users)| match check.result {
            CheckResult::NotChecked { .. } => check,
            _ => Checked { got: format!("{}, for {}", check.got, users.join(" and ")), ..check },
        })
    }
}

fn of_reference(reading: &ClusterReading, namespace: &str, reference: &KeyReference) -> Option<Checked> {
    let KeyReference { kind, name, key, is_optional, .. } = reference;
    let is_secret = *kind == "Secret";
    let missing = |code: FaultCode, got: String| Some(Checked::found(CHECK, code, name, got, code.hint()));
    match reading.objects.get(&ObjectKey::new(kind, namespace, name)) {
        Some(Ok(None)) if !is_optional => {
            let code = if is_secret { FaultCode::SecretMissing } else { FaultCode::ConfigMapMissing };
            missing(code, format!("{kind} `{name}` does not exist in namespace `{namespace}`"))
        }
        Some(Ok(Some(object))) => {
            let key = key.as_ref()?;
            let Some(value) = object.get("data").and_then(|data| data.get(key)) else {
                let code = if is_secret { FaultCode::SecretKeyMissing } else { FaultCode::ConfigMapMissing };
                let got = format!("{kind} `{name}` has no key `{key}`");
                return if *is_optional { None } else { missing(code, got) };
            };
            // Of a Secret only this is read.
            if value == &Value::Bool(true) && reference.for_name.to_ascii_lowercase().contains("password") {
                let got = format!("the key `{key}` of {kind} `{name}` ends with a newline");
                let code = FaultCode::PasswordNewline;
                return Some(Checked::found(CHECK, code, name, got, code.hint()));
            }
            None
        }
        Some(Err(unread)) => Some(Checked::not_checked(CHECK, name, &unread.reason, &unread.hint)),
        _ => None,
    }
}

/// Returns the variables that triggers name and the container does not have. One whose object is missing is not said twice.
fn variables(reading: &ClusterReading, scaled: &Value, container: &Value) -> Vec<Checked> {
    let mut checks = Vec::new();
    let is_incomplete = of_container(container).iter().any(|reference| {
        reference.key.is_none() && reading.is_missing(reference.kind, &reading.namespace, &reference.name)
    });
    for trigger in elements(scaled, "/spec/triggers") {
        let metadata = trigger.get("metadata").and_then(Value::as_object).into_iter().flatten();
        for (parameter, variable) in metadata.filter(|(parameter, _)| parameter.ends_with("FromEnv")) {
            let variable = variable.as_str().unwrap_or_default();
            let is_named = elements(container, "/env").iter().any(|own| text(own, "/name") == variable);
            if !is_named && !is_incomplete && value(reading, container, variable).is_none() {
                let name = text(container, "/name");
                let got = format!("{parameter} names the variable {variable}, which container `{name}` does not have");
                let code = FaultCode::VariableMissing;
                checks.push(Checked::found(CHECK, code, variable, got, code.hint()));
            }
        }
    }
    checks
}

/// Server that a trigger names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerHost {
    /// Host, as it is given.
    pub name: String,
    /// Port, if it is known.
    pub port: Option<u16>,
}

/// Returns the servers of the triggers, as far as they are known.
pub fn hosts(reading: &ClusterReading, scaled: &Value, container: Option<&Value>) -> Vec<TriggerHost> {
    let mut hosts = Vec::new();
    for trigger in elements(scaled, "/spec/triggers").iter().filter(|one| text(one, "/type").starts_with("redis")) {
        let given = |parameter: &str| -> Vec<String> {
            let own = text(trigger, &format!("/metadata/{parameter}"));
            let variable = text(trigger, &format!("/metadata/{parameter}FromEnv"));
            let of_variable = container.and_then(|container| match value(reading, container, variable) {
                Some(VariableValue::Known(text)) => Some(text),
                _ => None,
            });
            let all = if own.is_empty() { of_variable.unwrap_or_default() } else { own.to_owned() };
            all.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
        };
        let addresses = ["address", "addresses"].into_iter().flat_map(given).map(|address| {
            let (name, port) = address.rsplit_once(':').unwrap_or((&address, ""));
            (name.to_owned(), port.to_owned())
        });
        let apart = [("host", "port"), ("hosts", "ports")].into_iter().flat_map(|(host, port)| {
            let ports = given(port).into_iter().chain(std::iter::repeat(String::new()));
            given(host).into_iter().zip(ports).collect::<Vec<_>>()
        });
        for (name, port) in addresses.chain(apart) {
            let host = TriggerHost { name: name.trim_matches(['[', ']']).to_owned(), port: port.parse().ok() };
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    hosts
}

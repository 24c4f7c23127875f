//! Variables of the container that KEDA reads, and the objects that they and the triggers refer to.

use serde_json::Value;

use super::reading::{ClusterReading, ObjectKey, elements, text};

/// Kinds that hold credentials for triggers, by the `kind` of a reference.
pub const TRIGGER_AUTHENTICATION: &str = "TriggerAuthentication";

/// The same, for all namespaces.
pub const CLUSTER_TRIGGER_AUTHENTICATION: &str = "ClusterTriggerAuthentication";

/// Reference to a key of a Secret or ConfigMap, or to all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReference {
    /// `Secret` or `ConfigMap`.
    pub kind: &'static str,
    /// Name of the object.
    pub name: String,
    /// The key; `None` for all keys.
    pub key: Option<String>,
    /// Variable, or parameter of a TriggerAuthentication, that gets the value.
    pub for_name: String,
    /// True if it may be absent.
    pub is_optional: bool,
}

/// Returns the pod's specification in a target, or in a ScaledJob.
pub fn pod_spec<'a>(target: Option<&'a Value>, scaled: &'a Value) -> Option<&'a Value> {
    let of_job = scaled.pointer("/spec/jobTargetRef/template/spec");
    of_job.or_else(|| target?.pointer("/spec/template/spec"))
}

/// Returns the container that KEDA reads variables of: the one that is named, else the first.
pub fn container<'a>(pod: &'a Value, scaled: &Value) -> Option<&'a Value> {
    let paths = ["/spec/scaleTargetRef/envSourceContainerName", "/spec/envSourceContainerName"];
    let named = paths.iter().map(|path| text(scaled, path)).find(|name| !name.is_empty());
    let containers = elements(pod, "/containers");
    match named {
        Some(name) => containers.iter().find(|container| text(container, "/name") == name),
        None => containers.first(),
    }
}

/// Returns the keys of Secrets and ConfigMaps that the variables of a container refer to.
pub fn of_container(container: &Value) -> Vec<KeyReference> {
    let mut found = Vec::new();
    for variable in elements(container, "/env") {
        for (field, kind) in [("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")] {
            let Some(reference) = variable.pointer(&format!("/valueFrom/{field}")) else { continue };
            found.push(KeyReference {
                kind,
                name: text(reference, "/name").to_owned(),
                key: Some(text(reference, "/key").to_owned()),
                for_name: text(variable, "/name").to_owned(),
                is_optional: is_optional(reference),
            });
        }
    }
    for source in elements(container, "/envFrom") {
        for (field, kind) in [("secretRef", "Secret"), ("configMapRef", "ConfigMap")] {
            let Some(reference) = source.get(field) else { continue };
            let name = text(reference, "/name").to_owned();
            let for_name = text(source, "/prefix").to_owned();
            found.push(KeyReference { kind, name, key: None, for_name, is_optional: is_optional(reference) });
        }
    }
    found
}

fn is_optional(reference: &Value) -> bool {
    reference.get("optional").and_then(Value::as_bool).unwrap_or(false)
}

/// Returns the keys of Secrets and ConfigMaps that a TriggerAuthentication refers to.
pub fn of_authentication(authentication: &Value) -> Vec<KeyReference> {
    let of = |field: &str, kind: &'static str| {
        let references = elements(authentication, &format!("/spec/{field}")).iter();
        let read = references.map(move |reference| KeyReference {
            kind,
            name: text(reference, "/name").to_owned(),
            key: Some(text(reference, "/key").to_owned()),
            for_name: text(reference, "/parameter").to_owned(),
            is_optional: false,
        });
        read.collect::<Vec<_>>()
    };
    [of("secretTargetRef", "Secret"), of("configMapTargetRef", "ConfigMap")].concat()
}

/// Returns the places of the TriggerAuthentications of an object's triggers.
pub fn authentications(scaled: &Value, namespace: &str) -> Vec<ObjectKey> {
    let mut found: Vec<ObjectKey> = Vec::new();
    for trigger in elements(scaled, "/spec/triggers") {
        let name = text(trigger, "/authenticationRef/name");
        let key = if text(trigger, "/authenticationRef/kind") == CLUSTER_TRIGGER_AUTHENTICATION {
            ObjectKey::new(CLUSTER_TRIGGER_AUTHENTICATION, "", name)
        } else {
            ObjectKey::new(TRIGGER_AUTHENTICATION, namespace, name)
        };
        if !name.is_empty() && !found.contains(&key) {
            found.push(key);
        }
    }
    found
}

/// A variable as far as its value is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// Its value.
    Known(String),
    /// It has a value, which is not read: a secret, or a field of the pod.
    Hidden,
    /// It has no value, or it cannot be read whether it has one.
    Unknown,
}

/// Returns the value of the variable `name` of a container; `None` if the container has no such variable.
pub fn value(reading: &ClusterReading, container: &Value, name: &str) -> Option<VariableValue> {
    let namespace = &reading.namespace;
    // Of several of one name, the last counts, and `env` before `envFrom`.
    let own = elements(container, "/env").iter().rev().find(|variable| text(variable, "/name") == name);
    if let Some(variable) = own {
        if let Some(value) = variable.get("value").and_then(Value::as_str) {
            return Some(VariableValue::Known(value.to_owned()));
        }
        let reference = of_container(&serde_json::json!({ "env": [variable] })).pop();
        let Some(KeyReference { kind, name, key: Some(key), .. }) = reference else {
            return Some(VariableValue::Hidden);
        };
        return match reading.objects.get(&ObjectKey::new(kind, namespace, &name)) {
            Some(Ok(Some(object))) => of_key(object, kind, &key),
            Some(Ok(None)) => None,
            _ => Some(VariableValue::Unknown),
        };
    }
    let mut is_unread = false;
    for KeyReference { kind, name: object, for_name: prefix, key, .. } in of_container(container).into_iter().rev() {
        let Some(key) = key.map_or_else(|| name.strip_prefix(&prefix), |_| None) else { continue };
        match reading.objects.get(&ObjectKey::new(kind, namespace, &object)) {
            Some(Ok(Some(object))) => match of_key(object, kind, key) {
                None => {}
                found => return found,
            },
            Some(Ok(None)) => {}
            _ => is_unread = true,
        }
    }
    is_unread.then_some(VariableValue::Unknown)
}

fn of_key(object: &Value, kind: &str, key: &str) -> Option<VariableValue> {
    let value = object.get("data")?.get(key)?;
    match value.as_str().filter(|_| kind == "ConfigMap") {
        Some(text) => Some(VariableValue::Known(text.to_owned())),
        None => Some(VariableValue::Hidden),
    }
}

//! Patch of the consumers' pod template: a strategic merge patch, for fields that the profile has no key for.

use k8s_openapi::DeepMerge as _;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Fields by which Kubernetes tells the elements of a list apart.
const KEYS: [&str; 6] = ["name", "mountPath", "containerPort", "topologyKey", "devicePath", "ip"];

/// Labels by which pods are selected.
const SELECTED: [&str; 2] = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];

/// A patch of a pod template.
///
/// Elements of `containers`, `env`, `volumes` and other lists with a key are merged, as `kubectl` does; `null` removes a field.
#[derive(Debug, Clone)]
pub struct PodPatch {
    fields: Value,
    template: PodTemplateSpec,
}

/// Invalid patch.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// Neither YAML nor JSON.
    #[error("is not valid YAML: {0}")]
    Syntax(String),
    /// Not the fields of the type.
    #[error("{0}")]
    Type(String),
    /// A field that the type does not have.
    #[error("has an unknown field `{0}`")]
    Unknown(String),
}

impl PodPatch {
    /// Parses a patch in YAML or JSON.
    ///
    /// # Errors
    ///
    /// Fails for anything but fields of a pod template.
    pub fn parse(text: &str) -> Result<Self, PatchError> {
        let fields: Value = serde_saphyr::from_str(text).map_err(|error| PatchError::Syntax(error.to_string()))?;
        if ["apiVersion", "kind"].iter().any(|key| fields.get(key).is_some())
            || fields["spec"].get("template").is_some()
        {
            let message = "is a whole object: write only its pod template, with `metadata` and `spec`";
            return Err(PatchError::Type(message.to_owned()));
        }
        let template = typed(without_nulls(fields.clone()))?;
        refused(&fields).map_or(Ok(()), |message| Err(PatchError::Type(message)))?;
        Ok(Self { fields, template })
    }

    /// Applies the patch to `template`.
    pub(super) fn apply(&self, mut template: PodTemplateSpec) -> PodTemplateSpec {
        template.merge_from(self.template.clone());
        let Ok(mut merged) = serde_json::to_value(&template) else { return template };
        remove_nulls(&self.fields, &mut merged);
        serde_json::from_value(merged).unwrap_or(template)
    }
}

/// Returns why the API server would refuse what this patch is laid over, whatever that holds.
fn refused(fields: &Value) -> Option<String> {
    let (spec, labels) = (&fields["spec"], &fields["metadata"]["labels"]);
    if spec.get("containers").is_some_and(Value::is_null) {
        return Some("removes all containers: a pod needs one".to_owned());
    }
    let unnamed = ["containers", "initContainers"].into_iter().find_map(|list| {
        let is_unnamed = |container: &Value| container["name"].as_str().is_none_or(str::is_empty);
        let index = spec[list].as_array()?.iter().position(is_unnamed)?;
        Some(format!("has no name in `spec.{list}.[{index}]`: it says which container is changed or added"))
    });
    let selected = SELECTED.into_iter().find(|label| labels.get(label).is_some());
    unnamed.or_else(|| selected.map(|label| format!("changes the label `{label}`, by which pods are selected")))
}

/// Reads `fields` as a type of Kubernetes.
///
/// # Errors
///
/// Fails for values of another type, and for unknown fields, which Kubernetes would drop.
pub(super) fn typed<T: DeserializeOwned + Serialize>(fields: Value) -> Result<T, PatchError> {
    let wrong = |error: serde_json::Error| PatchError::Type(format!("is not as Kubernetes reads it: {error}"));
    let typed: T = serde_json::from_value(fields.clone()).map_err(wrong)?;
    let kept = serde_json::to_value(&typed).map_err(wrong)?;
    match lost(&fields, &kept) {
        Some(path) => Err(PatchError::Unknown(path)),
        None => Ok(typed),
    }
}

/// Returns the path of the first field of `given` that `kept` lacks.
fn lost(given: &Value, kept: &Value) -> Option<String> {
    let within = |key: &str, below: String| if below.is_empty() { key.to_owned() } else { format!("{key}.{below}") };
    match given {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| match kept.get(key) {
            Some(kept) => lost(value, kept).map(|below| within(key, below)),
            // An empty list or object says nothing, and is not written.
            None if is_empty(value) => None,
            None => Some(key.clone()),
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            lost(item, kept.get(index).unwrap_or(&Value::Null)).map(|below| within(&format!("[{index}]"), below))
        }),
        _ => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Removes from `merged` the fields that are null in `patch`.
fn remove_nulls(patch: &Value, merged: &mut Value) {
    match (patch, merged) {
        (Value::Object(patch), Value::Object(merged)) => {
            for (key, value) in patch {
                if value.is_null() {
                    merged.remove(key);
                } else if let Some(merged) = merged.get_mut(key) {
                    remove_nulls(value, merged);
                }
            }
        }
        (Value::Array(patch), Value::Array(merged)) => {
            for item in patch {
                let same =
                    |other: &Value| KEYS.iter().any(|key| item.get(key).is_some_and(|own| other.get(key) == Some(own)));
                merged.iter_mut().filter(|other| same(other)).for_each(|merged| remove_nulls(item, merged));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> PodTemplateSpec {
        serde_saphyr::from_str(text).unwrap()
    }

    #[test]
    fn patch_merges_lists_by_key_and_removes_nulls() {
        let base = template(
            "spec: {containers: [{name: consumer, image: a, env: [{name: A, value: '1'}], resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        );
        let patch = PodPatch::parse(
            "spec:\n  hostNetwork: true\n  containers:\n  - name: consumer\n    env: [{name: B, value: '2'}]\n    resources: {limits: {cpu: null}}\n  \
             - {name: proxy, image: b}\n",
        )
        .unwrap();
        let spec = patch.apply(base).spec.unwrap();
        assert_eq!(spec.host_network, Some(true));
        let names: Vec<&str> = spec.containers.iter().map(|container| container.name.as_str()).collect();
        assert_eq!(names, ["consumer", "proxy"]);
        let consumer = &spec.containers[0];
        assert_eq!(consumer.image.as_deref(), Some("a"));
        assert_eq!(consumer.env.as_ref().map(Vec::len), Some(2));
        let limits = consumer.resources.as_ref().and_then(|resources| resources.limits.as_ref()).unwrap();
        assert_eq!(limits.keys().collect::<Vec<_>>(), ["memory"]);
    }

    #[test]
    fn patch_that_kubernetes_would_not_read_is_refused() {
        for (text, said) in [
            ("spec: {hostNetwrk: true}", "has an unknown field `spec.hostNetwrk`"),
            ("spec: {containers: [{name: consumer, imge: a}]}", "has an unknown field `spec.containers.[0].imge`"),
            (
                "spec: {hostNetwork: 'yes'}",
                "is not as Kubernetes reads it: invalid type: string \"yes\", expected a boolean",
            ),
            (
                "kind: Deployment\nspec: {}",
                "is a whole object: write only its pod template, with `metadata` and `spec`",
            ),
            ("spec: {a: [}", "is not valid YAML: "),
            ("spec: {containers: null}", "removes all containers"),
            ("spec: {containers: [{name: consumer}, {image: a}]}", "has no name in `spec.containers.[1]`: "),
            ("spec: {initContainers: [{name: ''}]}", "has no name in `spec.initContainers.[0]`: "),
            (
                "metadata: {labels: {app.kubernetes.io/name: a}}",
                "changes the label `app.kubernetes.io/name`, by which pods are selected",
            ),
        ] {
            let error = PodPatch::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{text}: {error}");
        }
    }
}

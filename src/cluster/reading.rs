//! Objects of a cluster as they are read once, for `doctor`: what scales, what it refers to, and KEDA itself.

use std::collections::BTreeMap;

use serde_json::Value;

/// Place of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Kind, such as `Secret`.
    pub kind: &'static str,
    /// Namespace; empty for an object of the whole cluster.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// Reason why something cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Reason in words.
    pub reason: String,
    /// Remedy.
    pub hint: String,
    /// True if the cluster does not know the kind.
    pub is_unknown_kind: bool,
}

/// Objects of a kind in a namespace.
pub type Listed = Result<Vec<Value>, Unreadable>;

/// One object, `None` if it does not exist.
pub type Gotten = Result<Option<Value>, Unreadable>;

/// Objects of a cluster at one moment.
#[derive(Debug, Clone)]
pub struct ClusterReading {
    /// Address of the API server.
    pub server: String,
    /// Namespace of what is scaled.
    pub namespace: String,
    /// Namespace of KEDA.
    pub keda_namespace: String,
    /// Target of the scaling; none with a ScaledJob.
    pub target: Gotten,
    /// ScaledObjects, or the ScaledJob.
    pub scaled: Listed,
    /// HPAs.
    pub autoscalers: Listed,
    /// Pods of the target or ScaledJob.
    pub pods: Listed,
    /// Warnings.
    pub events: Listed,
    /// Deployments in the namespace of KEDA.
    pub keda: Listed,
    /// The APIService of KEDA's metrics.
    pub metrics_api: Gotten,
    /// Objects that are referred to. Of Secrets the values are left out: each is true if it ends with a newline.
    pub objects: BTreeMap<ObjectKey, Gotten>,
    /// NetworkPolicies in the namespace of Redis.
    pub policies: Listed,
}

impl ObjectKey {
    /// Creates the place of an object.
    pub fn new(kind: &'static str, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

impl ClusterReading {
    /// Returns an object that was read, if it exists.
    pub fn object(&self, kind: &'static str, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&ObjectKey::new(kind, namespace, name))?.as_ref().ok()?.as_ref()
    }

    /// Returns true if an object was looked for and does not exist.
    pub fn is_missing(&self, kind: &'static str, namespace: &str, name: &str) -> bool {
        matches!(self.objects.get(&ObjectKey::new(kind, namespace, name)), Some(Ok(None)))
    }
}

/// Returns the text at a path of an object, such as `/metadata/name`; empty if there is none.
pub fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the elements of the list at a path.
pub fn elements<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    object.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

//! Objects of one kind by name, and where changes of them go.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::KubernetesError;
use super::facts::ObjectsOf;

/// Objects of one kind as a stream brings them; those that do not parse are left out.
pub(super) trait ObjectSink: Send {
    /// Keeps these objects alone.
    fn replace(&mut self, objects: Vec<Value>);
    /// Keeps an object in place of that of its name.
    fn insert(&mut self, object: Value);
    /// Forgets the object of this name.
    fn remove(&mut self, name: &str);
    /// Publishes the objects.
    fn publish(&mut self);
    /// Publishes that they cannot be had.
    fn fail(&mut self, error: Arc<KubernetesError>);
}

/// Parsed objects by name, and the function that takes them.
pub(super) struct NamedObjects<T, P> {
    objects: BTreeMap<String, T>,
    take: P,
}

impl<T, P: FnMut(ObjectsOf<T>)> NamedObjects<T, P> {
    pub(super) fn new(take: P) -> Self {
        Self { objects: BTreeMap::new(), take }
    }
}

impl<T, P> ObjectSink for NamedObjects<T, P>
where
    T: DeserializeOwned + Clone + Send,
    P: FnMut(ObjectsOf<T>) + Send,
{
    fn replace(&mut self, objects: Vec<Value>) {
        self.objects.clear();
        for object in objects {
            self.insert(object);
        }
    }

    fn insert(&mut self, object: Value) {
        let name = name_of(&object).to_owned();
        if let Ok(object) = serde_json::from_value(object) {
            self.objects.insert(name, object);
        }
    }

    fn remove(&mut self, name: &str) {
        self.objects.remove(name);
    }

    fn publish(&mut self) {
        (self.take)(ObjectsOf::Seen(self.objects.values().cloned().collect()));
    }

    fn fail(&mut self, error: Arc<KubernetesError>) {
        (self.take)(ObjectsOf::Failed(error));
    }
}

/// Returns the name of an object, empty where it has none.
pub(super) fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

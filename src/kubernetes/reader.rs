//! Reads of single objects and lists, once.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::access::Access;
use super::error::KubernetesError;
use super::resource::{Resource, Selection};
use crate::cluster::{Gotten, Listed, Unreadable};

/// Part of a list that is read.
#[derive(Deserialize)]
struct ObjectList {
    items: Vec<Value>,
}

/// Reads objects of one cluster.
pub(super) struct ObjectReader {
    access: Access,
}

impl ObjectReader {
    pub(super) fn new(access: Access) -> Self {
        Self { access }
    }

    /// Returns all objects of a kind in a namespace, as far as they are selected.
    pub(super) async fn list(
        &self,
        api: &str,
        kind: &str,
        namespace: &str,
        selection: Selection,
    ) -> Result<Vec<Value>, Arc<KubernetesError>> {
        let resource = Resource::new(api, kind, namespace, selection);
        let path = resource.list_path();
        let response =
            self.access.request("list", &resource, |client| async move { client.get::<ObjectList>(&path).await });
        Ok(response.await?.items)
    }

    /// Returns an object, `None` if it does not exist.
    pub(super) async fn get(
        &self,
        api: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Arc<KubernetesError>> {
        let resource = Resource::new(api, kind, namespace, Selection::Named(name.to_owned()));
        let path = resource.object_path(name);
        let response = self.access.request("get", &resource, |client| async move { client.get::<Value>(&path).await });
        match response.await {
            Ok(object) => Ok(Some(object)),
            Err(error) if matches!(*error, KubernetesError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns a list as it is read for an examination.
pub(super) fn listed(read: Result<Vec<Value>, Arc<KubernetesError>>) -> Listed {
    read.map_err(|error| unreadable(&error))
}

/// Returns an object as it is read for an examination.
pub(super) fn gotten(read: Result<Option<Value>, Arc<KubernetesError>>) -> Gotten {
    read.map_err(|error| unreadable(&error))
}

fn unreadable(error: &KubernetesError) -> Unreadable {
    Unreadable {
        reason: error.to_string(),
        hint: error.hint(),
        is_unknown_kind: matches!(error, KubernetesError::UnknownKind { .. }),
    }
}

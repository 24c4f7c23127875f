//! Reads of single objects and lists, once.

use std::sync::Arc;

use kube::api::{GetParams, ListParams};
use kube::core::Request;
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
        let (label_selector, field_selector) = resource.selectors();
        let params = ListParams { label_selector, field_selector, ..ListParams::default() };
        let path = resource.path();
        let response = self.access.request("list", &resource, |client| async move {
            let request = Request::new(path).list(&params).map_err(kube::Error::BuildRequest)?;
            client.request::<ObjectList>(request).await
        });
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
        let (path, name) = (resource.path(), name.to_owned());
        let response = self.access.request("get", &resource, |client| async move {
            let request = Request::new(path).get(&name, &GetParams::default()).map_err(kube::Error::BuildRequest)?;
            client.request::<Value>(request).await
        });
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

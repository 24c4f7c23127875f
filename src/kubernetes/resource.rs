//! Resources of the API, and the objects of them that are watched.

use kube::api::{ApiResource, GroupVersionKind};

use super::error::KubernetesError;

/// Objects of one kind in a namespace.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    kind: ApiResource,
    pub(super) namespace: String,
    pub(super) selection: Selection,
    subresource: &'static str,
}

/// Objects of a resource that are watched.
#[derive(Debug, Clone)]
pub(super) enum Selection {
    /// All of the namespace.
    All,
    /// The one of this name.
    Named(String),
    /// Those with these labels.
    Labels(String),
    /// Those with these fields.
    Fields(String),
}

impl Resource {
    pub(super) fn new(api_version: &str, kind: &str, namespace: &str, selection: Selection) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Self { kind, namespace: namespace.to_owned(), selection, subresource: "" }
    }

    /// Returns the scales of its objects, which are read one by one.
    pub(super) fn scale(&self) -> Self {
        Self { subresource: "/scale", ..self.clone() }
    }

    /// Returns the path of all objects; without a namespace, those of the whole cluster.
    pub(super) fn path(&self) -> String {
        let ApiResource { group, version, plural, .. } = &self.kind;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        if self.namespace.is_empty() {
            return format!("{root}/{plural}");
        }
        format!("{root}/namespaces/{}/{plural}", self.namespace)
    }

    /// Returns the selectors of labels and of fields.
    pub(super) fn selectors(&self) -> (Option<String>, Option<String>) {
        match &self.selection {
            Selection::All => (None, None),
            Selection::Named(name) => (None, Some(format!("metadata.name={name}"))),
            Selection::Labels(labels) => (Some(labels.clone()), None),
            Selection::Fields(fields) => (None, Some(fields.clone())),
        }
    }

    /// Returns the resource as an RBAC rule and `kubectl auth can-i get` name it.
    pub(super) fn rbac(&self) -> String {
        let (ApiResource { plural, group, .. }, subresource) = (&self.kind, self.subresource);
        let group = if group.is_empty() { String::new() } else { format!(".{group}") };
        format!("{plural}{group}{subresource}")
    }

    /// Returns true for a resource that not every cluster has.
    pub(super) fn is_custom(&self) -> bool {
        self.kind.group.contains('.') && !self.kind.group.ends_with(".k8s.io")
    }

    /// Returns the error for an object that does not exist.
    pub(super) fn not_found(&self) -> KubernetesError {
        let name = if let Selection::Named(name) = &self.selection { name.clone() } else { String::new() };
        KubernetesError::NotFound { kind: self.kind.kind.clone(), namespace: self.namespace.clone(), name }
    }

    /// Returns the error for a kind that the cluster does not have.
    pub(super) fn unknown(&self) -> KubernetesError {
        KubernetesError::UnknownKind { kind: self.kind.kind.clone(), group: self.kind.group.clone() }
    }
}

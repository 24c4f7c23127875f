//! Resources of the API, and the objects of them that are watched.

use url::form_urlencoded::Serializer;

use super::error::KubernetesError;

/// Objects of one kind in a namespace.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    kind: String,
    group: String,
    version: String,
    /// Name in paths, such as `deployments`.
    plural: String,
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
        let [kind, group, version, namespace] = [kind, group, version, namespace].map(str::to_owned);
        Self { plural: plural(&kind.to_lowercase()), kind, group, version, namespace, selection, subresource: "" }
    }

    /// Returns the scales of its objects, which are read one by one.
    pub(super) fn scale(&self) -> Self {
        Self { subresource: "/scale", ..self.clone() }
    }

    /// Returns the path of all objects; without a namespace, those of the whole cluster.
    fn path(&self) -> String {
        let Self { group, version, plural, namespace, .. } = self;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        if namespace.is_empty() {
            format!("{root}/{plural}")
        } else {
            format!("{root}/namespaces/{namespace}/{plural}")
        }
    }

    /// Returns the path of an object.
    pub(super) fn object_path(&self, name: &str) -> String {
        format!("{}/{name}{}", self.path(), self.subresource)
    }

    /// Returns the path and query that list the objects.
    pub(super) fn list_path(&self) -> String {
        let query = self.query();
        if query.is_empty() { self.path() } else { format!("{}?{query}", self.path()) }
    }

    /// Returns the path and query that watch the objects for some `seconds`, from a version on.
    pub(super) fn watch_path(&self, seconds: u32, version: &str) -> String {
        let mut query = Serializer::new(self.query());
        query.append_pair("watch", "true").append_pair("timeoutSeconds", &seconds.to_string());
        query.append_pair("allowWatchBookmarks", "true").append_pair("resourceVersion", version);
        format!("{}?{}", self.path(), query.finish())
    }

    /// Returns the query that selects the objects.
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        match &self.selection {
            Selection::All => {}
            Selection::Named(name) => drop(query.append_pair("fieldSelector", &format!("metadata.name={name}"))),
            Selection::Labels(labels) => drop(query.append_pair("labelSelector", labels)),
            Selection::Fields(fields) => drop(query.append_pair("fieldSelector", fields)),
        }
        query.finish()
    }

    /// Returns the resource as an RBAC rule and `kubectl auth can-i get` name it.
    pub(super) fn rbac(&self) -> String {
        let Self { plural, group, subresource, .. } = self;
        let group = if group.is_empty() { String::new() } else { format!(".{group}") };
        format!("{plural}{group}{subresource}")
    }

    /// Returns true for a resource that not every cluster has.
    pub(super) fn is_custom(&self) -> bool {
        self.group.contains('.') && !self.group.ends_with(".k8s.io")
    }

    /// Returns the error for an object that does not exist.
    pub(super) fn not_found(&self) -> KubernetesError {
        let name = if let Selection::Named(name) = &self.selection { name.clone() } else { String::new() };
        KubernetesError::NotFound { kind: self.kind.clone(), namespace: self.namespace.clone(), name }
    }

    /// Returns the error for a kind that the cluster does not have.
    pub(super) fn unknown(&self) -> KubernetesError {
        KubernetesError::UnknownKind { kind: self.kind.clone(), group: self.group.clone() }
    }
}

/// Returns the plural of a kind in lower case, as Kubernetes forms it for its own kinds and KEDA for its.
fn plural(kind: &str) -> String {
    if kind.ends_with(['s', 'x']) || kind.ends_with("ch") {
        return format!("{kind}es");
    }
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_kubectl() {
        let resource = |api, kind, namespace, selection| Resource::new(api, kind, namespace, selection);
        let pods = resource("v1", "Pod", "demo", Selection::Labels("app=demo,part in (a,b)".to_owned()));
        assert_eq!(
            pods.watch_path(60, "7"),
            "/api/v1/namespaces/demo/pods?labelSelector=app%3Ddemo%2Cpart+in+%28a%2Cb%29&watch=true\
             &timeoutSeconds=60&allowWatchBookmarks=true&resourceVersion=7"
        );
        let policies = resource("networking.k8s.io/v1", "NetworkPolicy", "demo", Selection::All);
        assert_eq!(policies.list_path(), "/apis/networking.k8s.io/v1/namespaces/demo/networkpolicies");
        let service = resource("apiregistration.k8s.io/v1", "APIService", "", Selection::All);
        assert_eq!(policies.scale().object_path("a"), format!("{}/a/scale", policies.list_path()));
        assert_eq!(service.object_path("v1"), "/apis/apiregistration.k8s.io/v1/apiservices/v1");
        for (kind, expected) in [("ingress", "ingresses"), ("gateway", "gateways"), ("scaledjob", "scaledjobs")] {
            assert_eq!(plural(kind), expected);
        }
    }
}

//! The configured cluster and its user, found as kubectl finds them.

use std::env;
use std::path::Path;

use super::error::KubernetesError;
use super::kubeconfig::{ClusterEntry, Kubeconfig, UserEntry, unusable};

/// Files of a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A cluster, and who is asking it.
pub(super) struct Configuration {
    pub(super) cluster: ClusterEntry,
    pub(super) user: UserEntry,
    /// Namespace where none is chosen.
    pub(super) namespace: String,
    /// Reason why requests are anonymous, if they are.
    pub(super) anonymous: Option<Anonymous>,
}

/// A context without a usable user.
#[derive(Clone)]
pub(super) struct Anonymous {
    pub(super) context: String,
    /// User that it names.
    pub(super) user: Option<String>,
}

impl Configuration {
    /// Reads the configuration in kubectl's order: `KUBECONFIG`, `~/.kube/config`, and in a pod its service account; `None`
    /// if there is none.
    ///
    /// # Errors
    ///
    /// Fails when the configuration is not valid.
    pub(super) fn read(context: Option<&str>) -> Result<Option<Self>, KubernetesError> {
        let file = Kubeconfig::read()?;
        let known = file.contexts();
        match context.map(str::to_owned).or_else(|| file.current_context()) {
            Some(context) if !known.contains(&context) => Err(KubernetesError::NoContext { context, known }),
            Some(context) => Self::of_context(&file, context).map(Some),
            None if !known.is_empty() => Err(KubernetesError::NoCurrentContext { known }),
            None => Self::of_pod(),
        }
    }

    fn of_context(file: &Kubeconfig, context: String) -> Result<Self, KubernetesError> {
        let entry = file.context(&context);
        let entry = entry.ok_or_else(|| unusable(format!("context `{context}` names no cluster")))?;
        let name = &entry.cluster;
        let cluster = file.cluster(name).ok_or_else(|| {
            unusable(format!("context `{context}` names cluster `{name}`, which the kubeconfig does not have"))
        })?;
        if cluster.proxy_url.as_ref().is_some_and(|url| !url.is_empty()) {
            return Err(unusable(format!("cluster `{name}` has a `proxy-url`, which is not supported")));
        }
        let named = entry.user.filter(|user| !user.is_empty());
        let is_known = named.as_ref().is_some_and(|user| file.has_user(user));
        let mut user = named.as_ref().and_then(|user| file.user(user)).unwrap_or_default();
        if let Some(exec) = user.exec.as_mut().filter(|exec| exec.provide_cluster_info == Some(true)) {
            exec.cluster = Some(cluster.for_plugin().map_err(unusable)?);
        }
        // As with kubectl, the request is sent all the same: the API server may serve anonymous users.
        let anonymous = (!is_known).then(|| Anonymous { context: context.clone(), user: named });
        let namespace = entry.namespace.filter(|namespace| !namespace.is_empty());
        Ok(Self { cluster, user, namespace: namespace.unwrap_or_else(|| "default".to_owned()), anonymous })
    }

    fn of_pod() -> Result<Option<Self>, KubernetesError> {
        let Ok(host) = env::var("KUBERNETES_SERVICE_HOST") else { return Ok(None) };
        let port = env::var("KUBERNETES_SERVICE_PORT").unwrap_or_else(|_| "443".to_owned());
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        let file = |name: &str| Path::new(SERVICE_ACCOUNT).join(name);
        let namespace = std::fs::read_to_string(file("namespace"));
        let namespace = namespace.map_err(|error| {
            unusable(format!("cannot read the service account of this pod ({SERVICE_ACCOUNT}/namespace): {error}"))
        })?;
        let cluster = ClusterEntry {
            server: Some(format!("https://{host}:{port}")),
            certificate_authority: Some(file("ca.crt")),
            ..ClusterEntry::default()
        };
        let user = UserEntry { token_file: Some(file("token")), ..UserEntry::default() };
        Ok(Some(Self { cluster, user, namespace: namespace.trim().to_owned(), anonymous: None }))
    }
}

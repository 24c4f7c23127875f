//! Kubernetes: the replica counts of the scale target. The only folder that uses kube.

#[cfg(feature = "kubernetes")]
mod client;
#[cfg(feature = "kubernetes")]
mod credential;
mod error;
#[cfg(feature = "kubernetes")]
mod poll;
mod target;
mod watcher;

pub use error::KubernetesError;
pub use target::TargetRef;
pub use watcher::{Observation, Watcher};

/// Starts to watch `target`; `None` if no cluster is configured: no kubeconfig, and not in a pod.
///
/// `context` is one of the kubeconfig's, its current one by default; `namespace` defaults to the context's or pod's own. This
/// neither logs in nor sends a request: [`Watcher::latest`] tells whether the cluster responds.
///
/// # Errors
///
/// Fails when the configuration is not valid.
#[cfg(feature = "kubernetes")]
pub async fn watch(
    context: Option<&str>,
    namespace: Option<&str>,
    target: &TargetRef,
) -> Result<Option<Watcher>, KubernetesError> {
    let Some(cluster) = client::Cluster::configured(context).await? else { return Ok(None) };
    let namespace = namespace.unwrap_or(cluster.default_namespace()).to_owned();
    Ok(Some(poll::watch(cluster, namespace, target)))
}

/// Reports that this build has no Kubernetes support.
///
/// # Errors
///
/// Always [`KubernetesError::NotBuiltIn`].
#[cfg(not(feature = "kubernetes"))]
#[allow(clippy::unused_async, reason = "the same signature with and without Kubernetes")]
pub async fn watch(
    _context: Option<&str>,
    _namespace: Option<&str>,
    _target: &TargetRef,
) -> Result<Option<Watcher>, KubernetesError> {
    Err(KubernetesError::NotBuiltIn)
}

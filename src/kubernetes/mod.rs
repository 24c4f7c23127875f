//! Kubernetes: the scaled object, what scales it, and its pods. The only folder that uses kube.

#[cfg(feature = "kubernetes")]
mod access;
#[cfg(feature = "kubernetes")]
mod client;
#[cfg(feature = "kubernetes")]
mod credential;
mod error;
mod facts;
#[cfg(feature = "kubernetes")]
mod resource;
#[cfg(feature = "kubernetes")]
mod stream;
#[cfg(feature = "kubernetes")]
mod streams;
mod target;
mod watcher;

pub use error::KubernetesError;
pub use facts::{Facts, ObjectsOf};
pub use target::{ScaledRef, TargetRef};
pub use watcher::Watcher;

/// Starts to watch `scaled`; `None` if no cluster is configured: no kubeconfig, and not in a pod.
///
/// `context` is one of the kubeconfig's, its current one by default; `namespace` defaults to the context's or pod's own. This
/// neither logs in nor sends a request: [`Watcher::facts`] tells whether the cluster responds.
///
/// # Errors
///
/// Fails when the configuration is not valid.
#[cfg(feature = "kubernetes")]
pub async fn watch(
    context: Option<&str>,
    namespace: Option<&str>,
    scaled: &ScaledRef,
) -> Result<Option<Watcher>, KubernetesError> {
    let Some(cluster) = client::Cluster::configured(context).await? else { return Ok(None) };
    let namespace = namespace.unwrap_or(cluster.default_namespace()).to_owned();
    Ok(Some(streams::watch(cluster, namespace, scaled)))
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
    _scaled: &ScaledRef,
) -> Result<Option<Watcher>, KubernetesError> {
    Err(KubernetesError::NotBuiltIn)
}

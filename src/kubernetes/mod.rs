//! Kubernetes: the scaled object, what scales it, and its pods. The only folder that uses kube.

#[cfg(feature = "kubernetes")]
mod access;
#[cfg(feature = "kubernetes")]
mod client;
#[cfg(feature = "kubernetes")]
mod credential;
mod error;
#[cfg(feature = "kubernetes")]
mod examination;
mod facts;
#[cfg(feature = "kubernetes")]
mod named_objects;
#[cfg(feature = "kubernetes")]
mod reader;
#[cfg(feature = "kubernetes")]
mod resource;
#[cfg(feature = "kubernetes")]
mod scale;
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

use std::sync::Arc;

use crate::cluster::ClusterReading;

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

/// Reads the cluster once, for an examination of `scaled`; `None` if no cluster is configured. See [`watch`].
///
/// # Errors
///
/// Fails when the configuration is not valid, the API server cannot be reached, or it rejects the credentials.
#[cfg(feature = "kubernetes")]
pub async fn read(
    context: Option<&str>,
    namespace: Option<&str>,
    keda_namespace: &str,
    scaled: &ScaledRef,
) -> Result<Option<ClusterReading>, Arc<KubernetesError>> {
    let Some(cluster) = client::Cluster::configured(context).await? else { return Ok(None) };
    let namespace = namespace.unwrap_or(cluster.default_namespace()).to_owned();
    examination::read(cluster, namespace, keda_namespace.to_owned(), scaled).await.map(Some)
}

/// Reports that this build has no Kubernetes support.
///
/// # Errors
///
/// Always [`KubernetesError::NotBuiltIn`].
#[cfg(not(feature = "kubernetes"))]
#[allow(clippy::unused_async, reason = "the same signature with and without Kubernetes")]
pub async fn read(
    _context: Option<&str>,
    _namespace: Option<&str>,
    _keda_namespace: &str,
    _scaled: &ScaledRef,
) -> Result<Option<ClusterReading>, Arc<KubernetesError>> {
    Err(Arc::new(KubernetesError::NotBuiltIn))
}

//! Access to the API server that all streams share.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kube::client::AuthError;
use kube::{Client, Error};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::client::{Cluster, unauthorized};
use super::error::KubernetesError;
use super::resource::Resource;
use crate::units::visible;

/// Time limit of a response.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// The cluster, as the streams share it: one client, and one run of its credential plugin.
pub(super) struct Access {
    server: String,
    cluster: Mutex<Cluster>,
}

impl Access {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self { server: cluster.server.clone(), cluster: Mutex::new(cluster) }
    }

    /// Sends a request with the verb `verb` for `resource`, and waits for the head of its response.
    ///
    /// # Errors
    ///
    /// Fails without a client, without a response in time, and when the request is refused.
    pub(super) async fn request<T, F: Future<Output = Result<T, Error>>>(
        &self,
        verb: &'static str,
        resource: &Resource,
        send: impl FnOnce(Client) -> F,
    ) -> Result<T, Arc<KubernetesError>> {
        let (client, generation) = self.cluster.lock().await.client().await?;
        let error = match timeout(TIMEOUT, send(client)).await {
            Ok(Ok(response)) => {
                self.cluster.lock().await.accepted();
                return Ok(response);
            }
            Ok(Err(error)) => Arc::new(self.explain(verb, resource, error).await),
            Err(_) => Arc::new(self.silent(TIMEOUT)),
        };
        if matches!(*error, KubernetesError::Unauthorized { .. }) {
            self.cluster.lock().await.rejected(generation, &error);
        }
        Err(error)
    }

    /// Returns the error of a connection without a response for `limit`.
    pub(super) fn silent(&self, limit: Duration) -> KubernetesError {
        let source = format!("no response within {}s", limit.as_secs()).into();
        KubernetesError::Unreachable { server: self.server.clone(), source }
    }

    /// Translates an error of kube.
    pub(super) async fn explain(&self, verb: &'static str, resource: &Resource, error: Error) -> KubernetesError {
        let server = self.server.clone();
        if let Error::Api(status) = &error
            && matches!(status.code, 401 | 403)
            && let Some(error) = self.cluster.lock().await.no_user()
        {
            return error;
        }
        match error {
            Error::Api(status) => match (status.code, status.reason.as_str()) {
                (401, _) => KubernetesError::Unauthorized { message: status.message },
                (403, _) => KubernetesError::Forbidden {
                    verb,
                    resource: resource.rbac(),
                    namespace: resource.namespace.clone(),
                    message: status.message,
                },
                // Any web server responds with 404; only Kubernetes with this reason.
                (404, "NotFound") => resource.not_found(),
                (404, _) if resource.is_custom() => resource.unknown(),
                (code, NO_STATUS) => KubernetesError::Refused { server, source: page(code, &status.message).into() },
                _ => KubernetesError::Refused { server, source: status },
            },
            Error::Auth(error) => unauthorized(&error),
            Error::Service(source) => match source.downcast_ref::<AuthError>() {
                Some(error) => unauthorized(error),
                None => KubernetesError::Unreachable { server, source },
            },
            Error::HyperError(source) => KubernetesError::Unreachable { server, source: source.into() },
            error => KubernetesError::Refused { server, source: error.to_string().into() },
        }
    }
}

/// Reason that kube gives a response with an error and without a `Status`.
const NO_STATUS: &str = "Failed to parse error data";

/// Characters of a page that are shown.
const SHOWN: usize = 100;

/// Returns the response of a web server or a proxy in words.
fn page(code: u16, body: &str) -> String {
    let shown: String = visible(body.lines().next().unwrap_or_default()).chars().take(SHOWN).collect();
    if shown.is_empty() { format!("status {code}") } else { format!("status {code}: {shown}") }
}

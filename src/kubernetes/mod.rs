//! Kubernetes: what the consumers' Deployment says, or what else they are. The only folder that names kube.

#[cfg(feature = "kubernetes")]
mod cluster;

use std::error::Error;
use std::mem::discriminant;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::profile::TargetTable;
use crate::sample::Deployment;

/// One Deployment, looked at again and again for as long as this lives.
///
/// It is read by a plain GET, which needs no other right than `get`, and which cannot go quiet without being noticed as
/// a watch can.
#[derive(Debug)]
pub struct Fleet {
    latest: watch::Receiver<Observation>,
    #[allow(dead_code, reason = "ends the looking when it is dropped")]
    looking: AbortOnDropHandle<()>,
}

/// What the last look at the Deployment brought.
#[derive(Debug, Clone)]
pub enum Observation {
    /// No look has ended yet.
    Pending,
    /// The Deployment as it was.
    Seen(Deployment),
    /// It could not be seen; the next look may succeed.
    Failed(Arc<FleetError>),
}

impl Fleet {
    /// Starts looking at `target`, or returns `None` when no cluster is configured: no kubeconfig, and not in a pod.
    ///
    /// `context` is one of the kubeconfig's (else its current one); `namespace` is the context's or pod's own unless
    /// given. Nobody is asked yet: whether the cluster answers is for [`Fleet::latest`] to say.
    ///
    /// # Errors
    ///
    /// Fails when what is configured cannot be used, or when the plug-in for credentials fails.
    #[cfg(feature = "kubernetes")]
    pub async fn connect(
        context: Option<&str>,
        namespace: Option<&str>,
        target: &TargetTable,
    ) -> Result<Option<Self>, FleetError> {
        let Some(client) = cluster::client(context).await? else { return Ok(None) };
        let namespace = namespace.unwrap_or(client.default_namespace()).to_owned();
        Ok(Some(cluster::look(&client, namespace, target)))
    }

    /// Says that this build cannot look.
    ///
    /// # Errors
    ///
    /// Always [`FleetError::NotBuiltIn`].
    #[cfg(not(feature = "kubernetes"))]
    #[allow(clippy::unused_async, reason = "the same shape with and without Kubernetes")]
    pub async fn connect(
        _context: Option<&str>,
        _namespace: Option<&str>,
        _target: &TargetTable,
    ) -> Result<Option<Self>, FleetError> {
        Err(FleetError::NotBuiltIn)
    }

    /// What the last look brought.
    pub fn latest(&self) -> Observation {
        self.latest.borrow().clone()
    }

    /// Waits until the first look has ended, at once when it has.
    pub async fn first_look(&mut self) {
        // The looking ends only with this value.
        let _ = self.latest.wait_for(|observation| !matches!(observation, Observation::Pending)).await;
    }
}

/// An error of a library, kept as the source of ours.
type Cause = Box<dyn Error + Send + Sync>;

/// Why the Deployment could not be seen.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// This qscale knows nothing of Kubernetes.
    #[error("this qscale was built without Kubernetes")]
    NotBuiltIn,
    /// The kubeconfig, or what a pod is given in its place, cannot be used.
    #[error("cannot use the Kubernetes configuration")]
    Configuration(#[source] Cause),
    /// The kubeconfig does not hold the context that was asked for.
    #[error("the kubeconfig has no context `{context}`")]
    NoContext {
        /// The context that was asked for.
        context: String,
        /// The contexts there are.
        known: Vec<String>,
    },
    /// The kubeconfig has contexts, and none of them is the current one.
    #[error("the kubeconfig names no current context")]
    NoCurrentContext {
        /// The contexts there are.
        known: Vec<String>,
    },
    /// Nobody answered, or nobody who could be trusted.
    #[error("cannot reach Kubernetes at {server}")]
    Unreachable {
        /// The API server's address.
        server: String,
        /// What happened.
        source: Cause,
    },
    /// It does not know who asks, or there was nothing to show it.
    #[error("no valid credentials for Kubernetes: {message}")]
    Unauthorized {
        /// Its own words, or what came in the way of asking.
        message: String,
    },
    /// It knows who asks, and forbids it.
    #[error("Kubernetes forbids to get {resource} in namespace `{namespace}`: {message}")]
    Forbidden {
        /// What was asked for, as rules name it, such as `deployments.apps`.
        resource: String,
        /// The namespace.
        namespace: String,
        /// Its own words, which name the user.
        message: String,
    },
    /// There is no such Deployment, or no such namespace.
    #[error("there is no {kind} `{name}` in namespace `{namespace}`")]
    NotFound {
        /// Such as `Deployment`.
        kind: String,
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
    /// It answered with something else.
    #[error("Kubernetes at {server} refused")]
    Refused {
        /// The API server's address.
        server: String,
        /// What it said.
        source: Cause,
    },
}

impl FleetError {
    /// The way out.
    pub fn hint(&self) -> String {
        let of_known = |known: &[String]| format!("choose one with --context: {}", known.join(", "));
        match self {
            Self::NotBuiltIn => "build it with the feature `kubernetes`, which is on by default".to_owned(),
            Self::Configuration(_) => {
                "see what `kubectl config view` says; in a pod, the service account's token has to be mounted \
                 (automountServiceAccountToken)"
                    .to_owned()
            }
            Self::NoContext { known, .. } if known.is_empty() => {
                "no kubeconfig with a context in it was found: see KUBECONFIG and ~/.kube/config".to_owned()
            }
            Self::NoContext { known, .. } | Self::NoCurrentContext { known } => of_known(known),
            Self::Unreachable { .. } => {
                "see whether `kubectl get --raw /version` gets through; --context chooses another cluster".to_owned()
            }
            Self::Unauthorized { .. } => "log in as for kubectl, until `kubectl auth whoami` knows you".to_owned(),
            Self::Forbidden { resource, namespace, .. } => {
                format!("the right it takes is the verb `get` on `{resource}` in namespace `{namespace}`")
            }
            Self::NotFound { .. } => {
                "choose another with --namespace and --deployment, or create it: qscale render | kubectl apply -f -"
                    .to_owned()
            }
            Self::Refused { .. } => "see whether a Kubernetes API server answers there".to_owned(),
        }
    }

    /// Whether both mean the same trouble, so that it need not be said twice.
    pub fn same_as(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }
}

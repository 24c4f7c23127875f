//! Errors of the Kubernetes adapter, with their hints.

use std::error::Error;
use std::mem::discriminant;

/// API group of KEDA.
pub(super) const KEDA: &str = "keda.sh";

/// Error of a library, kept as the source.
type Cause = Box<dyn Error + Send + Sync>;

/// Failure to read objects of the cluster.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// Built without the feature `kubernetes`.
    #[error("this build does not include Kubernetes support")]
    NotBuiltIn,
    /// The kubeconfig, or the service account of a pod, is not valid.
    #[error("cannot load the Kubernetes configuration")]
    Configuration(#[source] Cause),
    /// The kubeconfig does not contain the requested context.
    #[error("context `{context}` not found in the kubeconfig")]
    NoContext {
        /// Requested context.
        context: String,
        /// Contexts in the kubeconfig.
        known: Vec<String>,
    },
    /// The kubeconfig has contexts, but no `current-context`.
    #[error("the kubeconfig sets no current-context")]
    NoCurrentContext {
        /// Contexts in the kubeconfig.
        known: Vec<String>,
    },
    /// Refused to an anonymous user, because the context names no user that the kubeconfig has.
    #[error("{}", no_user(context, user.as_deref()))]
    NoUser {
        /// Context of the kubeconfig.
        context: String,
        /// User that it names.
        user: Option<String>,
    },
    /// No response, or no trusted one.
    #[error("cannot reach Kubernetes at {server}")]
    Unreachable {
        /// Address of the API server.
        server: String,
        /// Failure of the request.
        source: Cause,
    },
    /// No credentials, or rejected ones.
    #[error("cannot authenticate to Kubernetes: {message}")]
    Unauthorized {
        /// Message of the API server, or the reason why there are no credentials.
        message: String,
    },
    /// Denied by RBAC.
    #[error("cannot {verb} {resource} {}: access denied: {message}", place(namespace))]
    Forbidden {
        /// Verb in RBAC notation, such as `list`.
        verb: &'static str,
        /// Resource in RBAC notation, such as `deployments.apps`.
        resource: String,
        namespace: String,
        /// Message of the API server, which names the user.
        message: String,
    },
    /// No such object, or no such namespace.
    #[error("{kind} `{name}` not found in namespace `{namespace}`")]
    NotFound {
        /// Kind, such as `Deployment`.
        kind: String,
        namespace: String,
        name: String,
    },
    /// No such kind: its CRD is not installed.
    #[error("the cluster does not know {kind} ({group})")]
    UnknownKind {
        /// Kind, such as `ScaledObject`.
        kind: String,
        /// Its API group.
        group: String,
    },
    /// Any other response.
    #[error("unexpected response from {server}")]
    Refused {
        /// Address of the API server.
        server: String,
        /// Its response.
        source: Cause,
    },
}

fn no_user(context: &str, user: Option<&str>) -> String {
    let reason = match user {
        Some(user) => format!("names user `{user}`, which the kubeconfig does not have"),
        None => "names no user".to_owned(),
    };
    format!("access denied to an anonymous user: context `{context}` {reason}")
}

/// Returns the namespace of an object, or that it is one of the whole cluster.
fn place(namespace: &str) -> String {
    if namespace.is_empty() { "of the cluster".to_owned() } else { format!("in namespace `{namespace}`") }
}

impl KubernetesError {
    /// Returns the hint shown below the error.
    pub fn hint(&self) -> String {
        let known_contexts = |known: &[String]| format!("choose one with --context: {}", known.join(", "));
        match self {
            Self::NotBuiltIn => "build qscale with the feature `kubernetes`, which is on by default".to_owned(),
            Self::Configuration(_) => {
                "check the output of `kubectl config view`; in a pod, mount the service account token \
                 (automountServiceAccountToken: true)"
                    .to_owned()
            }
            Self::NoContext { known, .. } if known.is_empty() => {
                "no kubeconfig with contexts was found: check KUBECONFIG and ~/.kube/config".to_owned()
            }
            Self::NoContext { known, .. } | Self::NoCurrentContext { known } => known_contexts(known),
            Self::NoUser { .. } => {
                "check `users` in the kubeconfig (KUBECONFIG), or log in again to have it written".to_owned()
            }
            Self::Unreachable { .. } => {
                "check `kubectl get --raw /version`, or choose another cluster with --context".to_owned()
            }
            Self::Unauthorized { .. } => "log in, then check `kubectl auth whoami`".to_owned(),
            Self::Forbidden { resource, namespace, .. } => {
                format!("grant the verbs `get`, `list` and `watch` on `{resource}` {}", place(namespace))
            }
            Self::UnknownKind { group, .. } if group == KEDA => "install KEDA: https://keda.sh/docs/deploy".to_owned(),
            Self::UnknownKind { .. } => {
                "install its CustomResourceDefinition, or check `kind` of the target".to_owned()
            }
            Self::NotFound { .. } => {
                "set --namespace and --deployment, or create it: qscale render | kubectl apply -f -".to_owned()
            }
            Self::Refused { .. } => "check that a Kubernetes API server listens at this address".to_owned(),
        }
    }

    /// Returns true for errors of one kind, of which only the first is logged.
    pub fn same_as(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }
}

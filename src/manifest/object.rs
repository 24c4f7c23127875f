//! One Kubernetes object of any kind, and its YAML.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::Serialize;

use super::scaled_job::ScaledJob;
use super::scaled_object::ScaledObject;
use super::trigger_authentication::TriggerAuthentication;

/// One Kubernetes object, and what its reader should know.
pub struct Manifest {
    /// The line above it.
    comment: Option<&'static str>,
    pub(super) kind: Kind,
}

/// The kinds that are written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Kind {
    Namespace(Box<Namespace>),
    ServiceAccount(Box<ServiceAccount>),
    Role(Box<Role>),
    RoleBinding(Box<RoleBinding>),
    ConfigMap(Box<ConfigMap>),
    Secret(Box<Secret>),
    NetworkPolicy(Box<NetworkPolicy>),
    Deployment(Box<Deployment>),
    StatefulSet(Box<StatefulSet>),
    Service(Box<Service>),
    Job(Box<Job>),
    PodDisruptionBudget(Box<PodDisruptionBudget>),
    TriggerAuthentication(Box<TriggerAuthentication>),
    ScaledObject(Box<ScaledObject>),
    ScaledJob(Box<ScaledJob>),
}

/// So that an object is pushed as it is, whatever its kind.
macro_rules! kinds {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Kind {
            fn from(object: $kind) -> Self {
                Self::$kind(Box::new(object))
            }
        })*
    };
}

kinds!(Namespace, ServiceAccount, ConfigMap, Secret, NetworkPolicy, Deployment, StatefulSet, Service, Job);
kinds!(Role, RoleBinding);
kinds!(PodDisruptionBudget, TriggerAuthentication, ScaledObject, ScaledJob);

impl Manifest {
    /// An object that explains itself.
    pub(super) fn plain(kind: impl Into<Kind>) -> Self {
        Self { comment: None, kind: kind.into() }
    }

    /// An object with a line above it.
    pub(super) fn commented(comment: impl Into<Option<&'static str>>, kind: impl Into<Kind>) -> Self {
        Self { comment: comment.into(), kind: kind.into() }
    }

    /// The object as a document in YAML.
    ///
    /// # Errors
    ///
    /// None that a value made here could cause.
    pub fn to_yaml(&self) -> Result<String, serde_saphyr::SerializeError> {
        // Never with `yaml_12`: kubectl reads YAML 1.1, where a bare `yes` is a boolean.
        let yaml = serde_saphyr::to_string(&self.kind)?;
        Ok(self.comment.map(|comment| format!("# {comment}\n")).unwrap_or_default() + &yaml)
    }
}

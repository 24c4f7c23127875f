//! Profile → Kubernetes objects, one file per kind, and their YAML.

mod arguments;
mod connection;
mod deployment;
pub mod form;
mod keda_version;
mod metadata;
mod pod;
mod redis;
mod scaled_job;
mod scaled_object;
mod trigger;
mod trigger_authentication;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use self::connection::Connection;
use self::metadata::Component;
use self::scaled_job::ScaledJob;
use self::scaled_object::ScaledObject;
use self::trigger_authentication::TriggerAuthentication;
use crate::profile::deploy::DEFAULT_IMAGE;
use crate::profile::{Environment, KedaVersion, Profile, ProfileError, ScaleKind};

/// What is rendered: a profile, and what was said elsewhere than in it.
pub struct Workload<'a> {
    profile: &'a Profile,
    namespace: Option<String>,
    image: String,
    list: String,
    connection: Connection,
    keda_version: KedaVersion,
}

/// One Kubernetes object, and what its reader should know.
pub struct Object {
    /// The line above it.
    comment: Option<&'static str>,
    kind: Kind,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Kind {
    Namespace(Box<Namespace>),
    Deployment(Box<Deployment>),
    Service(Box<Service>),
    Job(Box<Job>),
    TriggerAuthentication(Box<TriggerAuthentication>),
    ScaledObject(Box<ScaledObject>),
    ScaledJob(Box<ScaledJob>),
}

impl<'a> Workload<'a> {
    /// Takes from `profile` what all objects need; `namespace`, `image` and `keda_version` go over it.
    ///
    /// The address of Redis comes from the profile alone: the same profile is the same objects, whoever renders it.
    ///
    /// # Errors
    ///
    /// Says which key keeps pods or KEDA from reaching Redis, or is more than its KEDA knows, and what to write in its
    /// place.
    pub fn of(
        profile: &'a Profile,
        namespace: Option<String>,
        image: Option<String>,
        keda_version: Option<KedaVersion>,
    ) -> Result<Self, ProfileError> {
        let deploy = &profile.deploy;
        let namespace = namespace.or_else(|| deploy.namespace.clone());
        if namespace.is_none() && deploy.create_namespace == Some(true) {
            let message = "asks for a Namespace, and `namespace` does not say which";
            return Err(profile.source.error_at(&["deploy", "create-namespace"], message));
        }
        if deploy.producer == Some(true) && profile.produce.pattern_file.is_some() {
            let message = "is a file here, and no file in a pod: write its load as `pattern`";
            return Err(profile.source.error_at(&["produce", "pattern-file"], message));
        }
        let list = profile.list(&Environment::default()).value;
        if list.trim() != list {
            let message = "begins or ends with a blank, which KEDA would cut off: it would watch another list";
            return Err(profile.source.error_at(&["queue", "list"], message));
        }
        let keda_version = keda_version.unwrap_or_else(|| profile.scale.keda_version());
        keda_version::check(profile, keda_version)?;
        Ok(Self {
            profile,
            list,
            keda_version,
            image: image.or_else(|| deploy.image.clone()).unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
            connection: Connection::of(profile, namespace.as_deref())?,
            namespace,
        })
    }

    /// Makes the objects, in the order in which they need each other.
    pub fn objects(&self) -> Vec<Object> {
        let deploy = &self.profile.deploy;
        let mut objects = Vec::new();
        if let Some(namespace) = self.namespace.as_ref().filter(|_| deploy.create_namespace == Some(true)) {
            objects.push(Kind::Namespace(Box::new(metadata::namespace(namespace))).into());
        }
        if deploy.redis == Some(true) {
            objects.push(Object::commented(redis::COMMENT, Kind::Deployment(Box::new(redis::deployment(self)))));
            objects.push(Kind::Service(Box::new(redis::service(self))).into());
        }
        if let Some(authentication) = trigger_authentication::trigger_authentication(self) {
            objects.push(Kind::TriggerAuthentication(Box::new(authentication)).into());
        }
        if deploy.producer == Some(true) {
            let kind = if arguments::ends(&self.profile.produce) {
                Kind::Job(Box::new(deployment::producer_job(self)))
            } else {
                Kind::Deployment(Box::new(deployment::producer(self)))
            };
            objects.push(kind.into());
        }
        match self.profile.scale.kind() {
            ScaleKind::ScaledObject => {
                let consumer = Kind::Deployment(Box::new(deployment::consumer(self)));
                objects.push(Object::commented(deployment::COMMENT, consumer));
                let scaled = Kind::ScaledObject(Box::new(scaled_object::scaled_object(self)));
                objects.push(Object { comment: scaled_object::comment(self), kind: scaled });
            }
            ScaleKind::ScaledJob => {
                let scaled = Kind::ScaledJob(Box::new(scaled_job::scaled_job(self)));
                objects.push(Object::commented(scaled_job::comment(self), scaled));
            }
        }
        objects
    }

    /// What has to be there first.
    fn header(&self) -> String {
        let name = self.profile.deploy.name();
        let title = format!("# The workload `{name}`, as `qscale render` wrote it.\n");
        let Some(command) = self.connection.secret_command(self.namespace.as_deref()) else { return title };
        format!(
            "{title}# The Secret is not part of it. Make it once, or let what keeps your secrets make it:\n#   {command}\n"
        )
    }

    /// The metadata of an object of one component.
    fn metadata(&self, name: &str, component: Component) -> ObjectMeta {
        metadata::metadata(self, name, component)
    }
}

impl Object {
    fn commented(comment: &'static str, kind: Kind) -> Self {
        Self { comment: Some(comment), kind }
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

impl From<Kind> for Object {
    fn from(kind: Kind) -> Self {
        Self { comment: None, kind }
    }
}

/// Text that stands for itself where Kubernetes would expand `$(NAME)`: in arguments and variables.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#entrypoint>
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

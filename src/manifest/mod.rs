//! Profile → Kubernetes objects, one file per kind, and their YAML.

mod arguments;
mod availability;
mod certificate;
mod configuration;
mod connection;
mod deployment;
pub mod form;
mod keda_version;
mod metadata;
mod network;
mod object;
mod pod;
mod reach;
mod redis;
mod scaled_job;
mod scaled_object;
mod trigger;
mod trigger_authentication;
mod trigger_source;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use self::connection::Connection;
use self::metadata::Component;
pub use self::object::Object;
use crate::profile::deploy::{DEFAULT_IMAGE, DEFAULT_REDIS_IMAGE, WorkloadKind};
use crate::profile::{KedaVersion, Profile, ProfileError, ScaleKind};
use crate::units::Environment;

/// What is rendered: a profile, and what was said elsewhere than in it.
pub struct Workload<'a> {
    profile: &'a Profile,
    namespace: Option<String>,
    image: String,
    list: String,
    connection: Connection,
    keda_version: KedaVersion,
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
            objects.push(Object::plain(metadata::namespace(self, namespace)));
        }
        let account = configuration::service_account(self);
        objects.push(Object::commented(configuration::ACCOUNT_COMMENT, account));
        objects.push(Object::commented(configuration::COMMENT, configuration::config_map(self)));
        if let Some(secret) = configuration::secret(self) {
            objects.push(Object::commented(configuration::SECRET_COMMENT, secret));
        }
        if deploy.redis == Some(true) {
            objects.extend(self.redis());
        }
        if let Some(authentication) = trigger_authentication::trigger_authentication(self) {
            objects.push(Object::plain(authentication));
        }
        if deploy.producer == Some(true) {
            objects.extend(self.producer());
        }
        objects.extend(self.consumers());
        objects
    }

    /// Whether a `NetworkPolicy` stands before pods.
    fn guarded(&self) -> bool {
        self.profile.deploy.network_policy != Some(false)
    }

    fn redis(&self) -> Vec<Object> {
        let policy = self.guarded().then(|| Object::commented(network::REDIS_COMMENT, network::redis(self)));
        let workload = match &self.profile.deploy.redis_storage {
            Some(size) => Object::commented(redis::KEPT_COMMENT, redis::stateful_set(self, size)),
            None => Object::commented(redis::COMMENT, redis::deployment(self)),
        };
        policy.into_iter().chain([Object::plain(redis::service(self)), workload]).collect()
    }

    fn producer(&self) -> Vec<Object> {
        let policy = self.guarded().then(|| network::producer(self));
        let workload = if arguments::ends(&self.profile.produce) {
            Object::plain(deployment::producer_job(self))
        } else {
            Object::plain(deployment::producer(self))
        };
        policy.map(|(comment, policy)| Object::commented(comment, policy)).into_iter().chain([workload]).collect()
    }

    /// The consumers, and what scales them; where they are somebody else's, only that.
    fn consumers(&self) -> Vec<Object> {
        let deploy = &self.profile.deploy;
        let jobs = self.profile.scale.kind() == ScaleKind::ScaledJob;
        let mut objects = Vec::new();
        if deploy.target.is_none() {
            if self.guarded() {
                let (comment, policy) = network::consumer(self);
                objects.push(Object::commented(comment, policy));
            }
            if !jobs && deploy.workload == Some(WorkloadKind::StatefulSet) {
                let service = deployment::consumer_service(self);
                objects.push(Object::commented(deployment::SERVICE_COMMENT, service));
                objects.push(Object::commented(deployment::COMMENT, deployment::stateful_consumer(self)));
            } else if !jobs {
                objects.push(Object::commented(deployment::COMMENT, deployment::consumer(self)));
            }
            if !jobs && deploy.disruption_budget != Some(false) {
                objects.push(Object::commented(availability::COMMENT, availability::budget(self)));
            }
        }
        objects.push(if jobs {
            Object::commented(scaled_job::comment(self), scaled_job::scaled_job(self))
        } else {
            Object::commented(scaled_object::comment(self), scaled_object::scaled_object(self))
        });
        objects
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        self.profile
    }

    /// The KEDA that the objects are written for.
    pub fn keda_version(&self) -> KedaVersion {
        self.keda_version
    }

    /// The image of the Redis for demos.
    fn redis_image(&self) -> &str {
        self.profile.deploy.redis_image.as_deref().unwrap_or(DEFAULT_REDIS_IMAGE)
    }

    /// What is not meant to last among the objects that are `written`, for whoever renders it.
    pub fn warnings(&self, written: &[Object]) -> Vec<&'static str> {
        let kinds: Vec<String> = written.iter().filter_map(|object| Some(object.identity().ok()?.kind)).collect();
        let writes = |kind: &str| kinds.iter().any(|written| written == kind);
        let demo = self.profile.deploy.redis == Some(true) && (writes("Deployment") || writes("StatefulSet"));
        let cases = [
            (demo, "the Redis in it is for demos: no password, no TLS, one pod, no copies"),
            (
                writes("Secret"),
                "the Secret in it holds texts in place of its values: replace them before it is applied",
            ),
        ];
        cases.into_iter().filter(|(applies, _)| *applies).map(|(_, warning)| warning).collect()
    }

    /// What has to be there first.
    fn header(&self) -> String {
        let name = self.profile.deploy.name();
        let title = format!("# The workload `{name}`, as `qscale render` wrote it.\n");
        if self.profile.deploy.write_secret == Some(true) {
            return format!(
                "{title}# Not to be applied as it is: the Secret in it holds texts that are to be replaced.\n"
            );
        }
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

/// Text that stands for itself where Kubernetes would expand `$(NAME)`: in arguments and variables.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#entrypoint>
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

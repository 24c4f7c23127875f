//! The `[deploy]` table: Kubernetes objects of producer and consumers.

mod quantity;
mod target;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::quantity::{QuantityTable, QuantityText, ResourcesTable, canonical_ratio};
pub use self::target::TargetTable;
use super::error::{Problem, ProfileError};
use super::name::{NameError, object_name, program, secret_key};
pub use super::name::{image, name, namespace};
use super::scale::ScaleKind;
use super::source::Source;

/// Default name of the workload.
pub const DEFAULT_NAME: &str = "qscale";

/// Default image, which `make image` builds.
pub const DEFAULT_IMAGE: &str = concat!("qscale:", env!("CARGO_PKG_VERSION"));

/// Default path of the program in the image.
pub const DEFAULT_PROGRAM: &str = "/qscale";

/// Longest name of a workload with a StatefulSet: the label `controller-revision-hash` of its pods holds the name, the suffix
/// `-consumer` and a hash of eleven characters in 63.
const MOST_OF_STATEFUL_SET: usize = 43;

/// Default image of the Redis for demos.
pub const DEFAULT_REDIS_IMAGE: &str = "redis:7.2-alpine";

/// Default key of the password in the Secret.
pub const DEFAULT_PASSWORD_KEY: &str = "password";

/// `[deploy]`: Kubernetes objects of producer and consumers.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeployTable {
    /// Name of the workload and prefix of the object names.
    #[schemars(extend("default" = DEFAULT_NAME, "examples" = ["orders"]))]
    pub name: Option<String>,
    /// Namespace of all objects.
    #[schemars(extend("x-default" = "namespace of the kubectl context", "examples" = ["orders"]))]
    pub namespace: Option<String>,
    /// Renders the Namespace.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub create_namespace: Option<bool>,
    /// Container image with a tag or digest.
    #[schemars(extend("default" = DEFAULT_IMAGE, "examples" = ["ghcr.io/example/worker:1.4.2"]))]
    pub image: Option<String>,
    /// imagePullPolicy of the containers.
    #[schemars(extend("default" = "Always", "examples" = ["IfNotPresent"]))]
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// Existing Secret with the credentials of the image registry.
    #[schemars(extend("x-default" = "none", "examples" = ["registry"]))]
    pub image_pull_secret: Option<String>,
    /// Path of qscale in the image; without it the entrypoint of the image runs.
    #[schemars(extend("x-default" = "entrypoint of the image", "examples" = ["/usr/local/bin/qscale"]))]
    pub program: Option<String>,
    /// Kind of the consumers.
    #[schemars(extend("default" = "Deployment", "examples" = ["StatefulSet"]))]
    pub workload: Option<WorkloadKind>,
    /// Existing workload that KEDA scales, in place of rendered consumers.
    pub target: Option<TargetTable>,
    /// Existing Secret with the Redis credentials.
    #[schemars(extend("x-default" = "none", "examples" = ["redis-credentials"]))]
    pub secret: Option<String>,
    /// Renders the Secret with placeholders to replace.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub write_secret: Option<bool>,
    /// Key of the ACL user in the Secret.
    #[schemars(extend("x-default" = "user from `redis.username`", "examples" = ["username"]))]
    pub secret_username_key: Option<String>,
    /// Key of the password in the Secret.
    #[schemars(extend("default" = DEFAULT_PASSWORD_KEY, "examples" = ["password"]))]
    pub secret_password_key: Option<String>,
    /// Key of the sentinels' ACL user in the Secret.
    #[schemars(extend("x-default" = "user from `redis.sentinel-username`", "examples" = ["sentinel-username"]))]
    pub secret_sentinel_username_key: Option<String>,
    /// Key of the sentinels' password in the Secret.
    #[schemars(extend("x-default" = "key of the password of Redis", "examples" = ["sentinel-password"]))]
    pub secret_sentinel_password_key: Option<String>,
    /// Key of the CA certificates (PEM) in the Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["ca.crt"]))]
    pub secret_ca_key: Option<String>,
    /// Key of the client certificate (PEM) in the Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["tls.crt"]))]
    pub secret_cert_key: Option<String>,
    /// Key of the client key (PEM) in the Secret.
    #[schemars(extend("x-default" = "none", "examples" = ["tls.key"]))]
    pub secret_key_key: Option<String>,
    /// Renders the producer.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub producer: Option<bool>,
    /// Renders a Redis for demos.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub redis: Option<bool>,
    /// Image of the Redis for demos.
    #[schemars(extend("default" = DEFAULT_REDIS_IMAGE, "examples" = ["redis:7.2-alpine"]))]
    pub redis_image: Option<String>,
    /// Volume size of the Redis for demos.
    #[schemars(extend("x-default" = "no volume: data is lost with the pod", "examples" = ["1Gi"]))]
    pub redis_storage: Option<QuantityText>,
    /// Renders a NetworkPolicy per component that allows only the traffic it needs.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub network_policy: Option<bool>,
    /// Renders a PodDisruptionBudget for the consumers.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub disruption_budget: Option<bool>,
    /// Resource requests and limits of the qscale containers.
    pub resources: ResourcesTable,
}

/// Image pull policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ImagePullPolicy {
    /// Pulls at every start of a container, which follows moved tags and checks pull rights.
    #[default]
    Always,
    /// Pulls unless the node has the image, such as one loaded into the nodes of a local cluster.
    IfNotPresent,
    /// Never pulls.
    Never,
}

/// Kind of the workload that the consumers' pods belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum WorkloadKind {
    /// Interchangeable pods.
    #[default]
    Deployment,
    /// Pods with stable names.
    StatefulSet,
}

impl DeployTable {
    /// Returns the name of the workload.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(DEFAULT_NAME)
    }

    /// Returns the name of the consumers' workload and of the object that scales it.
    pub fn consumer_name(&self) -> String {
        format!("{}-consumer", self.name())
    }

    /// Name of the consumers in Kubernetes: the rendered workload, or an existing target.
    pub fn scaled(&self) -> TargetTable {
        self.target.clone().unwrap_or_else(|| TargetTable {
            api_version: "apps/v1".to_owned(),
            kind: match self.workload.unwrap_or_default() {
                WorkloadKind::Deployment => "Deployment".to_owned(),
                WorkloadKind::StatefulSet => "StatefulSet".to_owned(),
            },
            name: self.consumer_name(),
        })
    }

    /// Returns the name of the producer.
    pub fn producer_name(&self) -> String {
        format!("{}-producer", self.name())
    }

    /// Cross-field validation, and values that Kubernetes rejects.
    pub(super) fn check(&self, source: &Source, kind: ScaleKind) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["deploy", key], message));
        let checks = [
            ("name", &self.name, name as fn(&str) -> Result<String, NameError>),
            ("namespace", &self.namespace, namespace),
            ("image", &self.image, image),
            ("redis-image", &self.redis_image, image),
            ("program", &self.program, program),
            ("secret", &self.secret, object_name),
            ("image-pull-secret", &self.image_pull_secret, object_name),
            ("secret-username-key", &self.secret_username_key, secret_key),
            ("secret-password-key", &self.secret_password_key, secret_key),
            ("secret-sentinel-username-key", &self.secret_sentinel_username_key, secret_key),
            ("secret-sentinel-password-key", &self.secret_sentinel_password_key, secret_key),
            ("secret-ca-key", &self.secret_ca_key, secret_key),
            ("secret-cert-key", &self.secret_cert_key, secret_key),
            ("secret-key-key", &self.secret_key_key, secret_key),
        ];
        for (key, value, check) in checks {
            if let Some(Err(error)) = value.as_deref().map(check) {
                // An invalid key of a Secret may be the secret itself.
                let hidden = key.starts_with("secret-");
                let path = ["deploy", key];
                return Err(if hidden { source.error_hiding(&path, error) } else { source.error_at(&path, error) });
            }
            if self.secret.is_none() && key.starts_with("secret-") && value.is_some() {
                return Err(source.error_at(&["deploy", key], Problem::Requires("secret")));
            }
        }
        if self.workload == Some(WorkloadKind::StatefulSet) {
            if self.name().starts_with(|c: char| c.is_ascii_digit()) {
                let message = "must start with a letter for a StatefulSet: before Kubernetes 1.34 the name of its Service may \
                               not start with a digit";
                return wrong("name", message);
            }
            if self.name().len() > MOST_OF_STATEFUL_SET {
                let message = "must be at most 43 characters for a StatefulSet: its pods carry the name and a hash in a label \
                               of 63 characters";
                return wrong("name", message);
            }
        }
        self.resources.check(source)?;
        if let Some(target) = &self.target {
            target.check(source)?;
        }
        match self.without_effect(kind) {
            Some((key, problem)) => Err(source.error_at(&["deploy", key], problem)),
            None => Ok(()),
        }
    }

    /// Returns a key without effect, and the reason.
    fn without_effect(&self, kind: ScaleKind) -> Option<(&'static str, Problem)> {
        let demo = self.redis == Some(true);
        let jobs = kind == ScaleKind::ScaledJob;
        let cases: [(&str, bool, Problem); 6] = [
            ("secret", demo && self.secret.is_some(), "is ignored: the Redis of `redis = true` has no password".into()),
            ("redis-image", !demo && self.redis_image.is_some(), Problem::Requires("redis = true")),
            ("redis-storage", !demo && self.redis_storage.is_some(), Problem::Requires("redis = true")),
            ("write-secret", self.secret.is_none() && self.write_secret == Some(true), Problem::Requires("secret")),
            (
                "workload",
                self.workload.is_some() && (jobs || self.target.is_some()),
                "is ignored: with `target` or a ScaledJob, no Deployment or StatefulSet is rendered for the consumers"
                    .into(),
            ),
            (
                "target",
                self.target.is_some() && jobs,
                "conflicts with `kind = \"ScaledJob\"` of [scale], which starts Jobs of its own: remove one".into(),
            ),
        ];
        cases.into_iter().find_map(|(key, applies, problem)| applies.then_some((key, problem)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;

    #[test]
    fn values_that_kubernetes_rejects_are_rejected() {
        let long = format!("name = \"{}\"", "a".repeat(46));
        for (text, path) in [
            (long.as_str(), "deploy.name"),
            ("name = \"My_Queue\"", "deploy.name"),
            ("namespace = \"-x\"", "deploy.namespace"),
            ("image = \"qscale\"", "deploy.image"),
            ("image = \"registry:5000/qscale\"", "deploy.image"),
            ("secret = \"Redis\"", "deploy.secret"),
            ("secret-username-key = \"user\"", "deploy.secret-username-key"),
            ("secret = \"redis\"\nsecret-password-key = \"a b\"", "deploy.secret-password-key"),
            ("redis = true\nsecret = \"redis\"", "deploy.secret"),
            ("redis-image = \"redis:7\"", "deploy.redis-image"),
            ("redis-storage = \"1Gi\"", "deploy.redis-storage"),
            ("program = \"qscale\"", "deploy.program"),
            ("name = \"1abc\"\nworkload = \"StatefulSet\"", "deploy.name"),
            ("name = \"a123456789b123456789c123456789d123456789e123\"\nworkload = \"StatefulSet\"", "deploy.name"),
            (
                "resources = { requests = { cpu = \"1\" }, limits = { cpu = \"500m\" } }",
                "deploy.resources.requests.cpu",
            ),
            ("write-secret = true", "deploy.write-secret"),
            ("workload = \"StatefulSet\"\ntarget = { name = \"w\" }", "deploy.workload"),
            ("workload = \"Deployment\"\n[scale]\nkind = \"ScaledJob\"", "deploy.workload"),
            ("target = { name = \"w\" }\n[scale]\nkind = \"ScaledJob\"", "deploy.target"),
            ("target = { name = \"W\" }", "deploy.target.name"),
            ("target = { name = \"w\", kind = \"rollout\" }", "deploy.target.kind"),
            ("target = { name = \"w\", kind = \"Rollout\", api-version = \"a/b/c\" }", "deploy.target.api-version"),
        ] {
            let error = Profile::parse("q.toml", &format!("[deploy]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(&format!(": {path}: ")) && error.starts_with("q.toml:"), "{text}: {error}");
        }
    }
}

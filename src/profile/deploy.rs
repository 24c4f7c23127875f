//! The `[deploy]` table: how producer and consumers run in Kubernetes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::form;
use super::source::{ProfileError, Source};

/// The workload's name where nothing is said.
pub const DEFAULT_NAME: &str = "qscale";

/// The image where nothing is said: what `make image` builds.
pub const DEFAULT_IMAGE: &str = concat!("qscale:", env!("CARGO_PKG_VERSION"));

/// The image of the Redis for demos where nothing is said.
pub const DEFAULT_REDIS_IMAGE: &str = "redis:7.2-alpine";

/// The key of the password in the Secret where nothing is said.
pub const DEFAULT_PASSWORD_KEY: &str = "password";

/// The longest name of a workload: with `keda-hpa-` before and `-consumer` after it, it still is a label of 63.
const LONGEST_NAME: usize = 45;

/// The `[deploy]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DeployTable {
    /// The workload's name; the objects' names begin with it.
    pub name: Option<String>,
    /// The namespace of all objects.
    pub namespace: Option<String>,
    /// Write the Namespace as well.
    pub create_namespace: Option<bool>,
    /// The container image, with a tag or digest.
    pub image: Option<String>,
    /// When nodes fetch the image.
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// An existing Secret to fetch the image with.
    pub image_pull_secret: Option<String>,
    /// An existing Secret with the Redis password.
    pub secret: Option<String>,
    /// The key of the user in the Secret; without it the user is `redis.username`.
    pub secret_username_key: Option<String>,
    /// The key of the password in the Secret.
    pub secret_password_key: Option<String>,
    /// The key of the certificates (PEM) to trust in the Secret.
    pub secret_ca_key: Option<String>,
    /// Write the producer as well.
    pub producer: Option<bool>,
    /// Write a Redis for demos as well.
    pub redis: Option<bool>,
    /// The image of the Redis for demos.
    pub redis_image: Option<String>,
    /// What a container of qscale is given.
    pub resources: ResourcesTable,
}

/// When nodes fetch an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ImagePullPolicy {
    /// At every start of a container, so that a tag that moved is followed and pull rights are checked.
    #[default]
    Always,
    /// When the node does not have it: for images loaded into the nodes of a local cluster.
    IfNotPresent,
    /// Not at all.
    Never,
}

/// The `[deploy.resources]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ResourcesTable {
    /// What is set aside.
    pub requests: QuantityTable,
    /// What is not exceeded.
    pub limits: QuantityTable,
}

/// Quantities of a container, as Kubernetes writes them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct QuantityTable {
    /// Processor cores, such as `50m`.
    pub cpu: Option<QuantityText>,
    /// Memory, such as `64Mi`.
    pub memory: Option<QuantityText>,
    /// Disk for logs and what else a container writes, such as `16Mi`.
    pub ephemeral_storage: Option<QuantityText>,
}

/// A quantity as Kubernetes writes it: a number, and a suffix such as `m`, `k`, `M` or `Mi`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = form::QUANTITY, "examples" = ["50m", "64Mi"]))]
pub struct QuantityText(pub String);

impl TryFrom<String> for QuantityText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const SUFFIXES: [&str; 14] = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let suffix = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &text[..text.len() - suffix.len()];
        if number.starts_with('.') || number.parse::<f64>().is_err() || !SUFFIXES.contains(&suffix) {
            return Err(format!("`{text}` is not a quantity such as `50m`, `0.5` or `64Mi`"));
        }
        Ok(Self(text))
    }
}

impl DeployTable {
    /// The workload's name.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(DEFAULT_NAME)
    }

    /// The name of the consumers' Deployment, and of the object by which KEDA scales it.
    pub fn consumer_name(&self) -> String {
        format!("{}-consumer", self.name())
    }

    /// The name of the producer's Deployment.
    pub fn producer_name(&self) -> String {
        format!("{}-producer", self.name())
    }

    /// What Kubernetes would refuse, and keys that mean nothing without another.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["deploy", key], message));
        let checks = [
            ("name", &self.name, name as fn(&str) -> Result<String, String>),
            ("namespace", &self.namespace, namespace),
            ("image", &self.image, image),
            ("redis-image", &self.redis_image, image),
            ("secret", &self.secret, object_name),
            ("image-pull-secret", &self.image_pull_secret, object_name),
            ("secret-username-key", &self.secret_username_key, secret_key),
            ("secret-password-key", &self.secret_password_key, secret_key),
            ("secret-ca-key", &self.secret_ca_key, secret_key),
        ];
        for (key, value, check) in checks {
            if let Some(Err(message)) = value.as_deref().map(check) {
                return wrong(key, &message);
            }
            if self.secret.is_none() && key.starts_with("secret-") && value.is_some() {
                return wrong(key, "names a key of a Secret, and `secret` does not say which");
            }
        }
        if self.redis == Some(true) && self.secret.is_some() {
            return wrong("secret", "has no effect: the Redis that `redis = true` writes asks for no password");
        }
        if self.redis != Some(true) && self.redis_image.is_some() {
            return wrong("redis-image", "has no effect without `redis = true`");
        }
        Ok(())
    }
}

/// Reads a workload's name.
///
/// # Errors
///
/// Says what Kubernetes allows.
pub fn name(text: &str) -> Result<String, String> {
    if text.len() > LONGEST_NAME {
        return Err(format!("is longer than {LONGEST_NAME} characters; names made from it would be too long"));
    }
    namespace(text)
}

/// Reads a namespace: a DNS label.
///
/// # Errors
///
/// Says what Kubernetes allows.
pub fn namespace(text: &str) -> Result<String, String> {
    if text.len() <= 63 && is_dns_label(text) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a name of lower-case letters, digits and dashes, with a letter or digit at both ends"))
}

/// Reads an image with a tag or digest.
///
/// # Errors
///
/// Says what is missing.
pub fn image(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{text}` is not an image"));
    }
    // A colon before the last slash belongs to the registry's port.
    let last = text.rsplit('/').next().unwrap_or(text);
    match last.split_once([':', '@']) {
        Some((name, tag)) if !name.is_empty() && !tag.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("`{text}` needs a tag or digest: without one it is another image tomorrow")),
    }
}

/// Reads the name of an object: labels joined by dots.
pub(super) fn object_name(text: &str) -> Result<String, String> {
    if text.len() <= 253 && text.split('.').all(is_dns_label) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a name of lower-case letters, digits, dashes and dots"))
}

fn secret_key(text: &str) -> Result<String, String> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.len() <= 253 && text.chars().all(known) && !text.starts_with("..") && text != "." {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a key of letters, digits, dashes, underscores and dots"))
}

fn is_dns_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    #[test]
    fn what_kubernetes_would_refuse_is_refused_here() {
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
        ] {
            let error = Profile::parse("q.toml", &format!("[deploy]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(&format!(": {path}: ")) && error.starts_with("q.toml:"), "{text}: {error}");
        }
    }

    #[test]
    fn an_image_has_a_tag_or_a_digest() {
        for text in ["qscale:1", "ghcr.io/a/qscale:1", "localhost:5000/qscale:1", "qscale@sha256:0123"] {
            assert_eq!(image(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for text in ["1", "0.5", "50m", "64Mi", "1G"] {
            assert!(QuantityText::try_from(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "m", "64MB", "1.2.3", "-1", "64 Mi", ".5"] {
            assert!(QuantityText::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

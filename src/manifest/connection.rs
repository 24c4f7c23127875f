//! How pods and KEDA reach Redis: from the profile alone, and never with a password in hand.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use super::literal;
use crate::profile::deploy::DEFAULT_PASSWORD_KEY;
use crate::profile::{Address, Authentication, Endpoint, Environment, Profile, ProfileError, RedisTable};

/// The Service of the Redis for demos.
pub(super) const SERVICE: &str = "redis";

/// The port Redis listens on.
pub(super) const PORT: u16 = 6379;

/// The folder in the container that holds the certificates to trust.
pub(super) const TLS_FOLDER: &str = "/etc/qscale/tls";

/// The file in it.
pub(super) const CA_FILE: &str = "ca.crt";

/// How pods and KEDA reach Redis.
pub(super) struct Connection {
    host: String,
    port: u16,
    db: u8,
    tls: bool,
    skip_verify: bool,
    username: Option<Text>,
    password: Option<SecretKey>,
    /// Certificates to trust in place of the system's.
    pub(super) ca: Option<SecretKey>,
    authentication: Authentication,
}

/// A key of an existing Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretKey {
    pub(super) secret: String,
    pub(super) key: String,
}

/// Text, or where it is kept.
enum Text {
    Literal(String),
    Secret(SecretKey),
}

impl Connection {
    /// Decides how Redis is reached from within the cluster.
    pub(super) fn of(profile: &Profile, namespace: Option<&str>) -> Result<Self, ProfileError> {
        let wrong = |path: &[&str], message: &str| Err(profile.source.error_at(path, message));
        let (deploy, redis) = (&profile.deploy, &profile.redis);
        let authentication = profile.scale.authentication.unwrap_or_default();
        // No environment: what whoever renders has set there is nothing the pods would have.
        let endpoint = Endpoint::resolve(RedisTable::default(), &Environment::default(), profile)?;
        let place = if redis.url.is_some() { ["redis", "url"] } else { ["redis", "host"] };

        if deploy.redis == Some(true) {
            if redis.url.is_some() || redis.host.is_some() {
                return wrong(
                    &["deploy", "redis"],
                    "asks for a Redis of its own, and [redis] names one: keep one of them",
                );
            }
            let Some(namespace) = namespace else {
                return wrong(
                    &["deploy", "redis"],
                    "needs a namespace: KEDA is in another one, and finds this Redis by its name and namespace; \
                     set `namespace` beside it, or give --namespace",
                );
            };
            let host = format!("{SERVICE}.{namespace}.svc");
            let db = endpoint.db.value;
            return Ok(Self { host, port: PORT, db, authentication, ..Self::plain() });
        }
        let (host, port) = match endpoint.address.value {
            Address::Unix { .. } => {
                return wrong(
                    &place,
                    "is a unix socket, which no pod reaches: name a host, or set `redis = true` in [deploy]",
                );
            }
            Address::Tcp { .. } if redis.url.is_none() && redis.host.is_none() => {
                return wrong(
                    &place,
                    "is not set: name the host that pods reach Redis by, or set `redis = true` in [deploy] for a Redis \
                     beside them (the environment of who renders is not looked at)",
                );
            }
            Address::Tcp { host, .. } if is_loopback(&host) => {
                return wrong(&place, "is the pod itself when a pod says it: name the host that pods reach Redis by");
            }
            Address::Tcp { host, port } => (host, port),
        };
        let secret = |key: &str| deploy.secret.clone().map(|secret| SecretKey { secret, key: key.to_owned() });
        let password = secret(deploy.secret_password_key.as_deref().unwrap_or(DEFAULT_PASSWORD_KEY));
        let username = match (&deploy.secret_username_key, endpoint.username) {
            (Some(key), _) => secret(key).map(Text::Secret),
            (None, name) => name.map(|name| Text::Literal(name.value)),
        };
        if password.is_none() && endpoint.password.is_some() {
            let place = if redis.password_file.is_some() { ["redis", "password-file"] } else { place };
            return wrong(
                &place,
                "holds a password, which is never written down here: put it into a Secret and name that in `secret` of [deploy]",
            );
        }
        if password.is_none() && username.is_some() {
            return wrong(
                &["redis", "username"],
                "needs a password: name the Secret that holds it in `secret` of [deploy]",
            );
        }
        let ca = deploy.secret_ca_key.as_deref().and_then(secret);
        let speaks_tls = endpoint.tls.is_some();
        let tls = endpoint.tls.unwrap_or_default();
        if tls.ca.is_some() && ca.is_none() {
            return wrong(
                &["redis", "tls-ca"],
                "is a file that no pod has: put it into the Secret and name its key in `secret-ca-key` of [deploy]",
            );
        }
        if tls.client.is_some() {
            return wrong(&["redis", "tls-cert"], "is a file that no pod has; client certificates cannot be rendered");
        }
        if tls.server_name.is_some() {
            return wrong(
                &["redis", "tls-server-name"],
                "is more than KEDA can: it expects the host's name in the certificate",
            );
        }
        Ok(Self {
            host,
            port,
            db: endpoint.db.value,
            tls: speaks_tls,
            skip_verify: tls.skip_verify,
            username,
            password,
            ca,
            authentication,
        })
    }

    fn plain() -> Self {
        Self {
            host: String::new(),
            port: PORT,
            db: 0,
            tls: false,
            skip_verify: false,
            username: None,
            password: None,
            ca: None,
            authentication: Authentication::default(),
        }
    }

    /// The variables of a container.
    pub(super) fn variables(&self) -> Vec<EnvVar> {
        let mut variables = vec![variable("REDIS_HOST", &self.host), variable("REDIS_PORT", &self.port.to_string())];
        match &self.username {
            Some(Text::Literal(name)) => variables.push(variable("REDIS_USERNAME", name)),
            Some(Text::Secret(key)) => variables.push(secret_variable("REDIS_USERNAME", key)),
            None => {}
        }
        if let Some(password) = &self.password {
            variables.push(secret_variable("REDIS_PASSWORD", password));
        }
        if self.db != 0 {
            variables.push(variable("REDIS_DB", &self.db.to_string()));
        }
        if self.tls {
            variables.push(variable("REDIS_TLS", "true"));
        }
        if self.ca.is_some() {
            variables.push(variable("REDIS_TLS_CA", &format!("{TLS_FOLDER}/{CA_FILE}")));
        }
        if self.skip_verify {
            variables.push(variable("REDIS_TLS_SKIP_VERIFY", "true"));
        }
        variables
    }

    /// What a trigger of KEDA is told of Redis; `tls` of a `TriggerAuthentication` would exclude `enableTLS`.
    pub(super) fn trigger_metadata(&self) -> BTreeMap<&'static str, String> {
        let mut metadata = BTreeMap::new();
        match self.authentication {
            Authentication::Environment => {
                metadata.insert("hostFromEnv", "REDIS_HOST".to_owned());
                metadata.insert("portFromEnv", "REDIS_PORT".to_owned());
                if self.username.is_some() {
                    metadata.insert("usernameFromEnv", "REDIS_USERNAME".to_owned());
                }
                if self.password.is_some() {
                    metadata.insert("passwordFromEnv", "REDIS_PASSWORD".to_owned());
                }
            }
            Authentication::TriggerAuthentication => {
                metadata.insert("address", self.address());
                if let Some(Text::Literal(name)) = &self.username {
                    metadata.insert("username", name.clone());
                }
            }
        }
        if self.db != 0 {
            metadata.insert("databaseIndex", self.db.to_string());
        }
        if self.tls {
            metadata.insert("enableTLS", "true".to_owned());
        }
        if self.skip_verify {
            metadata.insert("unsafeSsl", "true".to_owned());
        }
        metadata
    }

    /// What KEDA reads from the Secret itself: parameter and key.
    pub(super) fn trigger_secrets(&self) -> Vec<(&'static str, &SecretKey)> {
        let mut secrets = Vec::new();
        if self.authentication == Authentication::TriggerAuthentication {
            if let Some(Text::Secret(key)) = &self.username {
                secrets.push(("username", key));
            }
            secrets.extend(self.password.iter().map(|key| ("password", key)));
        }
        // A trigger takes certificates from nowhere else.
        secrets.extend(self.ca.iter().map(|key| ("ca", key)));
        secrets
    }

    /// The container whose environment KEDA has to read.
    pub(super) fn read_from_environment(&self) -> bool {
        self.authentication == Authentication::Environment
    }

    /// The command that makes the Secret.
    pub(super) fn secret_command(&self, namespace: Option<&str>) -> Option<String> {
        let password = self.password.as_ref()?;
        let namespace = namespace.map(|name| format!(" --namespace {name}")).unwrap_or_default();
        let mut command = format!("kubectl create secret generic {}{namespace}", password.secret);
        if let Some(Text::Secret(username)) = &self.username {
            command.push_str(&format!(" --from-literal={}=USER", username.key));
        }
        command.push_str(&format!(" --from-literal={}=PASSWORD", password.key));
        if let Some(ca) = &self.ca {
            command.push_str(&format!(" --from-file={}=FILE", ca.key));
        }
        Some(command)
    }

    /// `host:port`; KEDA dials it as it is.
    fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

pub(super) fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(literal(value)), value_from: None }
}

fn secret_variable(name: &str, SecretKey { secret, key }: &SecretKey) -> EnvVar {
    let selector = SecretKeySelector { name: secret.clone(), key: key.clone(), optional: None };
    let source = EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

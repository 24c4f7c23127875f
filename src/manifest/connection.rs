//! How pods and KEDA reach Redis: from the profile alone, and never with a password in hand.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use super::literal;
use crate::profile::deploy::DEFAULT_PASSWORD_KEY;
use crate::profile::{Address, Authentication, Endpoint, Environment, Profile, ProfileError, RedisTable, Servers, Tls};

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
    /// All servers, where they are several.
    servers: Option<Servers>,
    db: u8,
    tls: bool,
    skip_verify: bool,
    username: Option<Text>,
    password: Option<SecretKey>,
    /// Certificates to trust in place of the system's.
    pub(super) ca: Option<SecretKey>,
    authentication: Authentication,
    /// KEDA's credentials are named by an object that is there already.
    referenced: bool,
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
        // No environment: what whoever renders has set there is nothing the pods would have.
        let endpoint = Endpoint::resolve(RedisTable::default(), &Environment::default(), profile)?;
        match profile.deploy.redis {
            Some(true) => Self::beside(profile, endpoint, namespace),
            _ => Self::elsewhere(profile, endpoint),
        }
    }

    /// The Redis for demos, which is written as well.
    fn beside(profile: &Profile, endpoint: Endpoint, namespace: Option<&str>) -> Result<Self, ProfileError> {
        let wrong = |message: &str| Err(profile.source.error_at(&["deploy", "redis"], message));
        if profile.redis.url.is_some() || profile.redis.host.is_some() || profile.redis.addresses.is_some() {
            return wrong("asks for a Redis of its own, and [redis] names one: keep one of them");
        }
        if endpoint.tls.is_some() {
            return wrong("asks for a Redis without TLS, and [redis] wants TLS: keep one of them");
        }
        let Some(namespace) = namespace else {
            return wrong(
                "needs a namespace: KEDA is in another one, and finds this Redis by its name and namespace; set \
                 `namespace` beside it, or give --namespace",
            );
        };
        Ok(Self {
            host: format!("{SERVICE}.{namespace}.svc"),
            port: PORT,
            servers: None,
            db: endpoint.db.value,
            tls: false,
            skip_verify: false,
            username: None,
            password: None,
            ca: None,
            authentication: profile.scale.authentication.unwrap_or_default(),
            referenced: profile.scale.trigger_authentication.is_some(),
        })
    }

    /// The Redis that the profile names.
    fn elsewhere(profile: &Profile, endpoint: Endpoint) -> Result<Self, ProfileError> {
        let (host, port) = reachable(profile, &endpoint)?;
        let (username, password) = credentials(profile, &endpoint)?;
        let ca = profile.deploy.secret_ca_key.as_deref().and_then(|key| secret_key(profile, key));
        match &endpoint.tls {
            Some(tls) => check_tls(profile, tls, ca.is_some())?,
            None if ca.is_some() => {
                let message = "has no effect: [redis] does not speak TLS";
                return Err(profile.source.error_at(&["deploy", "secret-ca-key"], message));
            }
            None => {}
        }
        Ok(Self {
            host,
            port,
            servers: endpoint.servers,
            db: endpoint.db.value,
            tls: endpoint.tls.is_some(),
            skip_verify: endpoint.tls.is_some_and(|tls| tls.skip_verify),
            username,
            password,
            ca,
            authentication: profile.scale.authentication.unwrap_or_default(),
            referenced: profile.scale.trigger_authentication.is_some(),
        })
    }

    /// The variables of a container.
    pub(super) fn variables(&self) -> Vec<EnvVar> {
        let mut variables = match &self.servers {
            None => vec![variable("REDIS_HOST", &self.host), variable("REDIS_PORT", &self.port.to_string())],
            Some(servers) => {
                let mut variables = vec![
                    variable("REDIS_ADDRESSES", &servers.addresses()),
                    variable("REDIS_TOPOLOGY", &servers.topology().to_string()),
                ];
                variables.extend(servers.master().map(|master| variable("REDIS_SENTINEL_MASTER", master)));
                variables
            }
        };
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

    /// The type of KEDA's triggers.
    pub(super) fn trigger_type(&self) -> &'static str {
        "redis"
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
                // Said here, it would go over what the object names.
                if let Some(Text::Literal(name)) = self.username.as_ref().filter(|_| !self.referenced) {
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
        if self.referenced {
            return secrets;
        }
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

    /// Whether KEDA reads the environment of the consumer's container.
    pub(super) fn read_from_environment(&self) -> bool {
        self.authentication == Authentication::Environment
    }

    /// The command that makes the Secret.
    pub(super) fn secret_command(&self, namespace: Option<&str>) -> Option<String> {
        let password = self.password.as_ref()?;
        let namespace = namespace.map(|name| format!(" --namespace {name}")).unwrap_or_default();
        let username = match &self.username {
            Some(Text::Secret(username)) => format!(" --from-literal={}=USER", username.key),
            _ => String::new(),
        };
        let ca = self.ca.as_ref().map(|ca| format!(" --from-file={}=FILE", ca.key)).unwrap_or_default();
        let SecretKey { secret, key } = password;
        Some(format!("kubectl create secret generic {secret}{namespace}{username} --from-literal={key}=PASSWORD{ca}"))
    }

    /// `host:port`; KEDA dials it as it is.
    fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// The host and port that pods reach Redis by.
fn reachable(profile: &Profile, endpoint: &Endpoint) -> Result<(String, u16), ProfileError> {
    let wrong = |message: &str| Err(profile.source.error_at(&place(profile), message));
    let nodes = profile.redis.addresses.as_deref().unwrap_or_default();
    match endpoint.address.value.clone() {
        Address::Unix { .. } => {
            wrong("is a unix socket, which no pod reaches: name a host, or set `redis = true` in [deploy]")
        }
        Address::Tcp { .. } if nodes.is_empty() && profile.redis.url.is_none() && profile.redis.host.is_none() => {
            wrong(
                "is not set: name the host that pods reach Redis by, or set `redis = true` in [deploy] for a Redis beside \
             them; the environment is not looked at here",
            )
        }
        Address::Tcp { host, .. } if is_loopback(&host) || nodes.iter().any(|node| is_loopback(&node.host)) => {
            wrong("is this machine here, and each pod itself there: name the host that pods reach Redis by")
        }
        Address::Tcp { host, port } => Ok((host, port)),
    }
}

/// The user and where the password is.
fn credentials(profile: &Profile, endpoint: &Endpoint) -> Result<(Option<Text>, Option<SecretKey>), ProfileError> {
    let deploy = &profile.deploy;
    let username = match (&deploy.secret_username_key, &endpoint.username) {
        (Some(key), _) => secret_key(profile, key).map(Text::Secret),
        (None, name) => name.as_ref().map(|name| Text::Literal(name.value.clone())),
    };
    let password = secret_key(profile, deploy.secret_password_key.as_deref().unwrap_or(DEFAULT_PASSWORD_KEY));
    if password.is_none() && (endpoint.password.is_some() || username.is_some()) {
        let place = match &profile.redis {
            redis if redis.password_file.is_some() => ["redis", "password-file"],
            redis if redis.url.is_none() => ["redis", "username"],
            _ => place(profile),
        };
        let message = "needs a password in the cluster, and none is ever written into manifests: put it into a Secret \
                       and name that in `secret` of [deploy]";
        return Err(profile.source.error_at(&place, message));
    }
    Ok((username, password))
}

/// What of TLS can be had in a pod and in KEDA.
fn check_tls(profile: &Profile, tls: &Tls, ca_in_secret: bool) -> Result<(), ProfileError> {
    let wrong = |key: &str, message: &str| Err(profile.source.error_at(&["redis", key], message));
    if tls.ca.is_some() && !ca_in_secret {
        let message =
            "is a file that no pod has: put it into the Secret and name its key in `secret-ca-key` of [deploy]";
        return wrong("tls-ca", message);
    }
    if tls.client.is_some() {
        return wrong("tls-cert", "is a file that no pod has; client certificates cannot be rendered");
    }
    if tls.server_name.is_some() {
        return wrong("tls-server-name", "is more than KEDA can: it expects the host's name in the certificate");
    }
    Ok(())
}

/// Where the profile says which Redis is meant.
fn place(profile: &Profile) -> [&'static str; 2] {
    match &profile.redis {
        redis if redis.url.is_some() => ["redis", "url"],
        redis if redis.addresses.is_some() => ["redis", "addresses"],
        _ => ["redis", "host"],
    }
}

fn secret_key(profile: &Profile, key: &str) -> Option<SecretKey> {
    let secret = profile.deploy.secret.clone()?;
    Some(SecretKey { secret, key: key.to_owned() })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(text: &str) -> Result<Connection, ProfileError> {
        let profile = Profile::parse("q.toml", text).expect("the profile of this test is right");
        Connection::of(&profile, Some("ns"))
    }

    fn metadata(text: &str) -> Vec<String> {
        let connection = connection(text).unwrap_or_else(|error| panic!("{error}"));
        connection.trigger_metadata().iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn what_no_pod_could_reach_is_refused_at_its_place() {
        for (text, place, reason) in [
            ("", "q.toml: redis.host", "is not set"),
            ("[redis]\nhost = \"localhost\"", "q.toml:2:8: redis.host", "each pod itself"),
            ("[redis]\nurl = \"redis://127.0.0.2\"", "q.toml:2:7: redis.url", "each pod itself"),
            ("[redis]\nurl = \"unix:///run/redis.sock\"", "q.toml:2:7: redis.url", "unix socket"),
            ("[redis]\nhost = \"r\"\n[deploy]\nredis = true", "q.toml:4:9: deploy.redis", "keep one"),
            ("[redis]\ntls = true\n[deploy]\nredis = true", "q.toml:4:9: deploy.redis", "TLS"),
            ("[redis]\nhost = \"r\"\nusername = \"u\"", "q.toml:3:12: redis.username", "`secret` of [deploy]"),
            ("[redis]\nhost = \"r\"\npassword-file = \"p\"", "q.toml:3:17: redis.password-file", "Secret"),
            ("[redis]\nurl = \"rediss://u:s3cret@r\"", "q.toml:2:7: redis.url", "Secret"),
            ("[redis]\nhost = \"r\"\ntls = true\ntls-ca = \"ca\"", "q.toml:4:10: redis.tls-ca", "secret-ca-key"),
            ("[redis]\nhost = \"r\"\ntls = true\ntls-server-name = \"n\"", "q.toml:4:19:", "KEDA"),
            ("[redis]\nhost = \"r\"\ntls = true\ntls-cert = \"c\"\ntls-key = \"k\"", "q.toml:4:12:", "no pod has"),
            ("[redis]\nhost = \"r\"\n[deploy]\nsecret = \"s\"\nsecret-ca-key = \"c\"", "q.toml:5:17:", "TLS"),
        ] {
            let error = connection(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(place) && error.contains(reason), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn without_a_namespace_keda_could_not_find_the_redis_for_demos() {
        let profile = Profile::parse("q.toml", "[deploy]\nredis = true").unwrap();
        let error = Connection::of(&profile, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("--namespace"), "{error}");
    }

    #[test]
    fn keda_is_told_the_address_and_reads_the_rest_from_the_secret() {
        let text = "[redis]\nurl = \"rediss://r:7000/2\"\ntls-skip-verify = true\n[deploy]\nsecret = \"s\"\n\
                    secret-username-key = \"user\"\nsecret-ca-key = \"ca.pem\"";
        assert_eq!(metadata(text), ["address=r:7000", "databaseIndex=2", "enableTLS=true", "unsafeSsl=true"]);
        let connection = connection(text).unwrap_or_else(|error| panic!("{error}"));
        let secrets: Vec<_> =
            connection.trigger_secrets().into_iter().map(|(parameter, key)| (parameter, key.key.as_str())).collect();
        assert_eq!(secrets, [("username", "user"), ("password", "password"), ("ca", "ca.pem")]);
    }

    #[test]
    fn keda_reads_from_the_environment_only_what_is_there() {
        let environment = "[scale]\nauthentication = \"environment\"\n[redis]\nhost = \"r\"\n";
        assert_eq!(metadata(environment), ["hostFromEnv=REDIS_HOST", "portFromEnv=REDIS_PORT"]);
        let password = format!("{environment}[deploy]\nsecret = \"s\"");
        assert!(metadata(&password).contains(&"passwordFromEnv=REDIS_PASSWORD".to_owned()));
        assert!(!metadata(&password).iter().any(|entry| entry.starts_with("username")));
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(metadata("[redis]\nhost = \"2001:db8::1\""), ["address=[2001:db8::1]:6379"]);
    }
}

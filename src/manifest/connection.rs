//! Connection of pods and KEDA to Redis: from the profile alone, and without a password.

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use super::certificate::{Certificate, certificates};
use super::reach::{SentinelCredentials, check_no_tls, check_tls, credentials, reachable, sentinel_credentials};
use super::secret_key::{Credential, SecretKey};
use crate::endpoint::{Endpoint, Servers};
use crate::profile::{Authentication, Profile, ProfileError};

/// The Service of the Redis for demos.
pub(super) const SERVICE: &str = "redis";

/// The port Redis listens on.
pub(super) const PORT: u16 = 6379;

/// Connection of pods and KEDA to Redis.
pub(super) struct RedisAccess {
    pub(super) host: String,
    pub(super) port: u16,
    /// All servers, where they are several.
    pub(super) servers: Option<Servers>,
    pub(super) db: u8,
    pub(super) tls: bool,
    pub(super) skip_verify: bool,
    pub(super) username: Option<Credential>,
    pub(super) password: Option<SecretKey>,
    pub(super) sentinel: SentinelCredentials,
    /// Certificates and keys that are files in pods.
    pub(super) certificates: Vec<Certificate>,
    pub(super) authentication: Authentication,
    /// KEDA's credentials are named by an object that is there already.
    pub(super) referenced: bool,
}

impl RedisAccess {
    /// Decides how Redis is reached from within the cluster.
    pub(super) fn of(profile: &Profile, namespace: Option<&str>) -> Result<Self, ProfileError> {
        // No environment: the pods would not have the variables set where render runs.
        let endpoint = profile.endpoint([], [])?;
        if profile.deploy.target.is_some() && profile.scale.authentication == Some(Authentication::Environment) {
            let message =
                "makes KEDA read the variables of a container that is not rendered: remove it, or `target` in [deploy]";
            return Err(profile.source.error_at(&["scale", "authentication"], message));
        }
        match profile.deploy.redis {
            Some(true) => Self::rendered(profile, endpoint, namespace),
            _ => Self::elsewhere(profile, endpoint),
        }
    }

    /// The Redis for demos, which is written as well.
    fn rendered(profile: &Profile, endpoint: Endpoint, namespace: Option<&str>) -> Result<Self, ProfileError> {
        let wrong = |message: &str| Err(profile.source.error_at(&["deploy", "redis"], message));
        if profile.redis.url.is_some() || profile.redis.host.is_some() || profile.redis.addresses.is_some() {
            return wrong("conflicts with the server in [redis]: remove one");
        }
        if endpoint.tls.is_some() {
            return wrong("conflicts with TLS in [redis]: the rendered Redis has none");
        }
        let Some(namespace) = namespace else {
            return wrong(
                "needs a namespace: KEDA is in another one, and finds this Redis by its name and namespace; set \
                 `namespace` in the same table, or give --namespace",
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
            sentinel: SentinelCredentials::default(),
            certificates: Vec::new(),
            authentication: profile.scale.authentication.unwrap_or_default(),
            referenced: profile.scale.trigger_authentication.is_some(),
        })
    }

    /// The Redis that the profile names.
    fn elsewhere(profile: &Profile, endpoint: Endpoint) -> Result<Self, ProfileError> {
        let (host, port) = reachable(profile, &endpoint)?;
        let (username, password) = credentials(profile, &endpoint)?;
        let sentinel = sentinel_credentials(profile, &endpoint, password.as_ref())?;
        let certificates = certificates(profile)?;
        match &endpoint.tls {
            Some(tls) => check_tls(profile, tls)?,
            None => check_no_tls(profile)?,
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
            sentinel,
            certificates,
            authentication: profile.scale.authentication.unwrap_or_default(),
            referenced: profile.scale.trigger_authentication.is_some(),
        })
    }

    /// Variables of the pods that are not secret, with their values.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = match &self.servers {
            None => vec![("REDIS_HOST", self.host.clone()), ("REDIS_PORT", self.port.to_string())],
            Some(servers) => {
                vec![("REDIS_ADDRESSES", servers.addresses()), ("REDIS_MODE", servers.mode().to_string())]
            }
        };
        if let Some(master) = self.servers.as_ref().and_then(Servers::master) {
            settings.push(("REDIS_SENTINEL_MASTER", master.to_owned()));
        }
        for (variable, username) in
            [("REDIS_USERNAME", &self.username), ("REDIS_SENTINEL_USERNAME", &self.sentinel.username)]
        {
            settings.extend(username.as_ref().and_then(Credential::literal).map(|name| (variable, name.to_owned())));
        }
        if self.db != 0 {
            settings.push(("REDIS_DB", self.db.to_string()));
        }
        if self.tls {
            settings.push(("REDIS_TLS", "true".to_owned()));
        }
        settings.extend(self.certificates.iter().map(|certificate| (certificate.variable, certificate.path())));
        if self.skip_verify {
            settings.push(("REDIS_TLS_SKIP_VERIFY", "true".to_owned()));
        }
        settings
    }

    /// The variables of a container that come from the Secret.
    pub(super) fn variables(&self) -> Vec<EnvVar> {
        self.secrets().into_iter().map(|SecretVariable { variable, key, .. }| secret_variable(variable, key)).collect()
    }

    /// User and password of Redis and of its sentinels, as far as the Secret holds them.
    fn secrets(&self) -> Vec<SecretVariable<'_>> {
        let SentinelCredentials { username, password } = &self.sentinel;
        let known = [
            ("REDIS_USERNAME", self.username.as_ref().and_then(Credential::key), "USER", "the user"),
            ("REDIS_PASSWORD", self.password.as_ref(), "PASSWORD", "the password"),
            (
                "REDIS_SENTINEL_USERNAME",
                username.as_ref().and_then(Credential::key),
                "SENTINEL_USER",
                "the user of the sentinels",
            ),
            ("REDIS_SENTINEL_PASSWORD", password.as_ref(), "SENTINEL_PASSWORD", "the password of the sentinels"),
        ];
        let held = known.into_iter().filter_map(|(variable, key, placeholder, content)| {
            Some(SecretVariable { variable, key: key?, placeholder, content })
        });
        held.collect()
    }

    /// The one port Redis listens on; servers that are several name each other, and whatever ports those have.
    pub(super) fn port(&self) -> Option<u16> {
        self.servers.is_none().then_some(self.port)
    }

    /// Returns whether KEDA reads the environment of the consumer's container.
    pub(super) fn read_from_environment(&self) -> bool {
        self.authentication == Authentication::Environment
    }

    /// The keys of the Secret, and what belongs in each.
    pub(super) fn secret_keys(&self) -> Vec<(&SecretKey, &'static str)> {
        let mut keys: Vec<_> = self.secrets().into_iter().map(|held| (held.key, held.content)).collect();
        keys.extend(self.certificates.iter().map(|certificate| (&certificate.key, certificate.content)));
        keys
    }

    /// The command that makes the Secret.
    pub(super) fn secret_command(&self, namespace: Option<&str>) -> Option<String> {
        let secret = &self.password.as_ref()?.secret;
        let namespace = namespace.map(|name| format!(" --namespace {name}")).unwrap_or_default();
        let literals = self.secrets().into_iter();
        let literals = literals.map(|held| format!(" --from-literal={}={}", held.key.key, held.placeholder));
        let literals = literals.collect::<Vec<_>>().concat();
        let files = self.certificates.iter().map(|certificate| format!(" --from-file={}=FILE", certificate.key.key));
        let files = files.collect::<Vec<_>>().concat();
        Some(format!("kubectl create secret generic {secret}{namespace}{literals}{files}"))
    }

    /// `host:port`; KEDA dials it as it is.
    pub(super) fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// A credential that the Secret holds.
struct SecretVariable<'a> {
    /// Variable of the pods.
    variable: &'static str,
    key: &'a SecretKey,
    /// Its value in a command to type.
    placeholder: &'static str,
    /// Name in messages.
    content: &'static str,
}

fn secret_variable(name: &str, SecretKey { secret, key }: &SecretKey) -> EnvVar {
    let selector = SecretKeySelector { name: secret.clone(), key: key.clone(), optional: None };
    let source = EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(text: &str) -> Result<RedisAccess, ProfileError> {
        let profile = Profile::parse("q.toml", text).expect("the profile of this test is right");
        RedisAccess::of(&profile, Some("ns"))
    }

    fn metadata(text: &str) -> Vec<String> {
        let connection = connection(text).unwrap_or_else(|error| panic!("{error}"));
        connection.trigger_metadata().iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn connection_that_no_pod_could_use_is_refused_with_its_position() {
        for (text, place, reason) in [
            ("", "q.toml: redis.host", "is not set"),
            ("[redis]\nport = 6380", "q.toml:2:8: redis.port", "has no host"),
            ("[redis]\nhost = \"localhost\"", "q.toml:2:8: redis.host", "the pod itself"),
            ("[redis]\nhost = \"0.0.0.0\"", "q.toml:2:8: redis.host", "the pod itself"),
            ("[redis]\nhost = \"localhost.\"", "q.toml:2:8: redis.host", "the pod itself"),
            ("[redis]\nhost = \"r.example.com:6379\"", "q.toml:2:8: redis.host", "`port`"),
            ("[redis]\nhost = \"$(X)\"", "q.toml:2:8: redis.host", "is not a host"),
            ("[redis]\nurl = \"redis://a..b\"", "q.toml:2:7: redis.url", "is not a host"),
            ("[redis]\nurl = \"redis://127.0.0.2\"", "q.toml:2:7: redis.url", "the pod itself"),
            ("[redis]\nurl = \"unix:///run/redis.sock\"", "q.toml:2:7: redis.url", "unix socket"),
            ("[redis]\nhost = \"r\"\n[deploy]\nredis = true", "q.toml:4:9: deploy.redis", "remove one"),
            ("[redis]\ntls = true\n[deploy]\nredis = true", "q.toml:4:9: deploy.redis", "TLS"),
            ("[redis]\nhost = \"r\"\nusername = \"u\"", "q.toml:3:12: redis.username", "`secret` in [deploy]"),
            ("[redis]\nhost = \"r\"\npassword-file = \"p\"", "q.toml:3:17: redis.password-file", "Secret"),
            ("[redis]\nurl = \"rediss://u:s3cret@r\"", "q.toml:2:7: redis.url", "Secret"),
            ("[redis]\nhost = \"r\"\ntls = true\ntls-ca = \"ca\"", "q.toml:4:10: redis.tls-ca", "secret-ca-key"),
            ("[redis]\nhost = \"r\"\ntls = true\ntls-server-name = \"n\"", "q.toml:4:19:", "KEDA"),
            ("[redis]\nhost = \"r\"\ntls = true\ntls-cert = \"c\"\ntls-key = \"k\"", "q.toml:4:12:", "no pod has"),
            ("[redis]\nhost = \"r\"\n[deploy]\nsecret = \"s\"\nsecret-ca-key = \"c\"", "q.toml:5:17:", "TLS"),
            (
                "[redis]\nhost = \"r\"\ntls = true\n[deploy]\nsecret = \"s\"\nsecret-cert-key = \"c\"",
                "q.toml:6:19: deploy.secret-cert-key",
                "`secret-key-key`",
            ),
            (
                "[redis]\nhost = \"r\"\ntls = true\n[deploy]\nsecret = \"s\"\nsecret-key-key = \"k\"",
                "q.toml:6:18: deploy.secret-key-key",
                "`secret-cert-key`",
            ),
            (
                "[redis]\nhost = \"r\"\n[deploy]\ntarget = { name = \"w\" }\n[scale]\nauthentication = \"environment\"",
                "q.toml:6:18: scale.authentication",
                "`target`",
            ),
        ] {
            let error = connection(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(place) && error.contains(reason), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn rendered_redis_requires_a_namespace() {
        let profile = Profile::parse("q.toml", "[deploy]\nredis = true").unwrap();
        let error = RedisAccess::of(&profile, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("--namespace"), "{error}");
    }

    #[test]
    fn keda_is_told_the_address_and_reads_the_rest_from_the_secret() {
        let text = "[redis]\nurl = \"rediss://r:7000/2\"\ntls-skip-verify = true\n[deploy]\nsecret = \"s\"\n\
                    secret-username-key = \"user\"\nsecret-ca-key = \"ca.pem\"\nsecret-cert-key = \"c\"\nsecret-key-key = \"k\"";
        assert_eq!(metadata(text), ["address=r:7000", "databaseIndex=2", "enableTLS=true", "unsafeSsl=true"]);
        let connection = connection(text).unwrap_or_else(|error| panic!("{error}"));
        let secrets: Vec<_> =
            connection.trigger_secrets().into_iter().map(|(parameter, key)| (parameter, key.key.as_str())).collect();
        assert_eq!(
            secrets,
            [("username", "user"), ("password", "password"), ("ca", "ca.pem"), ("cert", "c"), ("key", "k")]
        );
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
    fn ipv6_address_is_written_in_brackets() {
        assert_eq!(metadata("[redis]\nhost = \"2001:db8::1\""), ["address=[2001:db8::1]:6379"]);
    }
}

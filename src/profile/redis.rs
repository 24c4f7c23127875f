//! How to reach Redis: what flags, environment, profile and defaults say, laid over each other.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::Profile;
use super::error::ProfileError;
use super::mode::{Mode, NodeAddress, Servers};
use super::resolution::{Layer, Resolution, flag_of};
use super::url::{Address, RedisUrl};
use super::variables::{from_environment, variable_of};
use crate::units::HumanDuration;
use crate::units::{Environment, Origin, Setting};

/// How long one attempt to connect may take: TCP, TLS and authentication together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// `[redis]`: connection to Redis; flags and environment use the same table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RedisTable {
    /// Address in one URL, in place of `host`, `port`, `db` and `tls`: `redis://`, `rediss://` (TLS) or `unix://`.
    #[schemars(extend("x-default" = "none", "examples" = ["rediss://app@redis.example.com:6380/0", "unix:///run/redis.sock"]))]
    pub url: Option<RedisUrl>,
    /// Host name or IP address.
    #[schemars(extend("default" = "localhost", "examples" = ["redis.example.com"]))]
    pub host: Option<String>,
    /// Port.
    #[schemars(range(min = 1))]
    #[schemars(extend("default" = 6379, "examples" = [6379]))]
    pub port: Option<u16>,
    /// Several servers, in place of `host` and `port`; `mode` says how they belong together.
    #[schemars(extend("x-default" = "none", "examples" = [["redis-0.example.com:6379", "redis-1.example.com:6379"]]))]
    pub addresses: Option<Vec<NodeAddress>>,
    /// Deployment mode: `single`, `cluster` or `sentinel`.
    #[schemars(extend("default" = "single", "examples" = ["cluster"]))]
    pub mode: Option<Mode>,
    /// Name of the master that the sentinels watch.
    #[schemars(extend("x-default" = "none", "examples" = ["mymaster"]))]
    pub sentinel_master: Option<String>,
    /// ACL user.
    #[schemars(extend("x-default" = "user `default` of Redis", "examples" = ["app"]))]
    pub username: Option<String>,
    /// File with the password, read at every connection attempt, so that a rotated Secret is picked up.
    #[schemars(extend("x-default" = "password from REDIS_PASSWORD or the URL", "examples" = ["/run/secrets/redis-password"]))]
    pub password_file: Option<PathBuf>,
    /// Database index.
    #[schemars(extend("default" = 0, "examples" = [0]))]
    pub db: Option<u8>,
    /// Connects with TLS.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub tls: Option<bool>,
    /// File of CA certificates (PEM) to trust in place of the system's.
    #[schemars(extend("x-default" = "CA certificates of the system", "examples" = ["ca.pem"]))]
    pub tls_ca: Option<PathBuf>,
    /// File of the client certificate (PEM).
    #[schemars(extend("x-default" = "none", "examples" = ["client.pem"]))]
    pub tls_cert: Option<PathBuf>,
    /// File of the client key (PEM).
    #[schemars(extend("x-default" = "none", "examples" = ["client.key"]))]
    pub tls_key: Option<PathBuf>,
    /// Name expected in the server certificate, where it differs from the host.
    #[schemars(extend("x-default" = "the host", "examples" = ["redis.example.com"]))]
    pub tls_server_name: Option<String>,
    /// Skips certificate verification (insecure: allows man-in-the-middle attacks).
    #[schemars(extend("default" = false, "examples" = [false]))]
    pub tls_skip_verify: Option<bool>,
    /// Time limit of one connection attempt: TCP, TLS and authentication together.
    #[schemars(extend("default" = HumanDuration(CONNECT_TIMEOUT), "examples" = ["4s"]))]
    pub connect_timeout: Option<HumanDuration>,
    /// Time to keep reconnecting after a lost connection.
    #[schemars(extend("x-default" = "1m in `produce`, unlimited elsewhere", "examples" = ["1m"]))]
    pub reconnect_for: Option<HumanDuration>,
}

/// A Redis server as all subcommands know it. Prints without its password.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it listens; of several servers, the first that is named.
    pub address: Setting<Address>,
    /// All of them, where they are a cluster or have sentinels.
    pub servers: Option<Servers>,
    /// How to speak TLS; `None` for plain.
    pub tls: Option<Tls>,
    /// The ACL user; `None` is Redis' `default`.
    pub username: Option<Setting<String>>,
    /// What to authenticate with; without it no AUTH is sent.
    pub password: Option<Setting<Password>>,
    /// The database index.
    pub db: Setting<u8>,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// How long a lost connection is tried for; `None` leaves it to the subcommand.
    pub reconnect_for: Option<Duration>,
}

/// Where the password is.
#[derive(Debug, Clone)]
pub enum Password {
    /// In hand.
    Known(SecretString),
    /// In a file, read at every connect.
    File(PathBuf),
}

/// How to speak TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// The client's certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The name the server's certificate must hold, where it differs from the host.
    pub server_name: Option<String>,
    /// Whether any certificate is accepted.
    pub skip_verify: bool,
}

impl Endpoint {
    /// Lays `flags` over the environment over the profile over what Kubernetes injects over the defaults.
    ///
    /// A URL decides the whole address (host, port, TLS, database) for itself and the sources below it; only credentials
    /// that it leaves open are looked for further. What Kubernetes injects for a Service called `redis`
    /// (`REDIS_SERVICE_HOST`, `REDIS_PORT=tcp://…`) nobody has chosen: it stands below the profile.
    ///
    /// # Errors
    ///
    /// Names the flag, variable or key whose value cannot be, or the settings that exclude each other.
    pub fn resolve(flags: RedisTable, environment: &Environment, profile: &Profile) -> Result<Self, ProfileError> {
        let (typed, injected) = from_environment(environment)?;
        let layers = [
            Layer { table: flags, password: None, origin: &|key| Origin::Flag(flag_of(key)) },
            Layer {
                table: typed,
                password: environment.get("REDIS_PASSWORD").map(SecretString::from),
                origin: &|key| Origin::Variable(variable_of(key)),
            },
            Layer { table: profile.redis.clone(), password: None, origin: &|key| profile.origin(&["redis", key]) },
            Layer { table: injected, password: None, origin: &|_| Origin::Injected },
        ];
        Resolution::of(&layers).endpoint().map_err(|error| profile.source.setting_error(error))
    }

    /// Takes a server that is known whole, whatever the surroundings say.
    pub fn unix(path: PathBuf) -> Self {
        Self {
            address: Setting::default(Address::Unix { path }),
            servers: None,
            tls: None,
            username: None,
            password: None,
            db: Setting::default(0),
            connect_timeout: CONNECT_TIMEOUT,
            reconnect_for: None,
        }
    }

    /// Says where each setting comes from, one `(what, value, origin)` each; the password's value is left out.
    pub fn explain(&self) -> Vec<(&'static str, String, Origin)> {
        let mut rows = vec![("address", self.to_string(), self.address.origin.clone())];
        if let Some(username) = &self.username {
            rows.push(("username", username.value.clone(), username.origin.clone()));
        }
        if let Some(password) = &self.password {
            rows.push(("password", "(hidden)".to_owned(), password.origin.clone()));
        }
        rows.push(("db", self.db.value.to_string(), self.db.origin.clone()));
        rows
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        let user = self.username.as_ref().map(|name| format!("{}@", name.value)).unwrap_or_default();
        match &self.address.value {
            Address::Tcp { host, port } if host.contains(':') => write!(f, "{scheme}://{user}[{host}]:{port}")?,
            Address::Tcp { host, port } => write!(f, "{scheme}://{user}{host}:{port}")?,
            Address::Unix { path } => write!(f, "unix://{}", path.display())?,
        }
        match (&self.address.value, self.db.value) {
            (_, 0) => Ok(()),
            (Address::Unix { .. }, db) => write!(f, "?db={db}"),
            (Address::Tcp { .. }, db) => write!(f, "/{db}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn resolve(flags: RedisTable, environment: &[(&str, &str)], profile: &str) -> Result<Endpoint, ProfileError> {
        let profile = Profile::parse("q.toml", profile).expect("the profile of this test is right");
        Endpoint::resolve(flags, &Environment::of(environment), &profile)
    }

    fn shown(environment: &[(&str, &str)], profile: &str) -> String {
        resolve(RedisTable::default(), environment, profile).expect("the settings of this test are right").to_string()
    }

    fn flag(url: &str) -> RedisTable {
        RedisTable { url: Some(url.parse().expect("a URL")), ..RedisTable::default() }
    }

    #[test]
    fn flag_beats_environment_beats_profile_beats_default() {
        let profile = "[redis]\nhost = \"p\"\nport = 1\n";
        assert_eq!(shown(&[], ""), "redis://localhost:6379");
        assert_eq!(shown(&[], profile), "redis://p:1");
        assert_eq!(shown(&[("REDIS_HOST", "e")], profile), "redis://e:1");
        assert_eq!(shown(&[("REDIS_HOST", "e"), ("REDIS_PORT", "2")], profile), "redis://e:2");
        let endpoint = resolve(flag("redis://f"), &[("REDIS_HOST", "e"), ("REDIS_PORT", "2")], profile).unwrap();
        assert_eq!(endpoint.to_string(), "redis://f:6379");
        assert_eq!(endpoint.address.origin, Origin::Flag("--redis"));
    }

    #[test]
    fn each_setting_knows_where_it_came_from() {
        let endpoint =
            resolve(RedisTable::default(), &[("REDIS_USERNAME", "u")], "[redis]\nhost = \"p\"\ndb = 2\n").unwrap();
        assert_eq!(endpoint.address.origin.to_string(), "q.toml:2");
        assert_eq!(endpoint.username.unwrap().origin.to_string(), "REDIS_USERNAME");
        assert_eq!(endpoint.db.origin.to_string(), "q.toml:3");
    }

    #[test]
    fn a_url_without_credentials_takes_them_from_the_environment() {
        let environment = [("REDIS_USERNAME", "app"), ("REDIS_PASSWORD", "s3cret"), ("REDIS_DB", "7")];
        let endpoint = resolve(flag("rediss://h:1"), &environment, "").unwrap();
        assert_eq!(endpoint.to_string(), "rediss://app@h:1");
        let Some(Setting { value: Password::Known(password), .. }) = &endpoint.password else { panic!("no password") };
        assert_eq!(password.expose_secret(), "s3cret");
        assert!(!format!("{endpoint:?} {endpoint}").contains("s3cret"));
    }

    #[test]
    fn what_kubernetes_injects_is_understood_and_beats_nobodys_choice() {
        let link = ("REDIS_PORT", "tcp://10.0.0.1:6380");
        assert_eq!(shown(&[link], ""), "redis://10.0.0.1:6380");
        assert_eq!(shown(&[link, ("REDIS_HOST", "r.example")], ""), "redis://r.example:6380");
        assert_eq!(shown(&[link], "[redis]\nhost = \"p\"\nport = 1\n"), "redis://p:1");
        let service = [("REDIS_SERVICE_HOST", "10.0.0.2"), ("REDIS_SERVICE_PORT", "7000")];
        assert_eq!(shown(&service, ""), "redis://10.0.0.2:7000");
        assert_eq!(shown(&[link, ("REDIS_URL", "redis://typed:1/2")], ""), "redis://typed:1/2");
    }

    #[test]
    fn tls_can_be_asked_for_beside_a_plain_url_and_never_silently_lost() {
        assert_eq!(shown(&[("REDIS_URL", "redis://h"), ("REDIS_TLS", "true")], ""), "rediss://h:6379");
        assert_eq!(shown(&[("REDIS_HOST", "h")], "[redis]\ntls = true\n"), "rediss://h:6379");
        let flags = RedisTable { tls_ca: Some("ca.pem".into()), ..flag("redis://h") };
        let error = resolve(flags, &[], "").unwrap_err().to_string();
        assert!(error.contains("--tls-ca") && error.contains("TLS is off"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_named() {
        for (name, value) in [("REDIS_PORT", "abc"), ("REDIS_DB", "x"), ("REDIS_TLS", "maybe"), ("REDIS_URL", "h:1")] {
            let error = resolve(RedisTable::default(), &[(name, value)], "").unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert_eq!(shown(&[("REDIS_HOST", ""), ("REDIS_PORT", "")], ""), "redis://localhost:6379");
    }
}

//! How to reach Redis: what flags, environment, profile and defaults say, laid over each other.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::Profile;
use super::duration::Span;
use super::setting::{Environment, Origin, Setting, SettingError};
use super::url::{Address, DEFAULT_PORT, RedisUrl};
use super::variables::{from_environment, variable_of};

/// How long one attempt to connect may take: TCP, TLS and authentication together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// The `[redis]` table; also the shape of what flags and environment say.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RedisTable {
    /// Everything in one, such as `rediss://user@host:6380/0`.
    pub url: Option<RedisUrl>,
    /// The host name or IP address.
    pub host: Option<String>,
    /// The port.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// The ACL user.
    pub username: Option<String>,
    /// A file that holds the password; read at every connect, so that a rotated Secret is followed.
    pub password_file: Option<PathBuf>,
    /// The database index.
    pub db: Option<u8>,
    /// Whether to speak TLS.
    pub tls: Option<bool>,
    /// Certificates (PEM) to trust in place of the system's.
    pub tls_ca: Option<PathBuf>,
    /// The client's certificate (PEM).
    pub tls_cert: Option<PathBuf>,
    /// The client's key (PEM).
    pub tls_key: Option<PathBuf>,
    /// The name the server's certificate must hold, where it differs from the host.
    pub tls_server_name: Option<String>,
    /// Whether to accept any certificate.
    pub tls_skip_verify: Option<bool>,
    /// How long one attempt to connect may take.
    pub connect_timeout: Option<Span>,
    /// How long a lost connection is tried for before giving up.
    pub reconnect_for: Option<Span>,
}

/// A Redis server as all subcommands know it. Prints without its password.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it listens.
    pub address: Setting<Address>,
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

/// What one source says: a table, and the names its keys go by there.
struct Layer<'a> {
    table: RedisTable,
    password: Option<SecretString>,
    origin: &'a dyn Fn(&'static str) -> Origin,
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
    /// Names the flag or variable whose value cannot be, or the settings that exclude each other.
    pub fn resolve(flags: RedisTable, environment: &Environment, profile: &Profile) -> Result<Self, SettingError> {
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
        Resolution { layers: &layers }.endpoint()
    }

    /// Takes a server that is known whole, whatever the surroundings say.
    pub fn unix(path: PathBuf) -> Self {
        Self {
            address: Setting::default(Address::Unix { path }),
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

struct Resolution<'a> {
    layers: &'a [Layer<'a>],
}

impl Resolution<'_> {
    fn endpoint(self) -> Result<Endpoint, SettingError> {
        let address = self.address();
        if let Address::Tcp { host, .. } = &address.value
            && host.contains(['/', '@'])
        {
            // Not repeated: it may be a URL, password and all.
            return Err(SettingError::new(address.origin, "is not a host name; a URL belongs in --redis or REDIS_URL"));
        }
        let tls = self.tls(&address)?;
        let password = self.first_or_url(
            |layer| {
                let known = layer.password.clone().map(|password| (Password::Known(password), "password"));
                known.or_else(|| layer.table.password_file.clone().map(|path| (Password::File(path), "password-file")))
            },
            |url| url.password.clone().map(Password::Known),
        );
        let username = self.first_or_url(
            |layer| layer.table.username.clone().filter(|name| !name.is_empty()).map(|name| (name, "username")),
            |url| url.username.clone(),
        );
        Ok(Endpoint {
            address,
            tls,
            username,
            password,
            db: self.address_part("db", |table| table.db, |url| url.db).unwrap_or(Setting::default(0)),
            connect_timeout: self.any(|table| table.connect_timeout).map_or(CONNECT_TIMEOUT, |span| span.0),
            reconnect_for: self.any(|table| table.reconnect_for).map(|span| span.0),
        })
    }

    fn address(&self) -> Setting<Address> {
        let Some(layer) = self.deciding() else {
            let port = self.address_part("port", |table| table.port, |_| None);
            let port = port.map_or(DEFAULT_PORT, |port| port.value);
            return Setting::default(Address::Tcp { host: "localhost".to_owned(), port });
        };
        let (mut address, key) = match (&layer.table.url, &layer.table.host) {
            (Some(url), _) => (url.address.clone(), "url"),
            (None, host) => (Address::Tcp { host: host.clone().unwrap_or_default(), port: DEFAULT_PORT }, "host"),
        };
        if let Address::Tcp { port, .. } = &mut address {
            let of_url = |url: &RedisUrl| match url.address {
                Address::Tcp { port, .. } => Some(port),
                Address::Unix { .. } => None,
            };
            *port = self.address_part("port", |table| table.port, of_url).map_or(*port, |port| port.value);
        }
        Setting { value: address, origin: (layer.origin)(key) }
    }

    fn tls(&self, address: &Setting<Address>) -> Result<Option<Tls>, SettingError> {
        let wanted = self.address_part(
            "tls",
            |table| table.tls,
            // `--tls` beside redis:// asks for it all the same.
            |url| Some(url.tls),
        );
        let flags = &self.layers[0];
        let tls = Tls {
            ca: self.any(|table| table.tls_ca.clone()),
            client: self.client_certificate()?,
            server_name: self.any(|table| table.tls_server_name.clone()),
            skip_verify: self.any(|table| table.tls_skip_verify).unwrap_or(false),
        };
        let typed = RedisTable { tls: None, ..flags.table.clone() };
        match wanted {
            Some(Setting { value: true, origin }) if matches!(address.value, Address::Unix { .. }) => {
                Err(SettingError::new(origin, "a unix socket does not speak TLS"))
            }
            Some(Setting { value: true, .. }) => Ok(Some(tls)),
            _ if typed.names_tls().is_some() => {
                let origin = (flags.origin)(typed.names_tls().unwrap_or("tls"));
                Err(SettingError::new(origin, "has no effect: TLS is off; use --tls or a rediss:// URL"))
            }
            _ => Ok(None),
        }
    }

    fn client_certificate(&self) -> Result<Option<(PathBuf, PathBuf)>, SettingError> {
        let part = |key: &'static str, of: fn(&RedisTable) -> Option<PathBuf>| {
            self.layers.iter().find_map(|layer| Some((of(&layer.table)?, (layer.origin)(key))))
        };
        match (part("tls-cert", |table| table.tls_cert.clone()), part("tls-key", |table| table.tls_key.clone())) {
            (Some((cert, _)), Some((key, _))) => Ok(Some((cert, key))),
            (None, None) => Ok(None),
            (Some((_, origin)), None) => Err(SettingError::new(origin, "a client certificate needs its key as well")),
            (None, Some((_, origin))) => Err(SettingError::new(origin, "a client key needs its certificate as well")),
        }
    }

    /// The first layer that says where the server is.
    fn deciding(&self) -> Option<&Layer<'_>> {
        self.layers.iter().find(|layer| layer.table.url.is_some() || layer.table.host.is_some())
    }

    /// A part of the address: explicit parts and the deciding URL, from the top down; a URL ends the search.
    fn address_part<T>(
        &self,
        key: &'static str,
        explicit: impl Fn(&RedisTable) -> Option<T>,
        of_url: impl Fn(&RedisUrl) -> Option<T>,
    ) -> Option<Setting<T>> {
        for layer in self.layers {
            let part = explicit(&layer.table).map(|value| Setting { value, origin: (layer.origin)(key) });
            let Some(url) = layer.table.url.as_ref().filter(|_| self.decides(layer)) else {
                match part {
                    Some(part) => return Some(part),
                    None => continue,
                }
            };
            // In one source the URL goes first, but for `tls`, which it can only leave unsaid.
            let of_url = of_url(url).map(|value| Setting { value, origin: (layer.origin)("url") });
            return if key == "tls" { part.or(of_url) } else { of_url.or(part) };
        }
        None
    }

    fn decides(&self, layer: &Layer<'_>) -> bool {
        self.deciding().is_some_and(|deciding| std::ptr::eq(deciding, layer))
    }

    /// A credential: in each source the URL goes first, and what it leaves open is looked for further.
    fn first_or_url<T>(
        &self,
        explicit: impl Fn(&Layer<'_>) -> Option<(T, &'static str)>,
        of_url: impl Fn(&RedisUrl) -> Option<T>,
    ) -> Option<Setting<T>> {
        self.layers.iter().find_map(|layer| {
            let from_url = layer.table.url.as_ref().and_then(&of_url).map(|value| (value, "url"));
            let (value, key) = from_url.or_else(|| explicit(layer))?;
            Some(Setting { value, origin: (layer.origin)(key) })
        })
    }

    fn any<T>(&self, of: impl Fn(&RedisTable) -> Option<T>) -> Option<T> {
        self.layers.iter().find_map(|layer| of(&layer.table))
    }
}

impl RedisTable {
    /// The first key set here that only means something with TLS.
    fn names_tls(&self) -> Option<&'static str> {
        [
            ("tls-ca", self.tls_ca.is_some()),
            ("tls-cert", self.tls_cert.is_some()),
            ("tls-server-name", self.tls_server_name.is_some()),
            ("tls-skip-verify", self.tls_skip_verify == Some(true)),
        ]
        .into_iter()
        .find_map(|(key, set)| set.then_some(key))
    }
}

fn flag_of(key: &str) -> &'static str {
    match key {
        "url" => "--redis",
        "host" => "--host",
        "port" => "--port",
        "username" => "--username",
        "password-file" => "--password-file",
        "db" => "--db",
        "tls-ca" => "--tls-ca",
        "tls-cert" => "--tls-cert",
        "tls-key" => "--tls-key",
        "tls-server-name" => "--tls-server-name",
        "tls-skip-verify" => "--tls-skip-verify",
        _ => "--tls",
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn resolve(flags: RedisTable, environment: &[(&str, &str)], profile: &str) -> Result<Endpoint, SettingError> {
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

//! Where Redis is and how to reach it: addresses, mode, TLS, credentials; and what must not be shown of them.

mod handler_url;
mod host;
mod injected;
mod layer;
mod mode;
mod pattern;
pub(crate) mod redaction;
mod resolution;
pub(crate) mod secret;
mod url;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

pub use self::handler_url::{HandlerUrl, HandlerUrlError};
pub(crate) use self::host::is_loopback;
pub use self::injected::injected;
pub use self::layer::Layer;
pub(crate) use self::mode::parse_addresses;
pub use self::mode::{Mode, NodeAddress, Servers};
pub use self::redaction::without_password;
use self::resolution::Resolution;
pub(crate) use self::url::parse_db;
pub use self::url::{Address, RedisUrl};
use crate::units::{Origin, Setting, SettingError};

/// Default limit of one attempt to connect: TCP, TLS and authentication together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// What to do about a file that cannot be read.
pub(crate) const FILE_HINT: &str = "check the path and the permissions of the file";

/// The same, if its path looks like the password itself.
pub(crate) const PASSWORD_FILE_HINT: &str =
    "set it to the path of a file; the password itself belongs in REDIS_PASSWORD";

/// Names of the settings of TLS that name files.
const FILES_OF_TLS: [&str; 3] = ["tls-ca", "tls-cert", "tls-key"];

/// A Redis server as all subcommands know it. Prints without its password.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Address of the server; of several servers, the first that is named.
    pub address: Setting<Address>,
    /// All servers of a cluster, or its sentinels.
    pub servers: Option<Servers>,
    /// ACL user of the sentinels; `None` is their `default`.
    pub sentinel_username: Option<Setting<String>>,
    /// Password of the sentinels, by default that of Redis; without it no AUTH is sent to them.
    pub sentinel_password: Option<Setting<Password>>,
    /// TLS settings; `None` for plain TCP.
    pub tls: Option<Tls>,
    /// ACL user; `None` is Redis' `default`.
    pub username: Option<Setting<String>>,
    /// Password; without it no AUTH is sent.
    pub password: Option<Setting<Password>>,
    /// Database index.
    pub db: Setting<u8>,
    /// Limit of one attempt to connect.
    pub connect_timeout: Setting<Duration>,
    /// Time to retry the first connection for.
    pub connect_for: Setting<Duration>,
    /// Time to retry a lost connection for; `None` leaves it to the subcommand.
    pub reconnect_for: Option<Setting<Duration>>,
    /// Origin of a URL with a password that is not sent, for it was given for another server.
    pub withheld: Option<Origin>,
    /// True if the user is that of a URL.
    user_of_url: bool,
    /// Settings that only have an effect together with others, for [`Endpoint::explain`].
    explained: Vec<Explained>,
}

/// A setting as it is shown: name, value and origin.
pub type Explained = (&'static str, String, Origin);

/// A password, or the file that holds it.
#[derive(Debug, Clone)]
pub enum Password {
    /// The password itself.
    Known(SecretString),
    /// A file, read at every connect.
    File(PathBuf),
}

/// A file that a setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFile {
    /// Its path.
    pub path: PathBuf,
    /// Origin of the path.
    pub origin: Origin,
    /// True if it holds a password.
    pub is_password: bool,
}

/// TLS settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// Client certificate and key.
    pub client: Option<(PathBuf, PathBuf)>,
    /// Name that the server's certificate must hold, where it differs from the host.
    pub server_name: Option<String>,
    /// Returns whether any certificate is accepted.
    pub skip_verify: bool,
}

impl Endpoint {
    /// Merges `layers`, the one with the highest precedence first.
    ///
    /// A URL decides the whole address (host, port, TLS, database) for its layer and those below it; only credentials that
    /// it leaves open are taken from lower layers. Those in a URL are sent to its own host only.
    ///
    /// # Errors
    ///
    /// Fails when a value is invalid or settings conflict; the error names the flag, variable or line of the profile.
    pub fn of(layers: &[Layer]) -> Result<Self, SettingError> {
        Resolution::of(layers).endpoint()
    }

    /// Creates the endpoint of a server at a unix socket, whatever flags, environment and profile say.
    pub fn unix(path: PathBuf) -> Self {
        Self {
            address: Setting::default(Address::Unix { path }),
            servers: None,
            sentinel_username: None,
            sentinel_password: None,
            tls: None,
            username: None,
            password: None,
            db: Setting::default(0),
            connect_timeout: Setting::default(CONNECT_TIMEOUT),
            connect_for: Setting::default(Duration::ZERO),
            reconnect_for: None,
            withheld: None,
            user_of_url: false,
            explained: Vec::new(),
        }
    }

    /// Returns every setting with its value and origin; the value of the password is hidden.
    pub fn explain(&self) -> Vec<Explained> {
        let mut rows = vec![("address", self.to_string(), self.address.origin.clone())];
        if let Some(Setting { origin, .. }) = &self.username {
            rows.push(("username", self.shown_user().unwrap_or("(hidden)").to_owned(), origin.clone()));
        }
        if let Some(Setting { origin, .. }) = &self.password {
            rows.push(("password", "(hidden)".to_owned(), origin.clone()));
        }
        rows.push(("db", self.db.value.to_string(), self.db.origin.clone()));
        rows.extend(self.explained.iter().cloned());
        let Setting { value, origin } = &self.connect_timeout;
        rows.push(("connect-timeout", humantime::format_duration(*value).to_string(), origin.clone()));
        let Setting { value, origin } = &self.connect_for;
        if !value.is_zero() {
            rows.push(("connect-for", humantime::format_duration(*value).to_string(), origin.clone()));
        }
        if let Some(Setting { value, origin }) = &self.reconnect_for {
            rows.push(("reconnect-for", humantime::format_duration(*value).to_string(), origin.clone()));
        }
        rows
    }
}

impl Endpoint {
    /// Returns the files that the settings name: certificates, keys and passwords.
    pub fn files(&self) -> Vec<SettingFile> {
        let of_tls = self
            .explained
            .iter()
            .filter(|(name, ..)| FILES_OF_TLS.contains(name))
            .map(|(_, path, origin)| SettingFile { path: path.into(), origin: origin.clone(), is_password: false });
        let passwords = [&self.password, &self.sentinel_password].into_iter().flatten();
        let of_passwords = passwords.filter_map(|Setting { value, origin }| match value {
            Password::File(path) => Some(SettingFile { path: path.clone(), origin: origin.clone(), is_password: true }),
            Password::Known(_) => None,
        });
        of_tls.chain(of_passwords).collect()
    }

    /// Returns true if the password begins or ends with white space.
    pub fn has_padded_password(&self) -> bool {
        let Some(Setting { value: Password::Known(password), .. }) = &self.password else { return false };
        let password = password.expose_secret();
        password.trim() != password
    }

    /// Returns the user, unless it may be a password: in a URL, `redis://s3cret@host` is often written for
    /// `redis://:s3cret@host`.
    pub fn shown_user(&self) -> Option<&str> {
        let user = self.username.as_ref()?;
        let of_url = self.user_of_url && self.password.is_none();
        (!of_url).then_some(&user.value)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        let user =
            self.username.as_ref().map(|_| format!("{}@", self.shown_user().unwrap_or("***"))).unwrap_or_default();
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

//! Connection settings of one source: the command line, the environment, a profile.

use std::path::PathBuf;
use std::time::Duration;

use super::{Mode, NodeAddress, Password, RedisUrl};
use crate::units::Setting;

/// Connection settings of one source, each with its origin; what it leaves open is `None`.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// Everything in one.
    pub url: Option<Setting<RedisUrl>>,
    /// Host name or IP address.
    pub host: Option<Setting<String>>,
    /// Port.
    pub port: Option<Setting<u16>>,
    /// Several servers, in place of host and port.
    pub addresses: Option<Setting<Vec<NodeAddress>>>,
    /// Deployment mode of the servers.
    pub mode: Option<Setting<Mode>>,
    /// Name that sentinels know the master by.
    pub sentinel_master: Option<Setting<String>>,
    /// ACL user of the sentinels.
    pub sentinel_username: Option<Setting<String>>,
    /// Password of the sentinels.
    pub sentinel_password: Option<Setting<Password>>,
    /// ACL user.
    pub username: Option<Setting<String>>,
    /// Password.
    pub password: Option<Setting<Password>>,
    /// Database index.
    pub db: Option<Setting<u8>>,
    /// TLS on or off.
    pub tls: Option<Setting<bool>>,
    /// Certificates (PEM) to trust in place of the system's.
    pub tls_ca: Option<Setting<PathBuf>>,
    /// Client certificate (PEM).
    pub tls_cert: Option<Setting<PathBuf>>,
    /// Client key (PEM).
    pub tls_key: Option<Setting<PathBuf>>,
    /// Name that the server's certificate must hold, where it differs from the host.
    pub tls_server_name: Option<Setting<String>>,
    /// Certificate verification off.
    pub tls_skip_verify: Option<Setting<bool>>,
    /// Limit of one attempt to connect.
    pub connect_timeout: Option<Setting<Duration>>,
    /// Time to retry the first connection for before giving up.
    pub connect_for: Option<Setting<Duration>>,
    /// Time to retry a lost connection for before giving up.
    pub reconnect_for: Option<Setting<Duration>>,
}

impl Layer {
    /// Returns the first setting that has an effect with sentinels only.
    pub(super) fn sentinels_only(&self) -> Option<crate::units::Origin> {
        let names = [&self.sentinel_master, &self.sentinel_username].into_iter().flatten();
        let password = self.sentinel_password.iter().map(|setting| &setting.origin);
        names.map(|setting| &setting.origin).chain(password).next().cloned()
    }

    /// Returns the first setting that has an effect with TLS only; a certificate without a key is reported elsewhere.
    pub(super) fn tls_only(&self) -> Option<crate::units::Origin> {
        let files = [&self.tls_ca, &self.tls_cert].into_iter().flatten().map(|setting| &setting.origin);
        let name = self.tls_server_name.iter().map(|setting| &setting.origin);
        let skip = self.tls_skip_verify.iter().filter(|skip| skip.value).map(|setting| &setting.origin);
        files.chain(name).chain(skip).next().cloned()
    }
}

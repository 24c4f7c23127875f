//! The `[redis]` table: how to reach Redis.

use std::io;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Profile;
use super::error::ProfileError;
use crate::endpoint::{
    CONNECT_TIMEOUT, Endpoint, FILE_HINT, Layer, Mode, NodeAddress, PASSWORD_FILE_HINT, Password, RedisUrl, SettingFile,
};
use crate::units::{HumanDuration, Setting, SettingError};

/// `[redis]`: connection to Redis.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RedisTable {
    /// Address in one URL, in place of `host`, `port`, `db` and `tls`: `redis://`, `rediss://` (TLS) or `unix://`.
    #[schemars(extend("x-default" = "none", "examples" = ["rediss://redis.example.com:6380/0", "unix:///run/redis.sock"]))]
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
    /// ACL user of the sentinels.
    #[schemars(extend("x-default" = "user `default` of the sentinels", "examples" = ["monitor"]))]
    pub sentinel_username: Option<String>,
    /// File with the password of the sentinels, read at every connection attempt.
    #[schemars(extend("x-default" = "password of Redis, or that from REDIS_SENTINEL_PASSWORD", "examples" = ["/run/secrets/sentinel-password"]))]
    pub sentinel_password_file: Option<PathBuf>,
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
    /// Time to retry the first connection, for a server that is not up yet.
    #[schemars(extend("x-default" = "0s; 1m in rendered manifests", "examples" = ["1m"]))]
    pub connect_for: Option<HumanDuration>,
    /// Time to keep reconnecting after a lost connection.
    #[schemars(extend("x-default" = "1m in `produce`, unlimited elsewhere", "examples" = ["1m"]))]
    pub reconnect_for: Option<HumanDuration>,
}

impl RedisTable {
    /// Cross-field validation of several servers: returns the first invalid key and the reason.
    pub(super) fn wrong_with_servers(&self) -> Option<(&'static str, String)> {
        let excluded = [("url", self.url.is_some()), ("host", self.host.is_some()), ("port", self.port.is_some())];
        let excluded = excluded.into_iter().find_map(|(key, set)| set.then_some(key));
        match (&self.addresses, excluded, self.mode) {
            (Some(_), Some(key), _) => Some(("addresses", format!("conflicts with `{key}`: remove one"))),
            (Some(addresses), ..) if addresses.is_empty() => {
                Some(("addresses", "is empty: expected a server such as `redis-0.example.com:6379`".to_owned()))
            }
            (Some(addresses), _, None | Some(Mode::Single)) if addresses.len() > 1 => {
                let message = "lists several servers: set `mode` to `cluster` or `sentinel`";
                Some(("addresses", message.to_owned()))
            }
            (.., Some(Mode::Sentinel)) if self.sentinel_master.as_ref().is_none_or(String::is_empty) => {
                Some(("mode", "requires `sentinel-master`, the name of the master that the sentinels watch".to_owned()))
            }
            (.., Some(Mode::Cluster)) if self.db.is_some_and(|db| db != 0) => {
                Some(("db", "must be 0: Redis Cluster has a single database".to_owned()))
            }
            _ => None,
        }
    }
}

impl Profile {
    /// Returns the settings of `[redis]` as a layer of an endpoint.
    pub fn redis_layer(&self) -> Layer {
        // Destructured so that a new key cannot be forgotten here.
        let RedisTable {
            url,
            host,
            port,
            addresses,
            mode,
            sentinel_master,
            sentinel_username,
            sentinel_password_file,
            username,
            password_file,
            db,
            tls,
            tls_ca,
            tls_cert,
            tls_key,
            tls_server_name,
            tls_skip_verify,
            connect_timeout,
            connect_for,
            reconnect_for,
        } = self.redis.clone();
        Layer {
            url: self.redis_setting("url", url),
            host: self.redis_setting("host", host),
            port: self.redis_setting("port", port),
            addresses: self.redis_setting("addresses", addresses),
            mode: self.redis_setting("mode", mode),
            sentinel_master: self.redis_setting("sentinel-master", sentinel_master),
            sentinel_username: self.redis_setting("sentinel-username", sentinel_username),
            sentinel_password: self.redis_setting("sentinel-password-file", sentinel_password_file.map(Password::File)),
            username: self.redis_setting("username", username),
            password: self.redis_setting("password-file", password_file.map(Password::File)),
            db: self.redis_setting("db", db),
            tls: self.redis_setting("tls", tls),
            tls_ca: self.redis_setting("tls-ca", tls_ca),
            tls_cert: self.redis_setting("tls-cert", tls_cert),
            tls_key: self.redis_setting("tls-key", tls_key),
            tls_server_name: self.redis_setting("tls-server-name", tls_server_name),
            tls_skip_verify: self.redis_setting("tls-skip-verify", tls_skip_verify),
            connect_timeout: self.redis_setting("connect-timeout", connect_timeout.map(|duration| duration.0)),
            connect_for: self.redis_setting("connect-for", connect_for.map(|duration| duration.0)),
            reconnect_for: self.redis_setting("reconnect-for", reconnect_for.map(|duration| duration.0)),
        }
    }

    fn redis_setting<T>(&self, key: &str, value: Option<T>) -> Option<Setting<T>> {
        value.map(|value| Setting { value, origin: self.origin(&["redis", key]) })
    }

    /// Merges `[redis]` with layers above and below it.
    ///
    /// # Errors
    ///
    /// Fails when a value is invalid or settings conflict.
    pub fn endpoint(
        &self,
        above: impl IntoIterator<Item = Layer>,
        below: impl IntoIterator<Item = Layer>,
    ) -> Result<Endpoint, ProfileError> {
        let layers: Vec<Layer> = above.into_iter().chain([self.redis_layer()]).chain(below).collect();
        Endpoint::of(&layers).map_err(|error| self.source.setting_error(error))
    }

    /// Returns the error of a file that the profile names and that cannot be read.
    pub fn unreadable(&self, file: SettingFile, error: &io::Error) -> ProfileError {
        let SettingFile { path, origin, is_password } = file;
        let hint = if is_password && !path.as_os_str().as_encoded_bytes().contains(&b'/') {
            PASSWORD_FILE_HINT
        } else {
            FILE_HINT
        };
        let error = SettingError::new(origin, format!("cannot read this file: {error}"));
        self.source.setting_error(error).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::injected;
    use crate::units::{Environment, Origin};

    fn endpoint(above: Layer, environment: &[(&str, &str)], profile: &str) -> Endpoint {
        let profile = Profile::parse("q.toml", profile).expect("the profile of this test is valid");
        let injected = injected(&Environment::of(environment)).expect("the variables are valid");
        profile.endpoint([above], [injected]).expect("the settings of this test are valid")
    }

    fn variable(name: &'static str, value: &str) -> Option<Setting<String>> {
        Some(value).map(|value| Setting { value: value.to_owned(), origin: Origin::variable(name) })
    }

    #[test]
    fn setting_of_an_endpoint_knows_its_origin() {
        let above = Layer { username: variable("REDIS_USERNAME", "u"), ..Layer::default() };
        let endpoint = endpoint(above, &[], "[redis]\nhost = \"p\"\ndb = 2\n");
        assert_eq!(endpoint.address.origin.to_string(), "q.toml:2");
        assert_eq!(endpoint.username.unwrap().origin.to_string(), "REDIS_USERNAME");
        assert_eq!(endpoint.db.origin.to_string(), "q.toml:3");
    }

    #[test]
    fn profile_is_below_variables_and_above_injected_ones() {
        let profile = "[redis]\nhost = \"p\"\nport = 1\n";
        let above = || Layer { host: variable("REDIS_HOST", "e"), ..Layer::default() };
        assert_eq!(endpoint(above(), &[], profile).to_string(), "redis://e:1");
        let link = [("REDIS_PORT", "tcp://10.0.0.1:6380")];
        assert_eq!(endpoint(Layer::default(), &link, profile).to_string(), "redis://p:1");
        assert_eq!(endpoint(above(), &[], "[redis]\ntls = true\n").to_string(), "rediss://e:6379");
    }
}

//! Flags and value parsers that several subcommands share.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::endpoint::{Layer, Mode, Password, RedisUrl, parse_addresses};
use crate::units::{HumanDuration, Origin, Setting, SettingError};

/// How to reach Redis. The password comes from `REDIS_PASSWORD`, a file or the URL, never from a flag.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Redis")]
pub(crate) struct RedisArgs {
    /// Everything in one: redis://, rediss:// (TLS) or unix:// [env: REDIS_URL]
    // Read later: an error of the command line's own would repeat the URL, password and all.
    #[arg(long = "redis", value_name = "URL")]
    url: Option<SecretString>,

    /// Host name or IP address [env: REDIS_HOST] [default: localhost]
    #[arg(long, value_name = "HOST", conflicts_with = "url")]
    host: Option<String>,

    /// Port [env: REDIS_PORT] [default: 6379]
    #[arg(long, value_name = "PORT", conflicts_with = "url", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// Several servers in place of host and port, as a:6379,b:6379 [env: REDIS_ADDRESSES]
    #[arg(long, value_name = "ADDRESSES", conflicts_with_all = ["url", "host", "port"])]
    addresses: Option<SecretString>,

    /// What these are: a cluster, or sentinels; single for one server [env: REDIS_MODE] [default: single]
    #[arg(long, value_name = "MODE")]
    mode: Option<Mode>,

    /// The name that sentinels know the master by [env: REDIS_SENTINEL_MASTER]
    #[arg(long, value_name = "NAME")]
    sentinel_master: Option<String>,

    /// ACL user [env: REDIS_USERNAME]
    #[arg(long, value_name = "USER")]
    username: Option<String>,

    /// File that holds the password [env: REDIS_PASSWORD_FILE; REDIS_PASSWORD holds the password itself]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Database index [env: REDIS_DB] [default: 0]
    #[arg(long, value_name = "INDEX")]
    db: Option<u8>,

    /// Speak TLS [env: REDIS_TLS]
    #[arg(long)]
    tls: bool,

    /// Certificates (PEM) to trust in place of the system's [env: REDIS_TLS_CA]
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// Client certificate (PEM) [env: REDIS_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// Client key (PEM) [env: REDIS_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Name the server's certificate must hold, where it differs from the host [env: REDIS_TLS_SERVER_NAME]
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,

    /// Accept any certificate: whoever stands between reads and writes everything [env: REDIS_TLS_SKIP_VERIFY]
    #[arg(long)]
    tls_skip_verify: bool,

    /// How long one attempt to connect may take [default: 4s]
    #[arg(long, value_name = "DURATION")]
    connect_timeout: Option<HumanDuration>,

    /// How long a lost connection is tried for [default: 1m in produce, else for ever]
    #[arg(long, value_name = "DURATION")]
    reconnect_for: Option<HumanDuration>,
}

impl RedisArgs {
    /// Only a URL; the rest is left to the environment and the profile.
    pub(crate) fn of_url(url: SecretString) -> Self {
        Self { url: Some(url), ..Self::default() }
    }

    /// Returns what was typed as a layer of an endpoint.
    ///
    /// # Errors
    ///
    /// Fails when URL or addresses are invalid; the error repeats no password.
    pub(crate) fn layer(self) -> Result<Layer, SettingError> {
        // Destructured so that a new flag cannot be forgotten here.
        let Self {
            url,
            host,
            port,
            addresses,
            mode,
            sentinel_master,
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
            reconnect_for,
        } = self;
        Ok(Layer {
            url: parsed("--redis", url, RedisUrl::parse)?,
            host: typed("--host", host),
            port: typed("--port", port),
            addresses: parsed("--addresses", addresses, parse_addresses)?,
            mode: typed("--mode", mode),
            sentinel_master: typed("--sentinel-master", sentinel_master),
            username: typed("--username", username),
            password: typed("--password-file", password_file.map(Password::File)),
            db: typed("--db", db),
            tls: typed("--tls", tls.then_some(true)),
            tls_ca: typed("--tls-ca", tls_ca),
            tls_cert: typed("--tls-cert", tls_cert),
            tls_key: typed("--tls-key", tls_key),
            tls_server_name: typed("--tls-server-name", tls_server_name),
            tls_skip_verify: typed("--tls-skip-verify", tls_skip_verify.then_some(true)),
            connect_timeout: typed("--connect-timeout", connect_timeout.map(|limit| limit.0)),
            reconnect_for: typed("--reconnect-for", reconnect_for.map(|limit| limit.0)),
        })
    }
}

fn typed<T>(flag: &'static str, value: Option<T>) -> Option<Setting<T>> {
    value.map(|value| Setting { value, origin: Origin::flag(flag) })
}

fn parsed<T>(
    flag: &'static str,
    text: Option<SecretString>,
    parser: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Setting<T>>, SettingError> {
    let value = text.map(|text| parser(text.expose_secret())).transpose();
    Ok(typed(flag, value.map_err(|message| SettingError::new(Origin::flag(flag), message))?))
}

/// Reads a factor: from a thousandth to a million.
pub(crate) fn positive_factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (1e-3..=1e6).contains(&factor) => Ok(factor),
        _ => Err("is not a factor from 0.001 to 1000000".to_owned()),
    }
}

/// Reads a whole number.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "is not a whole number".to_owned())
}

/// Reads a whole number that may not be zero.
pub(crate) fn positive_count<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "is not a whole number from 1 on".to_owned())
}

/// Reads a duration that may not be zero.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match text.parse::<HumanDuration>().map_err(|error| error.to_string())?.0 {
        Duration::ZERO => Err("has to be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

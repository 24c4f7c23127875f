//! Flags and variables of the Redis connection.

use std::any::TypeId;
use std::cell::LazyCell;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args as _, FromArgMatches as _};
use secrecy::{ExposeSecret, SecretString};

use super::environment::{self, Origins};
use super::{boolean, name, port, trimmed};
use crate::endpoint::{Layer, Mode, Password, RedisUrl, parse_addresses, parse_db};
use crate::units::{Environment, HumanDuration, Origin, Setting, SettingError};

/// Redis connection flags. The password comes from `REDIS_PASSWORD`, a file or the URL, never from a flag.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Redis")]
pub(crate) struct RedisArgs {
    /// Redis URL: redis://, rediss:// (TLS) or unix://
    // Parsed later: an error of clap would repeat the URL, password and all.
    #[arg(long = "redis", value_name = "URL", env = "REDIS_URL")]
    url: Option<SecretString>,

    /// Host name or IP address [default: localhost]
    #[arg(long, value_name = "HOST", env = "REDIS_HOST", conflicts_with = "url", hide_short_help = true)]
    host: Option<String>,

    /// Port [default: 6379]
    #[arg(long, value_name = "PORT", env = "REDIS_PORT", conflicts_with = "url", value_parser = port, hide_short_help = true)]
    port: Option<u16>,

    /// Cluster nodes or sentinels in place of host and port: a:6379,b:6379
    #[arg(long, value_name = "ADDRESSES", env = "REDIS_ADDRESSES", conflicts_with_all = ["url", "host", "port"], hide_short_help = true)]
    addresses: Option<SecretString>,

    /// Deployment mode: single, cluster or sentinel [default: single]
    #[arg(long, value_name = "MODE", env = "REDIS_MODE", value_parser = trimmed::<Mode>, hide_short_help = true)]
    mode: Option<Mode>,

    /// Name of the master that the sentinels monitor
    #[arg(long, value_name = "NAME", env = "REDIS_SENTINEL_MASTER", value_parser = name, hide_short_help = true)]
    sentinel_master: Option<String>,

    /// ACL user of the sentinels [default: default]
    #[arg(long, value_name = "USER", env = "REDIS_SENTINEL_USERNAME", hide_short_help = true)]
    sentinel_username: Option<String>,

    /// File that holds the password of the sentinels; REDIS_SENTINEL_PASSWORD holds the password itself [default: the
    /// password of Redis]
    #[arg(long, value_name = "FILE", env = "REDIS_SENTINEL_PASSWORD_FILE", hide_short_help = true)]
    sentinel_password_file: Option<PathBuf>,

    /// ACL user
    #[arg(long, value_name = "USER", env = "REDIS_USERNAME", hide_short_help = true)]
    username: Option<String>,

    /// File that holds the password; REDIS_PASSWORD holds the password itself
    #[arg(long, value_name = "FILE", env = "REDIS_PASSWORD_FILE")]
    password_file: Option<PathBuf>,

    /// Database index [default: 0]
    #[arg(long, value_name = "INDEX", env = "REDIS_DB", value_parser = database, hide_short_help = true)]
    db: Option<u8>,

    /// Use TLS
    #[arg(long, env = "REDIS_TLS", value_parser = boolean, hide_short_help = true)]
    tls: bool,

    /// CA certificates (PEM) to trust in place of the system's
    #[arg(long, value_name = "FILE", env = "REDIS_TLS_CA", hide_short_help = true)]
    tls_ca: Option<PathBuf>,

    /// Client certificate (PEM)
    #[arg(long, value_name = "FILE", env = "REDIS_TLS_CERT", hide_short_help = true)]
    tls_cert: Option<PathBuf>,

    /// Client key (PEM)
    #[arg(long, value_name = "FILE", env = "REDIS_TLS_KEY", hide_short_help = true)]
    tls_key: Option<PathBuf>,

    /// Name to expect in the server certificate, where it differs from the host
    #[arg(long, value_name = "NAME", env = "REDIS_TLS_SERVER_NAME", value_parser = name, hide_short_help = true)]
    tls_server_name: Option<String>,

    /// Skip certificate verification (insecure: allows man-in-the-middle attacks)
    #[arg(long, env = "REDIS_TLS_SKIP_VERIFY", value_parser = boolean, hide_short_help = true)]
    tls_skip_verify: bool,

    /// Timeout of one connection attempt [default: 4s]
    #[arg(long, value_name = "DURATION", env = "QSCALE_CONNECT_TIMEOUT", hide_short_help = true)]
    connect_timeout: Option<HumanDuration>,

    /// Time to retry the first connection before giving up, for a server that is not up yet [default: 0s]
    #[arg(long, value_name = "DURATION", env = "QSCALE_CONNECT_FOR", hide_short_help = true)]
    connect_for: Option<HumanDuration>,

    /// Time to retry a lost connection before giving up [default: 1m in produce, unlimited elsewhere]
    #[arg(long, value_name = "DURATION", env = "QSCALE_RECONNECT_FOR", hide_short_help = true)]
    reconnect_for: Option<HumanDuration>,
}

fn database(text: &str) -> Result<u8, String> {
    parse_db(text.trim())
}

impl RedisArgs {
    /// Creates arguments of a URL; environment and profile complete them.
    pub(crate) fn of_url(url: SecretString) -> Self {
        Self { url: Some(url), ..Self::default() }
    }

    /// Returns the flags and their variables: the one table of both.
    pub(crate) fn table() -> clap::Command {
        Self::augment_args(clap::Command::new("redis"))
    }

    /// Returns what was typed as a layer of an endpoint.
    ///
    /// # Errors
    ///
    /// Fails when URL or addresses are invalid; the error repeats no password.
    pub(crate) fn typed(self) -> Result<Layer, SettingError> {
        // Built only for what was typed.
        let table = LazyCell::new(Self::table);
        self.layer(&|id| {
            let flag = table.get_arguments().find(|arg| arg.get_id() == id)?.get_long()?.to_owned();
            Some(Origin::flag(format!("--{flag}")))
        })
    }

    /// Returns what the environment says as a layer of an endpoint.
    ///
    /// # Errors
    ///
    /// Fails when a variable is invalid; the error names it and repeats no password.
    pub(crate) fn of_environment(environment: &Environment) -> Result<Layer, SettingError> {
        let table = Self::table();
        let is_set =
            |arg: &clap::Arg| arg.get_env().and_then(OsStr::to_str).is_some_and(|name| environment.is_set(name));
        let mut layer =
            if table.get_arguments().any(is_set) { Self::of_variables(table, environment)? } else { Layer::default() };
        let known = |name| {
            environment.check_text(name)?;
            let Some(Setting { value, origin }) = environment.setting(name) else { return Ok(None) };
            let value = without_newline(&value, &origin).to_owned();
            Ok(Some(Setting { value: Password::Known(value.into()), origin }))
        };
        layer.password = known("REDIS_PASSWORD")?.or(layer.password);
        layer.sentinel_password = known("REDIS_SENTINEL_PASSWORD")?.or(layer.sentinel_password);
        Ok(layer)
    }

    /// Returns what the variables in `table` say.
    fn of_variables(table: clap::Command, environment: &Environment) -> Result<Layer, SettingError> {
        let paths = TypeId::of::<PathBuf>();
        let texts = table.get_arguments().filter(|arg| arg.get_value_parser().type_id() != paths);
        texts.filter_map(|arg| arg.get_env()?.to_str()).try_for_each(|name| environment.check_text(name))?;
        let is_link = |arg: &clap::Arg, name: &str| {
            arg.get_id() == "port" && environment.get(name).is_some_and(|value| value.starts_with("tcp://"))
        };
        let absent = |arg: &clap::Arg| {
            let name = arg.get_env().and_then(OsStr::to_str).filter(|name| environment.is_set(name));
            // Kubernetes injects a link for a Service called `redis`; it is a layer of its own.
            name.is_none_or(|name| is_link(arg, name))
        };
        let table = table.mut_args(|arg| {
            // Within one layer, precedence decides in place of a conflict.
            let arg = arg.conflicts_with(Resettable::Reset);
            if absent(&arg) { arg.env(Resettable::Reset) } else { arg }
        });
        let mut parsed = table.clone();
        let matches = parsed.try_get_matches_from_mut([OsString::from("redis")]);
        let matches = matches.map_err(|error| environment::setting_error(&table, &error))?;
        let origins = Origins::of(&parsed, &matches);
        let args = Self::from_arg_matches(&matches).map_err(|error| environment::setting_error(&table, &error))?;
        args.layer(&|id| origins.get(id).cloned())
    }

    fn layer(self, origin: &dyn Fn(&str) -> Option<Origin>) -> Result<Layer, SettingError> {
        // Destructured so that a new flag cannot be forgotten here.
        let Self {
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
        } = self;
        Ok(Layer {
            url: parsed(origin, "url", url, RedisUrl::parse)?,
            host: setting(origin, "host", host),
            port: setting(origin, "port", port),
            addresses: parsed(origin, "addresses", addresses, parse_addresses)?,
            mode: setting(origin, "mode", mode),
            sentinel_master: setting(origin, "sentinel_master", sentinel_master),
            sentinel_username: setting(origin, "sentinel_username", sentinel_username.map(without_end)),
            sentinel_password: setting(origin, "sentinel_password_file", sentinel_password_file.map(Password::File)),
            username: setting(origin, "username", username.map(without_end)),
            password: setting(origin, "password_file", password_file.map(Password::File)),
            db: setting(origin, "db", db),
            tls: setting(origin, "tls", tls.then_some(true).or(origin_of_false(origin, "tls"))),
            tls_ca: setting(origin, "tls_ca", tls_ca),
            tls_cert: setting(origin, "tls_cert", tls_cert),
            tls_key: setting(origin, "tls_key", tls_key),
            tls_server_name: setting(origin, "tls_server_name", tls_server_name),
            tls_skip_verify: setting(
                origin,
                "tls_skip_verify",
                tls_skip_verify.then_some(true).or(origin_of_false(origin, "tls_skip_verify")),
            ),
            connect_timeout: setting(origin, "connect_timeout", connect_timeout.map(|limit| limit.0)),
            connect_for: setting(origin, "connect_for", connect_for.map(|limit| limit.0)),
            reconnect_for: setting(origin, "reconnect_for", reconnect_for.map(|limit| limit.0)),
        })
    }
}

/// Returns a name without the newline at the end of a file or Secret that it was read from.
fn without_end(name: String) -> String {
    name.trim_end_matches(['\r', '\n']).to_owned()
}

/// Returns a password without the newline that `echo` and editors leave at the end of a Secret, as from a file, and warns of
/// it: other programs that read the variable take it for a part of the password.
fn without_newline<'a>(value: &'a str, origin: &Origin) -> &'a str {
    let password = value.trim_end_matches(['\r', '\n']);
    if password.len() < value.len() {
        tracing::warn!("{origin} ends with a newline, which is not sent: remove it from the Secret");
    }
    password
}

/// Returns `false` where a variable says so; a flag can only be left out.
fn origin_of_false(origin: &dyn Fn(&str) -> Option<Origin>, id: &str) -> Option<bool> {
    matches!(origin(id), Some(Origin::Variable(_))).then_some(false)
}

fn setting<T>(origin: &dyn Fn(&str) -> Option<Origin>, id: &str, value: Option<T>) -> Option<Setting<T>> {
    Some(Setting { value: value?, origin: origin(id)? })
}

fn parsed<T>(
    origin: &dyn Fn(&str) -> Option<Origin>,
    id: &str,
    text: Option<SecretString>,
    parser: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Setting<T>>, SettingError> {
    let (Some(text), Some(origin)) = (text, origin(id)) else { return Ok(None) };
    match parser(text.expose_secret().trim()) {
        Ok(value) => Ok(Some(Setting { value, origin })),
        Err(message) => Err(SettingError::new(origin, message)),
    }
}

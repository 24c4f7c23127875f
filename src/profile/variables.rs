//! What the environment says of Redis: variables that people set, and those that Kubernetes injects.

use std::path::PathBuf;

use super::mode::parse_addresses;
use super::redis::RedisTable;
use super::url::{RedisUrl, parse_db};
use crate::units::{Environment, SettingError};

/// What people set in the environment, and what Kubernetes injects there.
pub(super) fn from_environment(environment: &Environment) -> Result<(RedisTable, RedisTable), SettingError> {
    let path = |name| environment.get(name).map(PathBuf::from);
    let mut typed = RedisTable {
        url: environment.parse("REDIS_URL", RedisUrl::parse)?,
        host: environment.get("REDIS_HOST"),
        port: None,
        addresses: environment.parse("REDIS_ADDRESSES", parse_addresses)?,
        mode: environment.parse("REDIS_MODE", str::parse)?,
        sentinel_master: environment.get("REDIS_SENTINEL_MASTER"),
        username: environment.get("REDIS_USERNAME"),
        password_file: path("REDIS_PASSWORD_FILE"),
        db: environment.parse("REDIS_DB", parse_db)?,
        tls: environment.parse("REDIS_TLS", parse_bool)?,
        tls_ca: path("REDIS_TLS_CA"),
        tls_cert: path("REDIS_TLS_CERT"),
        tls_key: path("REDIS_TLS_KEY"),
        tls_server_name: environment.get("REDIS_TLS_SERVER_NAME"),
        tls_skip_verify: environment.parse("REDIS_TLS_SKIP_VERIFY", parse_bool)?,
        connect_timeout: None,
        reconnect_for: None,
    };
    let mut injected = RedisTable {
        host: environment.get("REDIS_SERVICE_HOST"),
        port: environment.parse("REDIS_SERVICE_PORT", parse_port)?,
        ..RedisTable::default()
    };
    match environment.parse("REDIS_PORT", parse_port_or_link)? {
        Some(Port::Number(port)) => typed.port = Some(port),
        // https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
        Some(Port::ServiceLink { host, port }) => {
            injected.host.get_or_insert(host);
            injected.port.get_or_insert(port);
        }
        None => {}
    }
    Ok((typed, injected))
}

enum Port {
    Number(u16),
    ServiceLink { host: String, port: u16 },
}

fn parse_port_or_link(text: &str) -> Result<Port, String> {
    let Some(link) = text.strip_prefix("tcp://") else { return parse_port(text).map(Port::Number) };
    let (host, port) = link.rsplit_once(':').ok_or_else(|| format!("`{text}` names no port"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok(Port::ServiceLink { host, port: parse_port(port)? })
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        // It may be a URL, password and all.
        let shown = if text.contains('@') { "a URL belongs in REDIS_URL: this" } else { text };
        format!("`{shown}` is not a port from 1 to 65535")
    })
}

fn parse_bool(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("`{text}` is neither `true` nor `false`")),
    }
}

/// The variable that sets `key` of `[redis]`.
pub(super) fn variable_of(key: &str) -> &'static str {
    match key {
        "url" => "REDIS_URL",
        "host" => "REDIS_HOST",
        "port" => "REDIS_PORT",
        "addresses" => "REDIS_ADDRESSES",
        "mode" => "REDIS_MODE",
        "username" => "REDIS_USERNAME",
        "password" => "REDIS_PASSWORD",
        "password-file" => "REDIS_PASSWORD_FILE",
        "db" => "REDIS_DB",
        "tls-cert" => "REDIS_TLS_CERT",
        "tls-key" => "REDIS_TLS_KEY",
        _ => "REDIS_TLS",
    }
}

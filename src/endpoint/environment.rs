//! Connection settings in the environment: variables that people set, and those that Kubernetes injects.

use std::path::PathBuf;

use secrecy::SecretString;

use super::mode::parse_addresses;
use super::url::{RedisUrl, parse_db};
use super::{Layer, Password};
use crate::units::{Environment, Origin, Setting, SettingError};

/// Reads the variables that people set, and those that Kubernetes injects for a Service called `redis`. The latter are a
/// layer below the profile: nobody has chosen them.
///
/// # Errors
///
/// Fails with the name of the variable whose value is invalid.
pub fn from_environment(environment: &Environment) -> Result<(Layer, Layer), SettingError> {
    let path = |name| {
        environment.setting(name).map(|Setting { value, origin }| Setting { value: PathBuf::from(value), origin })
    };
    let password = environment
        .setting("REDIS_PASSWORD")
        .map(|Setting { value, origin }| Setting { value: Password::Known(SecretString::from(value)), origin });
    let file = || {
        path("REDIS_PASSWORD_FILE").map(|Setting { value, origin }| Setting { value: Password::File(value), origin })
    };
    let mut typed = Layer {
        url: read(environment, "REDIS_URL", RedisUrl::parse)?,
        host: environment.setting("REDIS_HOST"),
        port: None,
        addresses: read(environment, "REDIS_ADDRESSES", parse_addresses)?,
        mode: read(environment, "REDIS_MODE", str::parse)?,
        sentinel_master: environment.setting("REDIS_SENTINEL_MASTER"),
        username: environment.setting("REDIS_USERNAME"),
        password: password.or_else(file),
        db: read(environment, "REDIS_DB", parse_db)?,
        tls: read(environment, "REDIS_TLS", parse_bool)?,
        tls_ca: path("REDIS_TLS_CA"),
        tls_cert: path("REDIS_TLS_CERT"),
        tls_key: path("REDIS_TLS_KEY"),
        tls_server_name: environment.setting("REDIS_TLS_SERVER_NAME"),
        tls_skip_verify: read(environment, "REDIS_TLS_SKIP_VERIFY", parse_bool)?,
        connect_timeout: None,
        reconnect_for: None,
    };
    let injected = |value: String| Setting { value, origin: Origin::Injected };
    let mut below = Layer {
        host: environment.get("REDIS_SERVICE_HOST").map(injected),
        port: environment
            .parse("REDIS_SERVICE_PORT", parse_port)?
            .map(|value| Setting { value, origin: Origin::Injected }),
        ..Layer::default()
    };
    match environment.parse("REDIS_PORT", parse_port_or_link)? {
        Some(Port::Number(value)) => typed.port = Some(Setting { value, origin: Origin::variable("REDIS_PORT") }),
        // https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
        Some(Port::ServiceLink { host, port }) => {
            below.host.get_or_insert(injected(host));
            below.port.get_or_insert(Setting { value: port, origin: Origin::Injected });
        }
        None => {}
    }
    Ok((typed, below))
}

fn read<T>(
    environment: &Environment,
    name: &'static str,
    parser: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Setting<T>>, SettingError> {
    let value = environment.parse(name, parser)?;
    Ok(value.map(|value| Setting { value, origin: Origin::variable(name) }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;

    fn shown(environment: &[(&str, &str)]) -> String {
        let (typed, injected) = from_environment(&Environment::of(environment)).expect("the variables are valid");
        Endpoint::of(&[typed, injected]).expect("the settings of this test are valid").to_string()
    }

    #[test]
    fn injected_variables_are_read_and_have_the_lowest_precedence() {
        let link = ("REDIS_PORT", "tcp://10.0.0.1:6380");
        assert_eq!(shown(&[link]), "redis://10.0.0.1:6380");
        assert_eq!(shown(&[link, ("REDIS_HOST", "r.example")]), "redis://r.example:6380");
        let service = [("REDIS_SERVICE_HOST", "10.0.0.2"), ("REDIS_SERVICE_PORT", "7000")];
        assert_eq!(shown(&service), "redis://10.0.0.2:7000");
        assert_eq!(shown(&[link, ("REDIS_URL", "redis://typed:1/2")]), "redis://typed:1/2");
    }

    #[test]
    fn empty_variable_counts_as_absent() {
        assert_eq!(shown(&[("REDIS_HOST", ""), ("REDIS_PORT", "")]), "redis://localhost:6379");
    }

    #[test]
    fn invalid_variable_is_named() {
        for (name, value) in [("REDIS_PORT", "abc"), ("REDIS_DB", "x"), ("REDIS_TLS", "maybe"), ("REDIS_URL", "h:1")] {
            let error = from_environment(&Environment::of(&[(name, value)])).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}

//! Variables that Kubernetes injects for a Service called `redis`.

use super::{Layer, host};
use crate::units::{Environment, Origin, Setting, SettingError};

/// Returns what Kubernetes injects for a Service called `redis`: the layer below the profile, as it was not chosen.
///
/// # Errors
///
/// Fails with the name of the variable whose value is invalid.
pub fn injected(environment: &Environment) -> Result<Layer, SettingError> {
    for name in ["REDIS_PORT", "REDIS_SERVICE_HOST", "REDIS_SERVICE_PORT"] {
        environment.check_text(name)?;
    }
    let link = environment.get("REDIS_PORT").filter(|port| port.starts_with("tcp://"));
    // https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
    let link = link.map(|link| parse_link(&link)).transpose();
    let (host, port) = link.map_err(|message| SettingError::new(Origin::variable("REDIS_PORT"), message))?.unzip();
    Ok(Layer {
        host: environment.parse("REDIS_SERVICE_HOST", parse_host)?.or(host).map(setting),
        port: environment.parse("REDIS_SERVICE_PORT", parse_port)?.or(port).map(setting),
        ..Layer::default()
    })
}

fn setting<T>(value: T) -> Setting<T> {
    Setting { value, origin: Origin::Injected }
}

fn parse_link(text: &str) -> Result<(String, u16), String> {
    let address = text.trim_start_matches("tcp://");
    let (host, port) = address.rsplit_once(':').ok_or_else(|| format!("`{text}` names no port"))?;
    Ok((parse_host(host.trim_start_matches('[').trim_end_matches(']'))?, parse_port(port)?))
}

fn parse_host(text: &str) -> Result<String, String> {
    let host = host::check(text).map(|()| text.to_owned());
    // The reasons name settings that people choose, and this is none.
    host.map_err(|_| "is not a host name or IP address, as Kubernetes sets it for a Service called `redis`".to_owned())
}

fn parse_port(text: &str) -> Result<u16, String> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| format!("`{text}` is not a port from 1 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;

    fn shown(environment: &[(&str, &str)], above: Layer) -> String {
        let injected = injected(&Environment::of(environment)).expect("the variables are valid");
        Endpoint::of(&[above, injected]).expect("the settings of this test are valid").to_string()
    }

    #[test]
    fn injected_variables_are_read_and_have_the_lowest_precedence() {
        let link = ("REDIS_PORT", "tcp://10.0.0.1:6380");
        let service = [("REDIS_SERVICE_HOST", "10.0.0.2"), ("REDIS_SERVICE_PORT", "7000")];
        assert_eq!(shown(&[link], Layer::default()), "redis://10.0.0.1:6380");
        assert_eq!(shown(&service, Layer::default()), "redis://10.0.0.2:7000");
        let host = Setting { value: "r.example".to_owned(), origin: Origin::variable("REDIS_HOST") };
        assert_eq!(shown(&[link], Layer { host: Some(host), ..Layer::default() }), "redis://r.example:6380");
        assert_eq!(shown(&[("REDIS_PORT", "6380")], Layer::default()), "redis://localhost:6379", "typed, not injected");
    }

    #[test]
    fn invalid_variable_is_named() {
        for (name, value, reason) in [
            ("REDIS_PORT", "tcp://h", "`tcp://h` names no port"),
            ("REDIS_PORT", "tcp://u:s3cret@h:1", "is not a host name"),
            ("REDIS_SERVICE_PORT", "0", "`0` is not a port"),
            ("REDIS_SERVICE_HOST", "h:1", "is not a host name"),
            ("REDIS_SERVICE_HOST", "redis://u:s3cret@h", "is not a host name"),
        ] {
            let error = injected(&Environment::of(&[(name, value)])).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: ")) && error.contains(reason), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}

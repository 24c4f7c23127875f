//! Address that items are posted to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host, Url};

use super::url::Address;

/// Address of a handler over HTTP: `http://127.0.0.1:8080/jobs`, or `unix:/run/app.sock` with an optional `:/jobs`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(into = "String", extend("pattern" = PATTERN, "examples" = ["http://127.0.0.1:8080/jobs", "unix:/run/app.sock:/jobs"]))]
pub struct HandlerUrl {
    /// Address to connect to.
    pub address: Address,
    /// Value of the `Host` header.
    pub authority: String,
    /// Path and query of requests.
    pub path: String,
    text: String,
}

/// Regular expression of an address, for the schema.
const PATTERN: &str = "^([hH][tT][tT][pP]://[^/?#@\\s].*|unix:/.+)$";

/// Invalid address of a handler.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerUrlError {
    /// Neither HTTP nor a socket.
    #[error("expected a URL such as `http://127.0.0.1:8080/jobs`, or a socket such as `unix:/run/app.sock:/jobs`")]
    Form,
    /// HTTPS.
    #[error("cannot use TLS: run the handler next to the consumer, and name it as `http://127.0.0.1:8080/jobs`")]
    Tls,
    /// The address of a Redis.
    #[error("is the address of a Redis, for `--redis`, REDIS_URL or `[redis]`: expected that of the handler")]
    Redis,
    /// A user or a password.
    #[error("cannot hold a user or a password: remove them")]
    Credentials,
}

impl FromStr for HandlerUrl {
    type Err = HandlerUrlError;

    fn from_str(text: &str) -> Result<Self, HandlerUrlError> {
        if let Some(rest) = text.strip_prefix("unix:") {
            let (socket, path) =
                rest.split_once(":/").map_or((rest, "/".to_owned()), |(socket, path)| (socket, format!("/{path}")));
            // Written as a URL is: what an HTTP client may send.
            let url = Url::parse(&format!("http://localhost{path}")).map_err(|_| HandlerUrlError::Form)?;
            if !socket.starts_with('/') || socket.len() < 2 {
                return Err(HandlerUrlError::Form);
            }
            let address = Address::Unix { path: PathBuf::from(socket) };
            return Ok(Self { address, authority: "localhost".to_owned(), path: path_of(&url), text: text.to_owned() });
        }
        let url = Url::parse(text).map_err(|_| HandlerUrlError::Form)?;
        match url.scheme() {
            // Without one, `Url` takes the first part of the path for the host.
            "http" if names_host(text) => {}
            "https" => return Err(HandlerUrlError::Tls),
            scheme if scheme.starts_with("redis") => return Err(HandlerUrlError::Redis),
            _ => return Err(HandlerUrlError::Form),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HandlerUrlError::Credentials);
        }
        let host = match url.host().ok_or(HandlerUrlError::Form)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let address = Address::Tcp { host, port: url.port().unwrap_or(80) };
        let authority = url.authority().to_owned();
        Ok(Self { address, authority, path: path_of(&url), text: text.to_owned() })
    }
}

/// Returns true if a host follows `http://`.
fn names_host(text: &str) -> bool {
    text.get(4..).and_then(|rest| rest.strip_prefix("://")).is_some_and(|rest| !rest.starts_with(['/', '\\']))
}

fn path_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

impl TryFrom<String> for HandlerUrl {
    type Error = HandlerUrlError;

    fn try_from(text: String) -> Result<Self, HandlerUrlError> {
        text.parse()
    }
}

impl From<HandlerUrl> for String {
    fn from(url: HandlerUrl) -> Self {
        url.text
    }
}

impl fmt::Display for HandlerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_names_a_host_or_a_socket() {
        for (text, address, authority, path) in [
            ("http://127.0.0.1:8080/jobs", "127.0.0.1 8080", "127.0.0.1:8080", "/jobs"),
            ("http://app", "app 80", "app", "/"),
            ("http://[::1]:9/a?b=c", "::1 9", "[::1]:9", "/a?b=c"),
            ("unix:/run/app.sock", "/run/app.sock", "localhost", "/"),
            ("unix:/run/app.sock:/jobs?x", "/run/app.sock", "localhost", "/jobs?x"),
        ] {
            let url: HandlerUrl = text.parse().unwrap();
            let found = match &url.address {
                Address::Tcp { host, port } => format!("{host} {port}"),
                Address::Unix { path } => path.display().to_string(),
            };
            assert_eq!(
                (found.as_str(), url.authority.as_str(), url.path.as_str()),
                (address, authority, path),
                "{text}"
            );
            assert_eq!(url.to_string(), text);
        }
    }

    #[test]
    fn url_that_cannot_be_used_is_refused() {
        for (text, error) in [
            ("https://app/jobs", HandlerUrlError::Tls),
            ("http://user:secret@app/", HandlerUrlError::Credentials),
            ("redis://user:secret@host", HandlerUrlError::Redis),
            ("rediss://host", HandlerUrlError::Redis),
            ("127.0.0.1:8080", HandlerUrlError::Form),
            ("http:///jobs", HandlerUrlError::Form),
            ("http:\\\\app", HandlerUrlError::Form),
            ("http:app", HandlerUrlError::Form),
            ("unix:app.sock", HandlerUrlError::Form),
            ("ftp://app", HandlerUrlError::Form),
            ("", HandlerUrlError::Form),
        ] {
            assert_eq!(text.parse::<HandlerUrl>(), Err(error), "{text}");
        }
    }
}

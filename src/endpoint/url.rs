//! Redis URLs, checked by us before anything connects, so that each mistake is named.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{host, pattern};

/// Parts of a Redis URL; those it leaves out are `None`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(into = "String", extend("pattern" = pattern::REDIS_URL, "examples" = ["rediss://redis.example.com:6380/0"]))]
pub struct RedisUrl {
    /// Address of the server.
    pub address: Address,
    /// TLS by the scheme.
    pub tls: bool,
    /// The ACL user.
    pub username: Option<String>,
    /// The password, percent-decoded.
    pub password: Option<SecretString>,
    /// The database index.
    pub db: Option<u8>,
    /// The ACL user of the sentinels.
    pub sentinel_username: Option<String>,
    /// The password of the sentinels, percent-decoded.
    pub sentinel_password: Option<SecretString>,
}

/// Address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A host name or IP address, and a port.
    Tcp {
        /// The name as it was given; an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix {
        /// Its path.
        path: PathBuf,
    },
}

/// The port Redis listens on when none is named.
pub(super) const DEFAULT_PORT: u16 = 6379;

/// The schemes that are understood, for messages.
const SCHEMES: &str = "redis://, rediss:// (TLS), unix://";

impl TryFrom<String> for RedisUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl std::str::FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl RedisUrl {
    /// Reads `redis[s]://[user[:password]@]host[:port][/db][?sentinelUsername=…&sentinelPassword=…]` or
    /// `unix:///path[?db=N]`.
    ///
    /// The names of Valkey (`valkey://`, `valkeys://`) and `redis+unix://` mean the same.
    ///
    /// # Errors
    ///
    /// Says what is wrong, and never repeats the password.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('#') {
            return Err("a `#` has to be written %23 in a URL".to_owned());
        }
        if let Some((scheme, rest)) = text.split_once("://")
            && let Some(after) = rest.find(['/', '?']).map(|at| &rest[at..])
            && !scheme.ends_with("unix")
            && after.contains('@')
        {
            // Read as path or query, the rest of a password would be repeated below.
            return Err("a `/` or `?` in user or password has to be written %2F or %3F in a URL".to_owned());
        }
        if text.split_once(':').is_none_or(|(_, rest)| !rest.starts_with("//")) {
            let meant = meant(text).map(|url| format!("; did you mean {url}?")).unwrap_or_default();
            return Err(format!("a Redis URL begins with one of {SCHEMES}{meant}"));
        }
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => {
                format!("a Redis URL begins with one of {SCHEMES}")
            }
            url::ParseError::InvalidPort => "the port is not a number from 1 to 65535".to_owned(),
            error => format!("not a URL: {error}"),
        })?;
        let (tls, unix) = match url.scheme() {
            "redis" | "valkey" => (false, false),
            "rediss" | "valkeys" => (true, false),
            "unix" | "redis+unix" | "valkey+unix" => (false, true),
            scheme if scheme.contains("sentinel") || scheme.contains("cluster") => {
                let secure =
                    if scheme.starts_with("rediss") || scheme.starts_with("valkeys") { "rediss" } else { "redis" };
                let mode = if scheme.contains("cluster") {
                    "cluster"
                } else {
                    "sentinel and the name of the master (--sentinel-master)"
                };
                return Err(format!("unknown scheme `{scheme}://`: use {secure}:// with --mode {mode}"));
            }
            scheme => return Err(format!("unknown scheme `{scheme}://`; known are {SCHEMES}")),
        };

        let (mut db, mut sentinel_username, mut sentinel_password) = (None, None, None);
        for (name, value) in url.query_pairs() {
            match &*name {
                "db" => db = Some(parse_db(&value)?),
                "sentinelUsername" => sentinel_username = Some(value.into_owned()).filter(|name| !name.is_empty()),
                "sentinelPassword" => sentinel_password = Some(value.into_owned()).filter(|text| !text.is_empty()),
                name if name.starts_with("ssl_") || name.starts_with("tls") || name.starts_with("insecure") => {
                    let name = quoted(name);
                    return Err(format!(
                        "unknown parameter{name}: use rediss:// with --tls-ca, or --tls-skip-verify in place of `none`"
                    ));
                }
                name => {
                    let name = quoted(name);
                    return Err(format!(
                        "unknown parameter{name}; known are `db`, `sentinelUsername` and `sentinelPassword`"
                    ));
                }
            }
        }

        let address = if unix {
            let path = percent_decoded(url.path())?;
            if url.host_str().is_some_and(|host| !host.is_empty()) || path.len() < 2 {
                return Err("a unix socket is written unix:///path/to/redis.sock, with three slashes".to_owned());
            }
            Address::Unix { path: path.into() }
        } else {
            match url.path().trim_matches('/') {
                "" => {}
                index => db = Some(parse_db(index)?),
            }
            let host = url.host_str().filter(|host| !host.is_empty()).ok_or("the host is missing")?;
            let host = percent_decoded(host.trim_start_matches('[').trim_end_matches(']'))?;
            match url.port() {
                Some(0) => return Err("the port is not a number from 1 to 65535".to_owned()),
                port => Address::Tcp { host, port: port.unwrap_or(DEFAULT_PORT) },
            }
        };

        let username = Some(percent_decoded(url.username())?).filter(|name| !name.is_empty());
        let password = url.password().map(percent_decoded).transpose()?.filter(|password| !password.is_empty());
        Ok(Self {
            address,
            tls,
            username,
            password: password.map(SecretString::from),
            db,
            sentinel_username,
            sentinel_password: sentinel_password.map(SecretString::from),
        })
    }
}

/// Returns the URL of an address or a path that was given in its place; `None` for what may hold a password.
fn meant(text: &str) -> Option<String> {
    if text.starts_with('/') {
        return (!text.contains(['@', ':', '?'])).then(|| format!("unix://{text}"));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some(format!("redis://[{text}]"));
    }
    let port = text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let is_address = port || text == "localhost" || text.parse::<Ipv4Addr>().is_ok();
    let url = format!("redis://{text}");
    let has_host = |url: RedisUrl| matches!(url.address, Address::Tcp { host, .. } if host::check(&host).is_ok());
    (is_address && !text.contains('@') && RedisUrl::parse(&url).is_ok_and(has_host)).then_some(url)
}

/// Reads a database index.
///
/// # Errors
///
/// Names the text when it is no number; Redis itself says when the number is beyond its `databases`.
pub(crate) fn parse_db(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("database{} is not a number from 0 to 255", quoted(text)))
}

/// Returns a word or a number in quotes, and nothing of any other text: that may hold a password in the wrong place.
fn quoted(text: &str) -> String {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    if is_word || text.parse::<i64>().is_ok() { format!(" `{text}`") } else { String::new() }
}

fn percent_decoded(text: &str) -> Result<String, String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| "a percent-encoded part is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.into(), port }
    }

    #[test]
    fn url_with_all_parts_is_parsed() {
        let url = RedisUrl::parse("rediss://app:p%40ss%2F@db.example.com:6380/3").unwrap();
        assert_eq!(url.address, tcp("db.example.com", 6380));
        assert!(url.tls);
        assert_eq!(url.username.as_deref(), Some("app"));
        assert_eq!(url.password.unwrap().expose_secret(), "p@ss/");
        assert_eq!(url.db, Some(3));
    }

    #[test]
    fn password_of_a_url_within_a_url_is_not_repeated() {
        for text in ["redis://h/unix://:s3cret@h", "redis://h/0?x=unix://:s3cret@h"] {
            let error = RedisUrl::parse(text).unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn url_without_optional_parts_leaves_them_unset() {
        for (text, address) in [
            ("redis://localhost", tcp("localhost", 6379)),
            ("redis://[::1]:7000/", tcp("::1", 7000)),
            ("valkey://:secret@h", tcp("h", 6379)),
            ("unix:///run/redis/redis.sock", Address::Unix { path: "/run/redis/redis.sock".into() }),
            ("redis+unix:///tmp/a%20b", Address::Unix { path: "/tmp/a b".into() }),
        ] {
            let url = RedisUrl::parse(text).unwrap();
            assert_eq!((url.address, url.username, url.db), (address, None, None), "{text}");
        }
        assert_eq!(RedisUrl::parse("unix:///s?db=4").unwrap().db, Some(4));
    }

    #[test]
    fn url_errors_name_the_mistake_and_hide_the_password() {
        for (text, named) in [
            ("localhost:6379", "did you mean redis://localhost:6379?"),
            ("[::1]:6379", "did you mean redis://[::1]:6379?"),
            ("::1", "did you mean redis://[::1]?"),
            ("127.0.0.1", "did you mean redis://127.0.0.1?"),
            ("redis.example.com:1", "did you mean redis://redis.example.com:1?"),
            ("/run/redis.sock", "did you mean unix:///run/redis.sock?"),
            ("s3cret", "begins with one of redis://"),
            ("u:s3cret", "begins with one of redis://"),
            ("u\u{1}s3cret:20", "begins with one of redis://"),
            ("u:s3cret@h:1", "begins with one of redis://"),
            ("redis:u:s3cret@127.0.0.1", "begins with one of redis://"),
            ("/tmp/redis.sock", "begins with one of redis://"),
            ("unix:://run/redis.sock", "begins with one of redis://"),
            ("http://:s3cret@h:1", "unknown scheme `http://`"),
            ("redis+sentinel://:s3cret@h:1/master", "use redis:// with --mode sentinel"),
            ("rediss+cluster://:s3cret@h:1", "use rediss:// with --mode cluster"),
            ("redis-cluster://:s3cret@h:1", "use redis:// with --mode cluster"),
            ("redis-sentinel://:s3cret@h:1/0?sentinelMasterId=m", "use redis:// with --mode sentinel and the name"),
            ("rediss-sentinel://:s3cret@h:1,i:1/0#m", "%23"),
            ("rediss-sentinel://:s3cret@h:1/0", "use rediss:// with --mode sentinel and the name"),
            ("rediss://:s3cret@h:1?ssl_cert_reqs=none", "--tls-skip-verify"),
            ("rediss://:s3cret@h:1?tlsInsecure=true", "--tls-skip-verify"),
            ("redis://:s3cret@h:99999", "port"),
            ("redis://:s3cret@h:0", "port"),
            ("redis://:s3cret@h/abc", "database `abc`"),
            ("redis://:s3cret@h/999", "database `999`"),
            ("redis://:s3cret@h?timeout=s3cret", "unknown parameter `timeout`"),
            ("redis://h?user:s3cret\0h:6379/2", "unknown parameter; known are"),
            ("redis://h/user:s3cret", "database is not a number"),
            ("redis://", "host"),
            ("unix://tmp/redis.sock", "three slashes"),
            ("redis://:pa#s3cret@h", "%23"),
            ("redis://app:1/s3cret@h", "%2F"),
            ("redis://app:1?s3cret@h", "%3F"),
        ] {
            let error = RedisUrl::parse(text).unwrap_err();
            assert!(error.contains(named) && !error.contains("s3cret"), "{text}: {error}");
        }
    }
}

//! Several servers that are one Redis: a cluster, or replicas that sentinels watch over.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::url::Address;
use super::{host, pattern};
use crate::units::{Origin, Setting, SettingError};

/// Deployment mode of Redis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One server, or one address for all.
    #[default]
    Single,
    /// Redis Cluster: keys are spread over the servers.
    Cluster,
    /// Sentinels know which server is the master.
    Sentinel,
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "single" => Ok(Self::Single),
            "cluster" => Ok(Self::Cluster),
            "sentinel" => Ok(Self::Sentinel),
            _ => Err("is not one of `single`, `cluster` and `sentinel`".to_owned()),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Cluster => "cluster",
            Self::Sentinel => "sentinel",
        })
    }
}

/// A server by host and port, as `redis-0.example.com:6379` or `[::1]:6379`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = pattern::NODE_ADDRESS, "examples" = ["redis-0.example.com:6379"]))]
pub struct NodeAddress {
    /// The name or IP address; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for NodeAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What is wrong is never repeated: it may be a URL, password and all.
        if text.contains("://") || text.contains(['@', '/']) {
            return Err("an address is `host:port`, without scheme, user or password: those have keys of their own \
                        (`tls`, `username`)"
                .to_owned());
        }
        let (host, port) = text.trim().rsplit_once(':').ok_or("an address is `host:port`: the port is missing")?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) => host,
            None if host.contains(':') => return Err("an IPv6 address must be in brackets: `[::1]:6379`".to_owned()),
            None => host,
        };
        if host.is_empty() {
            return Err("an address is `host:port`: the host is missing".to_owned());
        }
        host::check(host).map_err(|message| format!("the host of an address {message}"))?;
        let port = port.parse().ok().filter(|port| *port != 0);
        let port = port.ok_or("an address is `host:port`, with a port from 1 to 65535")?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl TryFrom<String> for NodeAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Reads addresses that are separated by commas.
pub(crate) fn parse_addresses(text: &str) -> Result<Vec<NodeAddress>, String> {
    text.split(',').map(str::parse).collect()
}

/// The servers of a Redis that is more than one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Servers {
    /// Some nodes of a cluster; they know the others.
    Cluster(Vec<NodeAddress>),
    /// Sentinels, and the name they know the master by.
    Sentinel {
        /// The sentinels.
        sentinels: Vec<NodeAddress>,
        /// The master's name.
        master: String,
    },
}

impl Servers {
    /// Mode of the deployment.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Cluster(_) => Mode::Cluster,
            Self::Sentinel { .. } => Mode::Sentinel,
        }
    }

    /// Returns their addresses, with commas between them.
    pub fn addresses(&self) -> String {
        let (Self::Cluster(nodes) | Self::Sentinel { sentinels: nodes, .. }) = self;
        nodes.iter().map(NodeAddress::to_string).collect::<Vec<_>>().join(",")
    }

    /// The name that sentinels know the master by.
    pub fn master(&self) -> Option<&str> {
        match self {
            Self::Cluster(_) => None,
            Self::Sentinel { master, .. } => Some(master),
        }
    }

    /// Decides what the settings make together; `None` is a single server.
    ///
    /// # Errors
    ///
    /// Names the setting that is missing or in conflict, with a hint.
    pub(super) fn of(
        mode: Option<Setting<Mode>>,
        addresses: Setting<Vec<NodeAddress>>,
        master: Option<Setting<String>>,
        db: &Setting<u8>,
    ) -> Result<Option<Self>, SettingError> {
        let wrong = |origin: Origin, message: &str| Err(SettingError::new(origin, message));
        match mode {
            Some(Setting { value: Mode::Cluster, .. }) if db.value != 0 => {
                wrong(db.origin.clone(), "a cluster has only database 0: leave `db` out, or set `mode` to `single`")
            }
            Some(Setting { value: Mode::Cluster, .. }) => Ok(Some(Self::Cluster(addresses.value))),
            Some(Setting { value: Mode::Sentinel, origin }) => match master {
                Some(master) => Ok(Some(Self::Sentinel { sentinels: addresses.value, master: master.value })),
                None => wrong(
                    origin,
                    "`sentinel` needs the name of the master: `sentinel-master` in [redis], REDIS_SENTINEL_MASTER or \
                     --sentinel-master",
                ),
            },
            _ if addresses.value.len() > 1 => wrong(
                addresses.origin,
                "several addresses need to know how they belong together: `mode` is `cluster` or `sentinel` \
                 (REDIS_MODE, --mode)",
            ),
            _ => Ok(None),
        }
    }
}

/// An address as one of several.
pub(super) fn node(address: &Address) -> Option<NodeAddress> {
    match address {
        Address::Tcp { host, port } => Some(NodeAddress { host: host.clone(), port: *port }),
        Address::Unix { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_address_is_a_host_and_a_port() {
        for text in ["redis-0.example.com:6379", "10.0.0.1:1", "[::1]:7000"] {
            assert_eq!(text.parse::<NodeAddress>().unwrap().to_string(), text);
        }
        assert_eq!(parse_addresses("a:1, b:2").unwrap().len(), 2);
        for (text, reason) in [
            ("redis://a:1", "without scheme"),
            ("app:s3cret@a:1", "without scheme, user or password"),
            ("a", "the port is missing"),
            (":1", "the host is missing"),
            ("a..b:1", "the host of an address is not a host"),
            ("a:0", "from 1 to 65535"),
            ("a:s3cret", "from 1 to 65535"),
            ("::1:5", "in brackets"),
            ("", "the port is missing"),
        ] {
            let error = text.parse::<NodeAddress>().unwrap_err();
            assert!(error.contains(reason) && !error.contains("s3cret"), "{text}: {error}");
        }
    }
}

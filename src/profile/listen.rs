//! Address that metrics are served on, or a port of the loopback.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::form;

/// Address to listen on. A bare port (`9090`, `:9090`) binds to 127.0.0.1, so that exposing it is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = form::LISTEN_ADDRESS, "examples" = ["9090", "0.0.0.0:9090"]))]
pub struct ListenAddress(pub SocketAddr);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
        if let Ok(port) = port.parse::<u16>() {
            return Ok(Self((Ipv4Addr::LOCALHOST, port).into()));
        }
        let address = text.parse().map(Self);
        address.map_err(|_| format!("`{text}` is neither a port nor an address such as `0.0.0.0:9090` or `[::]:9090`"))
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_port_binds_to_the_loopback() {
        for (text, address) in [
            ("9090", "127.0.0.1:9090"),
            (":9090", "127.0.0.1:9090"),
            ("localhost:9090", "127.0.0.1:9090"),
            ("0.0.0.0:9090", "0.0.0.0:9090"),
            ("[::]:9090", "[::]:9090"),
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), address, "{text}");
        }
        for text in ["", "example.com:9090", "0.0.0.0", "70000", "localhost:"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}

//! Protocol between a consumer and its handler.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// Way in which a handler is given items, and says what becomes of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HandlerProtocol {
    /// A command runs per item, and its exit status is the outcome.
    #[default]
    Command,
    /// Persistent processes are given items as lines of JSON, and answer with a line each.
    Lines,
    /// Items are posted to an endpoint, and the status of the response is the outcome.
    Http,
}

impl fmt::Display for HandlerProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "command",
            Self::Lines => "lines",
            Self::Http => "http",
        })
    }
}

/// End of each item of a batch on the stdin of a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ItemSeparator {
    /// A line feed.
    #[default]
    Newline,
    /// A NUL byte.
    Nul,
}

impl ItemSeparator {
    /// Returns the byte.
    pub fn byte(self) -> u8 {
        match self {
            Self::Newline => b'\n',
            Self::Nul => 0,
        }
    }
}

impl fmt::Display for ItemSeparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Newline => "newline",
            Self::Nul => "nul",
        })
    }
}

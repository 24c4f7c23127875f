//! Items that are too old to be begun.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// Outcome of an item that has expired before its handler began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpiredOutcome {
    /// The item is dead-lettered.
    #[default]
    Dead,
    /// The item is removed.
    Drop,
}

impl fmt::Display for ExpiredOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dead => "dead",
            Self::Drop => "drop",
        })
    }
}

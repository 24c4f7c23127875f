//! Delivery guarantee of a consumer.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// Delivery guarantee: at-least-once or at-most-once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryGuarantee {
    /// Items are claimed under a lease, and redelivered if their consumer crashes.
    #[default]
    AtLeastOnce,
    /// Items are popped from the list; those in flight are lost if their consumer crashes.
    AtMostOnce,
}

impl fmt::Display for DeliveryGuarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtLeastOnce => "at-least-once",
            Self::AtMostOnce => "at-most-once",
        })
    }
}

//! The `[queue]` table: the Redis List that holds the items.

use schemars::JsonSchema;
use serde::Deserialize;

/// Key of the list when no setting names one.
pub const DEFAULT_LIST: &str = "mylist";

/// `[queue]`: Redis List that holds the items.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct QueueTable {
    /// Key of the Redis List; items are pushed left and popped right.
    #[schemars(length(min = 1))]
    #[schemars(extend("default" = DEFAULT_LIST, "examples" = ["mylist", "orders"]))]
    pub list: Option<String>,
}

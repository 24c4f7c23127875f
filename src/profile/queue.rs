//! The `[queue]` table: the Redis Lists that hold the items.

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ProfileError;
use super::source::Source;
use crate::delivery::defaults::DEFAULT_LIST;
use crate::delivery::lists::{Lists, ListsError};

/// `[queue]`: Redis List that holds the items, or several.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct QueueTable {
    /// Key of the Redis List; items are pushed left and popped right.
    #[schemars(length(min = 1))]
    #[schemars(extend("default" = DEFAULT_LIST, "examples" = ["mylist", "orders"]))]
    pub list: Option<String>,
    /// Keys of several lists, in place of `list`: in strict priority, or each with a weight after an `=`.
    #[schemars(length(min = 1))]
    #[schemars(extend("x-default" = "`list`", "examples" = [["critical", "default", "low"], ["critical=6", "default=3", "low=1"]]))]
    pub lists: Option<Vec<String>>,
}

impl QueueTable {
    /// Returns the lists that are set, if any are; an error is about the key of that name.
    pub(super) fn named(&self) -> Option<Result<Lists, ListsError>> {
        match (&self.lists, &self.list) {
            (Some(lists), _) => Some(Lists::read(lists)),
            (None, Some(list)) => Some(Lists::of(vec![list.clone()], None)),
            (None, None) => None,
        }
    }

    /// Cross-field validation.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        if self.list.is_some() && self.lists.is_some() {
            return Err(source.conflict("queue", "list", "lists"));
        }
        match self.named() {
            Some(Err(ListsError::Together(keys))) if self.list.is_some() => {
                let message = format!("`{keys}` names several lists: set `lists` instead, with each by itself");
                Err(source.error_at(&["queue", "list"], message))
            }
            Some(Err(error)) => {
                let key = if self.list.is_some() { "list" } else { "lists" };
                Err(source.error_at(&["queue", key], error.to_string()))
            }
            _ => Ok(()),
        }
    }
}

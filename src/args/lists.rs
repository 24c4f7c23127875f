//! Flags that name the lists of a consumer.

use super::one_of_lists;
use crate::delivery::lists::{Lists, ListsError};
use crate::units::{Origin, Setting, SettingError};

/// Lists of a consumer.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ListsArgs {
    /// List to consume; may be repeated, with weights as in critical=6 [default: mylist]
    ///
    /// Of several lists, the first that holds items comes first; with weights, each gets a share of the slots.
    #[arg(long, short, value_name = "KEY[=WEIGHT]", env = "LIST_NAME", value_parser = one_of_lists)]
    list: Vec<String>,

    // For the variable of rendered pods, which has to be one text.
    /// Lists to consume, separated by commas: critical=6,low=1; the same as --list for each
    #[arg(long, value_name = "LISTS", env = "QSCALE_LISTS", hide_short_help = true)]
    lists: Option<String>,
}

impl ListsArgs {
    /// Returns the lists that are named by flag or variable, if any are.
    ///
    /// # Errors
    ///
    /// Fails for lists that cannot be used together.
    pub(crate) fn given(
        &self,
        origin: impl Fn(&str) -> Option<Origin>,
    ) -> Result<Option<Setting<Lists>>, SettingError> {
        // What was typed goes over a variable; of two variables, the one that is for consumers alone.
        let is_typed = matches!(origin("list"), Some(Origin::Flag(_)));
        let (name, read) = match &self.lists {
            Some(lists) if !is_typed => ("lists", lists.parse()),
            _ if self.list.is_empty() => return Ok(None),
            _ => ("list", Lists::read(&self.list)),
        };
        let origin = origin(name).unwrap_or(Origin::Default);
        match read {
            Ok(value) => Ok(Some(Setting { value, origin })),
            Err(error) => Err(SettingError::new(origin, ListsError::to_string(&error))),
        }
    }
}

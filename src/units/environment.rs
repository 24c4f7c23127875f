//! The environment as a value.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;

use super::setting::{Origin, Setting, SettingError};

/// The environment when the program started. Its `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Creates an environment of names and values.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns a variable; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns a variable as a setting; an empty one counts as absent.
    pub fn setting(&self, name: &'static str) -> Option<Setting<String>> {
        self.get(name).map(|value| Setting { value, origin: Origin::variable(name) })
    }

    /// Reads a variable with `parser`.
    ///
    /// # Errors
    ///
    /// Fails with the variable's name and the error of `parser`.
    pub fn parse<T>(
        &self,
        name: &'static str,
        parser: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        self.get(name)
            .map(|value| parser(value.trim()).map_err(|message| SettingError::new(Origin::variable(name), message)))
            .transpose()
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    /// Leaves out variables that are not UTF-8.
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(variables: T) -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self(variables.into_iter().filter_map(text).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment").field(&self.0.len()).finish()
    }
}

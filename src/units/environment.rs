//! The environment as a value.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;

use super::setting::{Origin, Setting, SettingError};

/// The environment when the program started. Its `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    /// Names of variables whose values are not UTF-8.
    unreadable: HashSet<String>,
}

impl Environment {
    /// Creates an environment of names and values.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { variables: variables.collect(), unreadable: HashSet::new() }
    }

    /// Returns a variable; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns true for a variable that is not empty, be it text or not.
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|value| !value.is_empty()) || self.unreadable.contains(name)
    }

    /// Returns the variables that qscale reads by their names.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = |name: &str| name.starts_with("QSCALE_") || name.starts_with("REDIS_") || name == "LIST_NAME";
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(move |(name, _)| own(name))
    }

    /// Checks that a variable is text.
    ///
    /// # Errors
    ///
    /// Fails with its name if it is not UTF-8: ignored, it would be taken for absent.
    pub fn check_text(&self, name: &str) -> Result<(), SettingError> {
        if self.unreadable.contains(name) {
            return Err(SettingError::new(Origin::variable(name.to_owned()), "is not valid UTF-8"));
        }
        Ok(())
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
    /// Keeps of variables that are not UTF-8 only the name.
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(variables: T) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.variables.insert(name, value)),
                Err(_) => drop(environment.unreadable.insert(name)),
            }
        }
        environment
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment").field(&self.variables.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn variable_that_is_not_text_is_named() {
        let bytes = OsString::from_vec(b"a\xff".to_vec());
        let environment: Environment =
            [("LIST_NAME".into(), bytes), ("REDIS_HOST".into(), "h".into())].into_iter().collect();
        let error = environment.check_text("LIST_NAME").unwrap_err().to_string();
        assert_eq!(error, "LIST_NAME: is not valid UTF-8");
        assert!(environment.check_text("REDIS_HOST").is_ok() && environment.check_text("OTHER").is_ok());
    }
}

//! A value and where it came from; the environment as a value.

use std::collections::HashMap;
use std::fmt;

/// Where a setting came from, the strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Typed on the command line.
    Flag(&'static str),
    /// Set in the environment.
    Variable(&'static str),
    /// Written in the profile.
    Profile {
        /// The profile's name.
        name: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// Injected into the environment by Kubernetes for a Service called `redis`.
    Injected,
    /// Nobody said anything else.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => f.write_str(flag),
            Self::Variable(name) => f.write_str(name),
            Self::Profile { name, line } => write!(f, "{name}:{line}"),
            Self::Injected => f.write_str("the Service `redis`"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value that knows where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value nobody chose.
    pub fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// A flag or variable says something that cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct SettingError {
    /// The flag, variable or line of the profile.
    pub origin: Origin,
    pub(super) message: String,
}

impl SettingError {
    /// Says what is wrong with the setting from `origin`.
    pub fn new(origin: Origin, message: impl Into<String>) -> Self {
        Self { origin, message: message.into() }
    }
}

/// The environment as it was when the program started. Its `Debug` shows no values.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Takes the process' own; variables that are not UTF-8 are left out.
    pub fn current() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// Makes one of names and values.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns a variable; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns a variable as a setting; an empty one counts as absent.
    pub fn setting(&self, name: &'static str) -> Option<Setting<String>> {
        self.get(name).map(|value| Setting { value, origin: Origin::Variable(name) })
    }

    /// Reads a variable with `parser`.
    ///
    /// # Errors
    ///
    /// Names the variable and what `parser` said.
    pub fn parse<T>(
        &self,
        name: &'static str,
        parser: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        self.get(name)
            .map(|value| parser(value.trim()).map_err(|message| SettingError::new(Origin::Variable(name), message)))
            .transpose()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment").field(&self.0.len()).finish()
    }
}

//! A value and where it came from.

use std::borrow::Cow;
use std::fmt;

use super::HumanDuration;

/// Origin of a setting, the strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Typed on the command line.
    Flag(Cow<'static, str>),
    /// Set in the environment.
    Variable(Cow<'static, str>),
    /// Written in the profile.
    Profile {
        /// The profile's name.
        name: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// Injected into the environment by Kubernetes for a Service called `redis`.
    Injected,
    /// Compiled in.
    Default,
}

impl Origin {
    /// Creates the origin of a value that was typed after `flag`, such as `--list`.
    pub fn flag(flag: impl Into<Cow<'static, str>>) -> Self {
        Self::Flag(flag.into())
    }

    /// Creates the origin of a value of the environment variable `name`.
    pub fn variable(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Variable(name.into())
    }
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
    /// Origin of the value.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A default.
    pub fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

impl Setting<HumanDuration> {
    /// Returns the setting of a limit that lasts.
    ///
    /// # Errors
    ///
    /// Fails when it is zero.
    pub fn positive(self) -> Result<Self, SettingError> {
        if self.value.0.is_zero() { Err(SettingError::new(self.origin, "must be more than 0s")) } else { Ok(self) }
    }
}

/// A setting with an invalid value.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct SettingError {
    /// The flag, variable or line of the profile.
    pub origin: Origin,
    /// The reason, without the setting.
    pub message: String,
}

impl SettingError {
    /// Creates an error about the setting from `origin`.
    pub fn new(origin: Origin, message: impl Into<String>) -> Self {
        Self { origin, message: message.into() }
    }
}

//! Errors of profiles: the problem, its place in the text, and a hint.

use std::fmt;
use std::ops::Range;

use super::name::NameError;
use crate::units::{SettingError, snippet};

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file is missing or cannot be read.
    #[error("cannot read profile `{path}`")]
    Unreadable {
        /// The path as it was given.
        path: String,
        /// Error of the system.
        source: std::io::Error,
    },
    /// The text is invalid.
    #[error("{0}")]
    Invalid(Box<Diagnostic>),
    /// A setting of the command line or the environment is invalid.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl ProfileError {
    /// Returns what to do about it, where known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("check the path, or write a profile to start from with `qscale init`")
            }
            Self::Unreadable { .. } | Self::Setting(_) => None,
            Self::Invalid(diagnostic) => diagnostic.hint.as_deref(),
        }
    }

    /// Adds a hint.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Invalid(diagnostic) = &mut self {
            diagnostic.hint = Some(hint.into());
        }
        self
    }

    /// Returns the line that it points at.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Invalid(diagnostic) => diagnostic.place.as_ref().map(|place| place.line),
            _ => None,
        }
    }

    /// Returns the error in one line, without the excerpt of the profile.
    pub fn headline(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::Setting(_) => self.to_string(),
            Self::Invalid(diagnostic) => diagnostic.headline(),
        }
    }
}

/// Problem with a key or its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A value of the wrong type or outside the range of its type; the schema rejects it as well.
    #[error("{0}")]
    Form(String),
    /// A key that its table does not have; the schema rejects it as well.
    #[error("unknown key `{0}`")]
    UnknownKey(String),
    /// Two keys that exclude each other.
    #[error("conflicts with `{0}`: remove one")]
    Conflict(&'static str),
    /// A key without effect unless another is set.
    #[error("requires `{0}`")]
    Requires(&'static str),
    /// Any other problem of the value, or a syntax error.
    #[error("{0}")]
    Value(String),
}

impl Problem {
    /// Reports whether the schema rejects it as well.
    pub fn is_form(&self) -> bool {
        matches!(self, Self::Form(_) | Self::UnknownKey(_))
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self::Value(message)
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        Self::Value(message.to_owned())
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::Value(error.to_string())
    }
}

/// A problem and its place in the profile.
#[derive(Debug)]
pub struct Diagnostic {
    pub(super) profile: String,
    /// Bytes of the key or value.
    pub(super) span: Option<Range<usize>>,
    pub(super) place: Option<Place>,
    /// Path of the key, with the overlay that is applied.
    pub(super) key: Option<String>,
    pub(super) problem: Problem,
    pub(super) hint: Option<String>,
}

/// Longer lines are not shown, in bytes.
const LONGEST_LINE: usize = 1_000;

/// A line, and the part of it to mark.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
    /// The line, as it may be shown.
    pub(super) text: String,
}

impl Diagnostic {
    /// Returns the problem.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Reports whether the profile does not set the key that it is about, which is `key`, with an overlay or without.
    pub fn is_missing(&self, key: &str) -> bool {
        self.place.is_none() && self.key.as_ref().is_some_and(|own| own.split(',').next() == Some(key))
    }

    /// Returns key and problem.
    pub(super) fn message(&self) -> String {
        match &self.key {
            Some(key) => format!("{key}: {}", self.problem),
            None => self.problem.to_string(),
        }
    }

    /// Returns place and message in one line, without the excerpt of the profile.
    pub fn headline(&self) -> String {
        match &self.place {
            Some(Place { line, column, .. }) => format!("{}:{line}:{column}: {}", self.profile, self.message()),
            None => format!("{}: {}", self.profile, self.message()),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        let Some(Place { line, column, width, text }) = &self.place else { return Ok(()) };
        if text.len() > LONGEST_LINE {
            return Ok(());
        }
        write!(f, "\n{}", snippet::of_line(*line, text, column - 1..column - 1 + width))
    }
}

//! What keeps a profile from being used, and where in it that is.

use std::fmt;
use std::ops::Range;

use crate::units::SettingError;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file is not there, or may not be read.
    #[error("cannot read profile `{path}`")]
    Unreadable {
        /// The path as it was given.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text says something that cannot be.
    #[error("{0}")]
    Wrong(Box<Wrong>),
    /// Settings of `[redis]` that exclude each other.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

impl ProfileError {
    /// The way out, where one is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Unreadable { .. } | Self::Setting(_) => None,
            Self::Wrong(wrong) => wrong.hint.as_deref(),
        }
    }

    /// The same with a way out.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Wrong(wrong) = &mut self {
            wrong.hint = Some(hint.into());
        }
        self
    }

    /// The error in one line, without the line of the profile.
    pub fn headline(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::Setting(_) => self.to_string(),
            Self::Wrong(wrong) => wrong.headline(),
        }
    }
}

/// What is wrong in a profile, and where.
#[derive(Debug)]
pub struct Wrong {
    pub(super) profile: String,
    /// The bytes that are wrong.
    pub(super) span: Option<Range<usize>>,
    pub(super) place: Option<Place>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// A line, and what of it is meant.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
    /// The line, as it may be shown.
    pub(super) text: String,
}

impl Wrong {
    /// Place and message in one line, without the line of the profile.
    pub fn headline(&self) -> String {
        match &self.place {
            Some(Place { line, column, .. }) => format!("{}:{line}:{column}: {}", self.profile, self.message),
            None => format!("{}: {}", self.profile, self.message),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        let Some(Place { line, column, width, text }) = &self.place else { return Ok(()) };
        let gutter = line.to_string().len();
        writeln!(f, "\n{:gutter$} |", "")?;
        writeln!(f, "{line} | {text}")?;
        write!(f, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(*width), indent = column - 1)
    }
}

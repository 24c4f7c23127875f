//! What is wrong, where, why, and the way out.

use std::fmt;

use super::object::Cursor;
use super::yaml::node::Place;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It is refused, or does not do what it says.
    Error,
    /// It works, and most likely not as was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it goes by, always the same: `short-host`.
    pub code: &'static str,
    /// Which of the files it is in, counted from 0.
    pub file: usize,
    /// Where in it.
    pub place: Place,
    /// Such as `ScaledJob/worker`; empty where no object could be read.
    pub object: String,
    /// Such as `spec.triggers[0].metadata.host`.
    pub path: String,
    /// What is wrong, and why.
    pub message: String,
    /// What to do about it.
    pub way_out: String,
}

/// Object, path and message, as one line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.object, &self.path] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.message)
    }
}

/// All that has been found so far.
#[derive(Default)]
pub(super) struct Report(pub(super) Vec<Finding>);

impl Report {
    pub(super) fn error(
        &mut self,
        code: &'static str,
        at: &Cursor<'_>,
        message: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        self.add(Severity::Error, code, at, message.into(), way_out.into());
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        at: &Cursor<'_>,
        message: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, at, message.into(), way_out.into());
    }

    fn add(&mut self, severity: Severity, code: &'static str, at: &Cursor<'_>, message: String, way_out: String) {
        let object = match at.object.name {
            "" => at.object.kind.to_owned(),
            name => format!("{}/{name}", at.object.kind),
        };
        let (file, place, path) = (at.object.file, at.place(), at.path.clone());
        self.0.push(Finding { severity, code, file, place, object, path, message, way_out });
    }
}

//! Findings: what is wrong, where, why, and what to do.

use std::fmt;

use super::object::Cursor;
use super::rule::Rule;
use super::severity::Severity;
use super::yaml::node::Span;

/// One violation of a rule.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that is violated.
    pub rule: Rule,
    /// Index of the file, counted from 0.
    pub file: usize,
    /// Position in the file.
    pub span: Span,
    /// Such as `ScaledJob/worker`; empty if no object could be read.
    pub object: String,
    /// Such as `spec.triggers[0].metadata.host`.
    pub path: String,
    /// The fault, and its consequence.
    pub message: String,
    /// Hint.
    pub hint: String,
}

impl Finding {
    /// The severity of its rule.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }
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

/// The findings so far.
#[derive(Default)]
pub(super) struct Report(pub(super) Vec<Finding>);

impl Report {
    pub(super) fn add(&mut self, rule: Rule, at: &Cursor<'_>, message: impl Into<String>, hint: impl Into<String>) {
        let object = match at.object.name {
            "" => at.object.kind.to_owned(),
            name => format!("{}/{name}", at.object.kind),
        };
        self.0.push(Finding {
            rule,
            file: at.object.file,
            span: at.span(),
            object,
            path: at.path.clone(),
            message: message.into(),
            hint: hint.into(),
        });
    }
}

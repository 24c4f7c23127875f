//! Findings: what is wrong, where, why, and what to do.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::object::Cursor;
use super::placeholder::Placeholder;
use super::rule::Rule;
use super::severity::Severity;
use super::yaml::node::Span;
use crate::units::counted;

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
    /// Other triggers of the object of which the same is true, such as `triggers[1]`.
    also: Vec<String>,
    /// Hash of the value that it is about, which may be a secret.
    value: u64,
}

impl Finding {
    fn at(rule: Rule, at: &Cursor<'_>, message: String, hint: String) -> Self {
        let object = match at.object.name {
            "" => at.object.kind.to_owned(),
            name => format!("{}/{name}", at.object.kind),
        };
        let mut hasher = DefaultHasher::new();
        at.text().hash(&mut hasher);
        let value = hasher.finish();
        Self {
            rule,
            file: at.object.file,
            span: at.span(),
            object,
            path: at.path.clone(),
            message,
            hint,
            also: Vec::new(),
            value,
        }
    }

    /// The severity of its rule.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }
}

/// Object, path and message, as one line; the same of other triggers at its end.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.object, &self.path] {
            if !part.is_empty() {
                write!(f, "{part}: ")?;
            }
        }
        f.write_str(&self.message)?;
        if self.also.is_empty() { Ok(()) } else { write!(f, " (also in {})", self.also.join(", ")) }
    }
}

/// The findings so far.
#[derive(Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    /// First value of each file that is replaced later, by the kind of its placeholder, and the number of others.
    replaced: BTreeMap<(usize, Placeholder), (Finding, usize)>,
}

impl Report {
    /// Adds a finding about the value at a position. Of a value that is replaced later nothing is known but that.
    pub(super) fn add(&mut self, rule: Rule, at: &Cursor<'_>, message: impl Into<String>, hint: impl Into<String>) {
        let placeholder = at.text().filter(|_| rule != Rule::PasswordInPlainText).and_then(Placeholder::of);
        let Some(placeholder) = placeholder else {
            return self.findings.push(Finding::at(rule, at, message.into(), hint.into()));
        };
        let others = self.replaced.get_mut(&(at.object.file, placeholder));
        if let Some((first, others)) = others {
            *others += usize::from(first.span != at.span());
            return;
        }
        let finding =
            Finding::at(Rule::Placeholder, at, placeholder.message().to_owned(), placeholder.hint().to_owned());
        self.replaced.insert((at.object.file, placeholder), (finding, 0));
    }

    /// Adds a finding about a file rather than an object.
    pub(super) fn add_to_file(&mut self, rule: Rule, file: usize, span: Span, message: String, hint: &str) {
        let (object, path, hint) = (String::new(), String::new(), hint.to_owned());
        self.findings.push(Finding { rule, file, span, object, path, message, hint, also: Vec::new(), value: 0 });
    }

    /// Number of findings.
    pub(super) fn len(&self) -> usize {
        self.findings.len()
    }

    /// Merges findings from `first` on, all of one object, that say the same of several of its triggers.
    pub(super) fn merge_triggers(&mut self, first: usize) {
        let mut kept: Vec<Finding> = Vec::new();
        let mut known: HashMap<(Rule, String, String, u64), usize> = HashMap::new();
        for finding in self.findings.drain(first..) {
            let (path, index) = without_index(&finding.path);
            let key = (finding.rule, path, finding.message.clone(), finding.value);
            if let (Some(index), Some(at)) = (index, known.get(&key)) {
                kept[*at].also.push(index);
            } else {
                known.insert(key, kept.len());
                kept.push(finding);
            }
        }
        self.findings.append(&mut kept);
    }

    /// Returns all findings.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let replaced = self.replaced.into_values().map(|(finding, others)| {
            if others == 0 {
                return finding;
            }
            let verb = if others == 1 { "is" } else { "are" };
            let others = counted(others, "other value", "other values");
            Finding { message: format!("{}; so {verb} {others}", finding.message), ..finding }
        });
        self.findings.into_iter().chain(replaced).collect()
    }
}

/// Splits the index of a trigger out of a path: `spec.triggers[1].type` is `spec.triggers[].type` of `triggers[1]`.
fn without_index(path: &str) -> (String, Option<String>) {
    let found = path.find("triggers[").and_then(|start| {
        let end = start + path[start..].find(']')? + 1;
        Some((format!("{}triggers[]{}", &path[..start], &path[end..]), path[start..end].to_owned()))
    });
    found.map_or_else(|| (path.to_owned(), None), |(path, index)| (path, Some(index)))
}

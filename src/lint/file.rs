//! A file of manifests, and excerpts of it without secrets.

use super::placeholder;
use super::redaction::Redaction;
use super::yaml::node::{Node, Span};
use super::yaml::read::{self, SyntaxError};
use crate::endpoint::secret;
use crate::units::snippet;

/// Longer lines are not shown: JSON may consist of a single one.
const LONGEST_LINE: usize = 200;

/// Lines of more bytes are not even searched for secrets, without which they might be short enough.
const LONGEST_SOURCE: usize = 4000;

/// A file of manifests.
#[derive(Debug)]
pub struct File {
    /// Name in messages.
    pub name: String,
    text: String,
    /// Byte at which each line starts.
    starts: Vec<usize>,
    documents: Vec<Node>,
    pub(super) broken: Vec<SyntaxError>,
    redaction: Redaction,
}

impl File {
    /// Reads YAML or JSON, of as many documents as there are.
    pub fn read(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let (documents, broken) = read::read(&text);
        let mut redaction = Redaction::default();
        for document in &documents {
            redaction.add(document);
        }
        let starts = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, starts, documents, broken, redaction }
    }

    pub(super) fn documents(&self) -> &[Node] {
        &self.documents
    }

    /// Reports whether it is an unrendered template.
    pub(super) fn is_template(&self) -> bool {
        self.text.contains("{{")
    }

    /// Reports whether it is TOML, as profiles are: by its name, or by a table with a key in it.
    pub(super) fn is_toml(&self) -> bool {
        let named = self.name.to_ascii_lowercase().ends_with(".toml");
        let is_table = |line: &str| {
            let name = line.strip_prefix('[').and_then(|line| line.split_once(']')).map_or("", |(name, _)| name);
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '.' | '['))
        };
        let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| secret::is_word(key));
        let lines = || self.text.lines().map(str::trim);
        named || (lines().any(is_table) && lines().any(is_key))
    }

    /// Reports whether a line has a variable with a default or the like, which is replaced before the file is read.
    pub(super) fn has_expansion(&self, line: usize) -> bool {
        self.line(line).is_some_and(placeholder::has_expansion)
    }

    /// Reports whether a line has a variable that is replaced before the file is read.
    pub(super) fn has_variable(&self, line: usize) -> bool {
        self.line(line).is_some_and(|text| text.contains("${"))
    }

    /// Reports whether a tab indents this line, or the one before, which the parser may still have been reading.
    pub(super) fn is_tabbed(&self, line: usize) -> bool {
        let lines = [line.saturating_sub(1), line].map(|line| self.line(line).unwrap_or_default());
        lines.into_iter().any(|text| text[..text.len() - text.trim_start().len()].contains('\t'))
    }

    /// The text of a line, counted from 1.
    fn line(&self, line: usize) -> Option<&str> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    /// Number of documents that could be read.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Reports whether it has no document.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The line of `place` with marks below it, and without what may be a secret; `None` where nothing would be left, and
    /// for lines that are too long.
    pub fn excerpt(&self, span: Span) -> Option<String> {
        // Text that could not be parsed may hold anything.
        if !self.broken.is_empty() {
            return None;
        }
        let text = self.line(span.line).filter(|text| text.len() <= LONGEST_SOURCE)?;
        let (text, column, width) = self.redaction.line(text, span)?;
        if text.chars().count() > LONGEST_LINE {
            return None;
        }
        Some(snippet::of_line(span.line, &text, column - 1..column - 1 + width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpt_has_carets_below_the_span() {
        let file = File::read("x.yaml", "kind: Job\nspec:\n  suspend: yes\n");
        let span = Span { line: 3, column: 12, width: 3 };
        assert_eq!(file.excerpt(span).as_deref(), Some("  |\n3 |   suspend: yes\n  |            ^^^"));
    }

    #[test]
    fn excerpt_redacts_secrets_and_shows_the_rest() {
        for (text, line, expected) in [
            (
                "kind: ScaledObject\nspec: {password: s3cret, maxReplicaCount: 0} # s3cret",
                2,
                "spec: {password: …, maxReplicaCount: 0}",
            ),
            ("kind: Secret\nstringData: {any: s3cret, 'a b': x}", 2, "stringData: {any: …, …: …}"),
            ("kind: Job\nx: &a s3cret\ny: *a", 2, "x: &a …"),
            (
                "kind: Job\nspec: {template: {spec: {containers: [{name: é, image: a, args: [-a, s3cret]}]}}}",
                2,
                "spec: {template: {spec: {containers: [{name: é, image: a, args: […, …]}]}}}",
            ),
        ] {
            let shown = File::read("x.yaml", text).excerpt(Span { line, column: 1, width: 1 }).unwrap();
            assert_eq!(shown, format!("  |\n{line} | {expected}\n  | ^"));
        }
        let file = File::read("x.yaml", "kind: Job\nspec: {a: s3cret, suspend: 5}");
        let shown = file.excerpt(Span { line: 2, column: 19, width: 7 }).unwrap();
        assert_eq!(shown, "  |\n2 | spec: {a: …, suspend: 5}\n  |              ^^^^^^^");
        for text in ["kind: Job\nstatus: |\n  a\n  s3cret\n", "password: s3cret\n", "kind: Job\nb: s3cret\na: [\n"] {
            let file = File::read("x.yaml", text);
            let shown = (1..=4).filter_map(|line| file.excerpt(Span { line, column: 1, width: 1 }));
            assert!(!shown.collect::<String>().contains("s3cret"), "{text}");
        }
    }
}

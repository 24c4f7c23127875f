//! Redaction of everything that may be a secret.
//!
//! Only fields of known meaning are shown. Variables, arguments, data, annotations, comments and unknown
//! fields may hold anything and are redacted.

use std::collections::BTreeMap;
use std::ops::Range;

use super::schema;
use super::schema::parameter::is_parameter;
use super::schema::shape::{Shape, Type};
use super::yaml::node::{Entry, Node, Span, Value};
use crate::endpoint::secret;

/// Replacement of redacted text.
const COVER: &str = "…";

/// The stretches of lines that are covered, in characters counted from 0.
#[derive(Debug, Default)]
pub(super) struct Redaction {
    covered: BTreeMap<usize, Vec<Range<usize>>>,
    /// End of the last value of a line, after which comments follow.
    ends: BTreeMap<usize, usize>,
}

impl Redaction {
    /// Covers one more document.
    pub(super) fn add(&mut self, document: &Node) {
        let kinds: Vec<&str> = document
            .entries()
            .iter()
            .filter(|entry| entry.key == "kind")
            .filter_map(|entry| entry.node.text())
            .collect();
        let items = document.get("items").filter(|_| kinds.iter().any(|kind| kind.ends_with("List")));
        for entry in document.entries() {
            self.key(entry);
            if items.is_some_and(|items| std::ptr::eq(items, entry)) && !entry.node.items().is_empty() {
                entry.node.items().iter().for_each(|item| self.add(item));
            } else if matches!(entry.key.as_str(), "kind" | "apiVersion" | "type") {
                self.value(&entry.key, &entry.node);
            } else if kinds.is_empty() || kinds.iter().any(|kind| kind.to_lowercase().contains("secret")) {
                self.secret(entry);
            } else {
                let known = kinds.last().and_then(|kind| schema::of_kind(kind));
                match known.and_then(|shape| shape.field(&entry.key)) {
                    Some(kind) => self.field(entry, kind),
                    None => self.guess(entry),
                }
            }
        }
        if document.entries().is_empty() {
            self.all(document);
        }
    }

    /// Content of a Secret; of its metadata only names are certainly not secret.
    fn secret(&mut self, entry: &Entry) {
        for own in entry.node.entries() {
            self.key(own);
            if entry.key == "metadata" && matches!(own.key.as_str(), "name" | "namespace") {
                self.value(&own.key, &own.node);
            } else {
                self.all(&own.node);
            }
        }
        if entry.node.entries().is_empty() {
            self.all(&entry.node);
        }
    }

    /// A field of an object whose kind is not known here.
    fn guess(&mut self, entry: &Entry) {
        match schema::of_field(&entry.key) {
            Some(kind) => self.field(entry, kind),
            None if !entry.node.entries().is_empty() => {
                for entry in entry.node.entries() {
                    self.key(entry);
                    self.guess(entry);
                }
            }
            None => self.free(&entry.key, &entry.node),
        }
    }

    fn walk(&mut self, node: &Node, shape: &'static Shape) {
        let name = node.get("name").and_then(|entry| entry.node.text());
        for entry in node.entries() {
            self.key(entry);
            match (shape.field(&entry.key), name) {
                (Some(_), Some(name)) if entry.key == "value" => self.free(name, &entry.node),
                (Some(kind), _) => self.field(entry, kind),
                // Most likely a field that is there, misspelt.
                (None, _) => self.all(&entry.node),
            }
        }
        if node.entries().is_empty() {
            self.all(node);
        }
    }

    fn field(&mut self, entry: &Entry, kind: &Type) {
        let Entry { key, node, .. } = entry;
        match (kind, &node.value) {
            (Type::Of(shape), _) => self.walk(node, shape),
            (Type::List(shape), Value::List(items)) => items.iter().for_each(|item| self.walk(item, shape)),
            (Type::Texts, Value::Map(entries)) if key == "metadata" => entries.iter().for_each(|entry| {
                self.key(entry);
                if is_parameter(&entry.key) { self.value(&entry.key, &entry.node) } else { self.all(&entry.node) }
            }),
            (Type::Any | Type::Texts, _) => self.free(key, node),
            _ => self.value(key, node),
        }
    }

    /// Free text: only small numbers, switches and network addresses are shown.
    fn free(&mut self, key: &str, node: &Node) {
        match &node.value {
            Value::Scalar { text, .. } if secret::is_harmless(key, text) => self.value(key, node),
            Value::Map(entries) => entries.iter().for_each(|entry| {
                self.key(entry);
                self.free(&entry.key, &entry.node);
            }),
            _ => self.all(node),
        }
    }

    /// Text that is shown unless it is a secret.
    fn value(&mut self, key: &str, node: &Node) {
        match &node.value {
            Value::Scalar { text, .. } if !secret::may_be_secret(key, text) => self.end(node.span),
            _ => self.all(node),
        }
    }

    fn all(&mut self, node: &Node) {
        match &node.value {
            Value::Scalar { .. } => {
                self.cover(node.span, node.span.line);
                // What an alias stands for is somewhere else.
                self.cover(node.origin, node.end);
            }
            Value::List(items) => items.iter().for_each(|item| self.all(item)),
            Value::Map(entries) => entries.iter().for_each(|entry| {
                self.key(entry);
                self.all(&entry.node);
            }),
        }
    }

    fn key(&mut self, entry: &Entry) {
        if secret::is_word(&entry.key) {
            self.end(entry.span);
        } else {
            self.cover(entry.span, entry.span.line);
        }
    }

    fn end(&mut self, span: Span) {
        let end = self.ends.entry(span.line).or_default();
        *end = (*end).max(span.column - 1 + span.width);
    }

    /// Covers what begins at `place` and ends in the line `last`.
    fn cover(&mut self, span: Span, last: usize) {
        let start = span.column - 1;
        let end = if last > span.line { usize::MAX } else { start + span.width };
        self.covered.entry(span.line).or_default().push(start..end);
        for line in span.line + 1..=last {
            self.covered.entry(line).or_default().push(0..usize::MAX);
        }
        self.end(span);
    }

    /// The line `text` as it may be seen, and the column and width of what is marked in it; `None` where nothing is left.
    pub(super) fn line(&self, text: &str, span: Span) -> Option<(String, usize, usize)> {
        let text: Vec<char> = text.chars().collect();
        let end = self.ends.get(&span.line).copied().unwrap_or(0).min(text.len());
        let comment = text[end..].iter().position(|c| *c == '#').map_or(text.len(), |at| end + at);
        let hidden = self.covered.get(&span.line).map(Vec::as_slice).unwrap_or_default();
        let is_hidden = |at: usize| hidden.iter().any(|range| range.contains(&at));
        let (from, to) = (span.column - 1, span.column - 1 + span.width);
        let (mut shown, mut column, mut width) = (String::new(), 1, 0);
        for (at, c) in text[..comment].iter().enumerate() {
            let goes_on = is_hidden(at) && at > 0 && is_hidden(at - 1);
            if goes_on {
                continue;
            }
            if at < from {
                column += 1;
            } else if at < to {
                width += 1;
            }
            if is_hidden(at) { shown += COVER } else { shown.push(*c) }
        }
        let shown = shown.trim_end();
        (!shown.trim_matches(|c: char| c.is_whitespace() || c == '…').is_empty())
            .then(|| (shown.to_owned(), column, width.max(1)))
    }
}

//! Kubernetes objects in files, and cursors into them.

use super::file::File;
use super::yaml::node::{Entry, Node, ScalarKind, Span, Value};
use crate::endpoint::secret;

/// One Kubernetes object.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// Index of its file.
    pub(super) file: usize,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) namespace: Option<&'a str>,
    node: &'a Node,
}

/// All objects of all files.
pub(super) struct Objects<'a>(Vec<Object<'a>>);

/// A position in an object, whether a value stands there or not.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    pub(super) object: &'a Object<'a>,
    node: Option<&'a Node>,
    /// Span of its key.
    key: Option<Span>,
    /// Span of the nearest parent, for a missing value.
    around: Span,
    /// Such as `spec.triggers[0].type`.
    pub(super) path: String,
}

impl<'a> Objects<'a> {
    /// Takes the objects out of documents, and out of lists.
    pub(super) fn of(files: &'a [File]) -> Self {
        let mut objects = Vec::new();
        for (file, documents) in files.iter().map(File::documents).enumerate() {
            for document in documents {
                collect(file, document, &mut objects);
            }
        }
        Self(objects)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Object<'a>> {
        self.0.iter()
    }

    /// The objects of one kind.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object<'a>> {
        self.0.iter().filter(move |object| object.kind == kind)
    }

    /// The object of this kind and name that `from` would find in its namespace.
    pub(super) fn find(&self, kind: &str, name: &str, from: &Object<'_>) -> Option<&Object<'a>> {
        self.of_kind(kind).find(|object| object.name == name && object.shares_namespace(from))
    }
}

fn collect<'a>(file: usize, node: &'a Node, objects: &mut Vec<Object<'a>>) {
    let text = |node: &'a Node, key: &str| node.get(key).and_then(|entry| entry.node.text());
    let Some(kind) = text(node, "kind") else { return };
    if let Some(items) = node.get("items").filter(|_| kind.ends_with("List")) {
        items.node.items().iter().for_each(|item| collect(file, item, objects));
        return;
    }
    let metadata = node.get("metadata").map(|entry| &entry.node);
    objects.push(Object {
        file,
        kind,
        name: metadata.and_then(|metadata| text(metadata, "name")).unwrap_or_default(),
        namespace: metadata.and_then(|metadata| text(metadata, "namespace")),
        node,
    });
}

impl<'a> Object<'a> {
    /// The object from its top on.
    pub(super) fn root(&'a self) -> Cursor<'a> {
        Cursor { object: self, node: Some(self.node), key: None, around: self.node.span, path: String::new() }
    }

    pub(super) fn at(&'a self, path: &[&str]) -> Cursor<'a> {
        self.root().at(path)
    }

    /// Returns whether both may be in one namespace.
    pub(super) fn shares_namespace(&self, other: &Object<'_>) -> bool {
        match (self.namespace, other.namespace) {
            (Some(own), Some(theirs)) => own == theirs,
            _ => true,
        }
    }

    pub(super) fn is(&self, other: &Object<'_>) -> bool {
        std::ptr::eq(self.node, other.node)
    }

    /// Path of its pod template.
    pub(super) fn template(&'a self) -> Option<Cursor<'a>> {
        let path: &[&str] = match self.kind {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => &["spec", "template"],
            "ScaledJob" => &["spec", "jobTargetRef", "template"],
            "Pod" => &[],
            "CronJob" => &["spec", "jobTemplate", "spec", "template"],
            _ => return None,
        };
        Some(self.at(path))
    }
}

impl<'a> Cursor<'a> {
    /// The value of a key; a missing key has the span of its parent.
    pub(super) fn get(&self, key: &str) -> Cursor<'a> {
        let path = self.below(key);
        let entry = self.node.and_then(|node| node.get(key));
        Cursor {
            object: self.object,
            node: entry.map(|entry| &entry.node),
            key: entry.map(|entry| entry.span),
            around: self.span(),
            path,
        }
    }

    pub(super) fn at(&self, path: &[&str]) -> Cursor<'a> {
        path.iter().fold(self.clone(), |cursor, key| cursor.get(key))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Vec<Cursor<'a>> {
        let items = self.node.map(Node::items).unwrap_or_default();
        let item = |(index, node): (usize, &'a Node)| Cursor {
            object: self.object,
            node: Some(node),
            key: None,
            around: self.span(),
            path: format!("{}[{index}]", self.path),
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The keys of a map, and their values.
    pub(super) fn entries(&self) -> Vec<(&'a str, Cursor<'a>)> {
        let entries = self.node.map(Node::entries).unwrap_or_default();
        let entry = |entry: &'a Entry| {
            let cursor = Cursor {
                object: self.object,
                node: Some(&entry.node),
                key: Some(entry.span),
                around: self.span(),
                path: self.below(&entry.key),
            };
            (entry.key.as_str(), cursor)
        };
        entries.iter().map(entry).collect()
    }

    /// The path of a key; one that is no word may hold what belongs behind it, as `{password:…}` without a space does.
    fn below(&self, key: &str) -> String {
        let key = if secret::is_word(key) { key } else { "…" };
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn is_there(&self) -> bool {
        self.node.is_some_and(|node| node.scalar_kind() != Some(ScalarKind::Null))
    }

    pub(super) fn is_map(&self) -> bool {
        self.node.is_some_and(|node| matches!(node.value, Value::Map(_)))
    }

    pub(super) fn is_list(&self) -> bool {
        self.node.is_some_and(|node| matches!(node.value, Value::List(_)))
    }

    pub(super) fn scalar_kind(&self) -> Option<ScalarKind> {
        self.node?.scalar_kind()
    }

    /// A scalar as it is written.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.node?.text()
    }

    /// A whole number, in quotes or not.
    pub(super) fn integer(&self) -> Option<i64> {
        self.text()?.trim().parse().ok()
    }

    pub(super) fn number(&self) -> Option<f64> {
        self.text()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self.text(), Some("true" | "True" | "TRUE" | "1" | "t" | "T"))
    }

    /// Returns the span to show: a value that fits into a line, else its key, else its parent.
    pub(super) fn span(&self) -> Span {
        let scalar = self.node.filter(|node| node.scalar_kind().is_some_and(|sort| sort != ScalarKind::Null));
        scalar.map(|node| node.span).or(self.key).or(self.node.map(|node| node.span)).unwrap_or(self.around)
    }

    /// The same position, with the span of its key.
    pub(super) fn by_key(&self) -> Cursor<'a> {
        let own = self.node.map(|node| node.span);
        Cursor { node: None, around: self.key.or(own).unwrap_or(self.around), ..self.clone() }
    }
}

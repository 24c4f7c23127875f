//! Kubernetes objects in files, and cursors into them.

use std::collections::HashMap;

use super::file::File;
use super::patch;
use super::yaml::node::{Entry, Node, ScalarKind, Span, Value};
use crate::endpoint::secret;

/// Kinds of `apps/v1` that can be scaled.
pub(super) const SCALED: [&str; 3] = ["Deployment", "StatefulSet", "ReplicaSet"];

/// One Kubernetes object.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// Index of its file.
    pub(super) file: usize,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) namespace: Option<&'a str>,
    /// Part of an object, which kustomize merges into a whole one.
    pub(super) is_patch: bool,
    node: &'a Node,
}

/// Indexes of objects by two texts, such as kind and name.
type Index<'a> = HashMap<&'a str, HashMap<&'a str, Vec<usize>>>;

/// All objects of all files.
pub(super) struct Objects<'a> {
    all: Vec<Object<'a>>,
    /// Whole objects, by kind.
    kinds: HashMap<&'a str, Vec<usize>>,
    /// Whole objects, by kind and name.
    names: Index<'a>,
    /// ScaledObjects, by kind and name of their targets.
    scalers: Index<'a>,
}

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
        let mut all = Vec::new();
        let patches = patch::files(files);
        for (index, file) in files.iter().enumerate() {
            for document in file.documents() {
                collect(index, document, patches.contains(&index), &mut all);
            }
        }
        let mut kinds: HashMap<&str, Vec<usize>> = HashMap::new();
        let (mut names, mut scalers) = (Index::new(), Index::new());
        for (at, object) in all.iter().enumerate().filter(|(_, object)| !object.is_patch) {
            kinds.entry(object.kind).or_default().push(at);
            names.entry(object.kind).or_default().entry(object.name).or_default().push(at);
            if let Some((kind, name)) = object.scale_target().filter(|_| object.kind == "ScaledObject") {
                scalers.entry(kind).or_default().entry(name).or_default().push(at);
            }
        }
        Self { all, kinds, names, scalers }
    }

    /// All objects, patches among them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Object<'a>> {
        self.all.iter()
    }

    /// The objects of one kind.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object<'a>> {
        self.at(self.kinds.get(kind))
    }

    /// The objects of this kind and name, in any namespace.
    pub(super) fn named(&self, kind: &str, name: &str) -> impl Iterator<Item = &Object<'a>> {
        self.at(self.names.get(kind).and_then(|names| names.get(name)))
    }

    /// The object of this kind and name that `from` would find in its namespace.
    pub(super) fn find(&self, kind: &str, name: &str, from: &Object<'_>) -> Option<&Object<'a>> {
        self.named(kind, name).find(|object| object.shares_namespace(from))
    }

    /// The ScaledObjects that may scale the object of this kind and name from the namespace of `from`.
    pub(super) fn scalers(&self, kind: &str, name: &str, from: &Object<'_>) -> impl Iterator<Item = &Object<'a>> {
        let scalers = self.at(self.scalers.get(kind).and_then(|names| names.get(name)));
        scalers.filter(|scaler| scaler.shares_namespace(from))
    }

    fn at(&self, indexes: Option<&Vec<usize>>) -> impl Iterator<Item = &Object<'a>> {
        indexes.map(Vec::as_slice).unwrap_or_default().iter().map(|at| &self.all[*at])
    }
}

fn collect<'a>(file: usize, node: &'a Node, is_patch: bool, objects: &mut Vec<Object<'a>>) {
    let text = |node: &'a Node, key: &str| node.get(key).and_then(|entry| entry.node.text());
    let Some(kind) = text(node, "kind") else { return };
    if let Some(items) = node.get("items").filter(|_| kind.ends_with("List")) {
        items.node.items().iter().for_each(|item| collect(file, item, is_patch, objects));
        return;
    }
    let metadata = node.get("metadata").map(|entry| &entry.node);
    objects.push(Object {
        file,
        kind,
        name: metadata.and_then(|metadata| text(metadata, "name")).unwrap_or_default(),
        namespace: metadata.and_then(|metadata| text(metadata, "namespace")),
        is_patch: is_patch || patch::is_partial(kind, node),
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

    /// Returns whether all fields of both have the same values.
    pub(super) fn equals(&self, other: &Object<'_>) -> bool {
        self.node == other.node
    }

    /// Kind and name of its `scaleTargetRef`; kinds of `apps/v1` ignore case.
    pub(super) fn scale_target(&self) -> Option<(&'a str, &'a str)> {
        let target = &self.node.get("spec")?.node.get("scaleTargetRef")?.node;
        let kind = target.get("kind").and_then(|entry| entry.node.text()).unwrap_or("Deployment");
        let known = SCALED.into_iter().find(|known| known.eq_ignore_ascii_case(kind));
        Some((known.unwrap_or(kind), target.get("name")?.node.text()?))
    }

    /// Path of its pod template.
    pub(super) fn template(&'a self) -> Option<Cursor<'a>> {
        let path: &[&str] = match self.kind {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "Rollout" => &["spec", "template"],
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

//! Patches of kustomize: parts of objects, which are no objects of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::file::File;
use super::yaml::node::Node;

/// Fields of `spec` without which an object is refused. One that has a part of a spec and none of these is meant as a patch.
const REQUIRED: [(&str, &[&str]); 8] = [
    ("ScaledObject", &["scaleTargetRef", "triggers"]),
    ("ScaledJob", &["jobTargetRef", "triggers"]),
    ("Deployment", &["selector"]),
    ("StatefulSet", &["selector"]),
    ("DaemonSet", &["selector"]),
    ("Rollout", &["selector"]),
    ("Job", &["template"]),
    ("CronJob", &["schedule"]),
];

/// Names under which kustomize looks for its file.
pub const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Files that a kustomization takes objects from, as they are written there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kustomization<'a> {
    /// Files and folders of objects.
    pub resources: Vec<&'a str>,
    /// Files with patches.
    pub patches: Vec<&'a str>,
}

impl<'a> Kustomization<'a> {
    /// Reads the first kustomization of a file; `None` where there is none.
    pub fn of(file: &'a File) -> Option<Self> {
        file.documents().iter().find_map(|document| Self::of_document(document, file))
    }

    fn of_document(document: &'a Node, file: &File) -> Option<Self> {
        let text = |node: &'a Node, key: &str| node.get(key).and_then(|entry| entry.node.text());
        let is_kustomization = match text(document, "kind") {
            Some(kind) => matches!(kind, "Kustomization" | "Component"),
            // kustomize adds it.
            None => {
                Path::new(&file.name).file_name().is_some_and(|name| KUSTOMIZATIONS.iter().any(|known| name == *known))
            }
        };
        if !is_kustomization {
            return None;
        }
        let items = |key: &str| document.get(key).map(|entry| entry.node.items()).unwrap_or_default();
        let resources = ["resources", "bases", "components"].into_iter().flat_map(items).filter_map(Node::text);
        let with_path = ["patches", "patchesJson6902"].into_iter().flat_map(items);
        let patches = with_path.filter_map(|patch| text(patch, "path"));
        // An entry of several lines is the patch itself.
        let merged = items("patchesStrategicMerge").iter().filter_map(Node::text).filter(|path| !path.contains('\n'));
        Some(Self { resources: resources.collect(), patches: patches.chain(merged).collect() })
    }
}

/// Indexes of the files that a kustomization among `files` applies as patches, or that are lists of JSON Patch operations.
pub(super) fn files(files: &[File]) -> BTreeSet<usize> {
    let paths: BTreeMap<PathBuf, usize> =
        files.iter().enumerate().map(|(index, file)| (normal(Path::new(&file.name)), index)).collect();
    let mut patches = BTreeSet::new();
    for file in files {
        let folder = Path::new(&file.name).parent().unwrap_or(Path::new(""));
        for document in file.documents() {
            let named = Kustomization::of_document(document, file).unwrap_or_default().patches;
            patches.extend(named.iter().filter_map(|path| paths.get(&normal(&folder.join(path)))));
        }
    }
    patches.extend((0..files.len()).filter(|index| is_json_patch(&files[*index])));
    patches
}

/// Returns whether a file is a list of operations (RFC 6902).
pub(super) fn is_json_patch(file: &File) -> bool {
    let operation = |node: &Node| node.get("op").is_some() && node.get("path").is_some();
    let of_operations = |document: &Node| !document.items().is_empty() && document.items().iter().all(operation);
    !file.is_empty() && file.documents().iter().all(of_operations)
}

/// Returns whether a document of this kind is most likely a part of an object.
pub(super) fn is_partial(kind: &str, document: &Node) -> bool {
    let Some(spec) = document.get("spec").map(|entry| &entry.node) else { return has_directive(document) };
    let required = REQUIRED.iter().find(|(known, _)| *known == kind).map_or(&[][..], |(_, fields)| fields);
    let is_part =
        !required.is_empty() && !spec.entries().is_empty() && required.iter().all(|key| spec.get(key).is_none());
    // Of pods, a patch repeats the name of a container and changes the rest.
    let containers = spec.get("template").and_then(|entry| entry.node.get("spec")?.node.get("containers"));
    let whole = containers.is_some_and(|entry| entry.node.items().iter().any(|item| item.get("image").is_some()));
    (is_part && !whole) || has_directive(document)
}

/// Returns whether a map says how it is merged: `$patch: delete`.
fn has_directive(node: &Node) -> bool {
    node.get("$patch").is_some()
        || node.entries().iter().any(|entry| has_directive(&entry.node))
        || node.items().iter().any(has_directive)
}

/// A path without `.` and `..`, as far as it can be said without the file system.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

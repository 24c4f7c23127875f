//! Rules over manifests, one file per subject.

mod activation;
mod address;
mod authentication;
mod credentials;
mod field;
mod formula;
mod list_name;
mod metadata;
mod name;
mod pods;
mod redis;
mod scaled_job;
mod scaled_object;
mod secret;
mod selector;
mod sentinel;
mod target;
mod together;
mod trigger;
mod version;

use std::collections::HashSet;

use crate::lint::file::File;
use crate::lint::finding::{Finding, Report};
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::patch::{Kustomization, is_json_patch};
use crate::lint::rule::Rule;
use crate::lint::yaml::node::{ScalarKind, Span};
use crate::profile::KedaVersion;

/// Start of a file.
const START: Span = Span { line: 1, column: 1, width: 1 };

/// Message for a patch, in a file of its own or not.
const PATCH: &str = "is a patch, and what it is merged into is not known here: only its own fields are checked";

/// Hint for a patch.
const BUILD: &str = "lint what kustomize builds: `kustomize build FOLDER | qscale render --lint -`";

/// Hint for a file in TOML.
const PROFILE: &str = "a profile is checked by `qscale --profile FILE render --check`";

/// Checks `files`, whose objects belong together, for this KEDA release; findings are in the order of the files.
pub fn check(files: &[File], version: KedaVersion) -> Vec<Finding> {
    let objects = Objects::of(files);
    let mut report = Report::default();
    let mut with_objects = vec![false; files.len()];
    objects.all().for_each(|object| with_objects[object.file] = true);
    for (index, file) in files.iter().enumerate() {
        broken(index, file, &mut report);
        // An empty file next to others is no mistake; if all are empty, an earlier step failed.
        let empty = file.documents().iter().all(|document| document.scalar_kind() == Some(ScalarKind::Null));
        let some = with_objects[index] || (empty && with_objects.contains(&true)) || Kustomization::of(file).is_some();
        if is_json_patch(file) {
            report.add_to_file(Rule::Patch, index, START, PATCH.to_owned(), BUILD);
        } else if file.broken.is_empty() && !some {
            let message = "contains no Kubernetes object: no document has a `kind`".to_owned();
            let hint = if file.is_toml() { PROFILE } else { "pass manifest files" };
            report.add_to_file(Rule::NoObject, index, START, message, hint);
        }
    }
    for object in objects.all() {
        let first = report.len();
        check_object(object, &objects, version, &mut report);
        report.merge_triggers(first);
    }
    together::check(&objects, &mut report);
    let mut findings = report.into_findings();
    findings.sort_by(|a, b| {
        let key = |of: &Finding| (of.file, of.span, of.severity(), of.rule.code());
        key(a).cmp(&key(b)).then_with(|| (&a.path, &a.message).cmp(&(&b.path, &b.message)))
    });
    findings.dedup_by(|a, b| (a.file, a.span, a.rule, &a.path) == (b.file, b.span, b.rule, &b.path));
    findings
}

fn check_object(object: &Object<'_>, objects: &Objects<'_>, version: KedaVersion, report: &mut Report) {
    let root = object.root();
    doubled(&root, report);
    field::check(&root, report);
    version::check_api(&root, report);
    if object.is_patch {
        return report.add(Rule::Patch, &root, PATCH, BUILD);
    }
    pods::check(object, objects, report);
    match object.kind {
        "ScaledObject" => scaled_object::check(object, objects, report),
        "ScaledJob" => scaled_job::check(object, objects, report),
        "TriggerAuthentication" | "ClusterTriggerAuthentication" => {
            credentials::check_authentication(object, objects, report);
            version::check_authentication(object, version, report);
        }
        "ConfigMap" => credentials::check_config_map(object, report),
        "Secret" => secret::check(object, report),
        _ => {}
    }
    if object.kind.starts_with("Scaled") {
        formula::check(object, report);
        trigger::check(object, objects, report);
        credentials::check_source(object, objects, report);
        version::check(object, version, report);
        version::check_host(object, objects, version, report);
    }
}

/// Reports documents that could not be read.
fn broken(index: usize, file: &File, report: &mut Report) {
    let tab = "indent with spaces: YAML does not accept tabs there";
    let template = "render templates first: `helm template … | qscale render --lint -`";
    let variable = "replace the variables first, `envsubst < FILE | qscale render --lint -`, or quote the value";
    let expansion = "replace the variables first, `flux envsubst < FILE | qscale render --lint -`, or quote the value";
    let is_template = !file.broken.is_empty() && file.is_template();
    let is_toml = !file.broken.is_empty() && file.is_toml();
    for fault in &file.broken {
        let hint = match fault.span.line {
            _ if is_toml => PROFILE,
            _ if is_template => template,
            line if file.has_expansion(line) => expansion,
            line if file.has_variable(line) => variable,
            line if file.is_tabbed(line) => tab,
            _ => "check for an unclosed bracket or quote, or wrong indentation",
        };
        report.add_to_file(Rule::Syntax, index, fault.span, format!("is not valid YAML: {}", fault.message), hint);
    }
}

/// Reports duplicate keys.
fn doubled(cursor: &Cursor<'_>, report: &mut Report) {
    let entries = cursor.entries();
    let mut known = HashSet::new();
    for (key, entry) in &entries {
        if !known.insert(*key) {
            let message = "is a duplicate key: the object is refused, or the last value is used";
            report.add(Rule::DuplicateKey, &entry.by_key(), message, "remove one of them");
        }
        doubled(entry, report);
    }
    cursor.items().iter().for_each(|item| doubled(item, report));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MANIFESTS: [&str; 3] = [
        include_str!("../../../tests/lint/credentials.yaml"),
        include_str!("../../../tests/lint/formula.yaml"),
        include_str!("../../../tests/lint/trigger.yaml"),
    ];

    fn check_text(text: &str) {
        let files = [File::read("x.yaml", text)];
        for finding in check(&files, KedaVersion::NEWEST) {
            let shown = files[0].excerpt(finding.span).unwrap_or_default();
            assert!(!shown.contains("s3cret") && !finding.to_string().contains("s3cret"), "{finding}\n{shown}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_checked_without_a_panic(text in "[-a-z:{}\\[\\]\"'&*!|>#%@` \n\té]{0,200}") {
            check_text(&text);
        }

        #[test]
        fn secrets_are_hidden_in_broken_manifests(which in 0..MANIFESTS.len(), lost in proptest::collection::vec(0..200usize, 1..20)) {
            let lines = MANIFESTS[which].lines().enumerate().filter(|(number, _)| !lost.contains(number));
            check_text(&lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n"));
        }
    }
}

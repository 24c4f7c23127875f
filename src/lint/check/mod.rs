//! Rules over manifests, one file per subject.

mod address;
mod authentication;
mod credentials;
mod field;
mod formula;
mod metadata;
mod name;
mod pods;
mod redis;
mod scaled_job;
mod scaled_object;
mod sentinel;
mod target;
mod together;
mod trigger;
mod version;

use crate::lint::file::File;
use crate::lint::finding::{Finding, Report};
use crate::lint::object::{Cursor, Objects};
use crate::lint::rule::Rule;
use crate::lint::yaml::node::{ScalarKind, Span};
use crate::profile::KedaVersion;

/// Checks `files`, whose objects belong together, for this KEDA release; findings are in the order of the files.
pub fn check(files: &[File], version: KedaVersion) -> Vec<Finding> {
    let objects = Objects::of(files);
    let mut report = Report::default();
    for (index, file) in files.iter().enumerate() {
        broken(index, file, &mut report);
        // An empty file next to others is no mistake; if all are empty, an earlier step failed.
        let empty = file.documents().iter().all(|document| document.scalar_kind() == Some(ScalarKind::Null));
        let some = objects.all().any(|object| object.file == index || empty);
        if file.broken.is_empty() && !some {
            nothing(index, &mut report);
        }
    }
    for object in objects.all() {
        let root = object.root();
        doubled(&root, &mut report);
        field::check(&root, &mut report);
        version::check_api(&root, &mut report);
        pods::check(object, &objects, &mut report);
        match object.kind {
            "ScaledObject" => scaled_object::check(object, &objects, &mut report),
            "ScaledJob" => scaled_job::check(object, &objects, &mut report),
            "TriggerAuthentication" | "ClusterTriggerAuthentication" => {
                credentials::check_authentication(object, &objects, &mut report);
                version::check_authentication(object, version, &mut report);
            }
            "ConfigMap" => credentials::check_config_map(object, &mut report),
            _ => {}
        }
        if object.kind.starts_with("Scaled") {
            formula::check(object, &mut report);
            trigger::check(object, &objects, &mut report);
            credentials::check_source(object, &objects, &mut report);
            version::check(object, version, &mut report);
            version::check_host(object, &objects, version, &mut report);
        }
    }
    together::check(&objects, &mut report);
    let mut findings = report.0;
    findings.sort_by(|a, b| {
        (a.file, a.span, a.severity(), a.rule.code()).cmp(&(b.file, b.span, b.severity(), b.rule.code()))
    });
    findings.dedup_by(|a, b| (a.file, a.span, a.rule, &a.path) == (b.file, b.span, b.rule, &b.path));
    findings
}

/// Reports documents that could not be read.
fn broken(index: usize, file: &File, report: &mut Report) {
    let tab = "indent with spaces: YAML does not accept tabs there";
    let template = "render templates first: `helm template … | qscale render --lint -`";
    for fault in &file.broken {
        report.0.push(Finding {
            rule: Rule::Syntax,
            file: index,
            span: fault.span,
            object: String::new(),
            path: String::new(),
            message: format!("is not valid YAML: {}", fault.message),
            hint: match fault.span.line {
                _ if file.is_template() => template,
                line if file.is_tabbed(line) => tab,
                _ => "check for an unclosed bracket or quote, or wrong indentation",
            }
            .to_owned(),
        });
    }
}

/// Reports duplicate keys.
fn doubled(cursor: &Cursor<'_>, report: &mut Report) {
    let entries = cursor.entries();
    for (at, (key, entry)) in entries.iter().enumerate() {
        if entries[..at].iter().any(|(other, _)| other == key) {
            let message = "is a duplicate key: the object is refused, or the last value is used";
            report.add(Rule::DuplicateKey, &entry.by_key(), message, "remove one of them");
        }
        doubled(entry, report);
    }
    cursor.items().iter().for_each(|item| doubled(item, report));
}

/// Reports a file without objects.
fn nothing(index: usize, report: &mut Report) {
    report.0.push(Finding {
        rule: Rule::NoObject,
        file: index,
        span: Span { line: 1, column: 1, width: 1 },
        object: String::new(),
        path: String::new(),
        message: "contains no Kubernetes object: no document has a `kind`".to_owned(),
        hint: "pass manifest files".to_owned(),
    });
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

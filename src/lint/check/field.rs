//! Fields by kind: what is unknown, in the wrong place, or of the wrong type.

use std::fmt::Write as _;

use crate::lint::finding::Report;
use crate::lint::object::Cursor;
use crate::lint::placeholder::Placeholder;
use crate::lint::rule::Rule;
use crate::lint::schema;
use crate::lint::schema::shape::{Shape, Type};
use crate::lint::spelling::nearest;
use crate::lint::yaml::node::ScalarKind;

/// Fields of so many structs that where else they belong says nothing.
const EVERYWHERE: [&str; 9] = ["apiVersion", "key", "kind", "metadata", "name", "parameter", "spec", "type", "value"];

/// Checks the fields of an object of a known kind.
pub(super) fn check(root: &Cursor<'_>, report: &mut Report) {
    if let Some(shape) = schema::of_kind(root.object.kind) {
        walk(root, shape, report);
    }
}

fn walk(cursor: &Cursor<'_>, shape: &'static Shape, report: &mut Report) {
    for (key, field) in cursor.entries() {
        match shape.field(key) {
            Some(kind) => check_type(&field, kind, report),
            None => unknown(key, &field, shape, report),
        }
    }
    for name in shape.required.iter().filter(|_| !cursor.object.is_patch) {
        if cursor.get(name).text().is_none() && !cursor.get(name).is_map() && !cursor.get(name).is_list() {
            let message = format!("requires `{name}`");
            report.add(Rule::FieldMissing, &cursor.by_key(), message, format!("add `{name}`"));
        }
    }
}

fn check_type(field: &Cursor<'_>, kind: &'static Type, report: &mut Report) {
    let sort = field.scalar_kind();
    if sort == Some(ScalarKind::Null) {
        return;
    }
    match kind {
        Type::Any => {}
        Type::Of(shape) if field.is_map() => walk(field, shape, report),
        Type::List(shape) if field.is_list() => field.items().iter().for_each(|item| check_item(item, shape, report)),
        Type::Of(shape) => wrong_type(field, &format!("{}: fields indented below it", shape.name), report),
        Type::List(shape) => wrong_type(field, &format!("a list in which each item is {}", shape.name), report),
        // The API server prunes null, or takes it for an empty text.
        Type::Texts if field.is_map() => {
            let entries = field.entries();
            let values = entries.iter().map(|(_, value)| value);
            values.filter(|value| value.scalar_kind() != Some(ScalarKind::Null)).for_each(|value| text(value, report));
        }
        Type::Texts => wrong_type(field, "keys and strings indented below it", report),
        Type::Text => text(field, report),
        Type::Boolean if sort == Some(ScalarKind::Boolean) => {}
        Type::Boolean => wrong_type(field, "true or false without quotes", report),
        Type::Whole(least, most) => whole(field, *least, *most, report),
        Type::One(words) => one(field, words, report),
    }
}

fn check_item(item: &Cursor<'_>, shape: &'static Shape, report: &mut Report) {
    if item.is_map() {
        walk(item, shape, report);
    } else {
        wrong_type(item, &format!("{}: fields indented below the dash", shape.name), report);
    }
}

/// The API server refuses numbers and booleans in place of strings.
fn text(field: &Cursor<'_>, report: &mut Report) {
    let what = match field.scalar_kind() {
        Some(ScalarKind::Text | ScalarKind::Null) => return,
        Some(ScalarKind::Boolean) => "true or false",
        Some(ScalarKind::Integer | ScalarKind::Float) => "a number",
        None => return wrong_type(field, "a string", report),
    };
    let message = format!("is {what}, expected a string: the API server refuses the object");
    // Without the value: it may be a password.
    report.add(Rule::UnquotedString, field, message, "quote the value");
}

fn whole(field: &Cursor<'_>, least: i64, most: i64, report: &mut Report) {
    if field.scalar_kind() != Some(ScalarKind::Integer) {
        return wrong_type(field, "an integer without quotes", report);
    }
    if field.integer().is_some_and(|number| !(least..=most).contains(&number)) {
        let range = if most == i64::MAX { format!("at least {least}") } else { format!("from {least} to {most}") };
        report.add(Rule::FieldRange, field, format!("must be {range}"), "set a number in this range");
    }
}

fn one(field: &Cursor<'_>, words: &'static [&'static str], report: &mut Report) {
    let Some(word) = field.text() else { return wrong_type(field, "a string", report) };
    if words.contains(&word) {
        return;
    }
    let mut hint = format!("expected one of {}", words.join(", "));
    if let Some(home) =
        schema::of_kind(field.object.kind).and_then(|shape| home(shape, &field.path, &|_, kind| takes(kind, word)))
    {
        let _ = write!(hint, "; `{word}` is meant for `{home}`");
    } else if let Some(near) = nearest(word, words.iter().copied()) {
        let _ = write!(hint, "; did you mean `{near}`?");
    }
    report.add(Rule::FieldValue, field, format!("is not valid: `{word}`"), hint);
}

fn takes(kind: &Type, word: &str) -> bool {
    matches!(kind, Type::One(words) if words.contains(&word))
}

fn wrong_type(field: &Cursor<'_>, expected: &str, report: &mut Report) {
    report.add(Rule::FieldType, field, "has the wrong type", format!("expected {expected}"));
}

fn unknown(key: &str, field: &Cursor<'_>, shape: &'static Shape, report: &mut Report) {
    // How a patch is merged, or a template.
    if matches!(key, "$patch" | "$retainKeys") || Placeholder::of(key).is_some() {
        return;
    }
    let here = shape.fields.iter().map(|(name, _)| *name);
    let own = || schema::of_kind(field.object.kind).and_then(|shape| home(shape, &field.path, &|name, _| name == key));
    let other = || {
        let kinds = ["ScaledObject", "ScaledJob"].into_iter().filter(|kind| *kind != field.object.kind);
        let keda = field.object.kind.starts_with("Scaled");
        kinds
            .filter(|_| keda)
            .find(|kind| schema::of_kind(kind).is_some_and(|shape| home(shape, "", &|name, _| name == key).is_some()))
    };
    let common = EVERYWHERE.contains(&key);
    let hint = if let Some(meant) = synonym(key, &here.clone().collect::<Vec<_>>()) {
        format!("write `{meant}`")
    } else if let Some(home) = own().filter(|_| !common) {
        format!("it belongs to `{home}`")
    } else if let Some(near) = nearest(key, here.clone()) {
        format!("did you mean `{near}`?")
    } else if let Some(kind) = other().filter(|_| !common) {
        format!("remove it: only a {kind} has it")
    } else {
        format!("remove it; known fields: {}", here.collect::<Vec<_>>().join(", "))
    };
    let message = format!("is not a field of {}: it is refused, or silently dropped", shape.name);
    report.add(Rule::UnknownField, &field.by_key(), message, hint);
}

/// Names that other autoscalers, older releases and charts have for fields.
const SYNONYMS: [(&str, &[&str]); 14] = [
    ("name", &["deploymentName", "deployment", "statefulSetName", "targetName"]),
    ("envSourceContainerName", &["containerName"]),
    ("minReplicaCount", &["minReplicas", "minReplica", "minPods", "min"]),
    ("maxReplicaCount", &["maxReplicas", "maxReplica", "maxPods", "max"]),
    ("idleReplicaCount", &["idleReplicas"]),
    ("scaleTargetRef", &["targetRef", "scaleTarget"]),
    ("jobTargetRef", &["jobTemplate"]),
    ("authenticationRef", &["authRef", "authentication", "triggerAuthentication"]),
    ("metadata", &["parameters", "config"]),
    ("stabilizationWindowSeconds", &["stabilizationWindow", "stabilizationSeconds"]),
    ("periodSeconds", &["period", "interval"]),
    ("replicas", &["replicaCount"]),
    ("pollingInterval", &["interval", "pollInterval"]),
    ("cooldownPeriod", &["cooldown", "coolDown", "scaleDownDelay"]),
];

/// Returns the field, of those that are `known`, that a foreign name stands for.
fn synonym(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let meant = SYNONYMS.iter().filter(|(name, _)| known.contains(name));
    meant
        .into_iter()
        .find_map(|(name, foreign)| foreign.iter().any(|foreign| foreign.eq_ignore_ascii_case(key)).then_some(*name))
}

/// Returns the path of a field that `wanted` accepts: the nearest to `from`, and of those the deepest, as fields near the
/// top are easily found.
fn home(shape: &'static Shape, from: &str, wanted: &dyn Fn(&str, &Type) -> bool) -> Option<String> {
    let mut homes = Vec::new();
    collect(shape, String::new(), wanted, &mut homes);
    let shared = |path: &String| path.split('.').zip(from.split('.')).take_while(|(own, other)| own == other).count();
    let depth = |path: &String| path.matches('.').count();
    // Of equals the first.
    homes.into_iter().rev().max_by_key(|path| (shared(path), depth(path)))
}

fn collect(shape: &'static Shape, path: String, wanted: &dyn Fn(&str, &Type) -> bool, homes: &mut Vec<String>) {
    for (name, kind) in shape.fields {
        let here = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        if wanted(name, kind) {
            homes.push(here.clone());
        }
        match kind {
            Type::Of(shape) => collect(shape, here, wanted, homes),
            Type::List(shape) => collect(shape, format!("{here}[]"), wanted, homes),
            _ => {}
        }
    }
}

//! Profiles as TOML documents: lookup, removal and overlays.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Alternative keys: an overlay that sets the first one removes the others from the profile.
pub(super) const IN_PLACE_OF: [(&str, &str, &[&str]); 13] = [
    ("redis", "url", &["host", "port", "db", "tls", "addresses"]),
    ("redis", "host", &["url", "addresses"]),
    ("redis", "addresses", &["url", "host", "port"]),
    ("produce", "every", &["rate", "pattern", "pattern-file"]),
    ("produce", "rate", &["every", "pattern", "pattern-file"]),
    ("produce", "pattern", &["every", "rate", "pattern-file"]),
    ("produce", "pattern-file", &["every", "rate", "pattern"]),
    ("scale", "formula", &["combine"]),
    ("scale", "combine", &["formula"]),
    ("scale", "authentication", &["trigger-authentication"]),
    ("scale", "trigger-authentication", &["authentication"]),
    ("scale", "omit-behavior", &["behavior"]),
    ("scale", "behavior", &["omit-behavior"]),
];

/// Applies the overlay `env` to the rest of `document`.
pub(super) fn apply_overlay(document: &mut DeTable<'_>, env: &str) {
    let Some(overlay) = table(document, "env").and_then(|all| table(all, env)).cloned() else { return };
    for (name, key, others) in IN_PLACE_OF {
        let Some(over) = table(&overlay, name).filter(|over| over.contains_key(key)) else { continue };
        if let Some(DeValue::Table(base)) = document.get_mut(name).map(Spanned::get_mut) {
            for other in others.iter().filter(|other| !over.contains_key(**other)) {
                base.remove(*other);
            }
        }
    }
    merge(document, overlay);
}

fn merge<'a>(base: &mut DeTable<'a>, over: DeTable<'a>) {
    for (key, mut value) in over {
        match (base.get_mut(&**key.get_ref()).map(Spanned::get_mut), value.get_mut()) {
            (Some(DeValue::Table(below)), DeValue::Table(above)) => merge(below, std::mem::take(above)),
            _ => drop(base.insert(key, value)),
        }
    }
}

/// Returns the table `name` of another.
pub(super) fn table<'a, 'i>(within: &'a DeTable<'i>, name: &str) -> Option<&'a DeTable<'i>> {
    within.get(name)?.get_ref().as_table()
}

/// Returns the bytes of the value at `path`; a table of a list is found by its number, from 0, and by what the list has where
/// that has no such key.
pub(super) fn find(document: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let value = document.get(*first)?;
    match (value.get_ref(), rest) {
        (_, []) => Some(value.span()),
        (DeValue::Table(table), rest) => find(table, rest),
        (DeValue::Array(items), [index, rest @ ..]) => {
            let item = items.get(index.parse::<usize>().ok()?)?;
            let within = item.get_ref().as_table().and_then(|table| find(table, rest));
            within.or_else(|| Some(item.span()))
        }
        _ => None,
    }
}

/// Returns the bytes of every value, by the path of its key, such as `scale.list-length` or `scale.triggers.0.name`.
pub(super) fn spans(document: &DeTable<'_>) -> BTreeMap<String, Range<usize>> {
    fn collect(path: String, value: &Spanned<DeValue<'_>>, found: &mut BTreeMap<String, Range<usize>>) {
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    collect(format!("{path}.{}", key.get_ref()), value, found);
                }
            }
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    collect(format!("{path}.{index}"), item, found);
                }
            }
            _ => {}
        }
        found.insert(path, value.span());
    }
    let mut found = BTreeMap::new();
    for (key, value) in document {
        collect(key.get_ref().to_string(), value, &mut found);
    }
    found
}

/// Returns the path of the first text with a NUL character.
pub(super) fn with_nul(document: &DeTable<'_>) -> Option<Vec<String>> {
    fn within(key: String, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let below = match value.get_ref() {
            DeValue::String(text) => text.contains('\0').then(Vec::new),
            DeValue::Table(table) => with_nul(table),
            DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| within(index.to_string(), item)),
            _ => None,
        };
        below.map(|path| [vec![key], path].concat())
    }
    document.iter().find_map(|(key, value)| within(key.get_ref().to_string(), value))
}

/// Returns true if `span` starts within a table of a list.
pub(super) fn is_in_list(document: &DeTable<'_>, span: &Range<usize>) -> bool {
    document.iter().any(|(_, value)| match value.get_ref() {
        DeValue::Table(table) => is_in_list(table, span),
        DeValue::Array(items) => {
            let mut tables = items.iter().filter_map(|item| item.get_ref().as_table());
            tables.any(|table| table.iter().any(|(key, value)| is_at(key, value, span)))
        }
        _ => false,
    })
}

fn is_at<K>(key: &Spanned<K>, value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    [key.span(), value.span()].iter().any(|at| at.contains(&span.start))
}

/// Removes the innermost key whose name or value contains the start of `span`, or the table of a list that does, and returns its
/// name.
pub(super) fn remove(document: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let within = document.iter_mut().find_map(|(key, value)| match value.get_mut() {
        DeValue::Table(table) => remove(table, span),
        DeValue::Array(items) => {
            let mut tables = items.iter_mut().filter_map(|item| match item.get_mut() {
                DeValue::Table(table) => Some(table),
                _ => None,
            });
            tables.find_map(|table| remove(table, span)).or_else(|| {
                let is_meant =
                    |item: &Spanned<DeValue<'_>>| item.get_ref().is_table() && item.span().contains(&span.start);
                let index = items.iter().position(is_meant).filter(|_| items.len() > 1)?;
                let rest = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
                *items = rest.filter(|(at, _)| *at != index).map(|(_, item)| item).collect();
                Some(key.get_ref().to_string())
            })
        }
        _ => None,
    });
    if within.is_some() {
        return within;
    }
    let meant = document.iter().find(|(key, value)| is_at(key, value, span));
    let key = meant.map(|(key, _)| key.get_ref().to_string())?;
    document.remove(key.as_str()).map(|_| key)
}

//! Suggestions for misspelled keys and names.

use crate::endpoint::redaction::is_password;
use crate::units::synonym::{self, kebab};

/// Tables that have keys of their own.
const TABLES: [&str; 6] = ["scale", "deploy", "consume", "produce", "queue", "redis"];

/// Returns the hint for a key that is not one of the known ones, if one of these or of another table is meant.
pub(super) fn hint(unknown: &str, known: &[&str]) -> Option<String> {
    if let Some(meant) = nearest(unknown, known) {
        return Some(format!("did you mean `{meant}`?"));
    }
    let word = kebab(unknown);
    if let Some(meant) = synonym::table(&word).filter(|table| known.contains(table)) {
        return Some(format!("did you mean `{meant}`?"));
    }
    if known.contains(&"patch") && synonym::is_pod_field(&word) {
        return Some("set it in a file that `patch` names: fields of the pod, as Kubernetes calls them".to_owned());
    }
    let others: Vec<&str> = synonym::settings(&word).collect();
    // Among tables it is an overlay that is typed, and not the variables of `[deploy]`; a name may be that of anything.
    let own = Some(word.as_str()).filter(|word| *word != "name" && (*word != "env" || !known.contains(&"deploy")));
    // Where every known key goes by the name of another, such as `limits` by that of `resources`, this is its own table.
    let is_here = |key: &str| known.iter().all(|own| synonym::settings(own).any(|meant| meant == key));
    let mut elsewhere = own.into_iter().chain(others).filter(|key| !is_here(key));
    elsewhere.find_map(|key| Some(format!("set `{key}` in [{}]", table_of(key)?)))
}

/// Returns the table that has a key.
pub fn table_of(key: &str) -> Option<&'static str> {
    let schema = super::schema();
    TABLES.into_iter().find(|table| super::has_key(&schema, table, key))
}

/// Returns the known key that `unknown` most likely stands for. The camelCase of KEDA and Kubernetes is recognized.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = kebab(unknown);
    if let Some(meant) = synonym::settings(&unknown).find(|meant| known.contains(meant)) {
        return known.iter().copied().find(|key| *key == meant);
    }
    // A password has a hint of its own.
    if let Some(meant) = shortened(&unknown, known).filter(|_| !is_password(&unknown)) {
        return Some(meant);
    }
    let distance = |key: &str| strsim::damerau_levenshtein(&unknown, key);
    let nearest = known.iter().copied().min_by_key(|key| distance(key))?;
    // With another beginning and more than one difference, it is another word.
    let limit = if unknown.chars().next() == nearest.chars().next() { 1 + nearest.len() / 4 } else { 1 };
    (distance(nearest) <= limit).then_some(nearest)
}

/// Returns the known key of which `unknown` is the beginning, such as `mem`, or that has more words, such as
/// `priority-class-name`; the only one.
fn shortened<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let longer = |key: &&&str| unknown.strip_prefix(**key).is_some_and(|rest| rest.starts_with('-'));
    if let Some(meant) = known.iter().filter(longer).max_by_key(|key| key.len()) {
        return Some(meant);
    }
    let mut begun = known.iter().filter(|key| unknown.len() >= 3 && key.starts_with(unknown));
    begun.next().filter(|_| begun.next().is_none()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_of_pods_leads_to_the_patch() {
        for field in ["securityContext", "initContainers", "livenessProbe", "ports"] {
            assert!(hint(field, &["image", "patch"]).is_some_and(|hint| hint.contains("`patch`")), "{field}");
        }
        assert_eq!(hint("ports", &["image"]), None);
    }

    #[test]
    fn keda_spellings_are_near_misses() {
        let known = ["polling-interval", "list-length", "batch"];
        for (typed, meant) in [
            ("pollingInterval", Some("polling-interval")),
            ("list_length", Some("list-length")),
            ("bacth", Some("batch")),
            ("zebra", None),
            ("retries", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
        let known = ["metrics", "max-attempts", "concurrency"];
        for (typed, meant) in [("retries", "max-attempts"), ("maxRetries", "max-attempts"), ("workers", "concurrency")]
        {
            assert_eq!(nearest(typed, &known), Some(meant), "{typed}");
        }
        assert_eq!(nearest("retries", &["metrics"]), None);
    }

    #[test]
    fn key_of_another_table_is_told_with_its_table() {
        for (typed, known, expected) in [
            ("terminationGracePeriodSeconds", &["name", "image"][..], Some("set `drain` in [consume]")),
            ("list-length", &["name", "image"], Some("set `list-length` in [scale]")),
            ("deployment", &["consume", "deploy"], Some("did you mean `deploy`?")),
            ("cpu", &["name", "resources"], Some("did you mean `resources`?")),
            ("mem", &["cpu", "memory"], Some("did you mean `memory`?")),
            ("topologySpreadConstraints", &["topology-spread", "patch"], Some("did you mean `topology-spread`?")),
            ("name", &["list", "lists"], None),
            ("cpu", &["requests", "limits"], None),
            ("cpu", &["image", "env"], Some("set `resources` in [deploy]")),
            ("zebra", &["name", "image"], None),
        ] {
            assert_eq!(hint(typed, known).as_deref(), expected, "{typed}");
        }
    }
}

//! Suggestions for misspelled keys and names.

use crate::units::synonym::{self, kebab};

/// Returns the known key that `unknown` most likely stands for. The camelCase of KEDA and Kubernetes is recognized.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = kebab(unknown);
    if let Some(meant) = synonym::settings(&unknown).find(|meant| known.contains(meant)) {
        return known.iter().copied().find(|key| *key == meant);
    }
    let distance = |key: &str| strsim::damerau_levenshtein(&unknown, key);
    let nearest = known.iter().copied().min_by_key(|key| distance(key))?;
    // With another beginning and more than one difference, it is another word.
    let limit = if unknown.chars().next() == nearest.chars().next() { 1 + nearest.len() / 4 } else { 1 };
    (distance(nearest) <= limit).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

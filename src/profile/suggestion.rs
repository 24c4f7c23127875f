//! Suggestions for misspelled keys and names.

/// Returns the known key that `unknown` most likely stands for. The camelCase of KEDA and Kubernetes is recognized.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let unknown = kebab(unknown);
    let distance = |key: &str| strsim::damerau_levenshtein(&unknown, key);
    let nearest = known.iter().copied().min_by_key(|key| distance(key))?;
    (distance(nearest) <= 1 + nearest.len() / 4).then_some(nearest)
}

/// Converts `pollingInterval` and `polling_interval` to `polling-interval`.
fn kebab(key: &str) -> String {
    let mut kebab = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        match c {
            '_' => kebab.push('-'),
            c if c.is_ascii_uppercase() => {
                if !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(c.to_ascii_lowercase());
            }
            c => kebab.push(c),
        }
    }
    kebab
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
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
    }
}

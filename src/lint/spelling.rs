//! Near misses: the known word that a misspelt one was meant to be.

/// The word that was most likely meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace(['-', '_'], "");
    let distance = |known: &str| strsim::damerau_levenshtein(&word, &known.to_ascii_lowercase());
    let (near, distance) = known.map(|known| (known, distance(known))).min_by_key(|(_, distance)| *distance)?;
    (distance <= 1 + near.len() / 5).then_some(near)
}

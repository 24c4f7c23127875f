//! Keys of a list that another program has written: how they are found, and what is said of them.

use std::fmt;

use super::keys::Keys;
use crate::delivery::snapshot::Counters;

/// The script that finds one.
pub(super) const SCRIPT: &str = include_str!("scripts/find_foreign.lua");

/// A companion key that another program has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignKey {
    /// It is of another type.
    OfType {
        /// Key.
        key: String,
        /// Its type, as Redis names it.
        found: String,
        /// Type that it should have.
        expected: String,
    },
    /// A field of it is not a count.
    NotACount {
        /// Key.
        key: String,
        /// Field.
        field: String,
    },
}

impl ForeignKey {
    /// Reads the reply of the script about `keys`; `None` if it has found nothing, or if it is not a reply of the script.
    pub(super) fn of(reply: &[impl AsRef<str>], keys: &Keys) -> Option<Self> {
        let key = reply.first()?.as_ref();
        let is_asked = key.starts_with(&keys.inflight("")) || keys.typed().iter().any(|(name, _)| name == key);
        if reply.len() > 3 || !is_asked {
            return None;
        }
        // A name may hold the end of a line, after which it would pass for another line of the log.
        let shown = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
        let word = |at: usize| reply.get(at).map(|word| word.as_ref().chars().map(shown).collect::<String>());
        let (key, second) = (word(0)?, word(1)?);
        Some(match word(2) {
            Some(expected) => Self::OfType { key, found: second, expected },
            None => Self::NotACount { key, field: second },
        })
    }

    /// Returns what to do about it.
    pub(super) fn hint(&self) -> String {
        match self {
            // The name keeps the hash tag, and is not one that qscale uses.
            Self::OfType { key, .. } => {
                format!(
                    "find the program that writes it, then put the key aside with `RENAMENX {key} aside:{key}`; \
                     items that wait are not affected"
                )
            }
            Self::NotACount { key, field } => {
                format!(
                    "find the program that writes it, then remove it with `HDEL {key} {field}`; no item is affected"
                )
            }
        }
    }
}

impl fmt::Display for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfType { key, found, expected } => {
                write!(
                    f,
                    "the key `{key}` is of type {found}, not {expected}: another program has written it (WRONGTYPE)"
                )
            }
            Self::NotACount { key, field } => {
                write!(f, "the field `{field}` of the key `{key}` is not a count: another program has written it")
            }
        }
    }
}

/// Returns the command that finds a foreign key among `keys`.
pub(super) fn command(keys: &Keys) -> Vec<String> {
    let [names, arguments] = keys_and_arguments(keys, &Counters::NAMES);
    let head = ["EVAL".to_owned(), SCRIPT.to_owned(), names.len().to_string()];
    head.into_iter().chain(names).chain(arguments).collect()
}

/// Returns KEYS and ARGV of the script, which checks that these `counters` are counts.
pub(super) fn keys_and_arguments(keys: &Keys, counters: &[&str]) -> [Vec<String>; 2] {
    let (names, types): (Vec<String>, Vec<&str>) = keys.typed().into_iter().unzip();
    let arguments = types.iter().chain(counters).map(|&word| word.to_owned());
    [names, std::iter::once(keys.inflight("")).chain(arguments).collect()]
}

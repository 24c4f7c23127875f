//! YAML as a tree whose every part knows where it stands.

/// A stretch of one line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// In characters; 1 at least.
    pub width: usize,
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
    /// Where its text stands, which for an alias is somewhere else.
    pub(crate) origin: Place,
    /// The last line of its text.
    pub(crate) end: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Scalar {
        text: String,
        /// Without quotes, so that it may be something else than text.
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

/// What kubectl takes a scalar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Null,
    Boolean,
    Integer,
    Float,
    Text,
}

impl Node {
    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of `key`; of a key that is there twice, the last, as kubectl has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rfind(|entry| entry.key == key)
    }

    /// A scalar as it is written, unless it is null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if self.sort() != Some(Sort::Null) => Some(text),
            _ => None,
        }
    }

    /// What a scalar is; `None` for anything else.
    pub(crate) fn sort(&self) -> Option<Sort> {
        match &self.value {
            Value::Scalar { text, plain: true } => Some(sort(text)),
            Value::Scalar { .. } => Some(Sort::Text),
            _ => None,
        }
    }
}

/// What a word without quotes is in YAML 1.1, which kubectl reads.
fn sort(word: &str) -> Sort {
    if matches!(word, "" | "~" | "null" | "Null" | "NULL") {
        return Sort::Null;
    }
    let lower = word.to_ascii_lowercase();
    let cased = [lower.as_str(), &lower.to_ascii_uppercase(), &capital(&lower)].contains(&word);
    if cased && matches!(lower.as_str(), "y" | "yes" | "on" | "true" | "n" | "no" | "off" | "false") {
        return Sort::Boolean;
    }
    let digits = word.trim_start_matches(['+', '-']).replace('_', "");
    let of_base = |base: u32, text: &str| !text.is_empty() && text.chars().all(|c| c.is_digit(base));
    let other_base = [("0x", 16), ("0b", 2), ("0o", 8)]
        .iter()
        .any(|(prefix, base)| digits.strip_prefix(prefix).is_some_and(|rest| of_base(*base, rest)));
    if of_base(10, &digits) || other_base {
        return Sort::Integer;
    }
    let special = matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan");
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.parse::<f64>().is_ok();
    if special || numeric { Sort::Float } else { Sort::Text }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_kubectl_takes_them_for() {
        for (word, expected) in [
            ("50", Sort::Integer),
            ("-1", Sort::Integer),
            ("0x1F", Sort::Integer),
            ("1_000", Sort::Integer),
            ("1e3", Sort::Float),
            ("0.5", Sort::Float),
            (".inf", Sort::Float),
            ("yes", Sort::Boolean),
            ("On", Sort::Boolean),
            ("true", Sort::Boolean),
            ("yEs", Sort::Text),
            ("~", Sort::Null),
            ("redis:6379", Sort::Text),
            ("10.0.0.1", Sort::Text),
            ("30s", Sort::Text),
            ("infinity", Sort::Text),
        ] {
            assert_eq!(sort(word), expected, "{word}");
        }
    }
}

//! YAML as a tree whose nodes know their span.

/// A stretch of one line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// In characters; 1 at least.
    pub width: usize,
}

/// A value and its span.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Span,
    /// Span of its text, which for an alias is elsewhere.
    pub(crate) origin: Span,
    /// The last line of its text.
    pub(crate) end: usize,
}

#[derive(Debug, Clone, PartialEq)]
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
    pub(crate) span: Span,
    pub(crate) node: Node,
}

/// Type of a scalar, as kubectl reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScalarKind {
    Null,
    Boolean,
    Integer,
    Float,
    Text,
}

/// Equal values, wherever they stand.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.node) == (&other.key, &other.node)
    }
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
            Value::Scalar { text, .. } if self.scalar_kind() != Some(ScalarKind::Null) => Some(text),
            _ => None,
        }
    }

    /// Returns the type of a scalar; `None` for anything else.
    pub(crate) fn scalar_kind(&self) -> Option<ScalarKind> {
        match &self.value {
            Value::Scalar { text, plain: true } => Some(scalar_kind(text)),
            Value::Scalar { .. } => Some(ScalarKind::Text),
            _ => None,
        }
    }
}

/// Returns the type of a plain scalar in YAML 1.1, which kubectl reads.
fn scalar_kind(word: &str) -> ScalarKind {
    if matches!(word, "" | "~" | "null" | "Null" | "NULL") {
        return ScalarKind::Null;
    }
    let lower = word.to_ascii_lowercase();
    let cased = [lower.as_str(), &lower.to_ascii_uppercase(), &capital(&lower)].contains(&word);
    if cased && matches!(lower.as_str(), "y" | "yes" | "on" | "true" | "n" | "no" | "off" | "false") {
        return ScalarKind::Boolean;
    }
    let digits = word.trim_start_matches(['+', '-']).replace('_', "");
    let of_base = |base: u32, text: &str| !text.is_empty() && text.chars().all(|c| c.is_digit(base));
    let other_base = [("0x", 16), ("0b", 2), ("0o", 8)]
        .iter()
        .any(|(prefix, base)| digits.strip_prefix(prefix).is_some_and(|rest| of_base(*base, rest)));
    if of_base(10, &digits) || other_base {
        return ScalarKind::Integer;
    }
    let special = matches!(digits.to_ascii_lowercase().as_str(), ".inf" | ".nan");
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') && digits.parse::<f64>().is_ok();
    if special || numeric { ScalarKind::Float } else { ScalarKind::Text }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_the_type_that_kubectl_reads() {
        for (word, expected) in [
            ("50", ScalarKind::Integer),
            ("-1", ScalarKind::Integer),
            ("0x1F", ScalarKind::Integer),
            ("1_000", ScalarKind::Integer),
            ("1e3", ScalarKind::Float),
            ("0.5", ScalarKind::Float),
            (".inf", ScalarKind::Float),
            ("yes", ScalarKind::Boolean),
            ("On", ScalarKind::Boolean),
            ("true", ScalarKind::Boolean),
            ("yEs", ScalarKind::Text),
            ("~", ScalarKind::Null),
            ("redis:6379", ScalarKind::Text),
            ("10.0.0.1", ScalarKind::Text),
            ("30s", ScalarKind::Text),
            ("infinity", ScalarKind::Text),
        ] {
            assert_eq!(scalar_kind(word), expected, "{word}");
        }
    }
}

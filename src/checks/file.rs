//! A file of manifests, and what of it may be shown.

use std::collections::BTreeSet;

use super::node::{Node, Place, Value};
use super::read::{self, Broken};
use super::secret;

/// Longer lines are not shown: JSON may have but one.
const LONGEST_LINE: usize = 200;

/// A file of manifests.
#[derive(Debug)]
pub struct File {
    /// What it goes by in messages.
    pub name: String,
    text: String,
    documents: Vec<Node>,
    pub(super) broken: Vec<Broken>,
    /// Lines that hold what nobody may see.
    secret: BTreeSet<usize>,
}

impl File {
    /// Reads YAML or JSON, of as many documents as there are.
    pub fn read(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let (documents, broken) = read::read(&text);
        let mut secret = BTreeSet::new();
        for document in &documents {
            hide(document, false, &mut secret);
        }
        Self { name: name.into(), text, documents, broken, secret }
    }

    pub(super) fn documents(&self) -> &[Node] {
        &self.documents
    }

    /// Whether it looks like a template that has yet to become a manifest.
    pub(super) fn is_template(&self) -> bool {
        self.text.contains("{{")
    }

    /// How many documents could be read.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The line of `place` with marks below it; `None` for lines that are too long, or not to be seen by anyone.
    pub fn excerpt(&self, place: Place) -> Option<String> {
        // What could not be read may hold anything.
        if !self.broken.is_empty() || self.secret.contains(&place.line) {
            return None;
        }
        let text = self.text.lines().nth(place.line.checked_sub(1)?)?.trim_end();
        let length = text.chars().count();
        if length > LONGEST_LINE {
            return None;
        }
        let Place { line, column, width } = place;
        let gutter = line.to_string().len();
        let marks = "^".repeat(width.min(length.saturating_sub(column - 1)).max(1));
        Some(format!("{:gutter$} |\n{line} | {text}\n{:gutter$} | {:indent$}{marks}", "", "", "", indent = column - 1))
    }
}

/// Notes the lines of whatever looks like a secret; of everything below a key that does.
fn hide(node: &Node, all: bool, lines: &mut BTreeSet<usize>) {
    let text = |key: &str| node.get(key).and_then(|entry| entry.node.text());
    let of_secret = text("kind") == Some("Secret");
    let variable = text("name").is_some_and(secret::is_secret_name);
    match &node.value {
        Value::Scalar { text, .. } => {
            if all || secret::has_password(text) {
                lines.extend(node.place.line..=node.end);
            }
        }
        Value::List(items) => items.iter().for_each(|item| hide(item, all, lines)),
        Value::Map(entries) => {
            let lists = ["command", "args"].iter().filter_map(|list| node.get(list));
            let words: Vec<&Node> = lists.flat_map(|list| list.node.items()).collect();
            let texts: Vec<&str> = words.iter().map(|word| word.text().unwrap_or_default()).collect();
            for word in secret::secret_words(&texts).into_iter().map(|index| words[index]) {
                lines.extend(word.place.line..=word.end);
            }
            for entry in entries {
                let secret = secret::is_secret_name(&entry.key) && matches!(entry.node.value, Value::Scalar { .. });
                let held = of_secret && matches!(entry.key.as_str(), "data" | "stringData");
                let value = variable && entry.key == "value";
                hide(&entry.node, all || secret || held || value, lines);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_with_marks_below_it() {
        let file = File::read("x.yaml", "a:\n  b: yes\n");
        let place = Place { line: 2, column: 6, width: 3 };
        assert_eq!(file.excerpt(place).as_deref(), Some("  |\n2 |   b: yes\n  |      ^^^"));
    }

    #[test]
    fn no_line_with_a_secret_is_shown() {
        for text in [
            "metadata:\n  password: s3cret\n",
            "env:\n- {name: REDIS_PASSWORD, value: s3cret}\n",
            "kind: Secret\nstringData:\n  any: s3cret\n",
            "env:\n- name: REDIS_URL\n  value: redis://u:s3cret@h\n",
            "a: s3cret\nb: [\n",
            "command: [redis-cli]\nargs: [-a, s3cret]\n",
            "command:\n- --requirepass\n- s3cret\n",
        ] {
            let file = File::read("x.yaml", text);
            let shown = (1..=3).filter_map(|line| file.excerpt(Place { line, column: 1, width: 1 }));
            assert!(!shown.collect::<String>().contains("s3cret"), "{text}");
        }
    }
}

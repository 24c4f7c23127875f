//! The effective profile: every key with its value, and where that comes from.

use std::fmt::Write as _;

use serde::Deserialize as _;
use serde_json::Value;
use toml::Table;

use super::Profile;
use super::document::IN_PLACE_OF;
use super::reference::{resolved, table_of, toml as as_toml};
use crate::endpoint::redaction::{without_arguments, without_password};
use crate::endpoint::secret::is_secret_name;
use crate::units::Setting;

/// Text in place of a secret.
const HIDDEN: &str = "******";

/// Texts from elsewhere than the profile, by the path of the key that they override.
pub(super) type Overriding<'a> = &'a dyn Fn(&[&str]) -> Option<Setting<String>>;

/// Returns `profile` as TOML. Each line names the origin of its value in a comment; keys that have their default are comments.
/// Passwords are not shown.
pub(super) fn of(profile: &Profile, schema: &Value, given: Overriding<'_>) -> String {
    let source = &profile.source;
    let document = source.document().and_then(|document| Table::deserialize(toml::Deserializer::from(document)));
    let mut document = document.unwrap_or_default();
    // A variable may exclude a key that the profile sets.
    for (table, key, others) in IN_PLACE_OF {
        if given(&[table, key]).is_some()
            && let Some(toml::Value::Table(keys)) = document.get_mut(table)
        {
            keys.retain(|key, _| !others.contains(&key));
        }
    }
    let mut effective = Effective { profile, schema, given, text: String::new() };
    for (name, node) in schema["properties"].as_object().into_iter().flatten() {
        let no_keys = Table::new();
        let keys = document.get(name).and_then(toml::Value::as_table).unwrap_or(&no_keys);
        if name != "env"
            && let Some(table) = table_of(schema, node)
        {
            effective.table(&[name], table, Some(keys));
        }
    }
    effective.text
}

struct Effective<'a> {
    profile: &'a Profile,
    schema: &'a Value,
    given: Overriding<'a>,
    text: String,
}

impl<'a> Effective<'a> {
    /// Writes a table, and the tables in it; `None` of one that the profile does not have.
    fn table(&mut self, path: &[&'a str], table: &'a Value, keys: Option<&Table>) {
        let of_table = table["properties"].as_object().into_iter().flatten();
        let is_table = |node: &'a Value| {
            let inner = table_of(self.schema, node)?;
            // A list of tables, and one of free keys, is written as a value.
            let listed = resolved(self.schema, node)["type"] == "array";
            (!listed && inner.get("properties").is_some()).then_some(inner)
        };
        let (tables, values): (Vec<_>, Vec<_>) = of_table.partition(|(_, node)| is_table(node).is_some());
        let mut lines = Vec::new();
        let mut is_set = keys.is_some();
        for (key, node) in values {
            let path = [path, &[key.as_str()]].concat();
            let (line, set) = self.line(&path, node, keys.and_then(|keys| keys.get(key)));
            is_set |= set;
            lines.push(line);
        }
        // Writing to a string cannot fail.
        let gap = if self.text.is_empty() { "" } else { "\n" };
        let sign = if is_set { "" } else { "# " };
        let _ = writeln!(self.text, "{gap}{sign}[{}]", path.join("."));
        self.text.extend(lines.iter().flat_map(|line| [line.as_str(), "\n"]));
        for (key, node) in tables {
            let inner = keys.and_then(|keys| keys.get(key)).and_then(toml::Value::as_table);
            if let Some(table) = is_table(node) {
                self.table(&[path, &[key.as_str()]].concat(), table, inner);
            }
        }
    }

    /// Returns the line of a key, and whether anything sets it.
    fn line(&self, path: &[&str], node: &Value, value: Option<&toml::Value>) -> (String, bool) {
        let key = path.last().copied().unwrap_or_default();
        if let Some(Setting { value, origin }) = (self.given)(path)
            && let Some(value) = typed(self.schema, node, &value)
        {
            return (format!("{key} = {}  # {origin}", shown(key, &value)), true);
        }
        if let Some(value) = value {
            let source = &self.profile.source;
            let overlay = source.env.as_ref().filter(|_| source.is_overlaid(path));
            let overlay = overlay.map(|env| format!(" (env.{env})")).unwrap_or_default();
            let line = format!("{key} = {}  # {}{overlay}", shown(key, value), self.profile.origin(path));
            return (line, true);
        }
        let line = match (node.get("default"), node["x-default"].as_str()) {
            (Some(value), _) => format!("# {key} = {}  # default", as_toml(value)),
            (None, Some(words)) => format!("# {key}: {words}  # default"),
            (None, None) => format!("# {key}: not set"),
        };
        (line, false)
    }
}

/// Returns the text of a variable or flag as a value of the key's type; `None` where it is none.
fn typed(schema: &Value, node: &Value, text: &str) -> Option<toml::Value> {
    match resolved(schema, node)["type"].as_str() {
        Some("integer") => text.trim().parse().ok().map(toml::Value::Integer),
        Some("boolean") => Some(toml::Value::Boolean(matches!(text.trim(), "true" | "1" | "yes" | "on"))),
        Some("array") => Some(text.split(',').map(|part| toml::Value::from(part.trim())).collect::<Vec<_>>().into()),
        _ => Some(text.into()),
    }
}

/// Writes a value without passwords.
fn shown(key: &str, value: &toml::Value) -> String {
    without_arguments(&without_secrets(key, value).to_string())
}

/// Tables whose keys people name.
const FREE: [&str; 2] = ["env", "metadata"];

/// Returns the value of `key` without passwords in URLs, and without the values of keys that people name like secrets.
fn without_secrets(key: &str, value: &toml::Value) -> toml::Value {
    match value {
        toml::Value::String(text) => without_password(text).into(),
        toml::Value::Array(items) => items.iter().map(|item| without_secrets(key, item)).collect::<Vec<_>>().into(),
        toml::Value::Table(keys) => {
            // Elsewhere `secret` is the name of an object.
            let is_secret = |name: &str| is_secret_name(name) && (name != "secret" || FREE.contains(&key));
            let pair = |(name, value): (&String, &toml::Value)| {
                let hidden = value.is_str() && is_secret(name);
                (name.clone(), if hidden { HIDDEN.into() } else { without_secrets(name, value) })
            };
            toml::Value::Table(keys.iter().map(pair).collect())
        }
        other => other.clone(),
    }
}

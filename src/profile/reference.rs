//! Reference of the profile in Markdown, from its schema: a section per table, a heading per key.

use std::fmt::Write as _;

use serde_json::Value;

/// Flag and variable that set the same as a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alternative {
    /// The flag with its subcommand, such as `produce --batch`.
    pub flag: String,
    /// The environment variable.
    pub variable: Option<String>,
}

/// Overlays repeat the other tables.
const OVERLAYS: &str = "env";

/// Returns the reference that `schema` describes; `alternative` looks up what else sets the key of a path.
pub(super) fn of(schema: &Value, alternative: &dyn Fn(&[&str]) -> Option<Alternative>) -> String {
    let mut reference = Reference { schema, alternative, text: String::new() };
    reference.table(&[], schema);
    reference.text
}

struct Reference<'a> {
    schema: &'a Value,
    alternative: &'a dyn Fn(&[&str]) -> Option<Alternative>,
    text: String,
}

impl<'a> Reference<'a> {
    /// Writes the keys of a table, then each of its tables as a section.
    fn table(&mut self, path: &[&'a str], table: &'a Value) {
        let keys = || table["properties"].as_object().into_iter().flatten();
        let (tables, values): (Vec<_>, Vec<_>) = keys().partition(|(_, node)| self.table_of(node).is_some());
        for (key, node) in values {
            self.key(&[path, &[key.as_str()]].concat(), node);
        }
        for (key, node) in tables {
            let path = [path, &[key.as_str()]].concat();
            let name = path.join(".");
            let description = node["description"].as_str().unwrap_or_default();
            if path == [OVERLAYS] {
                self.line(&format!("\n## `[{OVERLAYS}.NAME]`\n\n{description}"));
                continue;
            }
            let listed = resolved(self.schema, node)["type"] == "array";
            let header = if listed { format!("[[{name}]]") } else { format!("[{name}]") };
            self.line(&format!("\n## `{header}`\n\n{description}"));
            if listed {
                self.line("");
                self.value(key, node);
            }
            if let Some(table) = self.table_of(node) {
                self.table(&path, table);
            }
        }
    }

    fn table_of(&self, node: &'a Value) -> Option<&'a Value> {
        table_of(self.schema, node)
    }

    /// Writes a key: its meaning, then what it takes.
    fn key(&mut self, path: &[&str], node: &Value) {
        let key = path.last().copied().unwrap_or_default();
        let description = node["description"].as_str().unwrap_or_default();
        self.line(&format!("\n### `{}`\n\n{description}\n", path.join(".")));
        let meanings = meanings(resolved(self.schema, node));
        if meanings.is_empty() {
            self.line(&format!("- Type: {}", type_of(self.schema, node)));
        } else {
            self.line("- One of:");
        }
        for (value, meaning) in meanings {
            self.line(&format!("  - `{value}`: {meaning}"));
        }
        self.value(key, node);
        if let Some(Alternative { flag, variable }) = (self.alternative)(path) {
            self.line(&format!("- Flag: `{flag}`"));
            if let Some(variable) = variable {
                self.line(&format!("- Variable: `{variable}`"));
            }
        }
    }

    /// Writes default and examples of a key, or of a list of tables.
    fn value(&mut self, key: &str, node: &Value) {
        match (node.get("default"), node["x-default"].as_str()) {
            (Some(value), _) => self.line(&format!("- Default: `{}`", toml(value))),
            (None, Some(reason)) => self.line(&format!("- Default: {reason}")),
            (None, None) => {}
        }
        let examples = node["examples"].as_array().into_iter().flatten();
        let quoted = if key.starts_with('$') { format!("\"{key}\"") } else { key.to_owned() };
        let examples: Vec<String> = examples.map(|value| format!("`{quoted} = {}`", toml(value))).collect();
        if !examples.is_empty() {
            let label = if examples.len() == 1 { "Example" } else { "Examples" };
            self.line(&format!("- {label}: {}", examples.join(", ")));
        }
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

/// Returns the table that `node` holds, alone or in a list; a table of free keys and texts is a value.
pub(super) fn table_of<'a>(schema: &'a Value, node: &'a Value) -> Option<&'a Value> {
    let node = resolved(schema, node);
    let inner = if node["type"] == "array" { resolved(schema, &node["items"]) } else { node };
    (inner["type"] == "object" && inner["additionalProperties"]["type"] != "string").then_some(inner)
}

/// Returns the definition that `node` refers to, or `node`.
pub(super) fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    let reference = node["$ref"].as_str().or_else(|| node["allOf"][0]["$ref"].as_str());
    match reference.and_then(|reference| schema.pointer(reference.trim_start_matches('#'))) {
        Some(definition) => resolved(schema, definition),
        None => node,
    }
}

/// Names the values that `node` takes.
fn type_of(schema: &Value, node: &Value) -> String {
    let node = resolved(schema, node);
    if let Some(title) = node["title"].as_str() {
        return title.to_owned();
    }
    if let Some(forms) = node["oneOf"].as_array().or_else(|| node["anyOf"].as_array()) {
        return forms.iter().map(|form| type_of(schema, form)).collect::<Vec<_>>().join(" or ");
    }
    let bounds = match (node.get("minimum"), node.get("maximum")) {
        (Some(minimum), Some(maximum)) if minimum == maximum => format!(", {minimum}"),
        (Some(minimum), Some(maximum)) => format!(", {minimum} to {maximum}"),
        (Some(minimum), None) => format!(", at least {minimum}"),
        (None, Some(maximum)) => format!(", at most {maximum}"),
        (None, None) => String::new(),
    };
    match node["type"].as_str().unwrap_or("string") {
        "array" => format!("list of {}", type_of(schema, &node["items"])),
        "object" => "table of strings".to_owned(),
        name => format!("{name}{bounds}"),
    }
}

/// Returns the words that `node` takes, each with its meaning.
fn meanings(node: &Value) -> Vec<(&str, &str)> {
    let forms = node["oneOf"].as_array().into_iter().flatten();
    forms.filter_map(|form| Some((form["enum"][0].as_str()?, form["description"].as_str()?))).collect()
}

/// Writes a value as in a profile.
pub(super) fn toml(value: &Value) -> String {
    match value {
        // In single quotes, as people write text that has double quotes in it.
        Value::String(text) if text.contains('"') && !text.contains('\'') => format!("'{text}'"),
        Value::Array(values) => format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reference_names_type_default_example_flag_and_variable() {
        let schema = json!({
            "properties": {
                "produce": { "description": "Items.", "allOf": [{ "$ref": "#/definitions/Produce" }] },
            },
            "definitions": {
                "Produce": { "type": "object", "properties": {
                    "batch": {
                        "type": "integer", "minimum": 1, "description": "Items per batch.",
                        "default": 50, "examples": [50, 500],
                    },
                    "seed": { "type": "integer", "description": "Seed.", "x-default": "random" },
                } },
            },
        });
        let alternative = |path: &[&str]| {
            (path == ["produce", "batch"])
                .then(|| Alternative { flag: "produce --batch".to_owned(), variable: Some("BATCH".to_owned()) })
        };
        let expected = "\n## `[produce]`\n\nItems.\n\n### `produce.batch`\n\nItems per batch.\n\n\
                        - Type: integer, at least 1\n- Default: `50`\n- Examples: `batch = 50`, `batch = 500`\n\
                        - Flag: `produce --batch`\n- Variable: `BATCH`\n\n\
                        ### `produce.seed`\n\nSeed.\n\n- Type: integer\n- Default: random\n";
        assert_eq!(of(&schema, &alternative), expected);
    }

    #[test]
    fn examples_are_written_as_toml() {
        for (value, text) in [
            (json!("2s"), "\"2s\""),
            (json!({ "id": 1 }), "{ id = 1 }"),
            (json!([0, 75]), "[0, 75]"),
            (json!("{\"a\":1}"), "'{\"a\":1}'"),
        ] {
            assert_eq!(toml(&value), text);
        }
    }
}

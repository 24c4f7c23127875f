//! JSON Schema of the profile, for editors and for the reference.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// Returns the JSON Schema of `T`, in draft 7, which editors of TOML support best.
///
/// Every key has a description, examples and either `default` or `x-default`, which says in words what applies when the
/// key is absent. Cross-field rules are not in the schema.
pub(super) fn of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.transforms.insert(0, Box::new(RecursiveTransform(for_toml)));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    let first = ["$schema", "title", "description"].map(|key| (key.to_owned(), schema.remove(key).unwrap_or_default()));
    let rest = schema.as_object().cloned().unwrap_or_default();
    first.into_iter().chain(rest).collect()
}

/// Removes what TOML does not have, and writes the rest in the way that all editors understand.
fn for_toml(schema: &mut Schema) {
    let Some(keys) = schema.as_object_mut() else { return };
    // TOML has no null.
    if let Some(Value::Array(types)) = keys.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            keys["type"] = one.clone();
        }
    }
    if let Some(Value::Array(forms)) = keys.get_mut("anyOf") {
        forms.retain(|form| form["type"] != "null");
        if let [Value::Object(one)] = forms.as_slice() {
            let one = one.clone();
            keys.remove("anyOf");
            for (key, value) in one {
                keys.entry(key).or_insert(value);
            }
        }
    }
    // Editors complete `enum` more widely than `const`.
    if let Some(value) = keys.remove("const") {
        keys.insert("enum".to_owned(), Value::Array(vec![value]));
    }
    // In the order of reading: the key, what applies without it, and how it is written.
    for key in ["default", "x-default", "examples"] {
        if let Some(value) = keys.remove(key) {
            keys.insert(key.to_owned(), value);
        }
    }
    // The integer types of Rust say nothing to others.
    keys.remove("format");
    // serde's default of an optional key.
    if keys.get("default").is_some_and(Value::is_null) || keys.contains_key("x-default") {
        keys.remove("default");
    }
}

/// Writes the file as well, if the environment has `SNAPSHOTS=overwrite`.
#[test]
fn schema_file_is_made_from_the_types() {
    let schema = format!("{:#}\n", of::<super::Profile>());
    snapbox::assert_data_eq!(schema, snapbox::file!["../../config/qscale.schema.json"].raw());
}

//! The profile as a JSON Schema: what editors complete and check as people type.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::Value;

use super::Profile;

/// The schema of the profile. Draft 7: what editors of TOML know best.
///
/// It tells form, not meaning: that `rate` excludes `every`, say, only this program knows.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.transforms.insert(0, Box::new(RecursiveTransform(as_toml_has_it)));
    let mut schema = settings.into_generator().into_root_schema_for::<Profile>();
    // What people see first comes first.
    let first = ["$schema", "title", "description"].map(|key| (key.to_owned(), schema.remove(key).unwrap_or_default()));
    let rest = schema.as_object().cloned().unwrap_or_default();
    first.into_iter().chain(rest).collect()
}

/// Takes away what only JSON has, and writes what is left as every editor reads it.
fn as_toml_has_it(schema: &mut Schema) {
    let Some(keys) = schema.as_object_mut() else { return };
    // There is no null in TOML: what has no value is left out.
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
    // Older than `const`, and completed everywhere.
    if let Some(value) = keys.remove("const") {
        keys.insert("enum".to_owned(), Value::Array(vec![value]));
    }
    // Those of Rust's types say nothing to others; what counts where a key is left out, the keys' descriptions say.
    keys.remove("format");
    keys.remove("default");
}

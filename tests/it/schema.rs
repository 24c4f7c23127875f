//! The schema of profiles: current, and of one mind with the program that reads them.

use std::collections::BTreeSet;
use std::fs;

use jsonschema::Validator;
use proptest::prelude::*;
use qscale::profile::{self, Profile, ProfileError};
use serde_json::{Value, json};

use crate::support::{Qscale, toml_files};

#[test]
fn schema_file_is_current() {
    let shipped = fs::read_to_string("config/qscale.schema.json").unwrap_or_default();
    // Where the profile cannot be read it is needed most.
    let run = Qscale::new(["render", "--schema"]).file("qscale.toml", "[produce]\nbacth = 5\n").output().exits(0);
    assert!(run.stdout == shipped, "config/qscale.schema.json is another: run `make regenerate`");
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    assert!(jsonschema::meta::is_valid(&profile::schema()));
}

#[test]
fn reference_of_the_profile_is_current() {
    let shipped = fs::read_to_string("docs/profile.md").unwrap_or_default();
    let run = Qscale::new(["render", "--schema=markdown"]).output().exits(0);
    assert!(run.stdout == shipped, "docs/profile.md is outdated: run `make regenerate`");
    for (path, key, _) in leaves(&profile::schema()) {
        let name = [path.as_slice(), &[key]].concat().join(".");
        let headings = [format!("\n### `{name}`\n"), format!("\n## `[[{name}]]`\n")];
        assert!(headings.iter().any(|heading| shipped.contains(heading)), "no heading of {name}");
    }
}

#[test]
fn schema_accepts_valid_profiles() {
    let validator = validator();
    for path in toml_files("config").into_iter().chain(toml_files("tests/profiles/valid")) {
        let text = fs::read_to_string(&path).unwrap();
        if let Err(error) = Profile::parse(&path.display().to_string(), &text) {
            panic!("{error}");
        }
        let errors: Vec<String> = validator.iter_errors(&json(&text).unwrap()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}

#[test]
fn shipped_profiles_name_their_schema() {
    for path in toml_files("config") {
        let text = fs::read_to_string(&path).unwrap();
        let named = text.lines().next().and_then(|line| line.strip_prefix("#:schema "));
        let schema = named.map(|name| path.with_file_name(name)).filter(|path| path.exists());
        assert!(schema.is_some(), "{}: {named:?}", path.display());
    }
}

#[test]
fn schema_rejects_errors_of_form() {
    let validator = validator();
    let mut refused = 0;
    for path in toml_files("tests/profiles/invalid") {
        let text = fs::read_to_string(&path).unwrap();
        let (Some(value), Err(error)) = (json(&text), Profile::parse("q.toml", &text)) else { continue };
        if matches!(&error, ProfileError::Invalid(diagnostic) if diagnostic.problem().is_form()) {
            assert!(!validator.is_valid(&value), "{}:\n{error}", path.display());
            refused += 1;
        }
    }
    assert!(refused > 20, "only {refused} profiles were wrong in form");
}

#[test]
fn schema_and_parser_know_the_same_keys() {
    let schema = profile::schema();
    for (path, table) in tables(&schema) {
        let text = path.iter().rev().fold("'?' = 0".to_owned(), |inner, key| match key.as_str() {
            key if LISTS.contains(&key) => format!("{key} = [{{ {inner} }}]"),
            key => format!("{key} = {{ {inner} }}"),
        });
        let error = Profile::parse("q.toml", &text).expect_err("no key is called `?`");
        let hint = error.hint().unwrap_or_else(|| panic!("{text}: {error}"));
        let known: BTreeSet<&str> = hint.trim_start_matches("known keys: ").split(", ").collect();
        let said: BTreeSet<&str> =
            table["properties"].as_object().expect("a table has properties").keys().map(String::as_str).collect();
        assert_eq!(said, known, "{path:?}: the schema, and the program");
        assert!(!validator().is_valid(&json(&text).unwrap()), "{text}");
    }
}

#[test]
fn overlay_has_the_keys_of_the_profile() {
    let schema = profile::schema();
    let mut tables = schema["properties"].clone();
    for key in ["$schema", "env"] {
        assert!(tables.as_object_mut().unwrap().remove(key).is_some());
    }
    assert_eq!(schema["definitions"]["Overlay"]["properties"], tables);
}

#[test]
fn parser_accepts_the_values_of_the_schema() {
    let schema = profile::schema();
    let validator = validator();
    let mut samples = 0;
    // Of some tables no key can stand alone.
    let alone = |path: &[String]| !path.iter().any(|key| LISTS.contains(&key.as_str()) || key == "sidecar");
    let tables = tables(&schema).into_iter().filter(|(path, table)| table.get("required").is_none() && alone(path));
    for (path, table) in tables {
        for (key, node) in table["properties"].as_object().expect("a table has properties") {
            for value in values(&schema, node) {
                // With what it cannot be without.
                let mut whole = required(&schema, table);
                whole[key] = value;
                let document = path.iter().rev().fold(whole, |inner, key| json!({ key: inner }));
                assert!(validator.is_valid(&document), "{document}");
                let text = toml::to_string(&document).unwrap();
                if let Err(error) = Profile::parse("q.toml", &text) {
                    // What is wrong in meaning is named by its key.
                    let of_key = format!(": {}.", path.iter().chain([key]).next().unwrap());
                    let in_meaning =
                        [&of_key, ", with env.prod: "].iter().any(|part| error.to_string().contains(*part));
                    assert!(in_meaning, "{text}\n{error}");
                }
                samples += 1;
            }
            if key != "$schema" {
                let is_table = followed(&schema, node)["type"] == "object";
                let wrong = if is_table { json!(["x"]) } else { json!({ "x": "x" }) };
                let wrong = path.iter().chain([key]).rev().fold(wrong, |inner, key| json!({ key: inner }));
                assert!(!validator.is_valid(&wrong), "{wrong}");
                let text = toml::to_string(&wrong).unwrap();
                assert!(Profile::parse("q.toml", &text).is_err(), "{text}");
            }
        }
    }
    assert!(samples > 150, "only {samples} samples");
}

/// A sidecar that items are posted to.
const SIDECAR: &str =
    "consume = { handler = 'http', url = 'http://127.0.0.1:8080/jobs' }\ndeploy.sidecar.image = 'app:1'";

/// Keys, or tables, that mean something only next to others, and what is set with them.
const COMPANIONS: [(&str, &str); 20] = [
    ("redis.addresses", "redis.mode = 'cluster'"),
    ("scale.idle-replica-count", "scale.min-replica-count = 1"),
    ("scale.activation-target", "scale.combine = 'sum'"),
    ("scale.strategy", "scale.kind = 'ScaledJob'"),
    ("scale.transfer-hpa-ownership", "scale.hpa-name = 'orders'"),
    ("scale.job", "scale.kind = 'ScaledJob'"),
    ("scale.job.custom-scaling-running-job-percentage", "scale.strategy = 'custom'"),
    ("deploy.write-secret", "deploy.secret = 'redis'"),
    ("deploy.secret-username-key", "deploy.secret = 'redis'"),
    ("deploy.secret-password-key", "deploy.secret = 'redis'"),
    ("deploy.secret-sentinel-username-key", "deploy.secret = 'redis'"),
    ("deploy.secret-sentinel-password-key", "deploy.secret = 'redis'"),
    ("deploy.secret-ca-key", "deploy.secret = 'redis'"),
    ("deploy.secret-cert-key", "deploy.secret = 'redis'"),
    ("deploy.secret-key-key", "deploy.secret = 'redis'"),
    ("deploy.sidecar", SIDECAR),
    ("deploy.sidecar.resources.requests", SIDECAR),
    ("deploy.sidecar.resources.limits", SIDECAR),
    ("deploy.redis-image", "deploy.redis = true"),
    ("deploy.redis-storage", "deploy.redis = true"),
];

#[test]
fn schema_gives_every_key_a_description_a_default_and_an_example() {
    let mut missing = Vec::new();
    for (path, key, node) in leaves(&profile::schema()) {
        let name = [path.as_slice(), &[key]].concat().join(".");
        let has = |keyword: &str| node.get(keyword).is_some_and(|value| *value != json!(""));
        if !has("description") || !has("examples") || has("default") == has("x-default") {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "needs description, examples, and one of default and x-default: {missing:?}");
}

#[test]
fn schema_defaults_and_examples_are_valid() {
    let schema = profile::schema();
    let validator = validator();
    for (path, key, node) in leaves(&schema) {
        let name = [path.as_slice(), std::slice::from_ref(&key)].concat().join(".");
        for value in node["examples"].as_array().into_iter().flatten().chain(node.get("default")) {
            let table =
                tables(&schema).into_iter().find_map(|(other, table)| (other == path).then_some(table)).unwrap();
            let mut whole = required(&schema, table);
            whole[&key] = value.clone();
            let mut document = nested(&path, whole);
            for (_, companion) in COMPANIONS.iter().filter(|(of, _)| *of == name || *of == path.join(".")) {
                merge(&mut document, json(companion).unwrap());
            }
            assert!(validator.is_valid(&document), "{document}");
            if let Err(error) = Profile::parse("q.toml", &toml::to_string(&document).unwrap()) {
                panic!("{name} = {value}: {error}");
            }
        }
    }
}

/// A key for each form of text, and texts that neither reads.
const FORMS: [(&str, &str, &[&str]); 8] = [
    ("consume", "timeout", &["", "5", "5x", "-1s", "1.s", "s", "1s..2s"]),
    ("consume", "backoff", &["", "5..6", "1s..", "..1s", "1s...2s"]),
    ("consume", "work", &["", "field:", "nothing", "2s..6", "None"]),
    ("consume", "metrics", &["", "example.com:9090", "0.0.0.0", "localhost:"]),
    ("produce", "rate", &["", "fast", "5/d", "inf", "-1", "1/s/s", "nan"]),
    ("produce", "payload", &["{sequence}", "{int:5}", "a{seq", "{text:}", "{seq:1}"]),
    ("redis", "url", &["", "localhost:6379", "http://h", "redis:h"]),
    ("deploy", "resources.limits.cpu", &["", "m", "64MB", "1.2.3", "-1", "64 Mi", ".5"]),
];

#[test]
fn schema_rejects_texts_that_the_parser_rejects() {
    let validator = validator();
    for (table, key, texts) in FORMS {
        for text in texts {
            let document = format!("{table}.{key} = '{text}'");
            assert!(Profile::parse("q.toml", &document).is_err(), "{document}");
            assert!(!validator.is_valid(&json(&document).unwrap()), "{document}");
        }
    }
}

/// Number of texts tried.
const CASES: u32 = 2_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schema_accepts_texts_that_the_parser_accepts(
        form in 0..FORMS.len(),
        parts in prop::collection::vec(prop::sample::select(PARTS), 1..7),
    ) {
        let (table, key, _) = FORMS[form];
        let document = format!("{table}.{key} = '{}'", parts.concat());
        if Profile::parse("q.toml", &document).is_ok() {
            prop_assert!(VALIDATOR.with(|validator| validator.is_valid(&json(&document).unwrap())), "{document}");
        }
    }
}

/// Parts that the texts of profiles are made of.
const PARTS: &[&str] = &[
    "0",
    "1",
    "25",
    "+",
    "-",
    ".",
    "..",
    "..=",
    "e3",
    " ",
    "s",
    "ms",
    "min",
    "m",
    "h",
    "days",
    "µs",
    "M",
    "Mi",
    "k",
    "/s",
    "/m",
    "max",
    "none",
    "field:",
    "{",
    "}",
    "{{",
    "seq",
    "int:",
    "text:",
    "id",
    "ä",
    ":",
    "localhost",
    "0.0.0.0",
    "[::]",
    ":9090",
    "redis",
    "unix",
    "valkey+unix",
    "://",
    "s://",
    "/",
    "@",
    "host",
];

thread_local! {
    static VALIDATOR: Validator = validator();
}

fn validator() -> Validator {
    jsonschema::validator_for(&profile::schema()).expect("the schema is one")
}

/// The profile as JSON; `None` where it is no TOML at all.
fn json(text: &str) -> Option<Value> {
    let table: toml::Table = text.parse().ok()?;
    Some(serde_json::to_value(table).expect("a profile holds what JSON has"))
}

/// Every table that the schema knows, with its place; one overlay stands for all.
fn tables(schema: &Value) -> Vec<(Vec<String>, &Value)> {
    let mut tables = Vec::new();
    let mut open = vec![(Vec::new(), schema)];
    while let Some((path, node)) = open.pop() {
        let node = followed(schema, node);
        let Some(properties) = node["properties"].as_object() else { continue };
        for (key, inner) in properties {
            let mut path: Vec<String> = path.iter().chain([key]).cloned().collect();
            let inner = followed(schema, inner);
            match (&inner["additionalProperties"], &inner["items"]) {
                (any @ Value::Object(_), _) => {
                    path.push("prod".to_owned());
                    open.push((path, any));
                }
                (_, items @ Value::Object(_)) => open.push((path, items)),
                _ => open.push((path, inner)),
            }
        }
        tables.push((path, node));
    }
    assert!(tables.len() > 20, "{}", tables.len());
    tables
}

/// Every key that holds a value: its table, its name and its schema. Overlays have the keys of the profile once more.
pub(crate) fn leaves(schema: &Value) -> Vec<(Vec<String>, String, Value)> {
    let mut leaves = Vec::new();
    for (path, table) in tables(schema) {
        if path.first().is_some_and(|table| table == "env") {
            continue;
        }
        for (key, node) in table["properties"].as_object().expect("a table has properties") {
            let inner = followed(schema, node);
            let is_table = inner["type"] == "object";
            if !is_table {
                leaves.push((path.clone(), key.clone(), node.clone()));
            }
        }
    }
    assert!(leaves.len() > 70, "{}", leaves.len());
    leaves
}

/// Adds the keys of `other` to `base`.
fn merge(base: &mut Value, other: Value) {
    match (base, other) {
        (Value::Object(base), Value::Object(other)) => {
            other.into_iter().for_each(|(key, value)| merge(base.entry(key).or_insert(Value::Null), value));
        }
        (base @ Value::Null, other) => *base = other,
        (_, _) => {}
    }
}

/// Keys with a list of tables.
const LISTS: [&str; 6] = ["policies", "triggers", "env-from", "volumes", "tolerations", "topology-spread"];

/// Keys that a table of these lists cannot be without; of an array of keys, one of them.
const LEAST: &[(&str, &[OneOf])] = &[
    ("triggers", &[(&["name"], "a"), (&["type"], "cron"), (&["metadata"], "")]),
    ("env-from", &[(&["secret", "config-map"], "a")]),
    ("volumes", &[(&["name"], "a"), (&["mount-path"], "/a"), (&["claim", "secret", "config-map", "empty-dir"], "a")]),
    ("tolerations", &[(&["key"], "a"), (&["effect"], "NoExecute")]),
    ("topology-spread", &[(&["topology-key"], "a")]),
];

/// Keys of which a table has one, and the value of the first.
type OneOf = (&'static [&'static str], &'static str);

/// `table` within the tables of `path`.
fn nested(path: &[String], table: Value) -> Value {
    path.iter().rev().fold(table, |mut inner, key| {
        for (keys, value) in LEAST.iter().filter(|(list, _)| list == key).flat_map(|(_, least)| *least) {
            if keys.iter().all(|key| inner.get(key).is_none()) {
                inner[keys[0]] = if value.is_empty() { json!({}) } else { json!(value) };
            }
        }
        let inner = if LISTS.contains(&key.as_str()) { json!([inner]) } else { inner };
        json!({ key: inner })
    })
}

/// Returns the definition that `node` refers to.
fn followed<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    let reference = node["$ref"].as_str().or_else(|| node["allOf"][0]["$ref"].as_str());
    match reference.and_then(|reference| schema.pointer(reference.trim_start_matches('#'))) {
        Some(definition) => followed(schema, definition),
        None => node,
    }
}

/// A table with the keys that may not be left out.
fn required(schema: &Value, table: &Value) -> Value {
    let keys = table["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    keys.map(|key| (key.to_owned(), values(schema, &table["properties"][key])[0].clone())).collect()
}

/// Values that `node` takes.
fn values(schema: &Value, node: &Value) -> Vec<Value> {
    if let (Some(examples), false) = (node["examples"].as_array(), followed(schema, node)["type"] == "integer") {
        return examples.clone();
    }
    let node = followed(schema, node);
    let listed = |key: &str| node[key].as_array().cloned();
    if let Some(forms) = listed("oneOf").or_else(|| listed("anyOf")) {
        return forms.iter().flat_map(|form| values(schema, form)).collect();
    }
    if let Some(values) = listed("enum").or_else(|| listed("examples").filter(|_| node["type"] != "integer")) {
        return values;
    }
    match node["type"].as_str() {
        Some("string") => vec![json!("x")],
        Some("boolean") => vec![json!(true), json!(false)],
        Some("integer" | "number") => {
            let bound = |key: &str, usual: u8| node.get(key).cloned().unwrap_or(json!(usual));
            vec![bound("minimum", 1), bound("maximum", 7)]
        }
        Some("array") => values(schema, &node["items"]).into_iter().map(|value| json!([value])).collect(),
        Some("object") => {
            let properties = node["properties"].as_object().into_iter().flatten();
            let first =
                properties.filter_map(|(key, node)| Some((key.clone(), values(schema, node).into_iter().next()?)));
            vec![Value::Object(first.collect())]
        }
        kind => panic!("no value for {kind:?}: {node}"),
    }
}

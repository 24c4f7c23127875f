//! Rendered objects, read again.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The documents of a stream of YAML.
pub(crate) fn documents(yaml: &str) -> Vec<Value> {
    let documents = yaml.split("---\n").filter(|text| text.lines().any(|line| !line.starts_with('#')));
    documents.map(|text| serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))).collect()
}

/// The pod template of a workload.
pub(crate) fn template(document: &Value) -> Option<&Value> {
    let spec = &document["spec"];
    [&spec["template"], &spec["jobTargetRef"]["template"]].into_iter().find(|template| !template.is_null())
}

/// The arguments of a workload's container, as Kubernetes passes them: with the values of the `ConfigMap`.
pub(crate) fn arguments(workload: &Value, documents: &[Value]) -> Vec<String> {
    let template = template(workload).unwrap_or_else(|| panic!("no pods: {workload}"));
    let words = template["spec"]["containers"][0]["args"].as_array().expect("arguments");
    let settings = documents.iter().find(|document| document["kind"] == "ConfigMap").expect("a ConfigMap");
    let settings = settings["data"].as_object().expect("settings");
    words.iter().map(|word| expanded(word.as_str().expect("text"), |name| settings.get(name)?.as_str())).collect()
}

/// `$(NAME)` becomes the variable where there is one, and `$$` a dollar.
///
/// Source: `third_party/forked/golang/expansion/expand.go` of Kubernetes
fn expanded<'a>(word: &str, variable: impl Fn(&str) -> Option<&'a str>) -> String {
    let (mut text, mut rest) = (String::new(), word);
    while let Some((before, after)) = rest.split_once('$') {
        text += before;
        if let Some((name, left)) = after.strip_prefix('(').and_then(|after| after.split_once(')')) {
            text += variable(name).unwrap_or_else(|| panic!("{word}: no {name}"));
            rest = left;
        } else {
            text.push('$');
            rest = after.strip_prefix('$').unwrap_or(after);
        }
    }
    text + rest
}

/// Variables of a workload's container: the `ConfigMap`, then its own with a value.
pub(crate) fn variables(workload: &Value, documents: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let settings = documents.iter().find(|document| document["kind"] == "ConfigMap").expect("a ConfigMap");
    let settings = settings["data"].as_object().expect("settings").iter();
    let settings = settings.map(|(name, value)| (name.clone(), text(value)));
    let template = template(workload).unwrap_or_else(|| panic!("no pods: {workload}"));
    let own = template["spec"]["containers"][0]["env"].as_array().into_iter().flatten();
    let own = own.filter(|variable| variable["value"].is_string());
    settings.chain(own.map(|variable| (text(&variable["name"]), text(&variable["value"])))).collect()
}

/// The profiles in config/.
pub(crate) fn shipped() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config")).expect("config/ is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    assert!(paths.len() >= 3, "profiles are missing from config/: {paths:?}");
    paths
}

//! Pods of an object: containers and their variables.

use super::object::{Cursor, Object, Objects};

/// Source of a variable of a container.
pub(super) enum Variable<'a> {
    /// A text that stands in the files.
    Known(&'a str),
    /// Something outside of them, which KEDA can read.
    Elsewhere,
    /// Something that is known in the pod alone.
    OfPod,
    /// Nowhere.
    Absent,
}

/// The containers of a template, without those that only begin.
pub(super) fn containers<'a>(template: &Cursor<'a>) -> Vec<Cursor<'a>> {
    template.at(&["spec", "containers"]).items()
}

/// The container that KEDA reads variables of, and all others come second.
pub(super) fn container<'a>(template: &Cursor<'a>, named: Option<&str>) -> Option<Cursor<'a>> {
    let mut all = containers(template).into_iter();
    match named {
        Some(name) => all.find(|container| container.get("name").text() == Some(name)),
        None => all.next(),
    }
}

/// Returns the target of a scaled object, where it is in the files.
pub(super) fn target<'a>(scaled: &'a Object<'a>, objects: &'a Objects<'a>) -> Option<&'a Object<'a>> {
    let (kind, name) = scaled.scale_target()?;
    objects.find(kind, name, scaled)
}

/// The value that `container` has for the variable `name`.
pub(super) fn variable<'a>(container: &Cursor<'a>, name: &str, objects: &'a Objects<'a>) -> Variable<'a> {
    let own = container.get("env").items().into_iter().rfind(|entry| entry.get("name").text() == Some(name));
    if let Some(entry) = own {
        if let Some(text) = entry.get("value").text() {
            return Variable::Known(text);
        }
        let from = entry.get("valueFrom");
        let of_map = from.get("configMapKeyRef");
        return match (of_map.get("name").text(), of_map.get("key").text()) {
            _ if from.get("fieldRef").is_there() || from.get("resourceFieldRef").is_there() => Variable::OfPod,
            (Some(map), Some(key)) => data(map, key, container.object, objects),
            // Without a value it is empty.
            _ if !from.is_there() => Variable::Known(""),
            _ => Variable::Elsewhere,
        };
    }
    let mut found = Variable::Absent;
    for source in container.get("envFrom").items() {
        let prefix = source.get("prefix").text().unwrap_or_default();
        let Some(key) = name.strip_prefix(prefix) else { continue };
        let map = source.at(&["configMapRef", "name"]);
        let of_source = match map.text() {
            Some(map) => data(map, key, container.object, objects),
            None => of_secret(&source, key, objects),
        };
        if !matches!(of_source, Variable::Absent) {
            found = of_source;
        }
    }
    found
}

/// Returns the value of a key of a ConfigMap; elsewhere where it is not in the files.
fn data<'a>(map: &str, key: &str, from: &Object<'_>, objects: &'a Objects<'a>) -> Variable<'a> {
    let Some(map) = objects.find("ConfigMap", map, from) else { return Variable::Elsewhere };
    map.at(&["data", key]).text().map_or(Variable::Absent, Variable::Known)
}

fn of_secret<'a>(source: &Cursor<'a>, key: &str, objects: &'a Objects<'a>) -> Variable<'a> {
    let Some(name) = source.at(&["secretRef", "name"]).text() else { return Variable::Absent };
    let Some(secret) = objects.find("Secret", name, source.object) else { return Variable::Elsewhere };
    if has_key(secret, key) { Variable::Elsewhere } else { Variable::Absent }
}

/// Returns whether a Secret in the files holds `key`.
pub(super) fn has_key(secret: &Object<'_>, key: &str) -> bool {
    ["data", "stringData"].iter().any(|part| secret.at(&[part, key]).is_there())
}

/// Command and arguments, with the variables in them that are known.
pub(super) fn words<'a>(container: &Cursor<'a>, objects: &'a Objects<'a>) -> Vec<String> {
    let lists = ["command", "args"].map(|key| container.get(key).items());
    let texts = lists.into_iter().flatten().filter_map(|word| word.text());
    texts.map(|word| expanded(word, container, objects)).collect()
}

/// `word` with the variables in it that are known: `$(HOST):6379`.
pub(super) fn expanded<'a>(word: &str, container: &Cursor<'a>, objects: &'a Objects<'a>) -> String {
    let (mut text, mut rest) = (String::new(), word);
    while let Some((before, after)) = rest.split_once("$(") {
        let Some((name, left)) = after.split_once(')') else { break };
        text += before;
        match variable(container, name, objects) {
            Variable::Known(value) => text += value,
            _ => text = format!("{text}$({name})"),
        }
        rest = left;
    }
    text + rest
}

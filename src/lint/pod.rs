//! Pods of an object: containers, variables, and the durations of `qscale consume`.

use std::time::Duration;

use super::object::{Cursor, Object, Objects};
use crate::delivery::defaults::{DEFAULT_DRAIN, DEFAULT_KILL_AFTER};
use crate::units::HumanDuration;
use crate::workload::Work;

/// Kinds of `apps/v1` that can be scaled.
pub(super) const SCALED: [&str; 3] = ["Deployment", "StatefulSet", "ReplicaSet"];

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

/// Processing settings of a consumer, as far as known.
#[derive(Debug, Clone, Default)]
pub(super) struct HandlerSettings {
    /// Longest duration of an item; the 99th percentile if it is unbounded.
    pub(super) longest: Option<Duration>,
    pub(super) mean: Option<Duration>,
    /// Drain time.
    pub(super) drain: Option<Duration>,
    /// Items at a time, and commands are not killed before this.
    pub(super) concurrency: u32,
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
    let target = scaled.at(&["spec", "scaleTargetRef"]);
    objects.find(target_kind(&target), target.get("name").text()?, scaled)
}

/// Kind that a `scaleTargetRef` names, ignoring case.
pub(super) fn target_kind<'a>(target: &Cursor<'a>) -> &'a str {
    let text = target.get("kind").text().unwrap_or("Deployment");
    SCALED.into_iter().find(|kind| kind.eq_ignore_ascii_case(text)).unwrap_or(text)
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

/// Reads the arguments of `qscale consume`; `None` for other programs.
pub(super) fn handler<'a>(template: &Cursor<'a>, objects: &'a Objects<'a>) -> Option<(Cursor<'a>, HandlerSettings)> {
    containers(template).into_iter().find_map(|container| {
        let words = words(&container, objects);
        let program =
            ["image", "name"].iter().any(|key| container.get(key).text().is_some_and(|text| text.contains("qscale")));
        let consumes = words.iter().any(|word| word == "consume");
        let named = words.first().is_some_and(|word| word.ends_with("qscale"))
            || words.iter().any(|word| word.starts_with("--work"))
            || matches!(variable(&container, "QSCALE_WORK", objects), Variable::Known(_));
        let set = |name: &str| match variable(&container, name, objects) {
            Variable::Known(value) if !value.is_empty() => Some(value.to_owned()),
            _ => None,
        };
        (consumes && (program || named)).then(|| (container.clone(), HandlerSettings::of(&words, &set)))
    })
}

/// Command and arguments, with the variables in them that are known.
fn words<'a>(container: &Cursor<'a>, objects: &'a Objects<'a>) -> Vec<String> {
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

impl HandlerSettings {
    /// Reads the arguments, and the variables of the options that are not among them.
    fn of(words: &[String], set: &dyn Fn(&str) -> Option<String>) -> Self {
        // What comes after `--` is the handler's own.
        let own = || words.iter().take_while(|word| *word != "--");
        let typed = |name: &str| {
            let mut values = own()
                .skip_while(|word| word.strip_prefix("--").is_none_or(|word| word.split('=').next() != Some(name)));
            let word = values.next()?;
            word.split_once('=').map_or_else(|| values.next().cloned(), |(_, value)| Some(value.to_owned()))
        };
        let option =
            |name: &str| typed(name).or_else(|| set(&format!("QSCALE_{}", name.to_uppercase().replace('-', "_"))));
        let span = |name: &str| option(name)?.parse::<HumanDuration>().ok().map(|span| span.0);
        let work = option("work").and_then(|work| work.parse::<Work>().ok());
        let timeout = span("timeout").map(|timeout| timeout + span("kill-after").unwrap_or(DEFAULT_KILL_AFTER));
        Self {
            longest: timeout.or_else(|| work.as_ref().and_then(|work| work.longest().or_else(|| work.quantile(0.99)))),
            mean: work.as_ref().and_then(Work::mean),
            drain: Some(span("drain").unwrap_or(DEFAULT_DRAIN)),
            concurrency: option("concurrency").and_then(|count| count.parse().ok()).unwrap_or(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_a_consumer_give_its_handler_time() {
        let with = |text: &str, set: &dyn Fn(&str) -> Option<String>| {
            HandlerSettings::of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), set)
        };
        let of = |text: &str| with(text, &|_| None);
        let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs());
        let wait = of("consume --work=2s..6s --drain 10s --concurrency=4");
        assert_eq!((seconds(wait.longest), seconds(wait.mean), seconds(wait.drain)), (Some(6), Some(4), Some(10)));
        assert_eq!(wait.concurrency, 4);
        let set = with("consume --drain=5s", &|name| (name != "QSCALE_WORK").then(|| "7s".to_owned()));
        assert_eq!((seconds(set.longest), seconds(set.drain)), (Some(14), Some(5)), "a flag has precedence");
        let command = of("qscale consume --timeout=1m -- worker --work=1h");
        assert_eq!((seconds(command.longest), seconds(command.mean)), (Some(65), None));
        assert!(seconds(of("consume --work exp(10s)").longest) > Some(40));
        assert_eq!(seconds(of("consume --work=field:wait").longest), None);
    }
}

//! Settings of `qscale consume` in a pod, as far as its arguments and variables say.

use std::time::Duration;

use super::object::{Cursor, Objects};
use super::pod::{self, Variable};
use crate::delivery::defaults::{DEFAULT_DRAIN, DEFAULT_KILL_AFTER};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::units::HumanDuration;
use crate::workload::Work;

/// Label of the objects that `render` writes.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

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
    pub(super) delivery: Option<DeliveryGuarantee>,
    /// It ends after one item, or at once if there is none.
    pub(super) once: bool,
    /// It ends when it has been idle for this long.
    pub(super) idle_exit: Option<Duration>,
}

/// Value of an option.
enum OptionValue {
    Known(String),
    /// In a ConfigMap or Secret outside of the files.
    Unknown,
    Default,
}

/// Reads the arguments and variables of `qscale consume`; `None` for other programs.
pub(super) fn of<'a>(template: &Cursor<'a>, objects: &'a Objects<'a>) -> Option<(Cursor<'a>, HandlerSettings)> {
    pod::containers(template).into_iter().find_map(|container| {
        let words = split(pod::words(&container, objects));
        let at = words.iter().position(|word| word == "consume")?;
        let (before, after) = words.split_at(at);
        if !(is_qscale(template, &container, before, objects) || after.iter().any(|word| word.starts_with("--work"))) {
            return None;
        }
        let settings = HandlerSettings::of(&after[1..], &|name| match pod::variable(&container, name, objects) {
            Variable::Elsewhere | Variable::OfPod => OptionValue::Unknown,
            Variable::Known("") | Variable::Absent => OptionValue::Default,
            Variable::Known(text) => OptionValue::Known(text.to_owned()),
        });
        Some((container, settings))
    })
}

/// The words of a command, and of the lines that it has a shell run.
fn split(words: Vec<String>) -> Vec<String> {
    let is_line = |word: &str| word.contains("qscale") && word.contains(char::is_whitespace);
    let parts = |word: String| {
        if is_line(&word) { word.split_whitespace().map(str::to_owned).collect() } else { vec![word] }
    };
    words.into_iter().flat_map(parts).collect()
}

/// Returns whether the program of a container is qscale: by its command, its image or name, its variables, its probes, or
/// because `render` wrote it. An image may have any name.
fn is_qscale<'a>(template: &Cursor<'a>, container: &Cursor<'a>, before: &[String], objects: &'a Objects<'a>) -> bool {
    let program = |word: &str| word.rsplit('/').next() == Some("qscale");
    let named =
        ["image", "name"].iter().any(|key| container.get(key).text().is_some_and(|text| text.contains("qscale")));
    let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|key| container.at(&[key, "exec", "command"]));
    let has_probe = probes.iter().any(|probe| probe.items().first().and_then(Cursor::text).is_some_and(program));
    let managed = template.at(&["metadata", "labels", MANAGED_BY]).text() == Some("qscale")
        || template.object.at(&["metadata", "labels", MANAGED_BY]).text() == Some("qscale");
    before.iter().any(|word| program(word)) || named || has_probe || managed || is_set(container, objects)
}

/// Returns whether a container has a variable of qscale.
fn is_set<'a>(container: &Cursor<'a>, objects: &'a Objects<'a>) -> bool {
    let own = container.get("env").items();
    let mut own = own.iter().filter_map(|entry| entry.get("name").text());
    let of_map = |source: &Cursor<'a>| {
        let map = source.at(&["configMapRef", "name"]).text()?;
        let map = objects.find("ConfigMap", map, container.object)?;
        Some(map.at(&["data"]).entries().iter().any(|(key, _)| key.starts_with("QSCALE_")))
    };
    own.any(|name| name.starts_with("QSCALE_"))
        || container.get("envFrom").items().iter().any(|source| of_map(source).unwrap_or(false))
}

impl HandlerSettings {
    /// Reads the arguments, and the variables of the options that are not among them.
    fn of(words: &[String], variable: &dyn Fn(&str) -> OptionValue) -> Self {
        // What comes after `--` is the handler's own.
        let own = || words.iter().take_while(|word| *word != "--");
        let typed = |name: &str| {
            let mut values = own()
                .skip_while(|word| word.strip_prefix("--").is_none_or(|word| word.split('=').next() != Some(name)));
            let word = values.next()?;
            let value = word.split_once('=').map(|(_, value)| value.to_owned());
            Some(value.or_else(|| values.next().cloned()).unwrap_or_default())
        };
        let option = |name: &str| match typed(name) {
            Some(value) => OptionValue::Known(value),
            None => variable(&format!("QSCALE_{}", name.to_uppercase().replace('-', "_"))),
        };
        let known = |name: &str| match option(name) {
            OptionValue::Known(value) => Some(value),
            OptionValue::Unknown | OptionValue::Default => None,
        };
        let span = |name: &str| known(name)?.parse::<HumanDuration>().ok().map(|span| span.0);
        let work = known("work").and_then(|work| work.parse::<Work>().ok());
        let timeout = span("timeout").map(|timeout| timeout + span("kill-after").unwrap_or(DEFAULT_KILL_AFTER));
        let drain = match option("drain") {
            OptionValue::Known(value) => value.parse::<HumanDuration>().ok().map(|span| span.0),
            OptionValue::Unknown => None,
            OptionValue::Default => Some(DEFAULT_DRAIN),
        };
        let delivery = match option("delivery") {
            OptionValue::Known(value) if value == DeliveryGuarantee::AtMostOnce.to_string() => {
                Some(DeliveryGuarantee::AtMostOnce)
            }
            OptionValue::Known(_) | OptionValue::Default => Some(DeliveryGuarantee::AtLeastOnce),
            OptionValue::Unknown => None,
        };
        let once = own().any(|word| word == "--once") || known("once").is_some_and(|once| once == "true");
        Self {
            longest: timeout.or_else(|| work.as_ref().and_then(|work| work.longest().or_else(|| work.quantile(0.99)))),
            mean: work.as_ref().and_then(Work::mean),
            drain,
            concurrency: known("concurrency").and_then(|count| count.parse().ok()).unwrap_or(1),
            delivery,
            once,
            idle_exit: span("idle-exit"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_a_consumer_give_its_handler_time() {
        let with = |text: &str, variable: &dyn Fn(&str) -> OptionValue| {
            HandlerSettings::of(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), variable)
        };
        let of = |text: &str| with(text, &|_| OptionValue::Default);
        let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs());
        let wait = of("--work=2s..6s --drain 10s --concurrency=4");
        assert_eq!((seconds(wait.longest), seconds(wait.mean), seconds(wait.drain)), (Some(6), Some(4), Some(10)));
        assert_eq!(wait.concurrency, 4);
        let set = with("--drain=5s", &|name| match name {
            "QSCALE_WORK" => OptionValue::Default,
            _ => OptionValue::Known("7s".to_owned()),
        });
        assert_eq!((seconds(set.longest), seconds(set.drain)), (Some(14), Some(5)), "a flag has precedence");
        let command = of("--timeout=1m -- worker --work=1h");
        assert_eq!((seconds(command.longest), seconds(command.mean)), (Some(65), None));
        assert!(seconds(of("--work exp(10s)").longest) > Some(40));
        assert_eq!(seconds(of("--work=field:wait").longest), None);
    }

    #[test]
    fn settings_outside_of_the_files_are_unknown() {
        let settings = HandlerSettings::of(&[], &|_| OptionValue::Unknown);
        assert_eq!((settings.drain, settings.delivery, settings.longest), (None, None, None));
    }
}

//! Metadata of triggers: lengths, names, unknown parameters.

use super::authentication;
use super::redis::is_stream;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Objects};
use crate::lint::rule::Rule;
use crate::lint::schema::parameter::{OF_ALL, OF_CONNECTION, OF_LISTS, OF_STREAMS, is_of_connection};
use crate::lint::spelling::nearest;

pub(super) fn check(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let metadata = trigger.get("metadata");
    if !is_stream(trigger) {
        lengths(&metadata, report);
    }
    for key in ["enableTLS", "unsafeSsl"] {
        let switch = metadata.get(key);
        // `strconv.ParseBool`
        let known = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];
        if switch.text().is_some_and(|text| !known.contains(&text.trim())) {
            report.add(Rule::TriggerBoolean, &switch, "is not a boolean to KEDA", "set \"true\" or \"false\"");
        }
    }
    unknown(trigger, &metadata, report);
    let sentinel = trigger.get("type").text().is_some_and(|kind| kind.starts_with("redis-sentinel"));
    let named = ["sentinelMaster", "sentinelMasterFromEnv"].iter().any(|key| metadata.get(key).text().is_some());
    if sentinel && !named && !authentication::gives(trigger, &["sentinelMaster"], objects) {
        let message = "has no `sentinelMaster`: KEDA accepts the trigger and never reaches Redis";
        report.add(
            Rule::SentinelMaster,
            &metadata.by_key(),
            message,
            "set the master's name as the sentinels know \
            it",
        );
    }
    let cluster = trigger.get("type").text().is_some_and(|kind| kind.starts_with("redis-cluster"));
    let index = metadata.get("databaseIndex");
    if said(&index).is_some_and(|text| whole(text).is_none()) {
        let message = "is not an integer: KEDA cannot build the trigger";
        report.add(Rule::DatabaseIndex, &index, message, "set the number of the database, such as \"1\"");
    } else if cluster && index.integer().is_some_and(|index| index != 0) {
        let message = "has no effect: a cluster has only database 0, in which KEDA counts another list";
        report.add(Rule::DatabaseIndex, &index, message, "remove it, and let the consumers use database 0");
    }
}

/// Source: `pkg/scalers/redis_scaler.go :: redisMetadata`
fn lengths(metadata: &Cursor<'_>, report: &mut Report) {
    let name = metadata.get("listName");
    if metadata.is_map() && name.text().is_none_or(|name| name.trim().is_empty()) {
        let at = if name.is_there() { name } else { metadata.by_key() };
        report.add(Rule::ListName, &at, "has no `listName`: KEDA cannot build the trigger", "set `listName`");
    }
    let length = metadata.get("listLength");
    // What is empty is absent for KEDA.
    if said(&length).is_some_and(|text| whole(text).is_none_or(|length| length < 1)) {
        let message = "must be an integer of at least 1, the average number of items per pod";
        report.add(Rule::ListLength, &length, message, "set the number of items per pod, such as \"10\"");
    }
    let activation = metadata.get("activationListLength");
    match said(&activation).map(whole) {
        Some(Some(number)) if number < 0 => {
            let message = "is negative: even an empty list counts as active, and KEDA never scales to zero";
            report.add(Rule::ActivationListLength, &activation, message, "remove it, or set \"0\"");
        }
        Some(None) => {
            let message = "must be an integer of at least 0";
            report.add(Rule::ActivationListLength, &activation, message, "remove it, or set \"0\"");
        }
        _ => {}
    }
}

fn said<'a>(parameter: &Cursor<'a>) -> Option<&'a str> {
    parameter.text().map(str::trim).filter(|text| !text.is_empty())
}

/// A whole number as KEDA reads it, which is JSON: `05` and `+5` are none.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits == "0" || !digits.starts_with(['0', '+', '-']);
    text.parse().ok().filter(|_| plain)
}

/// KEDA ignores unknown parameters and uses defaults.
fn unknown(trigger: &Cursor<'_>, metadata: &Cursor<'_>, report: &mut Report) {
    let own: &[&str] = if is_stream(trigger) { &OF_STREAMS } else { &OF_LISTS };
    let known = || OF_CONNECTION.into_iter().chain(OF_ALL).chain(own.iter().copied());
    for (key, entry) in metadata.entries() {
        let plain = key.strip_suffix("FromEnv");
        let is_known = known().any(|name| name == key) || plain.is_some_and(is_of_connection);
        if is_known {
            continue;
        }
        let (message, hint) = if let Some(plain) = plain.filter(|plain| known().any(|name| name == *plain)) {
            (format!("is ignored: `{plain}` cannot come from a variable"), format!("set the value as `{plain}`"))
        } else if ["tls", "ca", "cert", "key", "keyPassword"].contains(&key) {
            let message = "is ignored: KEDA reads it only from a TriggerAuthentication".to_owned();
            (message, "move it there; for TLS without certificates `enableTLS` \"true\" is enough".to_owned())
        } else {
            let near = nearest(key, known());
            let hint = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"));
            ("is not a parameter of this trigger: KEDA silently ignores it".to_owned(), hint)
        };
        report.add(Rule::UnknownParameter, &entry.by_key(), message, hint);
    }
}

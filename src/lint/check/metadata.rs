//! Metadata of triggers: lengths, names, unknown parameters.

use super::redis::is_stream;
use super::{authentication, list_name};
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Objects};
use crate::lint::placeholder::Placeholder;
use crate::lint::rule::Rule;
use crate::lint::schema::parameter::{OF_ALL, OF_CONNECTION, OF_LISTS, OF_STREAMS, is_of_connection};
use crate::lint::spelling::nearest;

pub(super) fn check(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let metadata = trigger.get("metadata");
    if !is_stream(trigger) {
        lengths(&metadata, report);
        list_name::check(trigger, objects, report);
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
        let misnamed = metadata.entries().into_iter().find(|(key, _)| meant(key, &["listName"]).is_some());
        let hint = misnamed
            .map_or_else(|| "set `listName`".to_owned(), |(key, _)| format!("write `listName` in place of `{key}`"));
        report.add(Rule::ListName, &at, "has no `listName`: KEDA cannot build the trigger", hint);
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

/// Names that other triggers, libraries and clients of Redis have for parameters.
const SYNONYMS: [(&str, &[&str]); 17] = [
    (
        "listLength",
        &[
            "queueLength",
            "length",
            "targetLength",
            "targetListLength",
            "targetValue",
            "targetQueueLength",
            "threshold",
            "lagThreshold",
            "value",
            "messageCount",
            "queueSize",
            "size",
        ],
    ),
    ("listName", &["queueName", "queue", "list", "listKey", "key", "keyName", "redisKey"]),
    (
        "activationListLength",
        &[
            "activationQueueLength",
            "activationThreshold",
            "activationValue",
            "activationLength",
            "activationLagThreshold",
        ],
    ),
    (
        "databaseIndex",
        &["database", "db", "dbIndex", "dbNumber", "databaseNumber", "redisDb", "redisDatabase", "index"],
    ),
    ("enableTLS", &["ssl", "useTls", "useSsl", "tlsEnabled", "sslEnabled", "enableSsl"]),
    ("unsafeSsl", &["insecure", "insecureSkipVerify", "skipVerify", "tlsSkipVerify", "unsafeTls", "insecureTls"]),
    (
        "address",
        &[
            "url",
            "uri",
            "redisUrl",
            "redisUri",
            "redisAddress",
            "addr",
            "server",
            "endpoint",
            "connection",
            "connectionString",
            "serverAddress",
            "brokerUrl",
            "broker",
        ],
    ),
    ("host", &["hostName", "redisHost"]),
    ("port", &["redisPort"]),
    ("username", &["user", "redisUser", "redisUsername", "login"]),
    ("password", &["pass", "pw", "auth", "requirepass", "redisPassword"]),
    ("sentinelMaster", &["master", "masterName", "sentinelMasterName", "masterSet", "serviceName"]),
    ("stream", &["streamName", "streamKey"]),
    ("consumerGroup", &["group", "groupName", "consumerGroupName"]),
    ("pendingEntriesCount", &["pendingEntries", "pendingCount", "pending"]),
    ("lagCount", &["lag", "lagThreshold"]),
    ("activationLagCount", &["activationLag", "activationLagThreshold"]),
];

/// Returns the parameter, of those that are `known`, that a foreign name stands for.
fn meant<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['-', '_'], "").to_ascii_lowercase();
    let stands = |foreign: &[&str]| foreign.iter().any(|foreign| plain(foreign) == plain(name));
    known.iter().copied().find(|own| SYNONYMS.iter().any(|(meant, foreign)| meant == own && stands(foreign)))
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
            let all: Vec<&str> = known().collect();
            let hint = match meant(plain.unwrap_or(key), &all) {
                Some("password" | "username") if plain.is_none() => {
                    "use a TriggerAuthentication, or the name of a variable as `passwordFromEnv` and `usernameFromEnv`"
                        .to_owned()
                }
                Some(meant) if metadata.get(meant).is_there() => format!("remove it: `{meant}` is set as well"),
                Some(meant) if plain.is_some() && is_of_connection(meant) => format!("write `{meant}FromEnv`"),
                Some("address") => {
                    "write host and port as `address`, without a scheme and without a password".to_owned()
                }
                Some(meant) => format!("write `{meant}`"),
                None => {
                    let near = nearest(key, known());
                    near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean `{near}`?"))
                }
            };
            ("is not a parameter of this trigger: KEDA silently ignores it".to_owned(), hint)
        };
        if Placeholder::of(key).is_some() {
            continue;
        }
        report.add(Rule::UnknownParameter, &entry.by_key(), message, hint);
    }
}

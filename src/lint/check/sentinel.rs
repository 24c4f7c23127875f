//! Credentials of sentinels, which are not those of Redis.

use super::authentication::{gives, parameters};
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Objects};
use crate::lint::rule::Rule;

/// Source: `pkg/scalers/redis_scaler.go :: getRedisSentinelClient`
pub(super) fn check(trigger: &Cursor<'_>, objects: &Objects<'_>, report: &mut Report) {
    let metadata = trigger.get("metadata");
    let said = |name: &str| [name.to_owned(), format!("{name}FromEnv")].map(|key| metadata.get(&key));
    let first = |name: &str| said(name).into_iter().find(Cursor::is_there);
    if !trigger.get("type").text().is_some_and(|kind| kind.starts_with("redis-sentinel")) {
        for name in ["sentinelMaster", "sentinelUsername", "sentinelPassword"] {
            if let Some(parameter) = first(name) {
                let message = "has no effect: KEDA asks no sentinels for a trigger of this type";
                let hint = "remove it, or set the type to `redis-sentinel`";
                report.add(Rule::SentinelNoEffect, &parameter.by_key(), message, hint);
            }
        }
        return;
    }
    if first("sentinelPassword").is_some() || gives(trigger, &["sentinelPassword"], objects) {
        return;
    }
    if let Some(username) = first("sentinelUsername") {
        let message = "has no effect without `sentinelPassword`: KEDA does not authenticate to the sentinels";
        report.add(Rule::SentinelNoEffect, &username.by_key(), message, "add `sentinelPassword`, or remove it");
        return;
    }
    let password = first("password").map(|password| password.by_key());
    let of_reference = parameters(trigger, objects).filter(|all| all.contains(&"password"));
    let of_reference = of_reference.map(|_| trigger.at(&["authenticationRef", "name"]));
    if let Some(password) = password.or(of_reference) {
        let message = "gives KEDA the password of Redis and none for the sentinels: if they require one, KEDA reports NOAUTH \
                       and scales nothing";
        let hint = "add `sentinelPassword`, which may be the same: sentinels without a password accept it";
        report.add(Rule::SentinelPassword, &password, message, hint);
    }
}

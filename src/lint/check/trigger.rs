//! Triggers: of any kind, and those that count what is in Redis.

use std::collections::BTreeSet;

use super::redis::{REDIS, is_list, is_redis};
use super::{address, credentials, metadata};
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::rule::Rule;
use crate::lint::spelling::nearest;

/// Looks at the triggers of a ScaledObject or ScaledJob, in the order in which they stand.
pub(super) fn check(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let triggers = scaled.at(&["spec", "triggers"]);
    if triggers.is_list() && triggers.items().is_empty() {
        report.add(Rule::NoTrigger, &triggers, "is empty: there is nothing to scale by", "add a trigger");
    }
    let mut names = BTreeSet::new();
    for trigger in triggers.items() {
        let name = trigger.get("name");
        if name.text().is_some_and(|name| !names.insert(name)) {
            let message = "is the name of another trigger as well: KEDA refuses both";
            report.add(Rule::DuplicateTriggerName, &name, message, "give each trigger a name of its own");
        }
        kind(&trigger, report);
        metric_type(&trigger, report);
        cached(&trigger, report);
        if is_redis(&trigger) {
            metadata::check(&trigger, objects, report);
            address::check(&trigger, objects, report);
            credentials::check_trigger(&trigger, objects, report);
        }
        credentials::check_reference(&trigger, objects, report);
    }
    maximum(&triggers, report);
}

/// A type that is meant to be one of those for Redis, and is none.
fn kind(trigger: &Cursor<'_>, report: &mut Report) {
    let kind = trigger.get("type");
    let Some(text) = kind.text().filter(|text| !REDIS.contains(text)) else { return };
    let near = nearest(text, REDIS.into_iter());
    if near.is_some() || text.to_ascii_lowercase().contains("redis") {
        let hint = near.map_or_else(|| format!("it is one of {}", REDIS.join(", ")), |near| format!("write `{near}`"));
        let message = format!("cannot be `{text}`: KEDA has no such trigger, and refuses the object");
        report.add(Rule::TriggerType, &kind, message, hint);
    }
}

/// Source: `pkg/scalers/scaler.go :: GetMetricTargetType`, `scaledjob_types.go`
fn metric_type(trigger: &Cursor<'_>, report: &mut Report) {
    let metric = trigger.get("metricType");
    let Some(text) = metric.text() else { return };
    if trigger.object.kind == "ScaledJob" {
        report.add(Rule::MetricType, &metric, "is refused in a ScaledJob: it has no HPA", "take it away");
    } else if !is_redis(trigger) {
    } else if text == "Value" {
        let message = "`Value` multiplies the pods at every sync for as long as the list stays longer than its \
                       `listLength`: 1, 2, 4, 8 pods and so on to the maximum";
        report.add(Rule::MetricTypeValue, &metric, message, "take it away: `AverageValue` is what a list needs");
    } else if text != "AverageValue" {
        let message = format!("cannot be `{text}`: KEDA or the HPA refuses it");
        report.add(Rule::MetricType, &metric, message, "take it away: `AverageValue` is what a list needs");
    }
}

/// Source: `scaledobject_webhook.go :: verifyTriggers`
fn cached(trigger: &Cursor<'_>, report: &mut Report) {
    let cached = trigger.get("useCachedMetrics");
    let kind = trigger.get("type").text().unwrap_or_default();
    if cached.is_true() && matches!(kind, "cpu" | "memory" | "cron") {
        let message = format!("is refused for a trigger of type `{kind}`");
        report.add(Rule::CachedMetrics, &cached, message, "take it away");
    }
}

/// Reports several triggers of which the HPA uses only the largest.
fn maximum(triggers: &Cursor<'_>, report: &mut Report) {
    let spec = ["spec", "advanced", "scalingModifiers", "formula"];
    let calculation = triggers.object.at(&["spec", "scalingStrategy", "multipleScalersCalculation"]);
    if triggers.object.at(&spec).is_there() || calculation.is_there() {
        return;
    }
    let lists: Vec<Cursor<'_>> = triggers.items().into_iter().filter(is_list).collect();
    let name = |trigger: &Cursor<'_>| trigger.at(&["metadata", "listName"]).text().unwrap_or_default().to_owned();
    for (at, trigger) in lists.iter().enumerate().skip(1) {
        let (own, others) = (name(trigger), lists[..at].iter().map(name));
        // One whose name is made of the other's counts the same items at another stage: the maximum is meant there.
        let stands_alone = others.into_iter().all(|other| !own.contains(&other) && !other.contains(&own));
        if !own.trim().is_empty() && stands_alone {
            let message = "is one of several lists, and the largest alone decides: 40 items in each ask for as many pods \
                           as 40 in one";
            let hint = if triggers.object.kind == "ScaledJob" {
                "where the sum is meant, set `multipleScalersCalculation` `sum` in `scalingStrategy`"
            } else {
                "where the sum is meant, name the triggers and add them up in `formula` of `scalingModifiers`"
            };
            return report.add(Rule::TriggersMaximum, &trigger.at(&["metadata", "listName"]), message, hint);
        }
    }
}

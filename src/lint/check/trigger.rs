//! Triggers of any type, and those over Redis.

use std::collections::BTreeSet;

use super::redis::{REDIS, is_list, is_redis};
use super::{address, credentials, metadata, sentinel};
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::rule::Rule;
use crate::lint::spelling::nearest;

/// KEDA's `listLength` where none is given.
const DEFAULT_LENGTH: f64 = 5.0;

/// Checks the triggers of a ScaledObject or ScaledJob, in their order.
pub(super) fn check(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let triggers = scaled.at(&["spec", "triggers"]);
    if triggers.is_list() && triggers.items().is_empty() {
        report.add(Rule::NoTrigger, &triggers, "is empty: KEDA has nothing to scale by", "add a trigger");
    }
    let mut names = BTreeSet::new();
    for trigger in triggers.items() {
        let name = trigger.get("name");
        if name.text().is_some_and(|name| !names.insert(name)) {
            let message = "is also the name of another trigger: KEDA refuses the object";
            report.add(Rule::DuplicateTriggerName, &name, message, "give each trigger a unique name");
        }
        kind(&trigger, report);
        metric_type(&trigger, report);
        cached(&trigger, report);
        if is_redis(&trigger) {
            metadata::check(&trigger, objects, report);
            sentinel::check(&trigger, objects, report);
            address::check(&trigger, objects, report);
            credentials::check_trigger(&trigger, objects, report);
        } else {
            credentials::check_other_trigger(&trigger, report);
        }
        credentials::check_reference(&trigger, objects, report);
    }
    maximum(&triggers, report);
}

/// Checks for misspelt types of Redis triggers.
fn kind(trigger: &Cursor<'_>, report: &mut Report) {
    let kind = trigger.get("type");
    let Some(text) = kind.text().filter(|text| !REDIS.contains(text)) else { return };
    let near = nearest(text, REDIS.into_iter());
    if near.is_some() || text.to_ascii_lowercase().contains("redis") {
        let hint = near.map_or_else(
            || format!("expected one of {}", REDIS.join(", ")),
            |near| {
                format!(
                    "write \
                                                `{near}`"
                )
            },
        );
        let message = "is not a trigger type: KEDA refuses the object";
        report.add(Rule::TriggerType, &kind, message, hint);
    }
}

/// Source: `pkg/scalers/scaler.go :: GetMetricTargetType`, `scaledjob_types.go`
fn metric_type(trigger: &Cursor<'_>, report: &mut Report) {
    let metric = trigger.get("metricType");
    let Some(text) = metric.text() else { return };
    if trigger.object.kind == "ScaledJob" {
        report.add(Rule::MetricType, &metric, "is refused in a ScaledJob, which has no HPA", "remove it");
    } else if !is_redis(trigger) {
    } else if text == "Value" {
        let message = "is `Value`, which multiplies the pods at every sync while the list is longer than \
                       `listLength`: 1, 2, 4, 8, … up to maxReplicaCount";
        report.add(Rule::MetricTypeValue, &metric, message, "remove it: lists need `AverageValue`, the default");
    } else if text != "AverageValue" {
        let message = format!("is not valid: KEDA or the HPA refuses `{text}`");
        report.add(Rule::MetricType, &metric, message, "remove it: lists need `AverageValue`, the default");
    }
}

/// Source: `scaledobject_webhook.go :: verifyTriggers`
fn cached(trigger: &Cursor<'_>, report: &mut Report) {
    let cached = trigger.get("useCachedMetrics");
    let kind = trigger.get("type").text().unwrap_or_default();
    if cached.is_true() && matches!(kind, "cpu" | "memory" | "cron") {
        let message = format!("is refused for a trigger of type `{kind}`");
        report.add(Rule::CachedMetrics, &cached, message, "remove it");
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
        // A list whose name contains another's holds the same items at another stage: the maximum is meant.
        let stands_alone = others.into_iter().all(|other| !own.contains(&other) && !other.contains(&own));
        if !own.trim().is_empty() && stands_alone {
            let message = "is one of several lists, and only the largest decides: 40 items in each get as many pods \
                           as 40 in one";
            let hint = if triggers.object.kind == "ScaledJob" {
                "if the sum is meant, set `multipleScalersCalculation` to `sum` in `scalingStrategy`".to_owned()
            } else {
                sum(&lists)
            };
            return report.add(Rule::TriggersMaximum, &trigger.at(&["metadata", "listName"]), message, hint);
        }
    }
}

/// Returns how to have the sum of several lists decide.
fn sum(lists: &[Cursor<'_>]) -> String {
    let names: Vec<&str> = lists.iter().filter_map(|trigger| trigger.get("name").text()).collect();
    let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if names.len() < lists.len() {
        return "if the sum is meant, name the triggers and add them in `formula` of `scalingModifiers`".to_owned();
    }
    if names.iter().all(is_name) {
        let formula = weighted(lists, &names);
        return format!("if the sum is meant, set `formula` of `scalingModifiers` to `{formula}`");
    }
    "if the sum is meant, add the triggers in `formula` of `scalingModifiers`, under names of letters and digits only"
        .to_owned()
}

/// Adds the triggers in pods of the largest `listLength`: one that asks for a pod per item weighs as much as a full list.
fn weighted(lists: &[Cursor<'_>], names: &[&str]) -> String {
    let length = |trigger: &Cursor<'_>| trigger.at(&["metadata", "listLength"]).number().unwrap_or(DEFAULT_LENGTH);
    let largest = lists.iter().map(length).fold(1.0, f64::max);
    let terms = lists.iter().zip(names).map(|(trigger, name)| {
        let weight = (largest / length(trigger).max(1.0) * 100.0).round() / 100.0;
        if weight > 1.0 { format!("{name} * {weight}") } else { (*name).to_owned() }
    });
    terms.collect::<Vec<_>>().join(" + ")
}

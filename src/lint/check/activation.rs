//! Activation thresholds: items that wait without a pod, and thresholds that decide nothing.

use super::redis::is_list;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object};
use crate::lint::rule::Rule;
use crate::units::counted;

/// Checks the thresholds of a ScaledObject or ScaledJob; `wakes` says whether there are times without a pod.
pub(super) fn check(scaled: &Object<'_>, wakes: Option<bool>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    let modifiers = spec.at(&["advanced", "scalingModifiers"]);
    let by_formula = modifiers.get("formula").text().is_some_and(|formula| !formula.trim().is_empty());
    for trigger in spec.get("triggers").items().iter().filter(|trigger| is_list(trigger)) {
        let activation = trigger.at(&["metadata", "activationListLength"]);
        let Some(count @ 1..) = activation.integer() else { continue };
        if by_formula {
            let message = "has no effect: with a formula only `activationTarget` decides";
            let hint = "remove it, or set `activationTarget` in `scalingModifiers`";
            report.add(Rule::ActivationNoEffect, &activation, message, hint);
        } else if wakes == Some(false) {
            without_effect(scaled, &activation, report);
        } else if wakes == Some(true) {
            threshold(scaled, &activation, count, report);
        }
    }
    let target = modifiers.get("activationTarget");
    let Some(value) = target.number().filter(|value| *value > 0.0) else { return };
    match wakes {
        Some(false) => without_effect(scaled, &target, report),
        Some(true) => {
            let message = format!(
                "leaves items waiting indefinitely without a pod while the formula is at most {value}, and counts that \
                 as inactive even while pods process items"
            );
            report.add(Rule::ActivationThreshold, &target, message, REMOVE);
        }
        None => {}
    }
}

/// Hint for a threshold that keeps items waiting.
const REMOVE: &str = "remove it, unless they can wait";

fn threshold(scaled: &Object<'_>, at: &Cursor<'_>, count: i64, report: &mut Report) {
    let items = counted(count, "item", "items");
    let message = match scaled.kind {
        "ScaledJob" => format!(
            "leaves up to {items} waiting indefinitely without a Job: KEDA starts none until the list is longer than that"
        ),
        _ => format!(
            "leaves up to {items} waiting indefinitely without a pod, and counts such a list as inactive even while \
             pods process it"
        ),
    };
    report.add(Rule::ActivationThreshold, at, message, REMOVE);
}

fn without_effect(scaled: &Object<'_>, at: &Cursor<'_>, report: &mut Report) {
    let (message, hint) = match scaled.kind {
        "ScaledJob" => (
            "has no effect: with `minReplicaCount` of at least 1 a ScaledJob is always active",
            "remove it, or set `minReplicaCount` to 0",
        ),
        _ => (
            "has no effect: it decides between zero pods and one, and `minReplicaCount` keeps pods running",
            "remove it; to scale to zero, set `minReplicaCount` or `idleReplicaCount` to 0",
        ),
    };
    report.add(Rule::ActivationNoEffect, at, message, hint);
}

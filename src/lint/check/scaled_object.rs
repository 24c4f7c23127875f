//! ScaledObjects: replica counts, periods and HPA behavior.

use std::time::Duration;

use super::activation;
use super::name::dns_name;
use super::redis::is_list;
use crate::lint::finding::Report;
use crate::lint::handler;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::pod;
use crate::lint::rule::Rule;
use crate::lint::yaml::node::ScalarKind;
use crate::scaler::defaults::{COOLDOWN_PERIOD, MAX_REPLICA_COUNT, POLLING_INTERVAL};
use crate::units::HumanDuration;

/// Maximum length of a name that KEDA prefixes with `keda-hpa-` and uses as a label.
const LONGEST_NAME: usize = 54;

/// List length per pod beyond which it is most likely a mistake.
const LONG_SHARE: Duration = Duration::from_secs(30 * 60);

/// Default of `maxclients` in Redis.
const MOST_CLIENTS: u64 = 10_000;

/// The connections of a consumer of qscale, whatever its concurrency: one waits for items, one does everything else.
const CLIENTS_OF_CONSUMER: u64 = 2;

pub(super) fn check(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    counts(scaled, report);
    name(scaled, report);
    match wakes(scaled) {
        Some(true) => from_zero(scaled, report),
        Some(false) => without_effect(scaled, report),
        None => {}
    }
    activation::check(scaled, wakes(scaled), report);
    fallback(scaled, report);
    paused_replicas(scaled, report);
    behavior(scaled, report);
    clients(scaled, objects, report);
    if let Some(target) = pod::target(scaled, objects) {
        work(scaled, target, objects, report);
    }
}

/// Returns `minReplicaCount`; `None` where it is not a number, or not one yet.
fn minimum(scaled: &Object<'_>) -> Option<i64> {
    let minimum = scaled.at(&["spec", "minReplicaCount"]);
    if minimum.is_there() { minimum.integer() } else { Some(0) }
}

/// Returns whether KEDA ever scales the target to zero, where that is known.
fn wakes(scaled: &Object<'_>) -> Option<bool> {
    let idle = scaled.at(&["spec", "idleReplicaCount"]).is_there();
    minimum(scaled).map(|minimum| minimum == 0 || idle)
}

/// Source: `scaledobject_types.go :: CheckReplicaCountBoundsAreValid`
fn counts(scaled: &Object<'_>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    let (low, high, idle) = (spec.get("minReplicaCount"), spec.get("maxReplicaCount"), spec.get("idleReplicaCount"));
    let most = if high.is_there() { high.integer() } else { Some(MAX_REPLICA_COUNT.into()) };
    if let Some((_, most)) = low.integer().zip(most).filter(|(low, most)| low > most) {
        let message = format!("exceeds `maxReplicaCount` ({most}): KEDA refuses the object");
        report.add(Rule::MinAboveMax, &low, message, "lower it, or raise `maxReplicaCount`");
    }
    match idle.integer() {
        Some(1..) => {
            let message = "must be 0: the HPA returns any other count to minReplicaCount";
            report.add(Rule::IdleReplicaCount, &idle, message, "set 0, or remove it");
        }
        Some(0) if minimum(scaled) == Some(0) => {
            let message = "must be less than `minReplicaCount`, which is 0";
            report.add(Rule::IdleReplicaCount, &idle, message, "remove it, or set `minReplicaCount` to at least 1");
        }
        _ => {}
    }
}

/// Source: `scaledobject_webhook.go`, labels of the HPA
fn name(scaled: &Object<'_>, report: &mut Report) {
    let at = scaled.at(&["metadata", "name"]);
    dns_name(&at, report);
    let hpa = scaled.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "name"]);
    if hpa.is_there() {
        dns_name(&hpa, report);
    }
    if hpa.text().is_some_and(|name| name.len() > 63) {
        report.add(Rule::NameLength, &hpa, "is longer than 63 characters: KEDA refuses it", "shorten it");
    }
    let longest = if hpa.is_there() { 63 } else { LONGEST_NAME };
    if scaled.name.len() > longest {
        let message = format!("is longer than {longest} characters: KEDA cannot create an HPA of that name");
        report.add(Rule::NameLength, &at, message, "shorten it, or set `horizontalPodAutoscalerConfig.name`");
    }
}

/// Fields that only apply between zero and one.
fn without_effect(scaled: &Object<'_>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    let cooldown = spec.get("cooldownPeriod");
    if cooldown.is_there() {
        let message = "has no effect: it delays scaling to zero, and `minReplicaCount` prevents that; the HPA \
                       scales from many to few";
        let hint = "remove it; to scale down more slowly, lengthen the stabilization window of `scaleDown`; to \
                    scale to zero, set `minReplicaCount` or `idleReplicaCount` to 0";
        report.add(Rule::CooldownNoEffect, &cooldown, message, hint);
    }
    let polling = spec.get("pollingInterval");
    let cached = spec.get("triggers").items().iter().any(|trigger| trigger.get("useCachedMetrics").is_true());
    if polling.is_there() && !cached {
        let message = "has no effect: it governs activation, and `minReplicaCount` keeps pods running; the HPA \
                       syncs every 15 seconds";
        report.add(Rule::PollingNoEffect, &polling, message, "remove it");
    }
}

/// Source: `scaledobject_types.go :: GetPausedReplicaCount`
fn paused_replicas(scaled: &Object<'_>, report: &mut Report) {
    let at = scaled.at(&["metadata", "annotations", "autoscaling.keda.sh/paused-replicas"]);
    if at.text().is_some_and(|text| text.parse::<u32>().is_err()) {
        report.add(
            Rule::PausedReplicas,
            &at,
            "is not a number of pods: KEDA cannot pause at it",
            "set a number such as \"0\"",
        );
    }
}

/// Settings of `fallback` without the expected effect.
fn fallback(scaled: &Object<'_>, report: &mut Report) {
    let fallback = scaled.at(&["spec", "fallback"]);
    if !fallback.is_there() {
        return;
    }
    let behavior = fallback.get("behavior");
    let formula = scaled.at(&["spec", "advanced", "scalingModifiers", "formula"]);
    if behavior.text() == Some("scalingModifiers") && !formula.is_there() {
        let message = "requires a formula: KEDA refuses the object";
        report.add(
            Rule::FallbackFormula,
            &behavior,
            message,
            "set `formula` in `scalingModifiers`, or choose another behavior",
        );
    }
    let message = "has no effect while Redis is unreachable: KEDA then changes nothing";
    if minimum(scaled) == Some(0) {
        let message = format!("{message}, and at zero pods it starts none");
        report.add(
            Rule::FallbackNoEffect,
            &fallback,
            message,
            "to keep processing, set `minReplicaCount` to at least 1",
        );
    } else {
        let hint = "remove it, unless it is meant for read errors (WRONGTYPE, NOPERM)";
        report.add(Rule::FallbackNoEffect, &fallback, message, hint);
    }
}

/// Pitfalls of scaling to zero.
fn from_zero(scaled: &Object<'_>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    let polling = spec.get("pollingInterval");
    if polling.integer().is_some_and(|seconds| seconds > 30) {
        let message = "is how long the first item can wait before KEDA activates the target";
        report.add(Rule::SlowActivation, &polling, message, "set at most 30 seconds, or `minReplicaCount` to 1");
    }
    let cooldown = spec.get("cooldownPeriod");
    let behavior = spec.at(&["advanced", "horizontalPodAutoscalerConfig", "behavior"]);
    if cooldown.integer().is_some_and(|seconds| (0..300).contains(&seconds)) && !behavior.is_there() {
        let message = "is shorter than the 300 seconds that an HPA without `behavior` remembers: one item after a \
                       pause brings back the previous number of pods";
        report.add(Rule::Rebound, &cooldown, message, "set `behavior` of `horizontalPodAutoscalerConfig`");
    }
}

/// Source: `pkg/apis/autoscaling/validation/validation.go` of Kubernetes; the rest is in the fields' own limits.
fn behavior(scaled: &Object<'_>, report: &mut Report) {
    let behavior = scaled.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "behavior"]);
    for direction in ["scaleUp", "scaleDown"] {
        let rules = behavior.get(direction);
        let policies = rules.get("policies");
        if policies.is_list() && policies.items().is_empty() {
            let message = "is empty: the API server fills in its defaults";
            report.add(Rule::EmptyPolicies, &policies, message, "remove it, or set `selectPolicy` to `Disabled`");
        }
        let tolerance = rules.get("tolerance");
        // A quantity of Kubernetes, whose thousandths are written `50m` and whose millionths `50u`.
        let number = |text: &str| text.strip_suffix(['n', 'u', 'm', 'k', 'M', 'G', 'T']).unwrap_or(text).parse().ok();
        let part: Option<f64> = tolerance.text().and_then(number);
        if tolerance.scalar_kind() == Some(ScalarKind::Float) {
            let message = "is a number, expected a string: the API server refuses the object";
            report.add(Rule::UnquotedString, &tolerance, message, "quote the value");
        } else if tolerance.is_there() && part.is_none_or(|part| !part.is_finite() || part < 0.0) {
            report.add(Rule::Tolerance, &tolerance, "must be a ratio of at least 0", "set \"0.1\" for 10 %");
        }
    }
}

/// Checks periods and counts against the processing of the pods, as far as it is known.
fn work(scaled: &Object<'_>, target: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let Some((_, handler)) = target.template().and_then(|template| handler::of(&template, objects)) else { return };
    let spec = scaled.at(&["spec"]);
    let lists: Vec<Cursor<'_>> = spec.get("triggers").items().into_iter().filter(is_list).collect();
    let seconds = |key: &str, default: Duration| {
        spec.get(key).integer().and_then(|seconds| u64::try_from(seconds).ok()).map_or(default, Duration::from_secs)
    };
    let names: Vec<&str> = lists.iter().filter_map(|list| list.at(&["metadata", "listName"]).text()).collect();
    // A list whose name contains another's holds the items of that in flight.
    let counted = names.iter().any(|one| names.iter().any(|other| one != other && one.contains(other)));
    if let (Some(list), Some(longest), false) = (lists.first(), handler.longest, counted) {
        let needed = longest + seconds("pollingInterval", POLLING_INTERVAL);
        if wakes(scaled) == Some(true) && seconds("cooldownPeriod", COOLDOWN_PERIOD) < needed {
            let cooldown = spec.get("cooldownPeriod");
            let at = if cooldown.is_there() { cooldown } else { list.clone() };
            let message = format!(
                "ends before an item does: items in flight have left the list, so KEDA scales to zero while pods \
                 process them; it must be at least {}",
                HumanDuration(needed)
            );
            report.add(
                Rule::CooldownTooShort,
                &at,
                message,
                "increase it, or count the items in flight with a second trigger",
            );
        }
    }
    for list in &lists {
        let length = list.at(&["metadata", "listLength"]);
        let share = handler.mean.zip(length.integer().and_then(|length| u32::try_from(length).ok()));
        let share = share.map(|(mean, length)| mean.saturating_mul(length) / handler.concurrency.max(1));
        let stage = list.at(&["metadata", "listName"]).text().is_some_and(|name| name.starts_with('{'));
        if let Some(share) = share.filter(|share| *share > LONG_SHARE && !stage) {
            let share = HumanDuration(Duration::from_secs(share.as_secs()));
            let message = format!(
                "is an average per pod, not a threshold: a second pod starts only when the backlog is {share} of \
                 processing for one"
            );
            report.add(
                Rule::ListLengthAverage,
                &length,
                message,
                "set the number of items one pod should have in front of it",
            );
        }
    }
}

/// Checks the number of connections.
fn clients(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    let target = pod::target(scaled, objects).and_then(Object::template);
    let ours = target.is_some_and(|template| handler::of(&template, objects).is_some());
    let high = spec.get("maxReplicaCount");
    let pods = high.integer().and_then(|most| u64::try_from(most).ok()).unwrap_or_default();
    let clients = pods.saturating_mul(if ours { CLIENTS_OF_CONSUMER } else { 1 });
    if clients > MOST_CLIENTS && spec.get("triggers").items().iter().any(is_list) {
        let message = format!(
            "allows {pods} pods with at least {clients} connections, but Redis accepts only {MOST_CLIENTS} by default"
        );
        report.add(Rule::TooManyClients, &high, message, "lower it, or raise `maxclients` in Redis");
    }
}

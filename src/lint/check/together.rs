//! Conflicts between objects.

use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::pod;
use crate::lint::rule::Rule;
use crate::lint::spelling::nearest;
use crate::units::counted;

pub(super) fn check(objects: &Objects<'_>, report: &mut Report) {
    let scaled: Vec<&Object<'_>> = objects.of_kind("ScaledObject").collect();
    for (at, own) in scaled.iter().enumerate() {
        for other in &scaled[..at] {
            twice(own, other, report);
        }
        kind(own, report);
        missing(own, objects, report);
        for hpa in objects.of_kind("HorizontalPodAutoscaler").filter(|hpa| hpa.shares_namespace(own)) {
            competing_hpa(own, hpa, report);
        }
    }
    for budget in objects.of_kind("PodDisruptionBudget") {
        for own in &scaled {
            disruption(budget, own, objects, report);
        }
    }
}

fn target<'a>(object: &'a Object<'a>) -> Option<(&'a str, Cursor<'a>)> {
    let target = object.at(&["spec", "scaleTargetRef"]);
    let name = target.get("name");
    name.is_there().then(|| (pod::target_kind(&target), name))
}

fn same_target(one: &Object<'_>, other: &Object<'_>) -> bool {
    let key =
        |object: &Object<'_>| target(object).map(|(kind, name)| (kind.to_owned(), name.text().map(str::to_owned)));
    one.shares_namespace(other) && key(one).is_some() && key(one) == key(other)
}

fn hpa_name(scaled: &Object<'_>) -> String {
    let own = scaled.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "name"]);
    own.text().map_or_else(|| format!("keda-hpa-{}", scaled.name), str::to_owned)
}

/// Source: `scaledobject_webhook.go :: verifyScaledObjects`
fn twice(own: &Object<'_>, other: &Object<'_>, report: &mut Report) {
    if own.name == other.name && own.shares_namespace(other) {
        return;
    }
    if same_target(own, other) {
        let message = format!("is also the target of ScaledObject `{}`: KEDA refuses the second", other.name);
        let at = own.at(&["spec", "scaleTargetRef", "name"]);
        report.add(Rule::DuplicateTarget, &at, message, "merge the triggers into one ScaledObject");
    } else if own.shares_namespace(other) && hpa_name(own) == hpa_name(other) {
        let at = own.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "name"]);
        let message = format!("is also the HPA name of ScaledObject `{}`: KEDA refuses the second", other.name);
        report.add(Rule::DuplicateHpaName, &at, message, "choose another name");
    }
}

/// Source: `scaledobject_webhook.go :: verifyHpas`
fn competing_hpa(own: &Object<'_>, hpa: &Object<'_>, report: &mut Report) {
    let released = hpa.at(&["metadata", "annotations", "validations.keda.sh/hpa-ownership"]).text() == Some("false");
    let taken = own.at(&["metadata", "annotations", "scaledobject.keda.sh/transfer-hpa-ownership"]).is_true();
    if !same_target(own, hpa) || released || (taken && hpa_name(own) == hpa.name) {
        return;
    }
    let message = format!(
        "is also scaled by ScaledObject `{}`, for which KEDA creates an HPA: KEDA refuses the object, or both set \
         `replicas` against each other",
        own.name
    );
    let hint = "remove this HPA and use its metrics as triggers, or let KEDA take it over \
                (scaledobject.keda.sh/transfer-hpa-ownership and its name)";
    report.add(Rule::CompetingHpa, &hpa.at(&["spec", "scaleTargetRef", "name"]), message, hint);
}

/// Checks for kinds that cannot be scaled or are misspelt.
///
/// Source: `pkg/util/gvkr.go :: ParseGVKR`
fn kind(own: &Object<'_>, report: &mut Report) {
    let target = own.at(&["spec", "scaleTargetRef"]);
    let kind = target.get("kind");
    let Some(text) = kind.text().filter(|text| !pod::SCALED.contains(text)) else { return };
    if matches!(target.get("apiVersion").text(), None | Some("apps/v1")) {
        let hint = match nearest(text, pod::SCALED.into_iter()) {
            Some(near) => format!("write `{near}`"),
            None => format!("expected one of {}; any other kind needs `apiVersion`", pod::SCALED.join(", ")),
        };
        report.add(Rule::TargetKind, &kind, format!("cannot be scaled: `{text}` is not a kind of `apps/v1`"), hint);
    }
}

/// Checks for targets that resemble an object in the files.
fn missing(own: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let Some((kind, name)) = target(own) else { return };
    let Some(text) = name.text().filter(|_| pod::target(own, objects).is_none()) else { return };
    let elsewhere = objects.of_kind(kind).find(|object| object.name == text);
    if let Some(namespace) = elsewhere.and_then(|object| object.namespace) {
        let message = format!("is in namespace `{namespace}`, not that of this object: KEDA does not find it");
        return report.add(Rule::TargetElsewhere, &name, message, "move both into one namespace");
    }
    let known = || objects.all().filter(|object| matches!(object.kind, "Deployment" | "StatefulSet"));
    let same_name = known().find(|object| object.name == text);
    let near = nearest(text, known().map(|object| object.name));
    let hint = match (same_name, near) {
        (Some(object), _) => format!("it is a {}: set `kind`", object.kind),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => return,
    };
    report.add(Rule::TargetMissing, &name, format!("is not a {kind} in these files"), hint);
}

/// Source: <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
fn disruption(budget: &Object<'_>, scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let selector = budget.at(&["spec", "selector"]);
    let (labels, terms) = (selector.get("matchLabels").entries(), selector.get("matchExpressions").items());
    let selects = |target: &Object<'_>| {
        let Some(template) = target.template() else { return false };
        let own = template.at(&["metadata", "labels"]);
        let fits = |term: &Cursor<'_>| {
            let value = term.get("key").text().and_then(|key| own.get(key).text());
            let among = term.get("values").items().iter().any(|item| item.text() == value);
            match term.get("operator").text() {
                Some("In") => value.is_some() && among,
                Some("NotIn") => value.is_none() || !among,
                Some("Exists") => value.is_some(),
                Some("DoesNotExist") => value.is_none(),
                _ => false,
            }
        };
        !(labels.is_empty() && terms.is_empty())
            && labels.iter().all(|(key, value)| own.get(key).text() == value.text())
            && terms.iter().all(fits)
    };
    if !pod::target(scaled, objects).is_some_and(|target| budget.shares_namespace(target) && selects(target)) {
        return;
    }
    let (least, most) = (budget.at(&["spec", "minAvailable"]), budget.at(&["spec", "maxUnavailable"]));
    let minimum = scaled.at(&["spec", "minReplicaCount"]).integer().unwrap_or(0);
    let blocks = least.text() == Some("100%") || least.integer().is_some_and(|least| least > 0 && least >= minimum);
    if blocks {
        let message = format!(
            "blocks node drains: KEDA scales down to {}, and this many must stay available",
            counted(minimum, "pod", "pods")
        );
        report.add(Rule::BudgetBlocks, &least, message, "set `maxUnavailable` to 1");
    } else if matches!(most.text(), Some("0" | "0%")) {
        report.add(Rule::BudgetBlocks, &most, "blocks node drains: no pod may ever be evicted", "set at least 1");
    }
}

//! Conflicts between objects.

use std::collections::HashMap;

use super::redis;
use super::selector::{Labels, selects};
use crate::lint::finding::Report;
use crate::lint::object::{Object, Objects, SCALED};
use crate::lint::placeholder::Placeholder;
use crate::lint::pod;
use crate::lint::rule::Rule;
use crate::lint::spelling::nearest;
use crate::units::counted;

pub(super) fn check(objects: &Objects<'_>, report: &mut Report) {
    same_names(objects, report);
    let mut targets: HashMap<(&str, &str), Vec<&Object<'_>>> = HashMap::new();
    let mut hpas: HashMap<String, Vec<&Object<'_>>> = HashMap::new();
    let mut misses = Misses::default();
    for own in objects.of_kind("ScaledObject") {
        let same_target = own.scale_target().map(|target| targets.entry(target).or_default());
        let same_hpa = hpas.entry(hpa_name(own)).or_default();
        twice(own, same_target.as_deref().map(Vec::as_slice).unwrap_or_default(), same_hpa, report);
        if let Some(others) = same_target {
            others.push(own);
        }
        same_hpa.push(own);
        kind(own, report);
        missing(own, objects, &mut misses, report);
        redis::check(own, objects, report);
    }
    for hpa in objects.of_kind("HorizontalPodAutoscaler") {
        let scalers = hpa.scale_target().map(|(kind, name)| objects.scalers(kind, name, hpa));
        scalers.into_iter().flatten().for_each(|own| competing_hpa(own, hpa, report));
    }
    let labels = Labels::of(objects.of_kind("ScaledObject").filter_map(|own| Some((own, pod::target(own, objects)?))));
    for budget in objects.of_kind("PodDisruptionBudget") {
        for (own, target) in labels.candidates(&budget.at(&["spec", "selector"])) {
            disruption(budget, own, target, report);
        }
    }
}

/// Checks for objects that replace others. Separate files may be those of several environments.
fn same_names(objects: &Objects<'_>, report: &mut Report) {
    let mut earlier: HashMap<_, &Object<'_>> = HashMap::new();
    for own in objects.all().filter(|own| !own.is_patch && !own.name.is_empty()) {
        let version = own.at(&["apiVersion"]).text().unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let replaced = earlier.insert((own.file, group, own.kind, own.namespace, own.name), own);
        if replaced.is_some_and(|replaced| !replaced.equals(own)) {
            let message = format!("is the name of an earlier {} in this file: this one replaces it", own.kind);
            report.add(Rule::DuplicateObject, &own.at(&["metadata", "name"]), message, "choose another name");
        }
    }
}

fn hpa_name(scaled: &Object<'_>) -> String {
    let own = scaled.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "name"]);
    own.text().map_or_else(|| format!("keda-hpa-{}", scaled.name), str::to_owned)
}

/// Source: `scaledobject_webhook.go :: verifyScaledObjects`
fn twice(own: &Object<'_>, same_target: &[&Object<'_>], same_hpa: &[&Object<'_>], report: &mut Report) {
    let is_other = |other: &&&Object<'_>| own.name != other.name && own.shares_namespace(other);
    if let Some(other) = same_target.iter().find(is_other) {
        let message = format!("is also the target of ScaledObject `{}`: KEDA refuses the second", other.name);
        let at = own.at(&["spec", "scaleTargetRef", "name"]);
        report.add(Rule::DuplicateTarget, &at, message, "merge the triggers into one ScaledObject");
    }
    let same_target = |other: &Object<'_>| other.scale_target() == own.scale_target();
    if let Some(other) = same_hpa.iter().filter(|other| !same_target(other)).find(is_other) {
        let at = own.at(&["spec", "advanced", "horizontalPodAutoscalerConfig", "name"]);
        let message = format!("is also the HPA name of ScaledObject `{}`: KEDA refuses the second", other.name);
        report.add(Rule::DuplicateHpaName, &at, message, "choose another name");
    }
}

/// Source: `scaledobject_webhook.go :: verifyHpas`
fn competing_hpa(own: &Object<'_>, hpa: &Object<'_>, report: &mut Report) {
    let released = hpa.at(&["metadata", "annotations", "validations.keda.sh/hpa-ownership"]).text() == Some("false");
    let taken = own.at(&["metadata", "annotations", "scaledobject.keda.sh/transfer-hpa-ownership"]).is_true();
    if released || (taken && hpa_name(own) == hpa.name) {
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
    let Some(text) = kind.text().filter(|text| !SCALED.contains(text)) else { return };
    if matches!(target.get("apiVersion").text(), None | Some("apps/v1")) {
        let hint = match nearest(text, SCALED.into_iter()) {
            Some(near) => format!("write `{near}`"),
            None => format!("expected one of {}; any other kind needs `apiVersion`", SCALED.join(", ")),
        };
        report.add(Rule::TargetKind, &kind, format!("cannot be scaled: `{text}` is not a kind of `apps/v1`"), hint);
    }
}

/// Checks for targets that resemble an object in the files.
fn missing(own: &Object<'_>, objects: &Objects<'_>, misses: &mut Misses, report: &mut Report) {
    let Some((kind, text)) = own.scale_target().filter(|_| pod::target(own, objects).is_none()) else { return };
    let name = own.at(&["spec", "scaleTargetRef", "name"]);
    let elsewhere = objects.named(kind, text).next();
    if let Some(namespace) = elsewhere.and_then(|object| object.namespace) {
        let message = format!("is in namespace `{namespace}`, not that of this object: KEDA does not find it");
        return report.add(Rule::TargetElsewhere, &name, message, "move both into one namespace");
    }
    if Placeholder::of(text).is_some() {
        return;
    }
    let kinds = ["Deployment", "StatefulSet", "Rollout"];
    let same_name = kinds.into_iter().find_map(|kind| objects.named(kind, text).next());
    let near = if same_name.is_none() { misses.nearest(text, &kinds, objects) } else { None };
    let hint = match (same_name, near) {
        (Some(object), _) => format!("it is a {}: set `kind`", object.kind),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => return,
    };
    report.add(Rule::TargetMissing, &name, format!("is not a {kind} in these files"), hint);
}

/// Source: <https://kubernetes.io/docs/tasks/run-application/configure-pdb/>
fn disruption(budget: &Object<'_>, scaled: &Object<'_>, target: &Object<'_>, report: &mut Report) {
    if !(budget.shares_namespace(target) && selects(&budget.at(&["spec", "selector"]), target)) {
        return;
    }
    let (least, most) = (budget.at(&["spec", "minAvailable"]), budget.at(&["spec", "maxUnavailable"]));
    let minimum = scaled.at(&["spec", "minReplicaCount"]);
    // The number that a placeholder stands for is not known.
    let Some(minimum) = (if minimum.is_there() { minimum.integer() } else { Some(0) }) else { return };
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

/// Comparisons of names that are misspelt, over all objects; each is as long as the names.
const MOST_COMPARISONS: usize = 2_000_000;

/// Search for the names that misspelt ones are meant to be, within a limit.
#[derive(Default)]
struct Misses {
    compared: usize,
}

impl Misses {
    /// The name of an object of these kinds that is most similar; `None` for one that is not, or beyond the limit.
    fn nearest<'o>(&mut self, name: &str, kinds: &[&str], objects: &'o Objects<'_>) -> Option<&'o str> {
        let all = kinds.iter().flat_map(|kind| objects.of_kind(kind));
        let known: Vec<&str> = all.map(|object| object.name).take(MOST_COMPARISONS - self.compared).collect();
        self.compared += known.len();
        nearest(name, known.into_iter().filter(|known| Placeholder::of(known).is_none()))
    }
}

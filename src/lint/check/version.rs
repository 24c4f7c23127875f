//! Fields and servers that an older KEDA does not support.

use super::redis::is_list;
use super::target::resolve;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::pod::Variable;
use crate::lint::rule::Rule;
use crate::profile::KedaVersion;

/// Path of a field, its kind, and the first KEDA version that knows it.
const FIELDS: [(&str, &[&str], KedaVersion); 9] = [
    ("ScaledObject", &["spec", "advanced", "scalingModifiers"], KedaVersion(2, 12, 0)),
    ("ScaledObject", &["spec", "initialCooldownPeriod"], KedaVersion(2, 14, 0)),
    ("ScaledObject", &["spec", "fallback", "behavior"], KedaVersion(2, 17, 0)),
    ("ScaledObject", &["metadata", "annotations", "autoscaling.keda.sh/paused-scale-in"], KedaVersion(2, 18, 0)),
    ("ScaledObject", &["metadata", "annotations", "autoscaling.keda.sh/paused-scale-out"], KedaVersion(2, 18, 0)),
    ("ScaledObject", &["metadata", "annotations", "autoscaling.keda.sh/force-activation"], KedaVersion(2, 18, 0)),
    ("ScaledObject", &["metadata", "annotations", "autoscaling.keda.sh/paused"], KedaVersion(2, 12, 0)),
    ("ScaledJob", &["metadata", "annotations", "autoscaling.keda.sh/paused"], KedaVersion(2, 11, 0)),
    (
        "ScaledObject",
        &["metadata", "annotations", "scaledobject.keda.sh/transfer-hpa-ownership"],
        KedaVersion(2, 11, 0),
    ),
];

pub(super) fn check(scaled: &Object<'_>, version: KedaVersion, report: &mut Report) {
    for (_, path, since) in FIELDS.iter().filter(|(kind, ..)| *kind == scaled.kind) {
        needs(&scaled.at(path), *since, version, report);
    }
    let behavior = scaled.at(&["spec", "fallback", "behavior"]);
    if behavior.text() == Some("scalingModifiers") {
        needs(&behavior, KedaVersion(2, 20, 0), version, report);
    }
    for direction in ["scaleUp", "scaleDown"] {
        let path = ["spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", direction, "tolerance"];
        needs(&scaled.at(&path), KedaVersion(2, 18, 0), version, report);
    }
    for trigger in scaled.at(&["spec", "triggers"]).items() {
        needs(&trigger.get("useCachedMetrics"), KedaVersion(2, 9, 0), version, report);
        needs(&trigger.at(&["metadata", "unsafeSsl"]), KedaVersion(2, 9, 1), version, report);
        let kind = trigger.get("type");
        let list = kind.text().is_some_and(|kind| kind.starts_with("redis"));
        // Before, a trigger read the one spelling or the other.
        let single = kind.text().is_some_and(|kind| matches!(kind, "redis" | "redis-streams"));
        for (one, many) in [("address", "addresses"), ("host", "hosts"), ("port", "ports")] {
            let (other, own) = if single { (many, one) } else { (one, many) };
            let at = [other.to_owned(), format!("{other}FromEnv")].map(|key| trigger.at(&["metadata", &key]));
            let Some(at) = at.iter().find(|at| list && at.is_there() && version < KedaVersion(2, 16, 0)) else {
                continue;
            };
            let message = format!("requires KEDA 2.16.0, and the cluster has {version}, which ignores it");
            report.add(Rule::KedaVersion, at, message, format!("use `{own}`, or upgrade KEDA"));
        }
        let cluster = kind;
        if version < KedaVersion(2, 10, 0) && cluster.text().is_some_and(|kind| kind.starts_with("redis-cluster")) {
            let message = format!("does not work with KEDA {version} and Redis 7 or newer");
            report.add(Rule::KedaLimitation, &cluster, message, "upgrade KEDA to 2.10.0 or newer");
        }
    }
    let strategy = scaled.at(&["spec", "scalingStrategy", "strategy"]);
    match strategy.text().filter(|_| scaled.kind == "ScaledJob") {
        Some("eager") => needs(&strategy, KedaVersion(2, 15, 0), version, report),
        Some("default") if (KedaVersion(2, 20, 0)..KedaVersion(2, 20, 2)).contains(&version) => {
            let message = format!("is refused by KEDA {version} when set explicitly");
            report.add(Rule::KedaVersion, &strategy, message, "remove it: it is the default");
        }
        _ => {}
    }
}

/// A proxy that refuses the Lua script of older releases.
///
/// Source: <https://github.com/kedacore/keda/issues/7758>
pub(super) fn check_host(scaled: &Object<'_>, objects: &Objects<'_>, version: KedaVersion, report: &mut Report) {
    if version >= KedaVersion(2, 20, 0) {
        return;
    }
    for trigger in scaled.at(&["spec", "triggers"]).items().iter().filter(|trigger| is_list(trigger)) {
        for (key, value) in trigger.get("metadata").entries() {
            let text = match key {
                "address" | "addresses" | "host" | "hosts" => value.text(),
                "addressFromEnv" | "addressesFromEnv" | "hostFromEnv" | "hostsFromEnv" => {
                    match resolve(trigger, value.text().unwrap_or_default(), objects) {
                        Some(Variable::Known(text)) => Some(text),
                        _ => None,
                    }
                }
                _ => None,
            };
            if text.is_some_and(|text| text.contains(".aliyuncs.com")) {
                let message = format!(
                    "is a Redis of Alibaba Cloud, whose proxy refuses the Lua script of KEDA {version} (`bad lua \
                     script`)"
                );
                report.add(Rule::KedaLimitation, &value, message, "upgrade KEDA to 2.20.0 or newer");
            }
        }
    }
}

/// Parameters of a TriggerAuthentication that an older KEDA does not read.
pub(super) fn check_authentication(object: &Object<'_>, version: KedaVersion, report: &mut Report) {
    let spec = object.at(&["spec"]);
    needs(&spec.get("configMapTargetRef"), KedaVersion(2, 13, 0), version, report);
    for source in ["secretTargetRef", "configMapTargetRef", "env"].iter().flat_map(|list| spec.get(list).items()) {
        let parameter = source.get("parameter");
        // Names that other triggers have as well, and had before.
        let of_redis = matches!(parameter.text(), Some("ca" | "cert" | "key" | "keyPassword" | "tls"));
        if of_redis && version < KedaVersion(2, 12, 0) {
            let message = format!("is read by Redis triggers from KEDA 2.12.0 on, and the cluster has {version}");
            report.add(Rule::KedaLimitation, &parameter, message, "upgrade KEDA");
        }
    }
}

/// API version of the kinds.
const APIS: [(&str, &str, &[&str]); 11] = [
    ("ScaledObject", "keda.sh", &["v1alpha1"]),
    ("ScaledJob", "keda.sh", &["v1alpha1"]),
    ("TriggerAuthentication", "keda.sh", &["v1alpha1"]),
    ("ClusterTriggerAuthentication", "keda.sh", &["v1alpha1"]),
    ("Deployment", "apps", &["v1"]),
    ("StatefulSet", "apps", &["v1"]),
    ("DaemonSet", "apps", &["v1"]),
    ("Job", "batch", &["v1"]),
    ("CronJob", "batch", &["v1"]),
    ("PodDisruptionBudget", "policy", &["v1"]),
    ("HorizontalPodAutoscaler", "autoscaling", &["v1", "v2"]),
];

/// Checks for removed and misspelt versions. Other groups may have kinds of the same names, except for KEDA's.
pub(super) fn check_api(root: &Cursor<'_>, report: &mut Report) {
    let own = APIS.into_iter().find(|(kind, ..)| *kind == root.object.kind);
    let at = root.get("apiVersion");
    let (Some((kind, group, versions)), Some(text)) = (own, at.text()) else { return };
    let (its_group, version) = text.split_once('/').unwrap_or(("", text));
    let ours = group == "keda.sh" || its_group == group || matches!(its_group, "" | "extensions");
    if ours && !(its_group == group && versions.contains(&version)) {
        let newest = versions.last().copied().unwrap_or_default();
        let message = format!("does not have {kind}: the API server refuses the object");
        report.add(Rule::ApiVersion, &at, message, format!("set `{group}/{newest}`"));
    }
}

fn needs(at: &Cursor<'_>, since: KedaVersion, version: KedaVersion, report: &mut Report) {
    if at.is_there() && version < since {
        let message = format!("requires KEDA {since}, and the cluster has {version}, which silently drops it");
        report.add(Rule::KedaVersion, at, message, "remove it, or upgrade KEDA");
    }
}

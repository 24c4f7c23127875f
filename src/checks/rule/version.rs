//! What an older KEDA does not know: it is refused, or dropped without a word.

use super::super::finding::Report;
use super::super::object::{Cursor, Object, Objects};
use super::super::pod::Variable;
use super::address::resolve;
use super::trigger::is_list;
use crate::profile::KedaVersion;

/// Where a field is, of which kind, and the first KEDA that knows it.
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

pub(in crate::checks) fn check(scaled: &Object<'_>, version: KedaVersion, report: &mut Report) {
    for (_, path, since) in FIELDS.iter().filter(|(kind, ..)| *kind == scaled.kind) {
        needs(&scaled.at(path), *since, version, report);
    }
    for direction in ["scaleUp", "scaleDown"] {
        let path = ["spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", direction, "tolerance"];
        needs(&scaled.at(&path), KedaVersion(2, 18, 0), version, report);
    }
    for trigger in scaled.at(&["spec", "triggers"]).items() {
        needs(&trigger.get("useCachedMetrics"), KedaVersion(2, 9, 0), version, report);
        needs(&trigger.at(&["metadata", "unsafeSsl"]), KedaVersion(2, 9, 1), version, report);
        let cluster = trigger.get("type");
        if version < KedaVersion(2, 10, 0) && cluster.text().is_some_and(|kind| kind.starts_with("redis-cluster")) {
            let message = format!("is what KEDA {version} cannot read where its servers are Redis 7 or newer");
            report.warning("keda-version", &cluster, message, "use KEDA 2.10.0 or newer");
        }
    }
    let strategy = scaled.at(&["spec", "scalingStrategy", "strategy"]);
    match strategy.text().filter(|_| scaled.kind == "ScaledJob") {
        Some("eager") => needs(&strategy, KedaVersion(2, 15, 0), version, report),
        Some("default") if (KedaVersion(2, 20, 0)..KedaVersion(2, 20, 2)).contains(&version) => {
            let message = format!("is refused by KEDA {version} when it is named");
            report.error("keda-version", &strategy, message, "take it away: it is what KEDA takes without it");
        }
        _ => {}
    }
}

/// A proxy that looks into scripts, and does not take the one that KEDA sent.
///
/// Source: <https://github.com/kedacore/keda/issues/7758>
pub(in crate::checks) fn check_host(
    scaled: &Object<'_>,
    objects: &Objects<'_>,
    version: KedaVersion,
    report: &mut Report,
) {
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
                    "is a Redis of Alibaba Cloud, whose proxy refuses the script by which KEDA {version} counts a list \
                     (`bad lua script`)"
                );
                report.warning("keda-version", &value, message, "use KEDA 2.20.0 or newer");
            }
        }
    }
}

fn needs(at: &Cursor<'_>, since: KedaVersion, version: KedaVersion, report: &mut Report) {
    if at.is_there() && version < since {
        let message = format!("needs KEDA {since}, and {version} is in the cluster: it drops this without a word");
        report.error("keda-version", at, message, "take it away, or use a newer KEDA");
    }
}

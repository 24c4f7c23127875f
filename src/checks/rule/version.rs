//! What an older KEDA does not know: it is refused, or dropped without a word.

use super::super::finding::Report;
use super::super::object::{Cursor, Object};
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
            let message = format!("of KEDA {version} cannot read a cluster of Redis 7 or newer");
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

fn needs(at: &Cursor<'_>, since: KedaVersion, version: KedaVersion, report: &mut Report) {
    if at.is_there() && version < since {
        let message = format!("needs KEDA {since}, and {version} is in the cluster: it drops this without a word");
        report.error("keda-version", at, message, "take it away, or use a newer KEDA");
    }
}

//! ScaledJobs: their Jobs, and rollouts.

use std::time::Duration;

use super::name::dns_name;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::pod;
use crate::lint::rule::Rule;
use crate::scaler::defaults::MAX_REPLICA_COUNT;
use crate::units::HumanDuration;

/// It is the value of a label; Kubernetes shortens it where a Job is named after it.
const LONGEST_NAME: usize = 63;

pub(super) fn check(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    name(scaled, report);
    rollout(&spec, report);
    history(&spec, report);
    let (low, high) = (spec.get("minReplicaCount"), spec.get("maxReplicaCount"));
    let most = high.integer().unwrap_or(MAX_REPLICA_COUNT.into());
    if low.integer().is_some_and(|low| low > most) {
        report.add(Rule::MinAboveMax, &low, format!("exceeds `maxReplicaCount` ({most})"), "lower it");
    }
    let job = spec.get("jobTargetRef");
    let parallelism = job.get("parallelism");
    if parallelism.integer().is_some_and(|pods| pods > 1) {
        let message = "starts several pods per Job, and KEDA counts Jobs: the number of pods multiplies";
        report.add(Rule::Parallelism, &parallelism, message, "set 1 and let KEDA start more Jobs");
    }
    deadline(scaled, objects, report);
    let restart = job.at(&["template", "spec", "restartPolicy"]);
    if restart.text() == Some("Always") {
        let message = "is refused in a Job";
        report.add(Rule::RestartPolicy, &restart, message, "set `Never` or `OnFailure`");
    }
    let strategy = spec.get("scalingStrategy");
    let custom = ["customScalingQueueLengthDeduction", "customScalingRunningJobPercentage"];
    for key in custom.into_iter().map(|key| strategy.get(key)).filter(Cursor::is_there) {
        if strategy.get("strategy").text() != Some("custom") {
            let message = "has no effect without the strategy `custom`";
            report.add(Rule::StrategyNoEffect, &key, message, "remove it, or set `strategy` to `custom`");
        }
    }
}

/// Kubernetes kills the pods of a Job at its deadline.
fn deadline(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let deadline = scaled.at(&["spec", "jobTargetRef", "activeDeadlineSeconds"]);
    let given = deadline.integer().and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    let handler = scaled.template().and_then(|template| pod::handler(&template, objects));
    let longest = handler.and_then(|(_, handler)| handler.longest);
    if let Some((given, longest)) = given.zip(longest).filter(|(given, longest)| given <= longest) {
        let message = format!(
            "ends a Job after {}, and an item takes up to {}: it is cut off, and redelivered or lost",
            HumanDuration(given),
            HumanDuration(Duration::from_secs(longest.as_secs()))
        );
        let hint = "set it above the longest item plus the start of a pod";
        report.add(Rule::DeadlineTooShort, &deadline, message, hint);
    }
}

/// Source: `controllers/keda/scaledjob_controller.go :: deletePreviousVersionScaleJobs`
fn rollout(spec: &Cursor<'_>, report: &mut Report) {
    let (own, old) = (spec.at(&["rollout", "strategy"]), spec.get("rolloutStrategy"));
    if old.is_there() {
        let message = "is deprecated, and only governs changes of this object: it does not decide how Jobs are \
                       started";
        let hint = "use `rollout.strategy`; `scalingStrategy.strategy` decides how Jobs are started";
        report.add(Rule::DeprecatedRolloutStrategy, &old.by_key(), message, hint);
    }
    // Any other word has been refused where it stands.
    let kills = |text: Option<&str>| matches!(text, None | Some("immediate"));
    if spec.is_map() && kills(own.text()) && old.text() != Some("gradual") {
        let at = if own.is_there() { own } else { spec.by_key() };
        let message = "kills all running Jobs, with their items, whenever this object changes";
        report.add(Rule::ImmediateRollout, &at, message, "set `rollout.strategy` to `gradual`");
    }
}

/// Source: `controllers/keda/scaledjob_controller.go`, `executor/scale_jobs.go :: cleanUp`
fn history(spec: &Cursor<'_>, report: &mut Report) {
    let limits = ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"];
    let absent: Vec<&str> = limits.into_iter().filter(|limit| !spec.get(limit).is_there()).collect();
    if spec.is_map() && !absent.is_empty() {
        let limits = absent.iter().map(|limit| format!("`{limit}`")).collect::<Vec<_>>().join(" and ");
        let message = format!("does not set {limits}: KEDA keeps 100 finished Jobs with their pods");
        report.add(Rule::HistoryLimits, &spec.by_key(), message, "set them to 5, for example");
    }
}

fn name(scaled: &Object<'_>, report: &mut Report) {
    let at = scaled.at(&["metadata", "name"]);
    dns_name(&at, report);
    if scaled.name.len() > LONGEST_NAME {
        let message = format!("is longer than {LONGEST_NAME} characters: Kubernetes refuses the Jobs named after it");
        report.add(Rule::NameLength, &at, message, "shorten it");
    }
}

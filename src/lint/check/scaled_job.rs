//! The ScaledJob: its Jobs, and what becomes of them when it changes.

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
        report.add(Rule::MinAboveMax, &low, format!("is more than `maxReplicaCount`, {most}"), "lower it");
    }
    let job = spec.get("jobTargetRef");
    let parallelism = job.get("parallelism");
    if parallelism.integer().is_some_and(|pods| pods > 1) {
        let message =
            "starts so many pods for each Job, and KEDA counts Jobs: so many times as many pods as are asked for";
        report.add(Rule::Parallelism, &parallelism, message, "set 1, and let KEDA start more Jobs");
    }
    deadline(scaled, objects, report);
    let restart = job.at(&["template", "spec", "restartPolicy"]);
    if restart.text() == Some("Always") {
        let message = "is refused in a Job, which has an end";
        report.add(Rule::RestartPolicy, &restart, message, "set `Never`, or `OnFailure`");
    }
    let strategy = spec.get("scalingStrategy");
    let custom = ["customScalingQueueLengthDeduction", "customScalingRunningJobPercentage"];
    for key in custom.into_iter().map(|key| strategy.get(key)).filter(Cursor::is_there) {
        if strategy.get("strategy").text() != Some("custom") {
            let message = "has no effect: it belongs to the strategy `custom`";
            report.add(Rule::StrategyNoEffect, &key, message, "take it away, or set `strategy` to `custom`");
        }
    }
}

/// Kubernetes ends the pod of a Job whose time is over, whatever it works at.
fn deadline(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let deadline = scaled.at(&["spec", "jobTargetRef", "activeDeadlineSeconds"]);
    let given = deadline.integer().and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    let handler = scaled.template().and_then(|template| pod::handler(&template, objects));
    let longest = handler.and_then(|(_, handler)| handler.longest);
    if let Some((given, longest)) = given.zip(longest).filter(|(given, longest)| given <= longest) {
        let message = format!(
            "ends a Job after {}, and an item takes up to {}: its work is cut off, and done again or lost",
            HumanDuration(given),
            HumanDuration(Duration::from_secs(longest.as_secs()))
        );
        let hint = "lengthen it beyond the longest item, and the start of a pod";
        report.add(Rule::DeadlineTooShort, &deadline, message, hint);
    }
}

/// Source: `controllers/keda/scaledjob_controller.go :: deletePreviousVersionScaleJobs`
fn rollout(spec: &Cursor<'_>, report: &mut Report) {
    let (own, old) = (spec.at(&["rollout", "strategy"]), spec.get("rolloutStrategy"));
    if old.is_there() {
        let message = "is out of date, and about changes of this object alone: it does not say how Jobs are started";
        let hint = "write `rollout` with `strategy`; how Jobs are started is `strategy` of `scalingStrategy`";
        report.add(Rule::DeprecatedRolloutStrategy, &old.by_key(), message, hint);
    }
    // Any other word has been refused where it stands.
    let kills = |text: Option<&str>| matches!(text, None | Some("immediate"));
    if spec.is_map() && kills(own.text()) && old.text() != Some("gradual") {
        let at = if own.is_there() { own } else { spec.by_key() };
        let message = "ends all running Jobs, with the items they work, whenever this object is changed";
        report.add(Rule::ImmediateRollout, &at, message, "set the strategy of `rollout` to `gradual`");
    }
}

/// Source: `controllers/keda/scaledjob_controller.go`, `executor/scale_jobs.go :: cleanUp`
fn history(spec: &Cursor<'_>, report: &mut Report) {
    let limits = ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"];
    let absent: Vec<&str> = limits.into_iter().filter(|limit| !spec.get(limit).is_there()).collect();
    if spec.is_map() && !absent.is_empty() {
        let limits = absent.iter().map(|limit| format!("`{limit}`")).collect::<Vec<_>>().join(" and ");
        let message = format!("says no {limits}: KEDA keeps 100 Jobs that are over, with their pods");
        report.add(Rule::HistoryLimits, &spec.by_key(), message, "set 5, say");
    }
}

fn name(scaled: &Object<'_>, report: &mut Report) {
    let at = scaled.at(&["metadata", "name"]);
    dns_name(&at, report);
    if scaled.name.len() > LONGEST_NAME {
        let message = format!("is longer than {LONGEST_NAME} characters, and no Job could be named after it");
        report.add(Rule::NameLength, &at, message, "shorten it");
    }
}

//! ScaledJobs: their Jobs, and rollouts.

use std::time::Duration;

use super::activation;
use super::name::dns_name;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::lint::finding::Report;
use crate::lint::handler::{self, HandlerSettings};
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::rule::Rule;
use crate::scaler::defaults::MAX_REPLICA_COUNT;
use crate::units::{HumanDuration, counted};

/// It is the value of a label; Kubernetes shortens it where a Job is named after it.
const LONGEST_NAME: usize = 63;

pub(super) fn check(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let spec = scaled.at(&["spec"]);
    name(scaled, report);
    rollout(&spec, report);
    history(&spec, report);
    let (low, high) = (spec.get("minReplicaCount"), spec.get("maxReplicaCount"));
    let most = if high.is_there() { high.integer() } else { Some(MAX_REPLICA_COUNT.into()) };
    if let Some((_, most)) = low.integer().zip(most).filter(|(low, most)| low > most) {
        report.add(Rule::MinAboveMax, &low, format!("exceeds `maxReplicaCount` ({most})"), "lower it");
    }
    let job = spec.get("jobTargetRef");
    let parallelism = job.get("parallelism");
    if parallelism.integer().is_some_and(|pods| pods > 1) {
        let message = "starts several pods per Job, and KEDA counts Jobs: the number of pods multiplies";
        report.add(Rule::Parallelism, &parallelism, message, "set 1 and let KEDA start more Jobs");
    }
    let wakes = if low.is_there() { low.integer().map(|low| low == 0) } else { Some(true) };
    activation::check(scaled, wakes, report);
    if wakes == Some(true) {
        slow(&spec, report);
    }
    let handler = scaled.template().and_then(|template| handler::of(&template, objects));
    if let Some((_, handler)) = handler {
        deadline(scaled, &handler, report);
        held_back(&spec, &handler, report);
        if wakes == Some(false) {
            empty(&low, &handler, report);
        }
    }
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
fn deadline(scaled: &Object<'_>, handler: &HandlerSettings, report: &mut Report) {
    let deadline = scaled.at(&["spec", "jobTargetRef", "activeDeadlineSeconds"]);
    let given = deadline.integer().and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    if let Some((given, longest)) = given.zip(handler.longest).filter(|(given, longest)| given <= longest) {
        let message = format!(
            "ends a Job after {}, and an item takes up to {}: it is cut off, and redelivered or lost",
            HumanDuration(given),
            HumanDuration(Duration::from_secs(longest.as_secs()))
        );
        let hint = "set it above the longest item plus the start of a pod";
        report.add(Rule::DeadlineTooShort, &deadline, message, hint);
    }
}

/// A first item that waits for the next poll.
fn slow(spec: &Cursor<'_>, report: &mut Report) {
    let polling = spec.get("pollingInterval");
    if polling.integer().is_some_and(|seconds| seconds > 30) {
        let message = "is how long an item can wait before KEDA starts a Job for it";
        report.add(Rule::SlowActivation, &polling, message, "set at most 30 seconds");
    }
}

/// Running Jobs that are subtracted from items which are not among those that wait.
///
/// Source: `executor/scale_jobs.go`, `GetEffectiveMaxScale` of each strategy
fn held_back(spec: &Cursor<'_>, handler: &HandlerSettings, report: &mut Report) {
    if handler.delivery != Some(DeliveryGuarantee::AtMostOnce) {
        return;
    }
    let strategy = spec.at(&["scalingStrategy", "strategy"]);
    let subtracts = match strategy.text() {
        None => !strategy.is_there(),
        Some("default") => true,
        Some("custom") => {
            let percentage = spec.at(&["scalingStrategy", "customScalingRunningJobPercentage"]);
            percentage.number().is_some_and(|part| part > 0.0)
        }
        Some(_) => false,
    };
    if subtracts {
        let at = if strategy.is_there() { strategy } else { spec.get("scalingStrategy").by_key() };
        let message = "subtracts running Jobs from the items that wait, and with at-most-once delivery theirs have left \
                       the list: as many items as Jobs run get none";
        report.add(Rule::TooFewJobs, &at, message, "set `strategy` to `accurate`");
    }
}

/// Jobs that end for want of an item, and are replaced.
fn empty(low: &Cursor<'_>, handler: &HandlerSettings, report: &mut Report) {
    let ends = match (handler.once, handler.idle_exit) {
        (true, _) => "at once".to_owned(),
        (false, Some(idle)) => format!("after {} without an item", HumanDuration(idle)),
        (false, None) => return,
    };
    let jobs = counted(low.integer().unwrap_or(1), "Job", "Jobs");
    let message = format!(
        "keeps {jobs} unfinished even while the list is empty: they end {ends}, and KEDA replaces them at every poll"
    );
    report.add(Rule::EmptyJobs, low, message, "set it to 0, or remove it");
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

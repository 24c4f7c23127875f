//! Faults of the pods.

use std::time::Duration;

use super::code::FaultCode;
use super::{Diagnosis, Situation};
use crate::cluster::{ClusterPod, ConditionStatus, condition};
use crate::units::counted;

/// Longest time that a controller takes to see a change.
const PROMPT: Duration = Duration::from_secs(3);

/// Returns what keeps pods from being made, started or ready; each kind once, with the number of pods.
pub(super) fn faults(situation: &Situation<'_>) -> Vec<Diagnosis> {
    let mut faults: Vec<Diagnosis> = of_target(situation).into_iter().collect();
    let mut found: Vec<(FaultCode, String, u32)> = Vec::new();
    for pod in situation.pods.iter().filter(|pod| !pod.metadata.is_deleted()) {
        let Some((code, text)) = of_pod(situation, pod) else { continue };
        match found.iter_mut().find(|(known, ..)| *known == code) {
            Some((_, _, count)) => *count += 1,
            None => found.push((code, text, 1)),
        }
    }
    let words = |(code, text, count): (FaultCode, String, u32)| {
        Diagnosis::new(code, format!("{} {text}", counted(count, "pod", "pods")))
    };
    faults.extend(found.into_iter().map(words));
    faults
}

/// Returns why the target has fewer pods than it wants.
fn of_target(situation: &Situation<'_>) -> Option<Diagnosis> {
    let target = situation.target?;
    let failed = condition(&target.status.conditions, "ReplicaFailure");
    if let Some(failed) = failed.filter(|failed| failed.status == ConditionStatus::True) {
        let text = failed.message.split_once("forbidden: ").map_or(failed.message.as_str(), |(_, text)| text);
        return Some(Diagnosis::new(FaultCode::PodsForbidden, format!("no more pods are admitted: {text}")));
    }
    (situation.ignored_for? > PROMPT).then(|| {
        let text = format!(
            "nothing creates the pods of {} `{}`: kube-controller-manager is not running",
            situation.kind, situation.name
        );
        Diagnosis::new(FaultCode::PodsNotMade, text)
    })
}

fn of_pod(situation: &Situation<'_>, pod: &ClusterPod) -> Option<(FaultCode, String)> {
    let scheduled = condition(&pod.status.conditions, "PodScheduled");
    if let Some(scheduled) = scheduled.filter(|scheduled| scheduled.reason == "Unschedulable") {
        let why = scheduled.message.split(". ").next().unwrap_or_default();
        return Some((FaultCode::PodsUnschedulable, format!("not scheduled: {}", why.trim_end_matches('.'))));
    }
    if let Some(waiting) = pod.waiting() {
        return match waiting.reason.as_str() {
            "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" => {
                Some((FaultCode::ImageMissing, format!("without an image ({})", waiting.reason)))
            }
            "CreateContainerConfigError" | "CreateContainerError" => {
                Some((FaultCode::ContainerConfiguration, format!("cannot start: {}", waiting.message)))
            }
            "CrashLoopBackOff" => Some((FaultCode::PodsCrash, crash(pod))),
            _ => None,
        };
    }
    let probe = situation.event("Pod", &pod.metadata.name, "Unhealthy").filter(|_| pod.restarts() > 0);
    if let Some(probe) = probe {
        return Some((FaultCode::ProbeFails, format!("restarted: {}", probe.lines().next().unwrap_or_default())));
    }
    let ended = pod.exit_code().filter(|code| *code != 0 && !pod.is_ready() && pod.status.phase != "Failed");
    ended.map(|_| (FaultCode::PodsCrash, crash(pod)))
}

fn crash(pod: &ClusterPod) -> String {
    match pod.exit_code() {
        // The exit status of `consume` without Redis.
        Some(69) => "crashing with exit status 69: Redis cannot be reached, or refuses".to_owned(),
        Some(78) => "crashing with exit status 78: the profile is not valid".to_owned(),
        Some(code) => format!("crashing with exit status {code}"),
        None => "crashing".to_owned(),
    }
}

//! Faults of the pods.

use std::time::Duration;

use super::code::FaultCode;
use super::{Diagnosis, Situation};
use crate::cluster::{ClusterEvent, ClusterPod, ConditionStatus, Terminated, condition};
use crate::units::counted;

/// Longest time that a controller takes to see a change.
const PROMPT: Duration = Duration::from_secs(3);

/// Longest time that a container takes to be ready.
const START: Duration = Duration::from_secs(60);

/// Reason of a container that is killed for its memory.
const OUT_OF_MEMORY: &str = "OOMKilled";

/// Part of a message, and what to do about it, in the order in which the first that fits counts.
type Remedies = &'static [(&'static str, &'static str)];

/// Of pods that are not admitted.
const FORBIDDEN: Remedies = &[
    ("exceeded quota", "raise the quota, or lower the requests of the pods"),
    ("service account", "create the ServiceAccount, or correct serviceAccountName"),
    ("PodSecurity", "set the securityContext that the policy of the namespace asks for"),
    ("webhook", "correct what the admission webhook names"),
    (" per ", "keep requests and limits of the pods within the LimitRange of the namespace"),
];

/// Of pods that are not scheduled.
const UNSCHEDULABLE: Remedies = &[
    ("Insufficient", "add a node, or lower the requests of the pods"),
    ("unbound immediate PersistentVolumeClaims", "check the storage class of the claim: kubectl describe pvc"),
    ("persistentvolumeclaim", "create the PersistentVolumeClaim, or correct claimName"),
    ("affinity/selector", "label a node, or correct nodeSelector and affinity of the pods"),
    ("taint", "add a toleration of the taint to the pods, or a node without it"),
];

/// Of containers that are not created.
const UNCREATED: Remedies = &[
    ("find key", "add the key, or correct its name in the pods"),
    ("runAsNonRoot", "set runAsUser, or use an image whose user is not root"),
    ("network", "look at the network plugin of the node"),
];

/// Returns what keeps pods from being made, started or ready; each kind once, with the number of pods.
pub(super) fn faults(situation: &Situation<'_>) -> Vec<Diagnosis> {
    let mut faults: Vec<Diagnosis> = of_target(situation).into_iter().collect();
    let mut found: Vec<(Diagnosis, u32)> = Vec::new();
    for pod in situation.pods.iter().filter(|pod| !pod.metadata.is_deleted()) {
        let Some(fault) = of_pod(situation, pod) else { continue };
        match found.iter_mut().find(|(known, _)| known.code == fault.code) {
            Some((_, count)) => *count += 1,
            None => found.push((fault, 1)),
        }
    }
    let words = |(fault, count): (Diagnosis, u32)| Diagnosis {
        text: format!("{} {}", counted(count, "pod", "pods"), fault.text),
        ..fault
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
        let fault = Diagnosis::new(FaultCode::PodsForbidden, format!("no more pods are admitted: {text}"));
        return Some(with_remedy(fault, text, FORBIDDEN));
    }
    (situation.ignored_for? > PROMPT).then(|| {
        let text = format!(
            "nothing creates the pods of {} `{}`: kube-controller-manager is not running",
            situation.kind, situation.name
        );
        Diagnosis::new(FaultCode::PodsNotMade, text)
    })
}

fn with_remedy(fault: Diagnosis, message: &str, remedies: Remedies) -> Diagnosis {
    match remedies.iter().find(|(part, _)| message.contains(part)) {
        Some((_, hint)) => fault.hint(*hint),
        None => fault,
    }
}

fn of_pod(situation: &Situation<'_>, pod: &ClusterPod) -> Option<Diagnosis> {
    let scheduled = condition(&pod.status.conditions, "PodScheduled");
    if let Some(scheduled) = scheduled.filter(|scheduled| scheduled.reason == "Unschedulable") {
        let why = scheduled.message.split(". ").next().unwrap_or_default();
        let text = format!("not scheduled: {}", why.trim_end_matches('.'));
        return Some(with_remedy(Diagnosis::new(FaultCode::PodsUnschedulable, text), why, UNSCHEDULABLE));
    }
    // A container that a probe ends has the exit status of its signals, or ends well.
    let is_ended = pod.ended().is_none_or(|end| [0, 137, 143].contains(&end.exit_code) && end.reason != OUT_OF_MEMORY);
    let probe = |kinds: &[&str], words: &str| {
        let is_meant =
            |event: &ClusterEvent| event.reason == "Unhealthy" && kinds.iter().any(|kind| event.note.starts_with(kind));
        let note = situation.event_that("Pod", &pod.metadata.name, is_meant)?;
        Some(Diagnosis::new(FaultCode::ProbeFails, format!("{words}: {}", note.lines().next().unwrap_or_default())))
    };
    if pod.restarts() > 0
        && is_ended
        && let Some(fault) = probe(&["Liveness", "Startup"], "restarted")
    {
        return Some(fault);
    }
    if let Some(waiting) = pod.waiting() {
        return of_waiting(situation, pod, &waiting.reason, &waiting.message);
    }
    let ended = pod.ended().filter(|end| end.exit_code != 0 && !pod.is_ready() && pod.status.phase != "Failed");
    let is_late = || pod.unready_since().is_some_and(|since| situation.now > since + START);
    ended.map(|_| crash(pod)).or_else(|| is_late().then(|| probe(&["Startup", "Readiness"], "not ready")).flatten())
}

fn of_waiting(situation: &Situation<'_>, pod: &ClusterPod, reason: &str, message: &str) -> Option<Diagnosis> {
    let uncreated = |why: &str| {
        let fault = Diagnosis::new(FaultCode::ContainerConfiguration, format!("cannot start: {why}"));
        with_remedy(fault, why, UNCREATED)
    };
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "RegistryUnavailable" => {
            let image = message.split('"').nth(1).map(|image| format!(" \"{image}\"")).unwrap_or_default();
            Some(Diagnosis::new(FaultCode::ImageMissing, format!("without the image{image} ({reason})")))
        }
        "CreateContainerConfigError" | "CreateContainerError" => Some(uncreated(message)),
        // Volumes and the network are told by events alone.
        "ContainerCreating" => {
            let failed = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"];
            let is_meant = |event: &ClusterEvent| failed.contains(&event.reason.as_str());
            situation.event_that("Pod", &pod.metadata.name, is_meant).map(uncreated)
        }
        "CrashLoopBackOff" => Some(crash(pod)),
        _ => None,
    }
}

fn crash(pod: &ClusterPod) -> Diagnosis {
    let fault = |text: String| Diagnosis::new(FaultCode::PodsCrash, text);
    let Some(Terminated { exit_code, reason, message }) = pod.ended() else { return fault("crashing".to_owned()) };
    if reason == OUT_OF_MEMORY {
        let text = "killed: their memory limit is reached (OOMKilled)".to_owned();
        return fault(text).hint("raise the memory limit of the container, or process fewer items at a time");
    }
    if matches!(reason.as_str(), "StartError" | "ContainerCannotRun") {
        let why = message.rsplit_once("exec: ").map_or(message.as_str(), |(_, why)| why);
        let text = format!("cannot start: {}", why.lines().next().unwrap_or_default());
        return fault(text).hint("correct `command` and `args` of the container");
    }
    match exit_code {
        0 => fault("ending with exit status 0, and started again".to_owned()).hint(
            "leave out --once, --idle-exit or --max-items: a Deployment restarts what ends, a ScaledJob does not",
        ),
        // The exit statuses of `consume`.
        69 => fault("crashing with exit status 69: Redis cannot be reached, or refuses".to_owned()),
        78 => fault("crashing with exit status 78: the profile is not valid".to_owned()),
        code => fault(format!("crashing with exit status {code}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Returns what is told of one pod with this status, and with this event.
    fn told(status: &Value, reason: &str, note: &str) -> (String, String) {
        let pod = json!({ "metadata": { "name": "w-1" }, "status": status });
        let event = json!({ "reason": reason, "note": note, "regarding": { "kind": "Pod", "name": "w-1" } });
        let pods = [serde_json::from_value(pod).unwrap()];
        let events = [serde_json::from_value(event).unwrap()];
        let situation = Situation {
            kind: "Deployment",
            name: "w",
            list: "mylist",
            waiting_for: None,
            ignored_for: None,
            now: Duration::from_secs(100),
            scaled: None,
            autoscalers: None,
            target: None,
            pods: &pods,
            events: &events,
        };
        let faults = faults(&situation);
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        (fault.text.clone(), fault.hint.clone())
    }

    #[test]
    fn pod_is_told_with_the_hint_of_its_cause() {
        let waiting =
            |reason: &str, message: &str| json!([{ "state": { "waiting": { "reason": reason, "message": message } } }]);
        let ended = |code: i32, reason: &str, message: &str| {
            json!({ "containerStatuses": [{
                "restartCount": 3,
                "state": { "waiting": { "reason": "CrashLoopBackOff" } },
                "lastState": { "terminated": { "exitCode": code, "reason": reason, "message": message } },
            }] })
        };
        let unscheduled = |message: &str| json!({ "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message }] });
        let pull = "Back-off pulling image \"registry.example.com/nope:1\": ErrImagePull";
        let running = |since: &str, restarts: i32| json!([{ "restartCount": restarts, "state": { "running": { "startedAt": since } } }]);
        for (status, event, text, hint) in [
            (
                json!({
                    "initContainerStatuses": running("1970-01-01T00:00:00Z", 0),
                    "containerStatuses": waiting("PodInitializing", ""),
                }),
                "Unhealthy Startup probe failed: HTTP probe failed with statuscode: 404",
                "not ready: Startup probe failed: HTTP probe failed with statuscode: 404",
                "check the probe",
            ),
            (
                json!({ "containerStatuses": running("1970-01-01T00:00:00Z", 0) }),
                "Unhealthy Readiness probe failed: status 503",
                "not ready: Readiness probe failed: status 503",
                "check the probe",
            ),
            (
                json!({ "initContainerStatuses": running("1970-01-01T00:01:00Z", 2) }),
                "Unhealthy Liveness probe failed: timeout",
                "restarted: Liveness probe failed: timeout",
                "check the probe",
            ),
            (
                unscheduled("0/2 nodes are available: persistentvolumeclaim \"m\" not found. x"),
                "",
                "\"m\" not found",
                "claimName",
            ),
            (unscheduled("0/2 nodes are available: 2 Insufficient memory."), "", "2 Insufficient memory", "add a node"),
            (
                unscheduled("0/2 nodes are available: 2 node(s) had untolerated taint {gpu: }."),
                "",
                "taint",
                "toleration",
            ),
            (
                json!({ "initContainerStatuses": waiting("ImagePullBackOff", pull), "containerStatuses": waiting("PodInitializing", "") }),
                "",
                "without the image \"registry.example.com/nope:1\" (ImagePullBackOff)",
                "imagePullSecrets",
            ),
            (
                json!({ "containerStatuses": waiting("ContainerCreating", "") }),
                "FailedMount configmap \"rules\" not found",
                "cannot start: configmap \"rules\" not found",
                "create what is named",
            ),
            (ended(137, "OOMKilled", ""), "", "memory limit is reached", "raise the memory limit"),
            (
                ended(128, "StartError", "failed to create task: exec: \"wrk\": executable file not found"),
                "",
                "cannot start: \"wrk\": executable file not found",
                "`command` and `args`",
            ),
            (ended(0, "Completed", ""), "", "ending with exit status 0", "ScaledJob"),
            (
                ended(0, "Completed", ""),
                "Unhealthy Liveness probe failed: no heartbeat",
                "no heartbeat",
                "check the probe",
            ),
            (
                ended(69, "Error", ""),
                "Unhealthy Liveness probe failed: no heartbeat",
                "Redis cannot be reached",
                "kubectl logs",
            ),
        ] {
            let (reason, note) = event.split_once(' ').unwrap_or_default();
            let told = told(&status, reason, note);
            assert!(told.0.contains(text) && told.1.contains(hint), "{told:?}: {text}, {hint}");
        }
    }

    #[test]
    fn pods_that_are_not_admitted_are_told_with_the_hint_of_their_cause() {
        for (message, hint) in [
            ("exceeded quota: few, requested: pods=1", "raise the quota"),
            ("error looking up service account shop/w: serviceaccount \"w\" not found", "create the ServiceAccount"),
            ("violates PodSecurity \"restricted:latest\": runAsNonRoot != true", "securityContext"),
            ("maximum memory usage per Container is 16Mi, but limit is 128Mi", "LimitRange"),
        ] {
            let fault = with_remedy(Diagnosis::new(FaultCode::PodsForbidden, ""), message, FORBIDDEN);
            assert!(fault.hint.contains(hint), "{message}: {}", fault.hint);
        }
    }
}

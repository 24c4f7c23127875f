//! Checks of a cluster: KEDA, the scaled object, what it refers to, its HPA and its pods.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::check::Checked;
use super::code::{FaultCode, FaultSeverity};
use super::{Diagnosis, Situation, diagnose, installation, network, practice, references};
use crate::cluster::variables::{container, pod_spec};
use crate::cluster::{
    ClusterEvent, ClusterPod, ClusterReading, ConditionStatus, LiveHpa, LiveScaledObject, LiveTarget, Unreadable, text,
};
use crate::units::counted;

/// Name and kind of what is scaled, its lists, and the time.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'a> {
    /// Kind of the target, or `ScaledJob`.
    pub kind: &'a str,
    /// Name of the target or ScaledJob.
    pub name: &'a str,
    /// Names of the lists.
    pub lists: &'a [String],
    /// Index of their database.
    pub database: u8,
    /// True if items wait on one of them.
    pub waits: bool,
    /// Version of KEDA that manifests are rendered for.
    pub keda_version: (u64, u64, u64),
    /// Time since 1970.
    pub now: Duration,
}

/// Returns what is found in a cluster, in the order in which it is looked at.
pub fn of_cluster(reading: &ClusterReading, subject: Patient<'_>) -> Vec<Checked> {
    let mut checks = vec![Checked::passed(
        "kubernetes",
        &reading.server,
        format!("namespace `{}` of {}", reading.namespace, reading.server),
    )];
    checks.extend(installation::checks(reading, subject.keda_version));
    if matches!(&reading.scaled, Err(unread) if unread.is_unknown_kind) {
        return checks;
    }
    for (check, part) in [
        ("scaled-object", reading.scaled.as_ref().err()),
        ("autoscaler", reading.autoscalers.as_ref().err()),
        ("target", reading.target.as_ref().err()),
        ("pods", reading.pods.as_ref().err()),
        ("events", reading.events.as_ref().err()),
    ] {
        checks.extend(
            part.map(|Unreadable { reason, hint, .. }| Checked::not_checked(check, subject.name, reason, hint)),
        );
    }
    let objects = scaled_objects(reading, subject);
    let found = of_situation(reading, subject, &objects);
    if let Some(scaled) = objects.first() {
        let target = reading.target.as_ref().ok().and_then(Option::as_ref);
        let pod = pod_spec(target, scaled);
        checks.extend(references::checks(reading, scaled, pod));
        let container = pod.and_then(|pod| container(pod, scaled));
        checks.extend(network::checks(reading, &references::hosts(reading, scaled, container)));
        // The reference says more than what KEDA and the pods make of it.
        let known: Vec<FaultCode> = checks.iter().filter_map(Checked::code).collect();
        let is_consequence = |code: FaultCode| {
            known.contains(&code) || (code.follows_references() && known.iter().any(|known| known.is_of_reference()))
        };
        checks.extend(found.into_iter().filter(|check| check.code().is_none_or(|code| !is_consequence(code))));
        checks.extend(practice::checks(reading, scaled, pod));
        checks.extend(practice::database(scaled, subject.lists, subject.database));
    } else {
        checks.extend(found);
    }
    // As in `diagnose`: more pods are no remedy while something does not work.
    if checks.iter().any(|check| check.severity() == Some(FaultSeverity::Fault)) {
        checks.retain(|check| check.code() != Some(FaultCode::AtMaximum));
    }
    checks
}

/// Returns the objects that scale the subject.
fn scaled_objects<'a>(reading: &'a ClusterReading, subject: Patient<'_>) -> Vec<&'a Value> {
    let is_target = subject.kind != "ScaledJob";
    let of = |object: &&Value| {
        let kind = text(object, "/spec/scaleTargetRef/kind");
        let kind = if kind.is_empty() { "Deployment" } else { kind };
        !is_target || (kind == subject.kind && text(object, "/spec/scaleTargetRef/name") == subject.name)
    };
    reading.scaled.as_deref().unwrap_or_default().iter().filter(of).collect()
}

/// Returns the faults of the scaled object, HPA and pods, or that there are none.
fn of_situation(reading: &ClusterReading, subject: Patient<'_>, objects: &[&Value]) -> Vec<Checked> {
    let Patient { kind, name, lists, now, .. } = subject;
    let (list, others) = lists.split_first().map_or(("", lists), |(first, others)| (first.as_str(), others));
    let scaled: Vec<LiveScaledObject> = objects.iter().filter_map(|object| typed(object)).collect();
    let of_target = |hpa: &LiveHpa| hpa.spec.scale_target_ref.is(kind, name);
    let autoscalers: Vec<LiveHpa> = all(&reading.autoscalers).into_iter().filter(of_target).collect();
    let (pods, events): (Vec<ClusterPod>, Vec<ClusterEvent>) = (all(&reading.pods), all(&reading.events));
    let target: Option<LiveTarget> = reading.target.as_ref().ok().and_then(|target| typed(target.as_ref()?));
    // Without a pod, since when items have been waiting is not known.
    let active = scaled
        .first()
        .filter(|object| object.condition("Active").is_some_and(|active| active.status == ConditionStatus::True));
    let waiting = subject.waits.then(|| active.and_then(LiveScaledObject::last_active)).flatten();
    let situation = Situation {
        kind,
        name,
        list,
        waiting_for: subject.waits.then(|| waiting.map_or(Duration::ZERO, |since| now.saturating_sub(since))),
        ignored_for: target.as_ref().filter(|target| target.is_ignored()).map(|_| Duration::from_secs(60)),
        now,
        scaled: reading.scaled.is_ok().then(|| scaled.iter().collect()),
        autoscalers: reading.autoscalers.is_ok().then(|| autoscalers.iter().collect()),
        target: target.as_ref(),
        pods: &pods,
        events: &events,
    };
    let mut faults = diagnose(&situation);
    for fault in faults.iter_mut().filter(|fault| fault.code == FaultCode::ScaledObjectMissing) {
        let others = targets(reading);
        if !others.is_empty() {
            fault.text += &others;
            "correct its scaleTargetRef, set --namespace and --deployment, or create one".clone_into(&mut fault.hint);
        }
    }
    faults.extend(scaled.first().map(|object| uncounted(object, others)).unwrap_or_default());
    let mut checks: Vec<Checked> = Vec::new();
    if let Some(object) = scaled.first().filter(|_| faults.iter().all(|fault| !fault.code.stops_scaling())) {
        let got = format!("`{}` is ready, and scales {kind} `{name}`", object.metadata.name);
        checks.push(Checked::passed("scaled-object", &object.metadata.name, got));
        let hpa = autoscalers.first().map(|hpa| hpa.metadata.name.as_str());
        checks.extend(hpa.map(|hpa| Checked::passed("autoscaler", hpa, format!("HPA `{hpa}` is there, and no other"))));
        let active = autoscalers.first().and_then(|hpa| hpa.condition("ScalingActive"));
        if let Some(hpa) = hpa.filter(|_| active.is_some_and(|active| active.status == ConditionStatus::True)) {
            checks.push(Checked::passed("metrics", hpa, "the HPA gets its metrics (ScalingActive)"));
        }
    }
    checks.extend(
        faults.into_iter().map(|Diagnosis { code, text, hint }| Checked::found(check_of(code), code, name, text, hint)),
    );
    if checks.iter().all(|check| check.check != "pods")
        && let Some(target) = &target
    {
        let counted_ready = pods.iter().filter(|pod| pod.is_ready()).count();
        let ready = target.status.ready_replicas.map_or(counted_ready, |ready| ready.unsigned_abs() as usize);
        let got =
            format!("{ready} of {} ready", counted(target.spec.replicas.unwrap_or(1).unsigned_abs(), "pod", "pods"));
        checks.push(Checked::passed("pods", name, got));
    }
    checks
}

/// Returns the targets of the ScaledObjects of the namespace, in words: a name may be mistyped.
fn targets(reading: &ClusterReading) -> String {
    let objects = reading.scaled.as_deref().unwrap_or_default();
    let pairs = objects.iter().take(3).map(|object| {
        format!("`{}` scales `{}`", text(object, "/metadata/name"), text(object, "/spec/scaleTargetRef/name"))
    });
    let pairs: Vec<String> =
        pairs.filter(|_| objects.iter().all(|one| one.pointer("/spec/scaleTargetRef").is_some())).collect();
    if pairs.is_empty() { String::new() } else { format!("; {}", pairs.join(", ")) }
}

/// Returns those of the `lists` after the first that KEDA does not count.
fn uncounted(object: &LiveScaledObject, lists: &[String]) -> Vec<Diagnosis> {
    let keys: Vec<&str> = object.keys().collect();
    let missing = lists.iter().filter(|list| !keys.is_empty() && !keys.contains(&list.as_str()));
    let text = |list| format!("KEDA counts `{}`, not the list `{list}`", keys.join("`, `"));
    missing.map(|list| Diagnosis::new(FaultCode::OtherList, text(list))).collect()
}

/// Returns the check that a fault belongs to.
fn check_of(code: FaultCode) -> &'static str {
    use FaultCode::{
        AutoscalerInvalid, AutoscalerMissing, ContainerConfiguration, ForeignAutoscaler, ImageMissing,
        MetricUnavailable, MetricsApiMissing, MetricsApiSilent, PodsCrash, PodsForbidden, PodsNotMade,
        PodsUnschedulable, ProbeFails, TargetMissing, TwoAutoscalers,
    };
    match code {
        TwoAutoscalers | ForeignAutoscaler | AutoscalerInvalid | AutoscalerMissing => "autoscaler",
        MetricsApiMissing | MetricsApiSilent | MetricUnavailable => "metrics",
        TargetMissing => "target",
        PodsForbidden
        | PodsNotMade
        | PodsUnschedulable
        | ImageMissing
        | ContainerConfiguration
        | PodsCrash
        | ProbeFails => "pods",
        _ => "scaled-object",
    }
}

fn typed<T: DeserializeOwned>(object: &Value) -> Option<T> {
    T::deserialize(object).ok()
}

fn all<T: DeserializeOwned>(objects: &crate::cluster::Listed) -> Vec<T> {
    objects.as_deref().unwrap_or_default().iter().filter_map(typed).collect()
}

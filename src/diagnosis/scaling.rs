//! Faults of what scales: ScaledObject, ScaledJob, HPA.

use std::time::Duration;

use super::code::FaultCode;
use super::{Diagnosis, Situation, redis};
use crate::cluster::{ConditionStatus, LiveHpa, LiveScaledObject, ObjectMetadata, StatusCondition};

/// Text before the cause, where KEDA cannot make the HPA.
const PREFIX: &str = "failed to ensure HPA is correctly created for ScaledObject: ";

/// Label of KEDA's HPAs.
const OF_KEDA: &str = "scaledobject.keda.sh/name";

/// Time that KEDA's next poll may be late by.
const LATENESS: Duration = Duration::from_secs(30);

/// Returns what keeps KEDA and the HPA from scaling, and what they report themselves.
pub(super) fn faults(situation: &Situation<'_>) -> Vec<Diagnosis> {
    let Some(scaled) = &situation.scaled else { return Vec::new() };
    let Some(object) = scaled.first() else { return without_object(situation) };
    let hpas = situation.autoscalers.as_deref().unwrap_or_default();
    let mut faults = Vec::new();
    if let [first, second, ..] = scaled.as_slice() {
        let names = format!("`{}` and `{}`", first.metadata.name, second.metadata.name);
        let text = format!("two ScaledObjects scale {} `{}`: {names}", situation.kind, situation.name);
        faults.push(Diagnosis::new(FaultCode::TwoScaledObjects, text));
    }
    let told = of_object(situation, object).or_else(|| hpas.iter().find_map(|hpa| of_hpa(situation, object, hpa)));
    faults.extend(told.or_else(|| two_autoscalers(situation, hpas)));
    faults.extend(of_polls(situation, object));
    faults.extend(missing_hpa(situation, object));
    faults.extend(paused(situation, object));
    faults.extend(notes(situation, object, hpas));
    faults
}

fn without_object(situation: &Situation<'_>) -> Vec<Diagnosis> {
    let Situation { kind, name, .. } = situation;
    if situation.kind == "ScaledJob" {
        return vec![Diagnosis::new(FaultCode::ScaledObjectMissing, format!("there is no ScaledJob `{name}`"))];
    }
    let missing = Diagnosis::new(FaultCode::ScaledObjectMissing, format!("no ScaledObject scales {kind} `{name}`"));
    let foreign = situation.autoscalers.iter().flatten().next().map(|hpa| {
        let text = format!("HPA `{}` scales {kind} `{name}`, and KEDA does not", hpa.metadata.name);
        let take_over = "or let KEDA take it over: scale.transfer-hpa-ownership";
        Diagnosis::new(FaultCode::ForeignAutoscaler, text).hint(format!("{}; {take_over}", deletion(hpa)))
    });
    foreign.into_iter().chain([missing]).collect()
}

/// Returns what the condition `Ready` tells.
fn of_object(situation: &Situation<'_>, object: &LiveScaledObject) -> Option<Diagnosis> {
    let kind = if situation.kind == "ScaledJob" { "ScaledJob" } else { "ScaledObject" };
    if object.status.as_ref().is_none_or(|status| status.conditions.is_empty()) {
        let text = format!(
            "KEDA has not seen {kind} `{}`: its operator is not running, or does not watch this namespace",
            object.metadata.name
        );
        return Some(Diagnosis::new(FaultCode::KedaNotWatching, text));
    }
    let ready = object.condition("Ready")?;
    let failed = situation.event(kind, &object.metadata.name, "KEDAScalerFailed");
    match (ready.status, ready.reason.as_str()) {
        (ConditionStatus::True, _) => None,
        (ConditionStatus::Unknown, _) => {
            let text = "KEDA is still connecting to Redis: it has not decided on the object yet";
            Some(Diagnosis::new(FaultCode::KedaConnecting, text))
        }
        (_, "ErrorGettingCurrentReplicas") => Some(target_missing(situation)),
        (_, "TriggerError") => {
            let hpas = situation.autoscalers.iter().flatten();
            let said = hpas.filter_map(|hpa| hpa.condition("ScalingActive")).map(|active| active.message.as_str());
            Some(failed.into_iter().chain(said).find_map(redis::cause).unwrap_or_else(|| {
                Diagnosis::new(FaultCode::TriggerFailed, failed.unwrap_or(&ready.message).to_owned())
            }))
        }
        (_, "ScaledJobCheckFailed") => Some(failed.map_or_else(
            || check_failed(situation, ready),
            |text| {
                redis::cause(text)
                    .or_else(|| of_references(text))
                    .unwrap_or_else(|| Diagnosis::new(FaultCode::TriggerFailed, text.to_owned()))
            },
        )),
        _ => Some(check_failed(situation, ready)),
    }
}

fn check_failed(situation: &Situation<'_>, ready: &StatusCondition) -> Diagnosis {
    let (what, text) = match ready.message.strip_prefix(PREFIX) {
        Some(text) => ("KEDA cannot create the HPA", text),
        None => ("KEDA does not scale", ready.message.as_str()),
    };
    if text.contains("correct scaleTargetRef specification") {
        return target_missing(situation);
    }
    of_references(text).or_else(|| redis::cause(text)).unwrap_or_else(|| {
        let code = if text.starts_with("HorizontalPodAutoscaler") {
            FaultCode::AutoscalerInvalid
        } else {
            FaultCode::TriggerFailed
        };
        Diagnosis::new(code, format!("{what}: {text}"))
    })
}

/// Returns what is missing among the things that the pods refer to: KEDA resolves all of their variables.
fn of_references(text: &str) -> Option<Diagnosis> {
    if text.contains("couldn't find container with name") {
        return Some(Diagnosis::new(
            FaultCode::ContainerMissing,
            format!("KEDA cannot read the variables of the pods: {text}"),
        ));
    }
    if !text.contains("error resolving secrets for ScaleTarget") {
        return None;
    }
    let name = |text: &str| {
        let (_, rest) = text.split_once("Name:")?;
        rest.split_once(',').map(|(name, _)| name.to_owned())
    };
    let named = |kind: &str| name(text).map_or_else(|| kind.to_owned(), |name| format!("{kind} `{name}`"));
    let (code, subject) = if text.contains("ConfigMap") {
        (FaultCode::ConfigMapMissing, named("ConfigMap"))
    } else {
        (FaultCode::SecretMissing, named("Secret"))
    };
    let words = format!("KEDA cannot read the variables of the pods: {subject} is missing, or lacks the key");
    Some(Diagnosis::new(code, words))
}

fn target_missing(situation: &Situation<'_>) -> Diagnosis {
    let Situation { kind, name, .. } = situation;
    Diagnosis::new(FaultCode::TargetMissing, format!("{kind} `{name}` does not exist: nothing is scaled"))
}

/// Returns what the HPA's own conditions tell: those of the ScaledObject may be stale.
fn of_hpa(situation: &Situation<'_>, object: &LiveScaledObject, hpa: &LiveHpa) -> Option<Diagnosis> {
    let able = hpa.condition("AbleToScale")?;
    if able.status == ConditionStatus::False && able.reason == "FailedGetScale" {
        return Some(target_missing(situation));
    }
    let active = hpa.condition("ScalingActive")?;
    let message = &active.message;
    match (active.status, active.reason.as_str()) {
        (ConditionStatus::True, _) | (_, "ScalingDisabled") => None,
        (_, "AmbiguousSelector") => {
            let names = message.split_once("multiple HPAs: ").map_or("several", |(_, names)| names);
            let fault =
                Diagnosis::new(FaultCode::TwoAutoscalers, format!("the HPA does nothing: {names} scale the same pods"));
            Some(with_deletion(fault, situation.autoscalers.as_deref().unwrap_or_default()))
        }
        _ if message.contains("could not find the requested resource") => {
            let text =
                "the HPA gets no metrics: KEDA's metrics API (v1beta1.external.metrics.k8s.io) is not registered";
            Some(Diagnosis::new(FaultCode::MetricsApiMissing, text))
        }
        _ if message.contains("unable to return a response in the time allotted") => {
            let text = "the HPA gets no metrics: KEDA's operator does not answer";
            Some(Diagnosis::new(FaultCode::MetricsApiSilent, text))
        }
        _ if message.contains("currently unable to handle the request") => {
            let text = "the HPA gets no metrics: KEDA's metrics server does not answer";
            Some(Diagnosis::new(FaultCode::MetricsApiSilent, text))
        }
        _ => {
            let failed = situation.event("ScaledObject", &object.metadata.name, "KEDAScalerFailed");
            let cause = failed.into_iter().chain([message.as_str()]).find_map(redis::cause);
            Some(cause.unwrap_or_else(|| {
                Diagnosis::new(FaultCode::MetricUnavailable, format!("the HPA gets no metrics: {message}"))
            }))
        }
    }
}

/// Returns the HPAs of the target, if there are several. At zero replicas their conditions do not tell.
fn two_autoscalers(situation: &Situation<'_>, hpas: &[&LiveHpa]) -> Option<Diagnosis> {
    let [first, second, ..] = hpas else { return None };
    let names = format!("`{}` and `{}`", first.metadata.name, second.metadata.name);
    let text = format!("two HPAs scale {} `{}`: {names}", situation.kind, situation.name);
    Some(with_deletion(Diagnosis::new(FaultCode::TwoAutoscalers, text), hpas))
}

/// Adds the command that deletes the HPA that is not KEDA's.
fn with_deletion(fault: Diagnosis, hpas: &[&LiveHpa]) -> Diagnosis {
    let is_foreign = |hpa: &&&LiveHpa| !hpa.metadata.labels.contains_key(OF_KEDA);
    match hpas.iter().find(is_foreign) {
        Some(foreign) => fault.hint(deletion(foreign)),
        None => fault,
    }
}

fn deletion(hpa: &LiveHpa) -> String {
    let ObjectMetadata { name, namespace, .. } = &hpa.metadata;
    format!("kubectl --namespace {namespace} delete hpa {name}")
}

/// Returns that KEDA has stopped to poll: its conditions stay as they were, only `lastActiveTime` no longer moves on.
fn of_polls(situation: &Situation<'_>, object: &LiveScaledObject) -> Option<Diagnosis> {
    let settings = object.settings(situation.list, None)?;
    let is_true = |kind: &str| object.condition(kind).is_some_and(|one| one.status == ConditionStatus::True);
    let late = settings.polling * 3 + LATENESS;
    let waiting = situation.waiting_for.filter(|waiting| *waiting > late && is_true("Ready"))?;
    if !is_true("Active") {
        return object.is_activated_by_one_of(situation.list).then(|| {
            let text = format!(
                "KEDA has started no pod for {}s while items wait: its operator is not running, or it reads another Redis",
                waiting.as_secs()
            );
            let hint = "look at KEDA's operator, and compare address and databaseIndex of the trigger with those here";
            Diagnosis::new(FaultCode::KedaStopped, text).hint(hint)
        });
    }
    let idle = situation.now.saturating_sub(object.last_active()?);
    (idle > late).then(|| {
        let text = format!("KEDA has not polled for {}s while items wait: its operator is not running", idle.as_secs());
        Diagnosis::new(FaultCode::KedaStopped, text)
    })
}

fn missing_hpa(situation: &Situation<'_>, object: &LiveScaledObject) -> Option<Diagnosis> {
    let is_ready = object.condition("Ready")?.status == ConditionStatus::True;
    let none = situation.autoscalers.as_ref().is_some_and(Vec::is_empty) && situation.kind != "ScaledJob";
    let pause = object.pause();
    (is_ready && none && !pause.paused && pause.replicas.is_none()).then(|| {
        let text = format!("there is no HPA for {} `{}` yet: KEDA creates it", situation.kind, situation.name);
        Diagnosis::new(FaultCode::AutoscalerMissing, text)
    })
}

/// Returns the pause annotations: the condition `Paused` is the same for all of them.
fn paused(situation: &Situation<'_>, object: &LiveScaledObject) -> Vec<Diagnosis> {
    let pause = object.pause();
    let resource = if situation.kind == "ScaledJob" { "scaledjob" } else { "scaledobject" };
    let annotation = |name: &str| format!("annotation autoscaling.keda.sh/{name}");
    let removal = |pause: &str| {
        let ObjectMetadata { name, namespace, .. } = &object.metadata;
        format!("kubectl --namespace {namespace} annotate {resource} {name} autoscaling.keda.sh/{pause}-")
    };
    let mut faults = Vec::new();
    if let Some(replicas) = pause.replicas {
        let text = format!("paused at {replicas} replicas ({})", annotation("paused-replicas"));
        faults.push(Diagnosis::new(FaultCode::Paused, text).hint(removal("paused-replicas")));
    } else if pause.paused {
        let text = format!("paused ({})", annotation("paused"));
        faults.push(Diagnosis::new(FaultCode::Paused, text).hint(removal("paused")));
    }
    if pause.scale_in {
        let text = format!("never fewer replicas ({})", annotation("paused-scale-in"));
        faults.push(Diagnosis::new(FaultCode::PausedScaleIn, text).hint(removal("paused-scale-in")));
    }
    if pause.scale_out {
        let text = format!("never more replicas ({})", annotation("paused-scale-out"));
        faults.push(Diagnosis::new(FaultCode::PausedScaleOut, text).hint(removal("paused-scale-out")));
    }
    faults
}

/// Returns what is in order for KEDA, and may not be what was meant.
fn notes(situation: &Situation<'_>, object: &LiveScaledObject, hpas: &[&LiveHpa]) -> Vec<Diagnosis> {
    let mut notes = Vec::new();
    let keys: Vec<&str> = object.keys().collect();
    if !keys.is_empty() && !keys.contains(&situation.list) {
        let text = format!("KEDA counts `{}`, not the list `{}`", keys.join("`, `"), situation.list);
        notes.push(Diagnosis::new(FaultCode::OtherList, text));
    }
    let is = |kind: &str, status| object.condition(kind).is_some_and(|condition| condition.status == status);
    if is("Fallback", ConditionStatus::True) {
        let cause = situation.event("ScaledObject", &object.metadata.name, "KEDAScalerFailed").and_then(redis::cause);
        let cause = cause.map(|cause| format!(": {}", cause.text)).unwrap_or_default();
        let text = format!("the fallback stands in for a trigger that cannot be read{cause}");
        notes.push(Diagnosis::new(FaultCode::FallbackActive, text));
    }
    let at_max = |hpa: &&&LiveHpa| {
        hpa.condition("ScalingLimited")
            .is_some_and(|limited| limited.status == ConditionStatus::True && limited.reason == "TooManyReplicas")
    };
    if hpas.iter().any(|hpa| at_max(&hpa)) {
        notes.push(Diagnosis::new(FaultCode::AtMaximum, "maxReplicaCount is reached: the metrics ask for more pods"));
    }
    let waits = situation.waiting_for.is_some() && notes.iter().all(|note| note.code != FaultCode::OtherList);
    let activation = object.settings(situation.list, None).and_then(|settings| {
        settings.triggers.iter().map(|trigger| trigger.activation).find(|activation| *activation > 0.0)
    });
    if let Some(activation) = activation.filter(|_| waits && is("Active", ConditionStatus::False)) {
        let text = format!("items wait, but too few to start a pod: activationListLength {activation}");
        notes.push(Diagnosis::new(FaultCode::BelowActivation, text));
    }
    notes
}

//! Triggers: those of type `redis` over the list, and those of other types that the profile adds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_saphyr::Commented;

use super::trigger_authentication;
use super::workload::Workload;
use crate::profile::ScaleKind;
use crate::profile::scale::{AuthenticationKind, AuthenticationReference, TriggerTable};
use crate::scaler::{self, Counted, MetricType};
use crate::units::whole;

/// One trigger.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ScaleTrigger {
    /// Over the list.
    Redis(RedisTrigger),
    /// As the profile has it.
    Other(OtherTrigger),
}

/// A trigger of another type, <https://keda.sh/docs/latest/scalers/>.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OtherTrigger {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_type: Option<MetricType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_ref: Option<AuthenticationRef>,
}

/// A trigger of the list, <https://keda.sh/docs/latest/scalers/redis-lists/>.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedisTrigger {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Left out where there is but one: a formula needs it, and people who look at the object's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Commented<String>>,
    /// Text throughout: the API server refuses a number or a boolean here.
    metadata: BTreeMap<&'static str, MetadataValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_cached_metrics: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_ref: Option<AuthenticationRef>,
}

/// A text with a comment for readers.
#[derive(Serialize)]
#[serde(untagged)]
enum MetadataValue {
    Plain(String),
    Commented(Commented<String>),
}

#[derive(Serialize)]
struct AuthenticationRef {
    /// Left out where it is a `TriggerAuthentication`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    name: String,
}

/// The triggers of a workload, by the rules of `Profile::triggers`, and those of other types. Those of the list have no
/// `metricType`: `AverageValue` is what a list needs, and a `ScaledJob` allows none. An HPA takes the largest of all or evaluates
/// a formula, a `ScaledJob` takes the sum.
pub(super) fn triggers(workload: &Workload<'_>) -> Vec<ScaleTrigger> {
    let profile = workload.profile;
    let counted = profile.triggers_of(&workload.lists);
    let others = &profile.scale.triggers;
    let named = counted.len() + others.len() > 1 || has_formula(workload);
    let of_lists = counted.into_iter().map(|counted| {
        let name = named.then(|| counted.counted.name().to_owned());
        ScaleTrigger::Redis(trigger(workload, counted, name))
    });
    of_lists.chain(others.iter().map(|other| ScaleTrigger::Other(OtherTrigger::of(other)))).collect()
}

impl OtherTrigger {
    fn of(table: &TriggerTable) -> Self {
        let TriggerTable { name, kind, metadata, target: _, activation: _, metric_type, .. } = table;
        let reference = table.authentication.as_ref();
        Self {
            kind: kind.clone(),
            name: name.clone(),
            metadata: metadata.clone(),
            metric_type: *metric_type,
            authentication_ref: reference.map(AuthenticationRef::to),
        }
    }
}

fn trigger(workload: &Workload<'_>, trigger: scaler::Trigger, name: Option<String>) -> RedisTrigger {
    let scaler::Trigger { key, counted, target, activation, .. } = trigger;
    let (target, activation) = (whole(target), whole(activation));
    let scale = &workload.profile.scale;
    let metadata = workload.connection.trigger_metadata().into_iter();
    let mut metadata: BTreeMap<_, _> = metadata.map(|(key, value)| (key, MetadataValue::Plain(value))).collect();
    metadata.insert("listName", MetadataValue::Plain(key));
    let length = target.to_string();
    metadata.insert(
        "listLength",
        match target_in_words(workload, &counted, target) {
            Some(comment) => MetadataValue::Commented(Commented(length, comment)),
            None => MetadataValue::Plain(length),
        },
    );
    let activation = match activation {
        // With a formula KEDA does not look at it.
        0 if has_formula(workload) => None,
        0 => Some(MetadataValue::Plain("0".to_owned())),
        some => {
            let comment = "up to this many items wait without a pod".to_owned();
            Some(MetadataValue::Commented(Commented(some.to_string(), comment)))
        }
    };
    metadata.extend(activation.map(|activation| ("activationListLength", activation)));
    RedisTrigger {
        kind: workload.connection.trigger_type(),
        name: name.map(|name| Commented(name, counted_in_words(&counted).to_owned())),
        metadata,
        use_cached_metrics: scale.use_cached_metrics.filter(|cached| *cached),
        authentication_ref: authentication_ref(workload),
    }
}

fn counted_in_words(counted: &Counted) -> &'static str {
    match counted.of_list().1 {
        Counted::Waiting => "waiting items",
        Counted::Busy => "consumers with items in flight",
        Counted::Delayed => "delayed retries",
        Counted::Landing => "items of consumers that crashed while claiming",
        Counted::OfList { .. } | Counted::Other(_) => "",
    }
}

/// Returns whether a formula over the triggers is evaluated, in place of their own lengths.
fn has_formula(workload: &Workload<'_>) -> bool {
    let profile = workload.profile;
    profile.scale.formula(profile.consume.delivery.unwrap_or_default()).is_some()
}

/// Comment on a target of `target`; none with a formula.
fn target_in_words(workload: &Workload<'_>, counted: &Counted, target: u64) -> Option<String> {
    if has_formula(workload) {
        return None;
    }
    let (one, several) = match counted.of_list().1 {
        Counted::Busy => ("busy consumer", "busy consumers"),
        _ => ("item", "items"),
    };
    Some(match (workload.profile.scale.kind(), target) {
        (ScaleKind::ScaledJob, 1) => format!("one Job per {one}"),
        (ScaleKind::ScaledJob, _) => format!("one Job per {target} {several}"),
        (ScaleKind::ScaledObject, 1) => format!("one pod per {one}"),
        (ScaleKind::ScaledObject, _) => format!("average, not a threshold: one pod per {target} {several}"),
    })
}

/// Reference to the credentials: an existing object, or the rendered one.
fn authentication_ref(workload: &Workload<'_>) -> Option<AuthenticationRef> {
    let Some(reference) = &workload.profile.scale.trigger_authentication else {
        return trigger_authentication::name(workload).map(|name| AuthenticationRef { kind: None, name });
    };
    Some(AuthenticationRef::to(reference))
}

impl AuthenticationRef {
    fn to(reference: &AuthenticationReference) -> Self {
        let kind = match reference.kind {
            AuthenticationKind::TriggerAuthentication => None,
            AuthenticationKind::ClusterTriggerAuthentication => Some("ClusterTriggerAuthentication"),
        };
        Self { kind, name: reference.name.clone() }
    }
}

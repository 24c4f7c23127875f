//! What KEDA looks at: triggers of type `redis`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_saphyr::Commented;

use super::Workload;
use super::trigger_authentication;
use crate::companion;
use crate::profile::scale::{AuthenticationKind, TRIGGERS};
use crate::profile::{Delivery, ScaleKind};

/// The API version of all objects of KEDA.
pub(super) const API_VERSION: &str = "keda.sh/v1alpha1";

/// One trigger, <https://keda.sh/docs/latest/scalers/redis-lists/>.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trigger {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Left out where there is but one: a formula needs it, and people who look at the object's status.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Commented<&'static str>>,
    /// Text throughout: the API server refuses a number or a boolean here.
    metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_cached_metrics: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_ref: Option<AuthenticationRef>,
}

#[derive(Serialize)]
struct AuthenticationRef {
    /// Left out where it is a `TriggerAuthentication`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    name: String,
}

/// What one trigger counts, and how many of it ask for a pod.
struct Counted {
    name: &'static str,
    comment: &'static str,
    key: String,
    length: u64,
    activation: u64,
}

/// The triggers of a workload; no `metricType`: `AverageValue` is what a list needs, and a `ScaledJob` allows none.
///
/// Items that are claimed have left the list, and KEDA would scale to zero under them. So with at-least-once delivery more
/// triggers count what is at work, so that there are never fewer pods, what waits for another try, and what a consumer was
/// woken with and died before it claimed. KEDA's script counts sorted sets as it does lists. An HPA takes the largest of
/// them or reckons a formula, a `ScaledJob` takes the sum.
pub(super) fn triggers(workload: &Workload<'_>) -> Vec<Trigger> {
    let counted = counted(workload);
    let named = counted.len() > 1 || formula_is_used(workload);
    counted.into_iter().map(|counted| trigger(workload, counted, named)).collect()
}

fn counted(workload: &Workload<'_>) -> Vec<Counted> {
    let (scale, list) = (&workload.profile.scale, &workload.list);
    let [waiting, busy, delayed, landing] = TRIGGERS;
    let of = |name, comment, key, length| Counted { name, comment, key, length, activation: 0 };
    let items = scale.list_length();
    let waiting =
        Counted { activation: scale.activation_list_length(), ..of(waiting, "items that wait", list.clone(), items) };
    if workload.profile.consume.delivery.unwrap_or_default() == Delivery::AtMostOnce {
        return vec![waiting];
    }
    vec![
        waiting,
        of(busy, "consumers with items in work", companion::busy(list), 1),
        of(delayed, "items that wait for another try", companion::delayed(list), items),
        of(landing, "items of consumers that died as they took them", companion::landing(list), 1),
    ]
}

fn formula_is_used(workload: &Workload<'_>) -> bool {
    let delivery = workload.profile.consume.delivery.unwrap_or_default();
    workload.profile.scale.formula(delivery).is_some()
}

fn trigger(workload: &Workload<'_>, counted: Counted, named: bool) -> Trigger {
    let scale = &workload.profile.scale;
    let mut metadata = workload.connection.trigger_metadata();
    metadata.insert("listName", counted.key);
    metadata.insert("listLength", counted.length.to_string());
    if counted.activation != 0 {
        metadata.insert("activationListLength", counted.activation.to_string());
    }
    let cached = scale.kind() == ScaleKind::ScaledObject && scale.use_cached_metrics == Some(true);
    Trigger {
        kind: workload.connection.trigger_type(),
        name: named.then(|| Commented(counted.name, counted.comment.to_owned())),
        metadata,
        use_cached_metrics: cached.then_some(true),
        authentication_ref: authentication_ref(workload),
    }
}

/// Where credentials come from: an object that is there already, or the one that is written beside.
fn authentication_ref(workload: &Workload<'_>) -> Option<AuthenticationRef> {
    let Some(reference) = &workload.profile.scale.trigger_authentication else {
        return trigger_authentication::name(workload).map(|name| AuthenticationRef { kind: None, name });
    };
    let kind = match reference.kind {
        AuthenticationKind::TriggerAuthentication => None,
        AuthenticationKind::ClusterTriggerAuthentication => Some("ClusterTriggerAuthentication"),
    };
    Some(AuthenticationRef { kind, name: reference.name.clone() })
}

//! What KEDA looks at: triggers of type `redis`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Workload;
use super::trigger_authentication;
use crate::companion;
use crate::profile::Delivery;

/// The API version of all objects of KEDA.
pub(super) const API_VERSION: &str = "keda.sh/v1alpha1";

/// One trigger, <https://keda.sh/docs/latest/scalers/redis-lists/>.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trigger {
    #[serde(rename = "type")]
    kind: &'static str,
    /// Text throughout: the API server refuses a number or a boolean here.
    metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication_ref: Option<AuthenticationRef>,
}

#[derive(Serialize)]
struct AuthenticationRef {
    name: String,
}

/// The triggers of a workload; no `metricType`: `AverageValue` is what a list needs, and a `ScaledJob` allows none.
///
/// Items that are claimed have left the list, and KEDA would scale to zero under them. So with at-least-once delivery more
/// triggers count what is at work, so that there are never fewer pods, what waits for another try, and what a consumer was
/// woken with and died before it claimed. KEDA's script counts sorted sets as it does lists. An HPA takes the largest of them,
/// a `ScaledJob` the sum.
pub(super) fn triggers(workload: &Workload<'_>) -> Vec<Trigger> {
    let scale = &workload.profile.scale;
    let list = trigger(workload, workload.list.clone(), scale.list_length(), scale.activation_list_length());
    let delivery = workload.profile.consume.delivery.unwrap_or_default();
    if delivery == Delivery::AtMostOnce {
        return vec![list];
    }
    let landing = trigger(workload, companion::landing(&workload.list), 1, 0);
    let delayed = trigger(workload, companion::delayed(&workload.list), scale.list_length(), 0);
    vec![list, trigger(workload, companion::busy(&workload.list), 1, 0), delayed, landing]
}

fn trigger(workload: &Workload<'_>, key: String, length: u64, activation: u64) -> Trigger {
    let mut metadata = workload.connection.trigger_metadata();
    metadata.insert("listName", key);
    metadata.insert("listLength", length.to_string());
    if activation != 0 {
        metadata.insert("activationListLength", activation.to_string());
    }
    let authentication_ref = trigger_authentication::name(workload).map(|name| AuthenticationRef { name });
    Trigger { kind: "redis", metadata, authentication_ref }
}

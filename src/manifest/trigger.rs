//! What KEDA looks at: triggers of type `redis`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Workload;
use super::trigger_authentication;

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
pub(super) fn triggers(workload: &Workload<'_>) -> Vec<Trigger> {
    let scale = &workload.profile.scale;
    let mut metadata = workload.connection.trigger_metadata();
    metadata.insert("listName", workload.list.clone());
    metadata.insert("listLength", scale.list_length().to_string());
    if scale.activation_list_length() != 0 {
        metadata.insert("activationListLength", scale.activation_list_length().to_string());
    }
    let authentication_ref = trigger_authentication::name(workload).map(|name| AuthenticationRef { name });
    vec![Trigger { kind: "redis", metadata, authentication_ref }]
}

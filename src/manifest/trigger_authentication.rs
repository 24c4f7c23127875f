//! The `TriggerAuthentication`: which keys of which Secret KEDA reads.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::keda_version::API_VERSION;
use super::metadata::Component;
use super::workload::Workload;

/// KEDA's `TriggerAuthentication`, as far as it is needed here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TriggerAuthentication {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: TriggerAuthenticationSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TriggerAuthenticationSpec {
    secret_target_ref: Vec<SecretTargetRef>,
}

#[derive(Serialize)]
struct SecretTargetRef {
    parameter: &'static str,
    name: String,
    key: String,
}

/// Its name, where there is one.
pub(super) fn name(workload: &Workload<'_>) -> Option<String> {
    let needed = !workload.connection.trigger_secrets().is_empty();
    needed.then(|| format!("{}-redis", workload.profile.deploy.name()))
}

/// The object, where KEDA reads anything from a Secret.
///
/// Only keys that are there are named: KEDA takes a missing one for an empty text, and says nothing.
pub(super) fn trigger_authentication(workload: &Workload<'_>) -> Option<TriggerAuthentication> {
    let secrets = workload.connection.trigger_secrets().into_iter();
    let secret_target_ref = secrets
        .map(|(parameter, key)| SecretTargetRef { parameter, name: key.secret.clone(), key: key.key.clone() })
        .collect();
    Some(TriggerAuthentication {
        api_version: API_VERSION,
        kind: "TriggerAuthentication",
        metadata: workload.metadata(&name(workload)?, Component::Consumer),
        spec: TriggerAuthenticationSpec { secret_target_ref },
    })
}

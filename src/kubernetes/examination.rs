//! Reading of a cluster for `doctor`: what scales, what it refers to, and KEDA itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tokio::time::sleep;

use super::access::Access;
use super::client::Cluster;
use super::error::KubernetesError;
use super::reader::{ObjectReader, gotten, listed};
use super::resource::Selection;
use super::target::{ScaledRef, TargetRef};
use crate::cluster::variables::{
    CLUSTER_TRIGGER_AUTHENTICATION, TRIGGER_AUTHENTICATION, authentications, container, of_authentication,
    of_container, pod_spec,
};
use crate::cluster::{ClusterReading, Gotten, LiveTarget, ObjectKey, text};
use crate::diagnosis::{hosts, services};

/// API of KEDA's objects.
const KEDA_API: &str = "keda.sh/v1alpha1";

/// Name of the APIService of external metrics.
const METRICS_API: &str = "v1beta1.external.metrics.k8s.io";

/// Longest time that a controller takes to see a change.
const PROMPT: Duration = Duration::from_secs(4);

/// Reads all that an examination of `scaled` looks at.
///
/// # Errors
///
/// Fails when the API server cannot be reached, or rejects the credentials; what else cannot be read is in the reading.
pub(super) async fn read(
    cluster: Cluster,
    namespace: String,
    keda_namespace: String,
    scaled: &ScaledRef,
) -> Result<ClusterReading, Arc<KubernetesError>> {
    let server = cluster.server.clone();
    let reader = ObjectReader::new(Access::new(cluster));
    let (kind, selection) = match scaled {
        ScaledRef::Target(_) => ("ScaledObject", Selection::All),
        ScaledRef::Jobs(name) => ("ScaledJob", Selection::Named(name.clone())),
    };
    let first = reader.list(KEDA_API, kind, &namespace, selection).await;
    if let Err(error) = &first
        && !matches!(**error, KubernetesError::UnknownKind { .. } | KubernetesError::Forbidden { .. })
    {
        return Err(Arc::clone(error));
    }
    let target = match scaled {
        ScaledRef::Target(TargetRef { api_version, kind, name }) => {
            gotten(reader.get(api_version, kind, &namespace, name).await)
        }
        ScaledRef::Jobs(_) => Ok(None),
    };
    let target = match (target, scaled) {
        (Ok(Some(first)), ScaledRef::Target(TargetRef { api_version, kind, name })) if is_ignored(&first) => {
            sleep(PROMPT).await;
            gotten(reader.get(api_version, kind, &namespace, name).await)
        }
        (target, _) => target,
    };
    let labels = match scaled {
        ScaledRef::Target(_) => {
            let live = target.as_ref().ok().and_then(Option::as_ref);
            live.and_then(|target| serde_json::from_value::<LiveTarget>(target.clone()).ok()?.selector())
        }
        ScaledRef::Jobs(name) => Some(format!("scaledjob.keda.sh/name={name}")),
    };
    let pods = match labels {
        Some(labels) => listed(reader.list("v1", "Pod", &namespace, Selection::Labels(labels)).await),
        None => Ok(Vec::new()),
    };
    let warnings = Selection::Fields("type=Warning".to_owned());
    let hpas = reader.list("autoscaling/v2", "HorizontalPodAutoscaler", &namespace, Selection::All).await;
    let metrics_api = reader.get("apiregistration.k8s.io/v1", "APIService", "", METRICS_API).await;
    let mut reading = ClusterReading {
        scaled: listed(first),
        autoscalers: listed(hpas),
        events: listed(reader.list("events.k8s.io/v1", "Event", &namespace, warnings).await),
        keda: listed(reader.list("apps/v1", "Deployment", &keda_namespace, Selection::All).await),
        metrics_api: gotten(metrics_api),
        objects: BTreeMap::new(),
        policies: Ok(Vec::new()),
        server,
        namespace,
        keda_namespace,
        target,
        pods,
    };
    read_references(&reader, &mut reading, scaled).await;
    Ok(reading)
}

/// Returns true while the controller of the target has not seen its latest generation, as it should within a moment.
fn is_ignored(target: &Value) -> bool {
    serde_json::from_value::<LiveTarget>(target.clone()).is_ok_and(|target| target.is_ignored())
}

/// Reads what the scaled objects refer to, and then what that refers to.
async fn read_references(reader: &ObjectReader, reading: &mut ClusterReading, scaled: &ScaledRef) {
    let of_target = |object: &&Value| match scaled {
        ScaledRef::Target(target) => text(object, "/spec/scaleTargetRef/name") == target.name,
        ScaledRef::Jobs(_) => true,
    };
    let objects: Vec<Value> = reading.scaled.as_deref().unwrap_or_default().iter().filter(of_target).cloned().collect();
    let target = reading.target.as_ref().ok().and_then(Clone::clone);
    for object in objects {
        let pod = pod_spec(target.as_ref(), &object);
        let container = pod.and_then(|pod| container(pod, &object));
        let namespace = reading.namespace.clone();
        let mut keys: Vec<ObjectKey> = container
            .map(of_container)
            .unwrap_or_default()
            .iter()
            .map(|reference| ObjectKey::new(reference.kind, &namespace, &reference.name))
            .collect();
        for key in authentications(&object, &namespace) {
            fetch(reader, reading, key.clone()).await;
            let place = if key.kind == TRIGGER_AUTHENTICATION { &namespace } else { &reading.keda_namespace };
            if let Some(authentication) = reading.object(key.kind, &key.namespace, &key.name) {
                let references = of_authentication(authentication);
                keys.extend(references.iter().map(|one| ObjectKey::new(one.kind, place, &one.name)));
            }
        }
        for key in keys {
            fetch(reader, reading, key).await;
        }
        for host in hosts(reading, &object, container) {
            for (name, namespace) in services(&host.name, reading) {
                read_service(reader, reading, &name, &namespace).await;
            }
        }
    }
}

/// Reads a Service, and the policies of its namespace.
async fn read_service(reader: &ObjectReader, reading: &mut ClusterReading, name: &str, namespace: &str) {
    fetch(reader, reading, ObjectKey::new("Service", namespace, name)).await;
    if reading.object("Service", namespace, name).is_some() {
        let keda = reading.keda_namespace.clone();
        fetch(reader, reading, ObjectKey::new("Namespace", "", &keda)).await;
        let policies = reader.list("networking.k8s.io/v1", "NetworkPolicy", namespace, Selection::All).await;
        reading.policies = listed(policies);
    }
}

/// Reads an object, once.
async fn fetch(reader: &ObjectReader, reading: &mut ClusterReading, key: ObjectKey) {
    if reading.objects.contains_key(&key) || key.name.is_empty() {
        return;
    }
    let api = match key.kind {
        TRIGGER_AUTHENTICATION | CLUSTER_TRIGGER_AUTHENTICATION => KEDA_API,
        _ => "v1",
    };
    let object = gotten(reader.get(api, key.kind, &key.namespace, &key.name).await);
    let object = if key.kind == "Secret" { without_values(object) } else { object };
    reading.objects.insert(key, object);
}

/// Keeps of each value of a Secret only whether it ends with a newline.
fn without_values(secret: Gotten) -> Gotten {
    let Some(mut secret) = secret? else { return Ok(None) };
    if let Some(data) = secret.get_mut("data").and_then(Value::as_object_mut) {
        for value in data.values_mut() {
            let bytes = BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
            *value = Value::Bool(bytes.ends_with(b"\n"));
        }
    }
    Ok(Some(secret))
}

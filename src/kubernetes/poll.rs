//! Polling: reads the replica counts of one object over the Kubernetes API.

use std::sync::Arc;
use std::time::Duration;

use kube::Error;
use kube::api::{Api, ApiResource, GroupVersionKind};
use kube::client::AuthError;
use kube::core::Object;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::sync::watch::channel;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::client::{Cluster, unauthorized};
use super::error::KubernetesError;
use super::target::TargetRef;
use super::watcher::{Observation, Watcher};
use crate::sample::Replicas;

/// Time limit of a poll.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The only fields that are read, so that any version of the API works.
#[derive(Debug, Clone, Deserialize)]
struct ReplicaSpec {
    replicas: Option<i32>,
}

/// The API server leaves out counts of zero.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReplicaStatus {
    replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
    /// Not counted by older versions, and by other kinds.
    terminating_replicas: Option<i32>,
}

type ObjectWithReplicas = Object<ReplicaSpec, ReplicaStatus>;

/// Polls `target` at every request, until the returned watcher is dropped.
pub(super) fn watch(cluster: Cluster, namespace: String, target: &TargetRef) -> Watcher {
    let (sender, latest) = channel(Observation::Pending);
    let TargetRef { api_version, kind, name } = target.clone();
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
    let mut poller = Poller { cluster, resource, namespace, name };
    let requests = Arc::new(Notify::new());
    let requested = Arc::clone(&requests);
    // Logging in may take as long as a person takes: a task of its own, so that nothing waits for it.
    let polling = AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            requested.notified().await;
            if sender.send(poller.poll().await).is_err() {
                return;
            }
        }
    }));
    Watcher::new(latest, requests, polling)
}

/// Reads the replica counts of one object.
struct Poller {
    cluster: Cluster,
    resource: ApiResource,
    namespace: String,
    name: String,
}

impl Poller {
    async fn poll(&mut self) -> Observation {
        let client = match self.cluster.client().await {
            Ok(client) => client,
            Err(error) => return Observation::Failed(error),
        };
        let api = Api::<ObjectWithReplicas>::namespaced_with(client, &self.namespace, &self.resource);
        let error = match timeout(TIMEOUT, api.get(&self.name)).await {
            Ok(Ok(object)) => {
                self.cluster.accepted();
                return Observation::Seen(self.counts(object));
            }
            Ok(Err(error)) => Arc::new(self.explain(error)),
            Err(_) => Arc::new(KubernetesError::Unreachable {
                server: self.cluster.server.clone(),
                source: format!("no response within {}s", TIMEOUT.as_secs()).into(),
            }),
        };
        if matches!(&*error, KubernetesError::Unauthorized { .. }) {
            self.cluster.rejected(&error);
        }
        Observation::Failed(error)
    }

    fn counts(&self, object: ObjectWithReplicas) -> Replicas {
        let status = object.status.unwrap_or_default();
        let count = |count: i32| u32::try_from(count).unwrap_or(0);
        Replicas {
            kind: self.resource.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            // The API's default is 1.
            desired: count(object.spec.replicas.unwrap_or(1)),
            current: count(status.replicas),
            ready: count(status.ready_replicas),
            available: count(status.available_replicas),
            terminating: status.terminating_replicas.map(count),
        }
    }

    /// Returns the resource as an RBAC rule and `kubectl auth can-i get` name it.
    fn rbac_resource(&self) -> String {
        let ApiResource { plural, group, .. } = &self.resource;
        if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") }
    }

    /// Translates an error of kube.
    fn explain(&self, error: Error) -> KubernetesError {
        let server = self.cluster.server.clone();
        if let Error::Api(status) = &error
            && matches!(status.code, 401 | 403)
            && let Some(error) = self.cluster.no_user()
        {
            return error;
        }
        match error {
            Error::Api(status) => match (status.code, status.reason.as_str()) {
                (401, _) => KubernetesError::Unauthorized { message: status.message },
                (403, _) => KubernetesError::Forbidden {
                    resource: self.rbac_resource(),
                    namespace: self.namespace.clone(),
                    message: status.message,
                },
                // Any web server responds with 404; only Kubernetes with this reason.
                (404, "NotFound") => KubernetesError::NotFound {
                    kind: self.resource.kind.clone(),
                    namespace: self.namespace.clone(),
                    name: self.name.clone(),
                },
                _ => KubernetesError::Refused { server, source: status },
            },
            Error::Auth(error) => unauthorized(&error),
            Error::Service(source) => match source.downcast_ref::<AuthError>() {
                Some(error) => unauthorized(error),
                None => KubernetesError::Unreachable { server, source },
            },
            Error::HyperError(source) => KubernetesError::Unreachable { server, source: source.into() },
            error => KubernetesError::Refused { server, source: error.to_string().into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use kube::Client;
    use kube::client::Body;
    use tokio::time::{Instant, sleep, sleep_until};

    use super::*;

    /// Status and body, or no connection.
    type Response = Result<(u16, serde_json::Value), io::ErrorKind>;

    /// Watches an API server that responds with `script`, one response per request, repeating the last; `None` never
    /// responds. Also returns the requests.
    fn watcher(script: Vec<Option<Response>>) -> (Watcher, Arc<Mutex<Vec<String>>>) {
        watcher_of("apps/v1", "Deployment", script)
    }

    fn watcher_of(api_version: &str, kind: &str, script: Vec<Option<Response>>) -> (Watcher, Arc<Mutex<Vec<String>>>) {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let mut seen = seen.lock().expect("no test panics while it holds the lock");
            let response = script[seen.len().min(script.len() - 1)].clone();
            seen.push(format!("{} {}", request.method(), request.uri().path()));
            async move {
                match response {
                    Some(Ok((status, body))) => {
                        Ok(http::Response::builder().status(status).body(Body::from(body.to_string().into_bytes()))?)
                    }
                    Some(Err(kind)) => Err::<_, tower::BoxError>(io::Error::from(kind).into()),
                    None => std::future::pending().await,
                }
            }
        });
        let cluster = Cluster::of_client(Client::new(service, "default"), "https://api:6443");
        let [api_version, kind, name] = [api_version, kind, "demo-consumer"].map(str::to_owned);
        (watch(cluster, "demo".into(), &TargetRef { api_version, kind, name }), requests)
    }

    fn deployment(desired: i32, ready: i32) -> (u16, serde_json::Value) {
        (
            200,
            serde_json::json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": { "name": "demo-consumer", "namespace": "demo" },
                "spec": { "replicas": desired, "selector": {}, "template": {} },
                "status": { "replicas": desired, "readyReplicas": ready, "unavailableReplicas": 1 },
            }),
        )
    }

    fn refusal(code: u16, reason: &str) -> (u16, serde_json::Value) {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "message": format!("words for {reason}"), "reason": reason, "code": code,
        });
        (code, body)
    }

    async fn refreshed(watcher: &mut Watcher) {
        watcher.refresh();
        watcher.refreshed(Duration::from_secs(60)).await;
    }

    async fn first_error(script: Vec<Option<Response>>) -> Arc<KubernetesError> {
        let (mut watcher, _) = watcher(script);
        refreshed(&mut watcher).await;
        match watcher.latest() {
            Observation::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn replica_counts_are_read_from_spec_and_status() {
        let (mut watcher, requests) = watcher(vec![Some(Ok(deployment(5, 3)))]);
        assert!(matches!(watcher.latest(), Observation::Pending));
        refreshed(&mut watcher).await;
        let Observation::Seen(seen) = watcher.latest() else { panic!("{:?}", watcher.latest()) };
        assert_eq!((seen.desired, seen.current, seen.ready, seen.available), (5, 5, 3, 0));
        assert_eq!((seen.namespace.as_str(), seen.name.as_str()), ("demo", "demo-consumer"));
        assert_eq!(requests.lock().unwrap()[0], "GET /apis/apps/v1/namespaces/demo/deployments/demo-consumer");
    }

    #[tokio::test(start_paused = true)]
    async fn target_may_be_any_kind_with_replicas() {
        for (api_version, kind, path) in [
            ("apps/v1", "StatefulSet", "/apis/apps/v1/namespaces/demo/statefulsets/demo-consumer"),
            ("argoproj.io/v1alpha1", "Rollout", "/apis/argoproj.io/v1alpha1/namespaces/demo/rollouts/demo-consumer"),
        ] {
            let (mut watcher, requests) = watcher_of(api_version, kind, vec![Some(Ok(deployment(5, 3)))]);
            refreshed(&mut watcher).await;
            let Observation::Seen(seen) = watcher.latest() else { panic!("{:?}", watcher.latest()) };
            assert_eq!((seen.desired, seen.ready), (5, 3));
            assert_eq!(requests.lock().unwrap()[0], format!("GET {path}"));
            let (mut watcher, _) = watcher_of(api_version, kind, vec![Some(Ok(refusal(404, "NotFound")))]);
            refreshed(&mut watcher).await;
            let Observation::Failed(error) = watcher.latest() else { panic!("{:?}", watcher.latest()) };
            assert!(error.to_string().contains(&format!("{kind} `demo-consumer` not found")), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changes_and_recovery_are_seen() {
        let failure = Some(Err(io::ErrorKind::ConnectionRefused));
        let (mut watcher, _) = watcher(vec![Some(Ok(deployment(1, 0))), failure, None, Some(Ok(deployment(0, 0)))]);
        let mut seen = Vec::new();
        while seen.len() < 4 {
            refreshed(&mut watcher).await;
            seen.push(match watcher.latest() {
                Observation::Seen(replicas) => format!("{} desired", replicas.desired),
                Observation::Failed(error) => error.to_string(),
                Observation::Pending => "pending".into(),
            });
            sleep(Duration::from_secs(10)).await;
        }
        let unreachable = "cannot reach Kubernetes at https://api:6443";
        assert_eq!(seen, ["1 desired", unreachable, unreachable, "0 desired"]);
    }

    #[tokio::test(start_paused = true)]
    async fn polls_follow_their_user_and_are_a_second_apart_at_least() {
        for (every, response, polls) in [
            (Duration::from_millis(100), deployment(1, 1), 60..=67),
            (Duration::from_secs(1), deployment(1, 1), 60..=60),
            (Duration::from_secs(20), deployment(1, 1), 3..=3),
            (Duration::from_secs(1), refusal(403, "Forbidden"), 15..=17),
        ] {
            let (mut watcher, requests) = watcher(vec![Some(Ok(response))]);
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(60) {
                let next = Instant::now() + every;
                refreshed(&mut watcher).await;
                sleep_until(next).await;
            }
            let requests = requests.lock().unwrap().len();
            assert!(polls.contains(&requests), "{every:?}: {requests}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_poll_delays_its_user_once() {
        let (mut watcher, _) = watcher(vec![None]);
        let start = Instant::now();
        for _ in 0..3 {
            watcher.refresh();
            watcher.refreshed(Duration::from_millis(500)).await;
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(start.elapsed(), Duration::from_millis(3_500));
        sleep(TIMEOUT).await;
        assert!(matches!(watcher.latest(), Observation::Failed(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn each_failure_has_an_error_and_a_hint_of_its_own() {
        for (response, error, hint) in [
            (Ok(refusal(404, "NotFound")), "Deployment `demo-consumer` not found in namespace `demo`", "qscale render"),
            (
                Ok(refusal(403, "Forbidden")),
                "cannot get deployments.apps in namespace `demo`: access denied: words",
                "grant the verb `get` on `dep",
            ),
            (Ok(refusal(401, "Unauthorized")), "cannot authenticate to Kubernetes: words", "log in"),
            (Ok(refusal(500, "InternalError")), "unexpected response from https://api:6443", "API server"),
            (Ok((404, "no such page".into())), "unexpected response from https://api:6443", "API server"),
            (Ok((200, "hello".into())), "unexpected response from https://api:6443", "API server"),
            (Err(io::ErrorKind::ConnectionRefused), "cannot reach Kubernetes", "kubectl get --raw /version"),
        ] {
            let found = first_error(vec![Some(response)]).await;
            assert!(found.to_string().contains(error), "{found}");
            assert!(found.hint().contains(hint), "{}", found.hint());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn missing_response_times_out() {
        let error = first_error(vec![None]).await;
        assert!(
            matches!(&*error, KubernetesError::Unreachable { source, .. } if source.to_string() == "no response within 5s")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn polling_ends_when_the_watcher_is_dropped() {
        let (mut watcher, requests) = watcher(vec![Some(Ok(deployment(1, 1)))]);
        refreshed(&mut watcher).await;
        drop(watcher);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(requests.lock().unwrap().len(), 1);
    }
}

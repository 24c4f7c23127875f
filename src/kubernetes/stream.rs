//! Streams: objects of one kind, listed once and watched from then on.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use kube::api::{GetParams, ListParams, WatchEvent, WatchParams};
use kube::core::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::access::Access;
use super::error::KubernetesError;
use super::facts::ObjectsOf;
use super::named_objects::{NamedObjects, ObjectSink, name_of};
use super::resource::{Resource, Selection};

/// Time after which the API server ends a watch, in seconds: a connection that died silently is noticed then.
const WATCH_SECONDS: u32 = 60;
/// Time that the end may be late by.
const SLACK: Duration = Duration::from_secs(5);
/// Shortest and longest time between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// Time between two reads of an object that may be got and not watched.
const READ_INTERVAL: Duration = Duration::from_secs(5);
/// Reads until the right to watch is tried again.
const READS: u32 = 12;

/// Part of a list that is read.
#[derive(Deserialize)]
struct ListResponse {
    #[serde(default)]
    metadata: ListMetadata,
    // The objects as they are: one that does not parse must not take the others with it.
    items: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
}

/// Requests for objects of one kind, and where the objects go. All kinds share its code, which is large.
pub(super) struct ObjectStream {
    access: Arc<Access>,
    resource: Resource,
    objects: Box<dyn ObjectSink>,
    is_seen: bool,
    failures: u32,
    pause: Duration,
    is_polling: bool,
}

impl ObjectStream {
    pub(super) fn new<T, P>(access: Arc<Access>, resource: Resource, publish: P) -> Self
    where
        T: DeserializeOwned + Clone + Send + 'static,
        P: FnMut(ObjectsOf<T>) + Send + 'static,
    {
        let objects = Box::new(NamedObjects::new(publish));
        Self { access, resource, objects, is_seen: false, failures: 0, pause: PAUSES.0, is_polling: false }
    }

    /// Follows the objects until it is dropped. Attempts after a failure are ever further apart, up to half a minute.
    pub(super) async fn run(mut self) {
        loop {
            if let Err(error) = self.attempt().await {
                self.failures += 1;
                // A single failure, such as 429 of a busy API server, does not make old what is a second old.
                if self.failures > 1 || !self.is_seen || is_final(&error) {
                    self.is_seen = false;
                    self.objects.fail(error);
                }
            }
            sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSES.1);
        }
    }

    /// Lists and watches the objects until something fails, or the list is outdated.
    async fn attempt(&mut self) -> Result<(), Arc<KubernetesError>> {
        let mut version = match self.list().await {
            Ok(version) => version,
            Err(error) if matches!(*error, KubernetesError::Forbidden { .. }) => {
                let Selection::Named(name) = self.resource.selection.clone() else { return Err(error) };
                return self.read(&name, error).await;
            }
            Err(error) => return Err(error),
        };
        loop {
            let began = Instant::now();
            match self.watch(&mut version).await? {
                Ended::Outdated => return Ok(()),
                // A proxy may end every watch at once.
                Ended::Closed if began.elapsed() < PAUSES.0 => {
                    sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(PAUSES.1);
                }
                Ended::Closed => {}
            }
        }
    }

    async fn list(&mut self) -> Result<String, Arc<KubernetesError>> {
        let (label_selector, field_selector) = self.resource.selectors();
        let params = ListParams { label_selector, field_selector, ..ListParams::default() };
        let path = self.resource.path();
        let response = self.access.request("list", &self.resource, |client| async move {
            let request = Request::new(path).list(&params).map_err(kube::Error::BuildRequest)?;
            client.request::<ListResponse>(request).await
        });
        let ListResponse { metadata, items } = response.await?;
        self.objects.replace(items);
        self.seen();
        Ok(metadata.resource_version)
    }

    async fn watch(&mut self, version: &mut String) -> Result<Ended, Arc<KubernetesError>> {
        let (label_selector, field_selector) = self.resource.selectors();
        let params =
            WatchParams { label_selector, field_selector, timeout: Some(WATCH_SECONDS), ..WatchParams::default() };
        let (path, from) = (self.resource.path(), version.clone());
        let opened = self.access.request("watch", &self.resource, |client| async move {
            let request = Request::new(path).watch(&params, &from).map_err(kube::Error::BuildRequest)?;
            client.request_events::<Value>(request).await
        });
        let opened = match opened.await {
            Err(error) if is_outdated(&error) => return Ok(Ended::Outdated),
            opened => opened?,
        };
        let mut events = std::pin::pin!(opened);
        let limit = Duration::from_secs(WATCH_SECONDS.into()) + SLACK;
        let began = Instant::now();
        loop {
            let next = timeout(limit, events.try_next()).await;
            if began.elapsed() >= PAUSES.0 {
                self.pause = PAUSES.0;
            }
            let event = match next {
                Err(_) => return Err(Arc::new(self.access.silent(limit))),
                Ok(Err(error)) => return Err(Arc::new(self.access.explain("watch", &self.resource, error).await)),
                Ok(Ok(None)) => return Ok(Ended::Closed),
                Ok(Ok(Some(event))) => event,
            };
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    version_of(&object).clone_into(version);
                    self.objects.insert(object);
                    self.seen();
                }
                WatchEvent::Deleted(object) => {
                    version_of(&object).clone_into(version);
                    self.objects.remove(name_of(&object));
                    self.seen();
                }
                WatchEvent::Bookmark(bookmark) => *version = bookmark.metadata.resource_version,
                WatchEvent::Error(status) if status.code == 410 => return Ok(Ended::Outdated),
                WatchEvent::Error(status) => {
                    let error = kube::Error::Api(status);
                    return Err(Arc::new(self.access.explain("watch", &self.resource, error).await));
                }
            }
        }
    }

    /// Reads the object `name` now and then for a minute: the right to `get` it may be all there is.
    async fn read(&mut self, name: &str, denied: Arc<KubernetesError>) -> Result<(), Arc<KubernetesError>> {
        for _ in 0..READS {
            let path = self.resource.path();
            let response = self.access.request("get", &self.resource, |client| async move {
                let request = Request::new(path).get(name, &GetParams::default()).map_err(kube::Error::BuildRequest)?;
                client.request::<Value>(request).await
            });
            match response.await {
                Ok(object) => self.objects.replace(vec![object]),
                Err(error) if matches!(*error, KubernetesError::NotFound { .. }) => self.objects.replace(Vec::new()),
                Err(error) if matches!(*error, KubernetesError::Forbidden { .. }) => return Err(denied),
                Err(error) => return Err(error),
            }
            if !std::mem::replace(&mut self.is_polling, true) {
                let hint = denied.hint();
                tracing::info!(%hint, "{denied}: reading it every {}s", READ_INTERVAL.as_secs());
            }
            self.seen();
            sleep(READ_INTERVAL).await;
        }
        self.pause = PAUSES.0;
        Ok(())
    }

    fn seen(&mut self) {
        (self.is_seen, self.failures) = (true, 0);
        self.objects.publish();
    }
}

/// Reason why a watch has ended.
enum Ended {
    /// Closed by the server: it may go on from the last version.
    Closed,
    /// The versions since are gone: the objects have to be listed again.
    Outdated,
}

/// Returns true for a failure that does not pass within seconds.
fn is_final(error: &KubernetesError) -> bool {
    !matches!(error, KubernetesError::Unreachable { .. } | KubernetesError::Refused { .. })
}

/// Returns true if the version that a watch begins with is gone: 410.
fn is_outdated(error: &KubernetesError) -> bool {
    let KubernetesError::Refused { source, .. } = error else { return false };
    source.downcast_ref::<kube::core::Status>().is_some_and(|status| status.code == 410)
}

fn version_of(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use kube::Client;
    use kube::client::Body;

    use super::*;
    use crate::cluster::LiveTarget;
    use crate::kubernetes::client::Cluster;

    /// Status and body, or no connection.
    type Response = Result<(u16, String), io::ErrorKind>;

    /// Last state that a stream has published, and the requests it has sent, after `seconds` with an API server that responds
    /// so to lists and watches; `None` never responds.
    async fn after(
        seconds: u64,
        listed: Option<Response>,
        watched: Option<Response>,
    ) -> (ObjectsOf<LiveTarget>, usize) {
        let sent = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&sent);
        let service = tower::service_fn(move |request: http::Request<Body>| {
            *counted.lock().expect("no test panics while it holds the lock") += 1;
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let response = if is_watch { watched.clone() } else { listed.clone() };
            async move {
                sleep(Duration::from_millis(1)).await;
                match response {
                    Some(Ok((status, body))) => {
                        Ok(http::Response::builder().status(status).body(Body::from(body.into_bytes()))?)
                    }
                    Some(Err(kind)) => Err::<_, tower::BoxError>(io::Error::from(kind).into()),
                    None => std::future::pending().await,
                }
            }
        });
        let cluster = Cluster::of_client(Client::new(service, "default"), "https://api:6443");
        let resource = Resource::new("apps/v1", "Deployment", "demo", Selection::Named("demo-consumer".to_owned()));
        let (sender, published) = std::sync::mpsc::channel();
        let publish = move |observed| drop(sender.send(observed));
        let stream = ObjectStream::new(Arc::new(Access::new(cluster)), resource, publish);
        let _ = timeout(Duration::from_secs(seconds), stream.run()).await;
        let requests = *sent.lock().expect("no test panics while it holds the lock");
        (published.try_iter().last().unwrap_or_default(), requests)
    }

    fn refusal(code: u16, reason: &str) -> (u16, String) {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "message": format!("words for {reason}"), "reason": reason, "code": code,
        });
        (code, body.to_string())
    }

    fn list(items: &str) -> (u16, String) {
        (200, format!("{{\"metadata\": {{\"resourceVersion\": \"7\"}}, \"items\": [{items}]}}"))
    }

    #[tokio::test(start_paused = true)]
    async fn requests_become_rare_while_they_fail() {
        let deployment = r#"{"metadata": {"name": "demo-consumer"}, "spec": {"replicas": 5}}"#;
        let closed = Some(Ok((200, String::new())));
        for (list, watch, most) in [
            (Some(Ok(refusal(403, "Forbidden"))), None, 16),
            (Some(Ok(refusal(500, "InternalError"))), None, 8),
            (Some(Err(io::ErrorKind::ConnectionRefused)), None, 8),
            (Some(Ok(list(deployment))), Some(Ok(refusal(403, "Forbidden"))), 16),
            (Some(Ok(list(deployment))), Some(Ok(refusal(410, "Expired"))), 16),
            // A proxy that ends every watch at once.
            (Some(Ok(list(deployment))), closed, 9),
            // The head of the response never comes.
            (Some(Ok(list(deployment))), None, 16),
        ] {
            let (_, requests) = after(120, list.clone(), watch.clone()).await;
            assert!((2..=most).contains(&requests), "{list:?}, {watch:?}: {requests}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn objects_that_do_not_parse_are_left_out() {
        let items =
            r#"{"metadata": {"name": "a"}, "spec": {"replicas": "many"}}, {"metadata": {"name": "b"}, "spec": {}}"#;
        let (seen, _) = after(1, Some(Ok(list(items))), None).await;
        let names: Vec<&str> = seen.objects().iter().map(|target| target.metadata.name.as_str()).collect();
        assert_eq!(names, ["b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_failure_has_an_error_and_a_hint_of_its_own() {
        for (response, error, hint) in [
            (
                Some(Ok(refusal(403, "Forbidden"))),
                "cannot list deployments.apps in namespace `demo`: access denied: words",
                "grant the verbs `get`, `list` and `watch` on `dep",
            ),
            (Some(Ok(refusal(401, "Unauthorized"))), "cannot authenticate to Kubernetes: words", "log in"),
            (Some(Ok(refusal(500, "InternalError"))), "unexpected response from https://api:6443", "API server"),
            (Some(Ok((404, "\"no such page\"".to_owned()))), "unexpected response from https://api:6443", "API server"),
            (Some(Ok((200, "\"hello\"".to_owned()))), "unexpected response from https://api:6443", "API server"),
            (Some(Err(io::ErrorKind::ConnectionRefused)), "cannot reach Kubernetes", "kubectl get --raw /version"),
            (None, "cannot reach Kubernetes", "kubectl get --raw /version"),
        ] {
            let (seen, _) = after(8, response, None).await;
            let found = seen.failure().expect("a failure");
            assert!(found.to_string().contains(error), "{found}");
            assert!(found.hint().contains(hint), "{}", found.hint());
        }
    }
}

//! The cluster: which one is meant, and one Deployment looked at over its API.

use std::sync::Arc;
use std::time::Duration;

use kube::api::{Api, ApiResource, GroupVersionKind};
use kube::client::AuthError;
use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::core::Object;
use kube::{Client, Error};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Fleet, FleetError, Observation};
use crate::profile::TargetTable;
use crate::sample;

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(1);
/// From one look to the next while looks fail.
const SLOWEST: Duration = Duration::from_secs(4);
/// How long one look may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The few fields that are read, so that every version of the API will do.
#[derive(Debug, Clone, Deserialize)]
struct Spec {
    replicas: Option<i32>,
}

/// A count that is zero is left out by the API server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
}

type Workload = Object<Spec, Status>;

/// A client and where it leads to.
pub(super) struct Cluster {
    client: Client,
    server: String,
}

impl Cluster {
    /// The namespace of the context or pod.
    pub(super) fn default_namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

/// Prepares a client for the configured cluster; `None` when none is.
pub(super) async fn client(context: Option<&str>) -> Result<Option<Cluster>, FleetError> {
    let Some(mut config) = configuration(context).await? else { return Ok(None) };
    // A look is repeated here, with its failures said; kube's own repeats would hide them.
    config.default_retry = false;
    config.connect_timeout = Some(TIMEOUT);
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    // A plug-in for credentials runs in here, for as long as it takes to log in.
    let client = tokio::task::spawn_blocking(move || Client::try_from(config))
        .await
        .map_err(|error| FleetError::Configuration(error.into()))?
        .map_err(|error| match error {
            Error::Auth(error) => unauthorized(&error),
            error => unusable(&error),
        })?;
    Ok(Some(Cluster { client, server }))
}

/// Finds the configuration as kubectl does: `KUBECONFIG`, `~/.kube/config`, and in a pod its service account.
async fn configuration(context: Option<&str>) -> Result<Option<Config>, FleetError> {
    let file = match Kubeconfig::read() {
        Ok(file) => file,
        Err(KubeconfigError::FindPath) => Kubeconfig::default(),
        Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == std::io::ErrorKind::NotFound => {
            Kubeconfig::default()
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let known: Vec<String> = file.contexts.iter().map(|named| named.name.clone()).collect();
    let chosen = context.map(str::to_owned).or_else(|| file.current_context.clone().filter(|name| !name.is_empty()));
    match chosen {
        Some(context) if !known.contains(&context) => Err(FleetError::NoContext { context, known }),
        Some(context) => of_kubeconfig(file, context).await.map(Some),
        None if !known.is_empty() => Err(FleetError::NoCurrentContext { known }),
        None if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() => Ok(None),
        None => Config::incluster().map(Some).map_err(|error| unusable(&error)),
    }
}

async fn of_kubeconfig(file: Kubeconfig, context: String) -> Result<Config, FleetError> {
    let cluster = file.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.clone());
    let proxied = cluster.is_some_and(|context| {
        let of_context = file.clusters.iter().find(|named| named.name == context.cluster);
        of_context.and_then(|named| named.cluster.as_ref()?.proxy_url.as_ref()).is_some()
    });
    let options = KubeConfigOptions { context: Some(context), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| unreadable(&error))?;
    // kube takes HTTPS_PROXY for every server, whatever NO_PROXY says; only what the kubeconfig itself names counts.
    if !proxied {
        config.proxy_url = None;
    }
    Ok(config)
}

/// What the configuration lacks. The text alone: it repeats its causes itself.
fn unusable(error: &dyn std::error::Error) -> FleetError {
    FleetError::Configuration(error.to_string().into())
}

/// The same for a kubeconfig. What cannot be parsed is not shown: there are tokens in it.
fn unreadable(error: &KubeconfigError) -> FleetError {
    let KubeconfigError::Parse(reason) = error else { return unusable(error) };
    let place = reason.location().map(|place| format!(": line {}, column {}", place.line(), place.column()));
    FleetError::Configuration(format!("the kubeconfig is not one{}", place.unwrap_or_default()).into())
}

/// Why there are no credentials. What a plug-in was given and what it wrote is not shown: there are secrets in it.
fn unauthorized(error: &AuthError) -> FleetError {
    let message = match error {
        AuthError::AuthExecStart(reason) => format!("the plug-in that fetches them cannot be run: {reason}"),
        AuthError::AuthExecRun { out, .. } => format!("the plug-in that fetches them failed ({})", out.status),
        AuthError::AuthExecParse(_) => "the plug-in that fetches them wrote something else".to_owned(),
        error => error.to_string(),
    };
    FleetError::Unauthorized { message }
}

/// Looks at `target` now and then on, until what is returned is dropped.
pub(super) fn look(cluster: &Cluster, namespace: String, target: &TargetTable) -> Fleet {
    let (sender, latest) = watch::channel(Observation::Pending);
    let TargetTable { api_version, kind, name } = target.clone();
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
    let api = Api::<Workload>::namespaced_with(cluster.client.clone(), &namespace, &resource);
    let target = Target { api, resource, server: cluster.server.clone(), namespace, name };
    let looking = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut pause = EVERY;
        loop {
            let observation = target.observe().await;
            pause = if matches!(observation, Observation::Seen(_)) { EVERY } else { (pause * 2).min(SLOWEST) };
            if sender.send(observation).is_err() {
                return;
            }
            sleep(pause).await;
        }
    }));
    Fleet { latest, looking }
}

/// One Deployment, or what else has replicas.
struct Target {
    api: Api<Workload>,
    resource: ApiResource,
    server: String,
    namespace: String,
    name: String,
}

impl Target {
    async fn observe(&self) -> Observation {
        match timeout(TIMEOUT, self.api.get(&self.name)).await {
            Ok(Ok(workload)) => Observation::Seen(self.counts(workload)),
            Ok(Err(error)) => Observation::Failed(Arc::new(self.explain(error))),
            Err(_) => Observation::Failed(Arc::new(FleetError::Unreachable {
                server: self.server.clone(),
                source: format!("no answer for {} s", TIMEOUT.as_secs()).into(),
            })),
        }
    }

    fn counts(&self, workload: Workload) -> sample::Deployment {
        let status = workload.status.unwrap_or_default();
        let count = |count: i32| u32::try_from(count).unwrap_or(0);
        sample::Deployment {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            // What is left out means one.
            desired: count(workload.spec.replicas.unwrap_or(1)),
            current: count(status.replicas),
            ready: count(status.ready_replicas),
            available: count(status.available_replicas),
        }
    }

    /// What a rule of RBAC names, as `kubectl auth can-i get` takes it.
    fn rule(&self) -> String {
        let ApiResource { plural, group, .. } = &self.resource;
        if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") }
    }

    /// Puts kube's error into our words.
    fn explain(&self, error: Error) -> FleetError {
        let server = self.server.clone();
        match error {
            Error::Api(status) => match (status.code, status.reason.as_str()) {
                (401, _) => FleetError::Unauthorized { message: status.message },
                (403, _) => FleetError::Forbidden {
                    resource: self.rule(),
                    namespace: self.namespace.clone(),
                    message: status.message,
                },
                // Any web server says 404; only Kubernetes gives this reason.
                (404, "NotFound") => FleetError::NotFound {
                    kind: self.resource.kind.clone(),
                    namespace: self.namespace.clone(),
                    name: self.name.clone(),
                },
                _ => FleetError::Refused { server, source: status },
            },
            Error::Auth(error) => unauthorized(&error),
            Error::Service(source) => match source.downcast_ref::<AuthError>() {
                Some(error) => unauthorized(error),
                None => FleetError::Unreachable { server, source },
            },
            Error::HyperError(source) => FleetError::Unreachable { server, source: source.into() },
            error => FleetError::Refused { server, source: error.to_string().into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use kube::client::Body;

    use super::*;

    /// Status and body, or no connection.
    type Answer = Result<(u16, serde_json::Value), io::ErrorKind>;

    /// An API server that answers with `script`, one answer a request, the last again and again; `None` never answers.
    fn fleet(script: Vec<Option<Answer>>) -> (Fleet, Arc<Mutex<Vec<String>>>) {
        fleet_of("apps/v1", "Deployment", script)
    }

    fn fleet_of(api_version: &str, kind: &str, script: Vec<Option<Answer>>) -> (Fleet, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let mut heard = heard.lock().expect("no test panics while it holds the lock");
            let answer = script[heard.len().min(script.len() - 1)].clone();
            heard.push(format!("{} {}", request.method(), request.uri().path()));
            async move {
                match answer {
                    Some(Ok((status, body))) => {
                        Ok(http::Response::builder().status(status).body(Body::from(body.to_string().into_bytes()))?)
                    }
                    Some(Err(kind)) => Err::<_, tower::BoxError>(io::Error::from(kind).into()),
                    None => std::future::pending().await,
                }
            }
        });
        let cluster = Cluster { client: Client::new(service, "default"), server: "https://api:6443".into() };
        let [api_version, kind, name] = [api_version, kind, "demo-consumer"].map(str::to_owned);
        (look(&cluster, "demo".into(), &TargetTable { api_version, kind, name }), asked)
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

    async fn first_error(script: Vec<Option<Answer>>) -> Arc<FleetError> {
        let (mut fleet, _) = fleet(script);
        fleet.first_look().await;
        match fleet.latest() {
            Observation::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_found_is_counted() {
        let (mut fleet, asked) = fleet(vec![Some(Ok(deployment(5, 3)))]);
        assert!(matches!(fleet.latest(), Observation::Pending));
        fleet.first_look().await;
        let Observation::Seen(seen) = fleet.latest() else { panic!("{:?}", fleet.latest()) };
        assert_eq!((seen.desired, seen.current, seen.ready, seen.available), (5, 5, 3, 0));
        assert_eq!((seen.namespace.as_str(), seen.name.as_str()), ("demo", "demo-consumer"));
        assert_eq!(asked.lock().unwrap()[0], "GET /apis/apps/v1/namespaces/demo/deployments/demo-consumer");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_scaled_may_be_something_else() {
        for (api_version, kind, path) in [
            ("apps/v1", "StatefulSet", "/apis/apps/v1/namespaces/demo/statefulsets/demo-consumer"),
            ("argoproj.io/v1alpha1", "Rollout", "/apis/argoproj.io/v1alpha1/namespaces/demo/rollouts/demo-consumer"),
        ] {
            let (mut fleet, asked) = fleet_of(api_version, kind, vec![Some(Ok(deployment(5, 3)))]);
            fleet.first_look().await;
            let Observation::Seen(seen) = fleet.latest() else { panic!("{:?}", fleet.latest()) };
            assert_eq!((seen.desired, seen.ready), (5, 3));
            assert_eq!(asked.lock().unwrap()[0], format!("GET {path}"));
            let (mut fleet, _) = fleet_of(api_version, kind, vec![Some(Ok(refusal(404, "NotFound")))]);
            fleet.first_look().await;
            let Observation::Failed(error) = fleet.latest() else { panic!("{:?}", fleet.latest()) };
            assert!(error.to_string().contains(&format!("no {kind} `demo-consumer`")), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_seen_and_so_is_the_end_of_trouble() {
        let trouble = Some(Err(io::ErrorKind::ConnectionRefused));
        let (fleet, _) = fleet(vec![Some(Ok(deployment(1, 0))), trouble, None, Some(Ok(deployment(0, 0)))]);
        let mut latest = fleet.latest.clone();
        let mut said = Vec::new();
        while said.len() < 4 {
            latest.changed().await.unwrap();
            said.push(match &*latest.borrow() {
                Observation::Seen(deployment) => format!("{} desired", deployment.desired),
                Observation::Failed(error) => error.to_string(),
                Observation::Pending => "pending".into(),
            });
        }
        let unreachable = "cannot reach Kubernetes at https://api:6443";
        assert_eq!(said, ["1 desired", unreachable, unreachable, "0 desired"]);
    }

    #[tokio::test(start_paused = true)]
    async fn each_trouble_is_told_apart_and_has_a_way_out() {
        for (response, error, hint) in [
            (Ok(refusal(404, "NotFound")), "no Deployment `demo-consumer` in namespace `demo`", "qscale render"),
            (
                Ok(refusal(403, "Forbidden")),
                "forbids to get deployments.apps in namespace `demo`: words",
                "verb `get` on `dep",
            ),
            (Ok(refusal(401, "Unauthorized")), "no valid credentials for Kubernetes: words", "log in"),
            (Ok(refusal(500, "InternalError")), "at https://api:6443 refused", "API server"),
            (Ok((404, "no such page".into())), "at https://api:6443 refused", "API server"),
            (Ok((200, "hello".into())), "at https://api:6443 refused", "API server"),
            (Err(io::ErrorKind::ConnectionRefused), "cannot reach Kubernetes", "kubectl get --raw /version"),
        ] {
            let found = first_error(vec![Some(response)]).await;
            assert!(found.to_string().contains(error), "{found}");
            assert!(found.hint().contains(hint), "{}", found.hint());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_not_waited_for() {
        let error = first_error(vec![None]).await;
        assert!(matches!(&*error, FleetError::Unreachable { source, .. } if source.to_string() == "no answer for 5 s"));
    }

    #[tokio::test(start_paused = true)]
    async fn looking_ends_with_the_fleet() {
        let (mut fleet, asked) = fleet(vec![Some(Ok(deployment(1, 1)))]);
        fleet.first_look().await;
        drop(fleet);
        sleep(Duration::from_mins(1)).await;
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

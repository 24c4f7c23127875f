//! The client: finds the configured cluster and its credentials, as kubectl does.

use std::time::Duration;

use kube::client::AuthError;
use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Error};

use super::error::KubernetesError;

/// Time limit of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client and the address of its API server.
pub(super) struct Cluster {
    pub(super) client: Client,
    pub(super) server: String,
}

impl Cluster {
    /// Returns the namespace of the context or pod.
    pub(super) fn default_namespace(&self) -> &str {
        self.client.default_namespace()
    }
}

/// Prepares a client for the configured cluster; `None` if there is none.
pub(super) async fn connect(context: Option<&str>) -> Result<Option<Cluster>, KubernetesError> {
    let Some(mut config) = configuration(context).await? else { return Ok(None) };
    // Polling retries and reports failures; kube's own retries would hide them.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    // May run a credential plugin, for as long as a login takes.
    let client = tokio::task::spawn_blocking(move || Client::try_from(config))
        .await
        .map_err(|error| KubernetesError::Configuration(error.into()))?
        .map_err(|error| match error {
            Error::Auth(error) => unauthorized(&error),
            error => unusable(&error),
        })?;
    Ok(Some(Cluster { client, server }))
}

/// Reads the configuration in kubectl's order: `KUBECONFIG`, `~/.kube/config`, and in a pod its service account.
async fn configuration(context: Option<&str>) -> Result<Option<Config>, KubernetesError> {
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
        Some(context) if !known.contains(&context) => Err(KubernetesError::NoContext { context, known }),
        Some(context) => of_kubeconfig(file, context).await.map(Some),
        None if !known.is_empty() => Err(KubernetesError::NoCurrentContext { known }),
        None if std::env::var_os("KUBERNETES_SERVICE_HOST").is_none() => Ok(None),
        None => Config::incluster().map(Some).map_err(|error| unusable(&error)),
    }
}

async fn of_kubeconfig(file: Kubeconfig, context: String) -> Result<Config, KubernetesError> {
    let cluster = file.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.clone());
    let proxied = cluster.is_some_and(|context| {
        let of_context = file.clusters.iter().find(|named| named.name == context.cluster);
        of_context.and_then(|named| named.cluster.as_ref()?.proxy_url.as_ref()).is_some()
    });
    let options = KubeConfigOptions { context: Some(context), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| unreadable(&error))?;
    // kube applies HTTPS_PROXY to every server and ignores NO_PROXY; only the kubeconfig's own proxy-url counts here.
    if !proxied {
        config.proxy_url = None;
    }
    Ok(config)
}

/// Wraps the text of an error alone: it already contains its causes.
fn unusable(error: &dyn std::error::Error) -> KubernetesError {
    KubernetesError::Configuration(error.to_string().into())
}

/// Wraps an error of the kubeconfig without the text that cannot be parsed, which may contain tokens.
fn unreadable(error: &KubeconfigError) -> KubernetesError {
    let KubeconfigError::Parse(reason) = error else { return unusable(error) };
    let place = reason.location().map(|place| format!(": line {}, column {}", place.line(), place.column()));
    KubernetesError::Configuration(format!("the kubeconfig is not valid{}", place.unwrap_or_default()).into())
}

/// Wraps an authentication error without the arguments and the output of a credential plugin, which may contain secrets.
pub(super) fn unauthorized(error: &AuthError) -> KubernetesError {
    let message = match error {
        AuthError::AuthExecStart(reason) => format!("cannot run the credential plugin: {reason}"),
        AuthError::AuthExecRun { out, .. } => format!("the credential plugin failed ({})", out.status),
        AuthError::AuthExecParse(_) => "the output of the credential plugin is not valid".to_owned(),
        error => error.to_string(),
    };
    KubernetesError::Unauthorized { message }
}

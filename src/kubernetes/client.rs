//! The client: finds the configured cluster and its credentials, as kubectl does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use kube::client::AuthError;
use kube::config::{Config, ExecConfig, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Error};
use tokio::time::Instant;

use super::credential::PluginCredential;
use super::error::KubernetesError;

/// Time limit of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Shortest and longest time between two runs of a credential plugin that fails, or whose credentials are rejected.
const PLUGIN_PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Name and version that the API server's audit log shows.
const USER_AGENT: &str = concat!("qscale/", env!("CARGO_PKG_VERSION"));

/// A cluster, and the client for it once there is one.
pub(super) struct Cluster {
    /// Address of the API server.
    pub(super) server: String,
    anonymous: Option<Anonymous>,
    config: Config,
    plugin: Option<Plugin>,
    client: Option<Client>,
    /// Number of clients so far.
    generation: usize,
}

/// A context without a usable user.
#[derive(Clone)]
struct Anonymous {
    context: String,
    /// User that it names.
    user: Option<String>,
}

/// A credential plugin, and the state of its last run.
struct Plugin {
    exec: ExecConfig,
    /// Time at which its credentials are to be renewed.
    renewal: Option<SystemTime>,
    /// No run before this time.
    retry_at: Option<Instant>,
    pause: Duration,
    failure: Option<Arc<KubernetesError>>,
    has_run: bool,
}

impl Plugin {
    fn postpone(&mut self) {
        self.retry_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(PLUGIN_PAUSES.1);
    }
}

impl Cluster {
    /// Reads the configuration, and sends no request; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails when the configuration is not valid.
    pub(super) async fn configured(context: Option<&str>) -> Result<Option<Self>, KubernetesError> {
        let Some((config, anonymous)) = configuration(context).await? else { return Ok(None) };
        Ok(Some(Self::of(config, anonymous)))
    }

    fn of(mut config: Config, anonymous: Option<Anonymous>) -> Self {
        // Streams retry and report failures; kube's own retries would hide them.
        config.default_retry = false;
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        if let (Ok(name), Ok(value)) = ("user-agent".parse(), USER_AGENT.parse()) {
            config.headers.push((name, value));
        }
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let plugin = config.auth_info.exec.take().map(|exec| Plugin {
            exec,
            renewal: None,
            retry_at: None,
            pause: PLUGIN_PAUSES.0,
            failure: None,
            has_run: false,
        });
        Self { server, anonymous, config, plugin, client: None, generation: 0 }
    }

    /// Returns a cluster with a client that is there already.
    #[cfg(test)]
    pub(super) fn of_client(client: Client, server: &str) -> Self {
        let url = server.parse().expect("an address");
        Self { client: Some(client), ..Self::of(Config::new(url), None) }
    }

    /// Returns the namespace of the context or pod.
    pub(super) fn default_namespace(&self) -> &str {
        &self.config.default_namespace
    }

    /// Returns the client; runs the credential plugin first if there is one and its credentials are missing or about to
    /// expire.
    ///
    /// # Errors
    ///
    /// Fails when there are no credentials, and with the same error until the plugin may be run again.
    pub(super) async fn client(&mut self) -> Result<(Client, usize), Arc<KubernetesError>> {
        let renewal = self.plugin.as_ref().and_then(|plugin| plugin.renewal);
        if let Some(client) = self.client.as_ref().filter(|_| renewal.is_none_or(|at| SystemTime::now() < at)) {
            return Ok((client.clone(), self.generation));
        }
        let mut config = self.config.clone();
        if let Some(plugin) = &mut self.plugin {
            if plugin.retry_at.is_some_and(|at| Instant::now() < at)
                && let Some(failure) = &plugin.failure
            {
                return Err(Arc::clone(failure));
            }
            // A later question would be asked on a terminal that shows the list.
            let interactive = !std::mem::replace(&mut plugin.has_run, true);
            match PluginCredential::of_plugin(&plugin.exec, interactive).await {
                Ok(credential) => {
                    plugin.renewal = credential.renewal();
                    // Of credentials that are about to expire, a run per request would be no better.
                    plugin.renewal = plugin.renewal.filter(|at| SystemTime::now() < *at);
                    plugin.failure = None;
                    credential.replace(&mut config.auth_info);
                }
                Err(error) => {
                    let error = Arc::new(error);
                    plugin.failure = Some(Arc::clone(&error));
                    plugin.postpone();
                    return Err(error);
                }
            }
        }
        let client = client(config).await?;
        self.client = Some(client.clone());
        self.generation += 1;
        Ok((client, self.generation))
    }

    /// Returns why a request was anonymous, if the context has no usable user.
    pub(super) fn no_user(&self) -> Option<KubernetesError> {
        let Anonymous { context, user } = self.anonymous.clone()?;
        Some(KubernetesError::NoUser { context, user })
    }

    /// Takes note of a success: the next failure is the first again.
    pub(super) fn accepted(&mut self) {
        if let Some(plugin) = &mut self.plugin {
            plugin.pause = PLUGIN_PAUSES.0;
        }
    }

    /// Forgets the credentials of the plugin, which the API server has rejected with `error`, so that it is run again; once
    /// for all requests of a client.
    pub(super) fn rejected(&mut self, generation: usize, error: &Arc<KubernetesError>) {
        if let Some(plugin) = self.plugin.as_mut().filter(|_| generation == self.generation && self.client.is_some()) {
            plugin.failure = Some(Arc::clone(error));
            plugin.postpone();
            self.client = None;
        }
    }
}

/// Prepares a client, which reads certificates, and runs the program of an outdated auth provider.
async fn client(config: Config) -> Result<Client, KubernetesError> {
    tokio::task::spawn_blocking(move || Client::try_from(config))
        .await
        .map_err(|error| KubernetesError::Configuration(error.into()))?
        .map_err(|error| match error {
            Error::Auth(error) => unauthorized(&error),
            error => unusable(&error),
        })
}

/// A configuration, and why it is anonymous, if it is.
type Configuration = (Config, Option<Anonymous>);

/// Reads the configuration in kubectl's order: `KUBECONFIG`, `~/.kube/config`, and in a pod its service account.
async fn configuration(context: Option<&str>) -> Result<Option<Configuration>, KubernetesError> {
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
        None => Config::incluster().map(|config| Some((config, None))).map_err(|error| unusable(&error)),
    }
}

async fn of_kubeconfig(file: Kubeconfig, context: String) -> Result<Configuration, KubernetesError> {
    let named = file.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.as_ref());
    let proxied = named.is_some_and(|named| {
        let of_context = file.clusters.iter().find(|cluster| cluster.name == named.cluster);
        of_context.and_then(|cluster| cluster.cluster.as_ref()?.proxy_url.as_ref()).is_some()
    });
    let user = named.and_then(|named| named.user.clone()).filter(|user| !user.is_empty());
    let known = user.as_ref().is_some_and(|user| file.auth_infos.iter().any(|named| named.name == *user));
    // As with kubectl, the request is sent all the same: the API server may serve anonymous users.
    let anonymous = (!known).then(|| Anonymous { context: context.clone(), user });
    let options = KubeConfigOptions { context: Some(context), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(file, &options).await.map_err(|error| unreadable(&error))?;
    // kube applies HTTPS_PROXY to every server and ignores NO_PROXY; only the kubeconfig's own proxy-url counts here.
    if !proxied {
        config.proxy_url = None;
    }
    Ok((config, anonymous))
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

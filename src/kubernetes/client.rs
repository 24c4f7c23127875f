//! The configured cluster, and the client for it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::Uri;
use tokio::time::Instant;

use super::api_client::ApiClient;
use super::configuration::{Anonymous, Configuration};
use super::credential::PluginCredential;
use super::dial::dial;
use super::error::KubernetesError;
use super::kubeconfig::{ClusterEntry, ExecPlugin, UserEntry, unusable};

/// Shortest and longest time between two runs of a credential plugin that fails, or whose credentials are rejected.
const PLUGIN_PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// A cluster, and the client for it once there is one.
pub(super) struct Cluster {
    /// Address of the API server.
    pub(super) server: String,
    address: Uri,
    entry: ClusterEntry,
    user: UserEntry,
    namespace: String,
    anonymous: Option<Anonymous>,
    plugin: Option<Plugin>,
    client: Option<ApiClient>,
    /// Number of clients so far.
    generation: usize,
}

/// A credential plugin, and the state of its last run.
struct Plugin {
    exec: ExecPlugin,
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
    pub(super) fn configured(context: Option<&str>) -> Result<Option<Self>, KubernetesError> {
        Configuration::read(context)?.map(Self::of).transpose()
    }

    fn of(Configuration { cluster, mut user, namespace, anonymous }: Configuration) -> Result<Self, KubernetesError> {
        let server = cluster.server.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        let address = server.parse::<Uri>().ok().filter(|address| address.host().is_some());
        let address = address.filter(|address| matches!(address.scheme_str(), Some("http" | "https")));
        let address = address.ok_or_else(|| {
            unusable(format!("the `server` of the cluster is not a valid URL (https://HOST:PORT): `{server}`"))
        })?;
        let plugin = user.exec.take().map(|exec| Plugin {
            exec,
            renewal: None,
            retry_at: None,
            pause: PLUGIN_PAUSES.0,
            failure: None,
            has_run: false,
        });
        Ok(Self { server, address, entry: cluster, user, namespace, anonymous, plugin, client: None, generation: 0 })
    }

    /// Returns a cluster with a client that is there already.
    #[cfg(test)]
    pub(super) fn of_client(client: ApiClient, server: &str) -> Self {
        let cluster = ClusterEntry { server: Some(server.to_owned()), ..ClusterEntry::default() };
        let user = UserEntry::default();
        let configuration = Configuration { cluster, user, namespace: "default".to_owned(), anonymous: None };
        Self { client: Some(client), ..Self::of(configuration).expect("an address") }
    }

    /// Returns the namespace of the context or pod.
    pub(super) fn default_namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the client; runs the credential plugin first if there is one and its credentials are missing or about to
    /// expire.
    ///
    /// # Errors
    ///
    /// Fails when there are no credentials, and with the same error until the plugin may be run again.
    pub(super) async fn client(&mut self) -> Result<(ApiClient, usize), Arc<KubernetesError>> {
        let renewal = self.plugin.as_ref().and_then(|plugin| plugin.renewal);
        if let Some(client) = self.client.as_ref().filter(|_| renewal.is_none_or(|at| SystemTime::now() < at)) {
            return Ok((client.clone(), self.generation));
        }
        let mut user = self.user.clone();
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
                    credential.replace(&mut user);
                }
                Err(error) => {
                    let error = Arc::new(error);
                    plugin.failure = Some(Arc::clone(&error));
                    plugin.postpone();
                    return Err(error);
                }
            }
        }
        let way = dial(&self.address, self.entry.clone(), user.clone());
        let client = ApiClient::new(self.address.clone(), user, way);
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

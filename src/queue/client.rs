//! Client of an endpoint: servers, authentication, TLS and limits.

use std::time::Duration;

use fred::prelude::{Builder, Client};
use fred::types::ConnectHandle;
use fred::types::config::{Config, ConnectionConfig, Server, ServerConfig, TcpConfig, TlsConnector};
use secrecy::ExposeSecret;
use socket2::TcpKeepalive;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::error::Fault;
use super::library_error::in_words;
use super::password::password_text;
use super::sentinel::{self, SentinelLogin};
use super::tls;
use crate::endpoint::{Address, Endpoint, NodeAddress, Servers};

/// Time without data after which the network is shown that the connection is in use: firewalls and load balancers forget
/// those that are silent, some after a minute.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Time between two probes without an answer, of which the system sends some before the connection counts as lost.
const PROBE: Duration = Duration::from_secs(5);

/// Background task of a client. Aborted on drop, because a dropped client keeps its socket.
#[derive(Debug)]
pub(super) struct ClientTask {
    task: AbortHandle,
    ended: CancellationToken,
}

impl ClientTask {
    pub(super) fn of(task: ConnectHandle) -> Self {
        let ended = CancellationToken::new();
        let handle = Self { task: task.abort_handle(), ended: ended.clone() };
        tokio::spawn(async move {
            let _ended = ended.drop_guard();
            task.await
        });
        handle
    }

    /// Ends the task.
    pub(super) fn abort(&self) {
        self.task.abort();
    }

    /// Returns true once the task has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits for the end of the task: no reply can arrive any more.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Drop for ClientTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Builds a client that is not connected yet; `limit` bounds each step of connecting.
///
/// `node` is the server in place of those of the endpoint, if it is a node of a cluster.
pub(super) async fn build(endpoint: &Endpoint, node: Option<&NodeAddress>, limit: Duration) -> Result<Client, Fault> {
    let mut config = Config {
        fail_fast: true,
        server: server(endpoint, node, sentinel::credentials(endpoint).await?),
        database: Some(endpoint.db.value).filter(|db| *db != 0),
        ..Config::default()
    };
    if let Some(tls) = &endpoint.tls {
        config.tls = Some(TlsConnector::from(tls::client_config(tls)?).into());
    }
    if let Some(password) = &endpoint.password {
        config.password = Some(password_text(&password.value).await?.expose_secret().to_owned());
        config.username = endpoint.username.as_ref().map(|user| user.value.clone());
    }
    Builder::from_config(config)
        .with_connection_config(|connection| {
            *connection = ConnectionConfig {
                connection_timeout: limit,
                internal_command_timeout: limit,
                // The library must not resend: only the caller knows whether a command may be repeated.
                max_command_attempts: 1,
                reconnect_errors: Vec::new(),
                tcp: TcpConfig { nodelay: Some(true), keepalive: Some(keepalive()), ..TcpConfig::default() },
                ..ConnectionConfig::default()
            };
        })
        .build()
        .map_err(|error| Fault::Other(in_words(error.details()).into_owned()))
}

/// Returns the settings of TCP that keep an idle connection alive.
fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new().with_time(KEEPALIVE).with_interval(PROBE)
}

fn server(endpoint: &Endpoint, node: Option<&NodeAddress>, sentinel: Option<SentinelLogin>) -> ServerConfig {
    let name = endpoint.tls.as_ref().and_then(|tls| tls.server_name.as_ref());
    let named = |host: &str, port| {
        let mut server = Server::new(host, port);
        server.tls_server_name = name.map(|name| name.as_str().into());
        server
    };
    let all = |nodes: &[NodeAddress]| nodes.iter().map(|node| named(&node.host, node.port)).collect();
    if let Some(NodeAddress { host, port }) = node {
        return ServerConfig::Centralized { server: named(host, *port) };
    }
    match (&endpoint.servers, &endpoint.address.value) {
        (Some(Servers::Sentinel { sentinels, master }), _) => {
            let (username, password) = sentinel.map(|SentinelLogin { user, password }| (user, password)).unzip();
            let password = password.map(|password| password.expose_secret().to_owned());
            ServerConfig::Sentinel { hosts: all(sentinels), service_name: master.clone(), username, password }
        }
        (_, Address::Unix { path }) => ServerConfig::Unix { path: path.clone() },
        (_, Address::Tcp { host, port }) => ServerConfig::Centralized { server: named(host, *port) },
    }
}

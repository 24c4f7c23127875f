//! The single connection layer: one connection to Redis that is taken up again when it is lost.
//!
//! Its client library resends commands, waits without end and drops replies when left to itself. So here it never
//! reconnects and never resends: a client lives until its first failure, and then a new one takes its place. Whether the
//! command that failed may be run again is decided by who knows what it does.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fred::prelude::{Builder, Client, ClientLike};
use fred::types::ConnectHandle;
use fred::types::config::{
    ClusterDiscoveryPolicy, Config, ConnectionConfig, Server, ServerConfig, TcpConfig, TlsConnector,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::diagnosis::diagnose;
use super::error::{Fault, QueueError};
use super::outage::{Outages, Recovery};
use super::tls;
use crate::endpoint::{Address, Endpoint, NodeAddress, Password, Servers};

/// How long a command that does not block may take before the link counts as dead.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// A Redis server, and how patiently to deal with it. Every connection to it is made here.
#[derive(Debug, Clone)]
pub struct Redis {
    endpoint: Arc<Endpoint>,
    /// How long a lost connection is tried for; `None` is for ever.
    patience: Option<Duration>,
    outages: Arc<Outages>,
    cancel: CancellationToken,
}

/// One connection. Commands go through it one after the other, unless they are sent together.
#[derive(Debug)]
pub struct Connection {
    redis: Redis,
    client: Client,
    task: ClientTask,
    /// The number of the outage that was last when this connection was made.
    outage: u64,
    /// The outage after which it was made, if it was made after one.
    recovery: Option<Recovery>,
}

/// A client's own task; without this, a dropped client keeps its socket.
#[derive(Debug)]
struct ClientTask {
    task: AbortHandle,
    /// Cancelled when the task has ended: the connection is gone, and nothing more will be answered.
    ended: CancellationToken,
}

impl ClientTask {
    fn of(task: ConnectHandle) -> Self {
        let ended = CancellationToken::new();
        let handle = Self { task: task.abort_handle(), ended: ended.clone() };
        tokio::spawn(async move {
            let _ended = ended.drop_guard();
            task.await
        });
        handle
    }
}

impl Drop for ClientTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Redis {
    /// Connects to nothing yet. `cancel` ends every wait for a lost connection.
    ///
    /// `patience` is how long a lost connection is tried for (`None`: for ever), unless the settings say otherwise.
    pub fn new(endpoint: Endpoint, patience: Option<Duration>, cancel: CancellationToken) -> Self {
        let patience = endpoint.reconnect_for.as_ref().map(|limit| limit.value).or(patience);
        Self { endpoint: Arc::new(endpoint), patience, outages: Arc::default(), cancel }
    }

    /// The same server, given up on when `cancel` says so.
    #[must_use]
    pub fn until(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// Makes a connection and hears that the server is there: one try.
    ///
    /// # Errors
    ///
    /// Says within the connect timeout what is in the way.
    pub async fn connect(&self) -> Result<Connection, QueueError> {
        Box::pin(self.open()).await.map_err(|fault| self.error(fault))
    }

    /// The same server for who only looks: what becomes of its connections is no outage, and its answers end none. A
    /// replica shows itself to anybody, and takes no item.
    #[must_use]
    pub(super) fn aside(&self) -> Self {
        Self { outages: Arc::default(), ..self.clone() }
    }

    /// Whether a connection was lost, and nothing has been answered since.
    pub fn is_away(&self) -> bool {
        self.outages.is_out()
    }

    /// How often a connection was lost and came back.
    pub fn reconnects(&self) -> u64 {
        self.outages.overcome()
    }

    pub(super) fn error(&self, fault: Fault) -> QueueError {
        QueueError { endpoint: self.endpoint.to_string(), fault }
    }

    /// What went wrong with a command on `key`.
    pub(super) fn fault(&self, error: &fred::error::Error, key: &str) -> Fault {
        match Fault::of(error, self.user(), key) {
            Fault::Other(text) if text.contains("DB index") => Fault::NoSuchDatabase(self.endpoint.db.value),
            fault => fault,
        }
    }

    fn user(&self) -> &str {
        self.endpoint.username.as_ref().map_or("default", |user| user.value.as_str())
    }

    async fn open(&self) -> Result<Connection, Fault> {
        // The last quarter of the time is for finding out what was in the way.
        let limit = self.endpoint.connect_timeout.value;
        let attempt = limit * 3 / 4;
        let outage = self.outages.count();
        let client = self.client(attempt).await?;
        let task = ClientTask::of(client.connect());
        let connected = timeout(attempt, async {
            client.wait_for_connect().await.map_err(|error| self.fault(&error, ""))?;
            match client.ping::<()>(None).await.map_err(|error| self.fault(&error, "")) {
                // Who is told what it may not do is connected.
                Err(Fault::NotPermitted { .. }) => Ok(()),
                answer => answer,
            }
        });
        let fault = match connected.await {
            Ok(Ok(())) => return Ok(Connection { redis: self.clone(), client, task, outage, recovery: None }),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::TimedOut(limit),
        };
        match fault {
            Fault::ConnectionLost(_) | Fault::TimedOut(_) => {
                Err(diagnose(&self.endpoint, fault, limit.saturating_sub(attempt)).await)
            }
            fault => Err(fault),
        }
    }

    async fn client(&self, limit: Duration) -> Result<Client, Fault> {
        let endpoint = &self.endpoint;
        let mut config = Config {
            fail_fast: true,
            server: server(endpoint),
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
                    // Never sent again behind our back: only who sent a command knows whether that is harmless.
                    max_command_attempts: 1,
                    reconnect_errors: Vec::new(),
                    tcp: TcpConfig { nodelay: Some(true), ..TcpConfig::default() },
                    ..ConnectionConfig::default()
                };
            })
            .build()
            .map_err(|error| Fault::Other(error.details().to_owned()))
    }
}

impl std::fmt::Display for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.endpoint.fmt(f)
    }
}

impl Connection {
    /// The server this is a connection to.
    pub(super) fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The number of the outage that was last when this connection was made.
    pub(super) fn outage(&self) -> u64 {
        self.outage
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a command that is harmless when repeated, again after every loss of the connection.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or cannot be reached for longer than patience allows.
    pub(super) async fn repeat<T, F>(
        &mut self,
        key: &str,
        mut command: impl FnMut(Client) -> F,
    ) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, fred::error::Error>>,
    {
        loop {
            match self.once(COMMAND_TIMEOUT, key, Box::pin(command(self.client.clone()))).await {
                Err(fault) if fault.is_transient() => self.reconnect(fault).await?,
                Err(fault) => return Err(self.redis.error(fault)),
                Ok(value) => return Ok(value),
            }
        }
    }

    /// Waits for one command, for `limit` at most. After a transient fault the connection is of no more use.
    pub(super) async fn once<T>(
        &self,
        limit: Duration,
        key: &str,
        command: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, Fault> {
        let result = tokio::select! {
            // An answer that has come counts, whatever came after it.
            biased;
            result = command => result.map_err(|error| self.redis.fault(&error, key)),
            // The client keeps a command that is given to it after the end, and never answers.
            () = self.task.ended.cancelled() => Err(Fault::ConnectionLost("closed by the server".to_owned())),
            () = tokio::time::sleep(limit) => Err(Fault::TimedOut(limit)),
        };
        if result.is_ok() {
            self.redis.outages.answered();
        }
        if let Some(recovery) = &self.recovery
            && result.as_ref().err().is_none_or(|fault| !fault.is_transient())
            && recovery.end()
        {
            self.redis.outages.say_back(&self.redis.endpoint);
        }
        result
    }

    /// Puts a new connection in the place of this one, which was lost for the reason `fault`.
    ///
    /// Tries with exponential backoff and jitter, up to 5 s apart.
    ///
    /// # Errors
    ///
    /// Fails when patience is over, when told to stop, and with what made further tries pointless.
    pub(super) async fn reconnect(&mut self, mut fault: Fault) -> Result<(), QueueError> {
        self.task.task.abort();
        let cancel = self.redis.cancel.clone();
        let (mut recovery, mut again) = match self.recovery.take() {
            Some(recovery) if !recovery.is_over() => (recovery, true),
            _ => {
                self.redis.outages.say_lost(self.outage, &self.redis.endpoint, &fault, self.redis.patience);
                (Recovery::begin(), false)
            }
        };
        loop {
            if again {
                tracing::debug!("still out: {fault}");
                let Some(pause) = recovery.pause(&fault, self.redis.patience) else {
                    return Err(self.redis.error(fault));
                };
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(self.redis.error(Fault::Stopped)),
                    () = tokio::time::sleep(pause) => {}
                }
            }
            again = true;
            let opened = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(self.redis.error(Fault::Stopped)),
                opened = Box::pin(self.redis.open()) => opened,
            };
            match opened {
                Ok(connection) => {
                    *self = Self { recovery: Some(recovery), ..connection };
                    return Ok(());
                }
                Err(reason) => fault = reason,
            }
        }
    }

    /// Says goodbye; a server that does not answer is left.
    pub async fn close(self) {
        let _ = timeout(Duration::from_secs(1), Box::pin(self.client.quit())).await;
    }
}

fn server(endpoint: &Endpoint) -> ServerConfig {
    let name = endpoint.tls.as_ref().and_then(|tls| tls.server_name.as_ref());
    let named = |host: &str, port| {
        let mut server = Server::new(host, port);
        server.tls_server_name = name.map(|name| name.as_str().into());
        server
    };
    let all = |nodes: &[NodeAddress]| nodes.iter().map(|node| named(&node.host, node.port)).collect();
    match (&endpoint.servers, &endpoint.address.value) {
        (Some(Servers::Cluster(nodes)), _) => {
            ServerConfig::Clustered { hosts: all(nodes), policy: ClusterDiscoveryPolicy::default() }
        }
        (Some(Servers::Sentinel { sentinels, master }), _) => {
            ServerConfig::Sentinel { hosts: all(sentinels), service_name: master.clone() }
        }
        (None, Address::Unix { path }) => ServerConfig::Unix { path: path.clone() },
        (None, Address::Tcp { host, port }) => ServerConfig::Centralized { server: named(host, *port) },
    }
}

async fn password_text(password: &Password) -> Result<SecretString, Fault> {
    match password {
        Password::Known(text) => Ok(text.clone()),
        Password::File(path) => match tokio::fs::read_to_string(path).await {
            // Editors and `echo` end a file with a newline that is not part of the password.
            Ok(text) => Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => Err(Fault::File { path: path.display().to_string(), reason: error.to_string() }),
        },
    }
}

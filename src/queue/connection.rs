//! Connections to Redis, and how they are re-established.
//!
//! Left to itself, the client library resends commands, waits indefinitely and drops replies. So it never reconnects and
//! never resends here: a client lives until its first failure and is then replaced by a new one. The caller of a command
//! decides whether it may be repeated.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fred::prelude::{Client, ClientLike};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::busy_poll::BusyPoll;
use super::client::ClientTask;
use super::cluster::Nodes;
use super::error::{Fault, QueueError};
use super::outage::{Backoff, FirstConnect, Outages};
use crate::endpoint::{Endpoint, NodeAddress, Servers};

/// Time after which a connection counts as lost when a command that does not block has no reply.
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes per second that a link carries at least: one megabit.
const SLOWEST_LINK: u32 = 128 * 1024;

/// Returns the time limit of a command with so many bytes of items: they have to be sent before there is a reply.
pub(super) fn time_limit(bytes: usize) -> Duration {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    COMMAND_TIMEOUT + Duration::from_secs_f64(f64::from(bytes) / f64::from(SLOWEST_LINK))
}

/// A Redis endpoint and the policy for reconnecting to it. Creates every connection.
#[derive(Debug, Clone)]
pub struct Redis {
    pub(super) endpoint: Arc<Endpoint>,
    /// Time to keep reconnecting after a connection is lost; `None` for no limit.
    reconnect_for: Option<Duration>,
    /// Time to keep trying to make a first connection.
    connect_for: Duration,
    /// Nodes of the cluster, if it is one.
    pub(super) nodes: Nodes,
    pub(super) outages: Arc<Outages>,
    pub(super) cancel: CancellationToken,
}

/// One connection. Runs one command at a time, unless the caller pipelines them.
#[derive(Debug)]
pub struct Connection {
    pub(super) redis: Redis,
    /// List whose node it is connected to, in a cluster.
    pub(super) list: String,
    /// That node.
    pub(super) node: Option<NodeAddress>,
    pub(super) client: Client,
    pub(super) task: ClientTask,
    pub(super) busy_poll: BusyPoll,
    /// Number of outages before this connection was made.
    pub(super) outage: u64,
    /// State of the outage that this connection ended, if any.
    pub(super) backoff: Option<Backoff>,
}

impl Redis {
    /// Creates a handle without connecting. `cancel` ends every attempt to connect.
    ///
    /// `reconnect_for` limits the attempts (`None`: no limit), unless the endpoint has a limit of its own.
    pub fn new(endpoint: Endpoint, reconnect_for: Option<Duration>, cancel: CancellationToken) -> Self {
        let reconnect_for = endpoint.reconnect_for.as_ref().map(|limit| limit.value).or(reconnect_for);
        let connect_for = endpoint.connect_for.value;
        Self {
            endpoint: Arc::new(endpoint),
            reconnect_for,
            connect_for,
            nodes: Nodes::default(),
            outages: Arc::default(),
            cancel,
        }
    }

    /// Returns the same endpoint with another token that ends attempts to connect.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// Returns the same endpoint with another limit for making a first connection.
    #[must_use]
    pub fn with_connect_for(&self, connect_for: Duration) -> Self {
        Self { connect_for, ..self.clone() }
    }

    /// Connects, and waits until the server answers; in a cluster, the node that holds `list`.
    ///
    /// Retries faults that pass: for as long as `connect_for` says; without it, within the connect timeout if a server was
    /// reached.
    ///
    /// # Errors
    ///
    /// Fails with the cause as far as it can be found out, and when cancelled.
    pub async fn connect(&self, list: &str) -> Result<Connection, QueueError> {
        let whole = self.endpoint.connect_timeout.value;
        let mut attempts = FirstConnect::begin(self.connect_for, whole);
        let mut before = None;
        loop {
            let limit = attempts.limit();
            let opened = tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(Fault::Stopped),
                opened = Box::pin(self.open(list, limit)) => opened,
            };
            let fault = match opened {
                Ok(connection) => {
                    attempts.end(&self.endpoint);
                    return Ok(connection);
                }
                // Cut short, an attempt says less than the one before it.
                Err(fault @ Fault::TimedOut(_)) if limit < whole => before.take().unwrap_or(fault),
                Err(fault) => fault,
            };
            let Some(pause) = attempts.pause(&fault, &self.endpoint, &self.outages) else {
                return Err(self.error(fault));
            };
            before = Some(fault);
            let _ = timeout(pause, self.cancel.cancelled()).await;
        }
    }

    /// Connects once; see [`Redis::connect`].
    pub(super) async fn connect_once(&self, list: &str) -> Result<Connection, QueueError> {
        let limit = self.endpoint.connect_timeout.value;
        Box::pin(self.open(list, limit)).await.map_err(|fault| self.error(fault))
    }

    /// Returns the same endpoint for a client that only reads: its lost connections are not outages, and its replies end
    /// none, because a replica answers reads but accepts no claim.
    #[must_use]
    pub(super) fn observer(&self) -> Self {
        Self { outages: Arc::default(), ..self.clone() }
    }

    /// Time to keep reconnecting; `None` for no limit.
    pub(super) fn reconnect_for(&self) -> Option<Duration> {
        self.reconnect_for
    }

    /// Returns true once attempts to connect are to end.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Returns true from the loss of a connection until the next reply.
    pub fn is_disconnected(&self) -> bool {
        self.outages.is_disconnected()
    }

    /// Returns true while the user of a connection may have to wait for Redis: none answers, or one is being
    /// re-established.
    pub fn is_awaited(&self) -> bool {
        self.is_disconnected() || self.outages.is_reconnecting()
    }

    /// Number of times a lost connection was re-established.
    pub fn reconnects(&self) -> u64 {
        self.outages.ended()
    }

    pub(super) fn error(&self, fault: Fault) -> QueueError {
        QueueError { endpoint: self.endpoint.to_string(), fault }
    }

    /// Translates the error of a command on `key`.
    pub(super) fn fault(&self, error: &fred::error::Error, key: &str) -> Fault {
        match Fault::of(error, self.user(), key) {
            Fault::Rejected(text) if text.contains("DB index") => Fault::NoSuchDatabase(self.endpoint.db.value),
            Fault::WrongPassword { user } if self.endpoint.has_padded_password() => Fault::PaddedPassword { user },
            Fault::Moved if !matches!(self.endpoint.servers, Some(Servers::Cluster(_))) => Fault::ClusterNode,
            fault => fault,
        }
    }

    fn user(&self) -> &str {
        self.endpoint.username.as_ref().map_or("default", |user| user.value.as_str())
    }
}

impl std::fmt::Display for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.endpoint.fmt(f)
    }
}

impl Connection {
    pub(super) fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Number of outages before this connection was made.
    pub(super) fn outage(&self) -> u64 {
        self.outage
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Makes this connection again with a single attempt from now on.
    pub(super) fn stop_retrying(&mut self) {
        self.redis.reconnect_for = Some(Duration::ZERO);
    }

    /// Waits for the reply to one command, at most for `limit`. After a transient fault the connection is unusable.
    pub(super) async fn once<T>(
        &self,
        limit: Duration,
        key: &str,
        command: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, Fault> {
        self.once_until(limit, tokio::time::sleep(limit), key, command).await
    }

    /// Waits for the reply to one command until `timeout`, which comes after `limit`. After a transient fault the connection
    /// is unusable.
    pub(super) async fn once_until<T>(
        &self,
        limit: Duration,
        timeout: impl Future<Output = ()>,
        key: &str,
        command: impl Future<Output = Result<T, fred::error::Error>>,
    ) -> Result<T, Fault> {
        let result = tokio::select! {
            // A reply that has arrived counts, whatever happened after it.
            biased;
            result = self.busy_poll.wait(command) => result.map_err(|error| self.redis.fault(&error, key)),
            // The client accepts commands after its end, and never answers them.
            () = self.task.ended() => Err(Fault::closed()),
            () = timeout => Err(Fault::TimedOut(limit)),
        };
        if result.is_ok() {
            self.redis.outages.answered();
        }
        if let Some(backoff) = &self.backoff
            && result.as_ref().err().is_none_or(|fault| !fault.is_transient())
            && backoff.end()
        {
            self.redis.outages.end(&self.redis.endpoint);
        }
        result
    }

    /// Replaces this connection, which was lost because of `fault`, by a new one.
    ///
    /// Retries with exponential backoff and jitter, at most 5 s apart.
    ///
    /// # Errors
    ///
    /// Fails when the time for reconnecting is over, when cancelled, and with a fault that retries do not cure.
    pub(super) async fn reconnect(&mut self, fault: Fault) -> Result<(), QueueError> {
        self.task.abort();
        let mut fault = self.redis.locate(fault, self.node.as_ref());
        let outages = Arc::clone(&self.redis.outages);
        let _reconnecting = outages.reconnecting();
        let cancel = self.redis.cancel.clone();
        let limit = self.redis.endpoint.connect_timeout.value;
        let (mut backoff, mut again) = match self.backoff.take() {
            Some(backoff) if !backoff.is_over() => (backoff, true),
            _ => {
                self.redis.outages.begin(self.outage, &self.redis.endpoint, &fault, self.redis.reconnect_for);
                (Backoff::begin(), false)
            }
        };
        loop {
            if again {
                let Some(pause) = backoff.pause(&fault, self.redis.reconnect_for) else {
                    return Err(self.redis.error(fault));
                };
                outages.retry(&self.redis.endpoint, &fault, self.redis.reconnect_for);
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
                opened = Box::pin(self.redis.open(&self.list, limit)) => opened,
            };
            match opened {
                Ok(connection) => {
                    *self = Self { backoff: Some(backoff), ..connection };
                    return Ok(());
                }
                Err(reason) => fault = reason,
            }
        }
    }

    /// Closes the connection; gives up after a second without a reply.
    pub async fn close(self) {
        let _ = timeout(Duration::from_secs(1), Box::pin(self.client.quit())).await;
    }
}

//! Pushing: pipelined batches, in order, each pushed exactly once.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::connection::{Connection, Redis, time_limit};
use super::error::{Fault, QueueError};
use super::keys::Keys;
use super::pipeline::Reply;
use super::push_method::{Method, TOKEN_LIFETIME};
use super::replica_wait::{ReplicaWait, WAIT};

/// Maximum number of batches without a reply. Four keep Redis busy; more only take memory.
const WINDOW: usize = 4;

/// Lifetime of the token after a run that has sent batches again, in seconds: those of the lost connection may still arrive.
const CLOSED_TOKEN_LIFETIME: i64 = 60;

/// Time limit for deleting the token.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of items per batch: Lua passes at most about 8000 values to a command.
pub const MAX_BATCH_ITEMS: usize = 1000;

/// Size of a batch in bytes after which no item is added, so that large items neither block Redis nor fill memory.
pub const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Pushes batches to a list.
pub struct Pusher {
    connection: Connection,
    list: String,
    method: Method,
    replicas: ReplicaWait,
    window: VecDeque<Batch>,
    next: i64,
    /// True once batches have been sent again.
    repeated: bool,
    pushed: u64,
    batches: u64,
    backlog: u64,
}

/// A batch without a reply.
struct Batch {
    number: i64,
    items: Vec<Bytes>,
    reply: Reply<Pushed>,
}

/// Reply to a batch.
struct Pushed {
    /// Length of the list.
    backlog: u64,
    /// Number of replicas that hold the batch; `None` if none have to.
    replicas: Option<u64>,
}

impl Pusher {
    /// Connects to the list and creates a token for this producer. A batch counts as pushed once so many `replicas` hold it.
    ///
    /// If user or server do not permit scripts, logs a warning and pushes without a token.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(redis: &Redis, list: &str, replicas: u64) -> Result<Self, QueueError> {
        let mut connection = redis.connect(list).await?;
        let replicas = ReplicaWait::of(replicas);
        replicas.probe(&mut connection).await?;
        let mut pusher = Self {
            connection,
            list: list.to_owned(),
            method: Method::Plain,
            replicas,
            window: VecDeque::with_capacity(WINDOW),
            next: 1,
            repeated: false,
            pushed: 0,
            batches: 0,
            backlog: 0,
        };
        match pusher.prepare().await {
            Ok(()) => Ok(pusher),
            Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                pusher.begin(Method::Plain).await?;
                tracing::warn!(reason = %fault, "pushing without a script: a batch whose reply is lost is not sent again");
                Ok(pusher)
            }
            Err(error) => {
                pusher.close().await;
                Err(error)
            }
        }
    }

    /// Chooses the method: by a transaction and the script, or else by the script alone, as user and server permit.
    ///
    /// # Errors
    ///
    /// Fails when they permit neither.
    async fn prepare(&mut self) -> Result<(), QueueError> {
        let keys = Keys::of(&self.list);
        let method = |transactions| Method::once(&keys, transactions);
        self.method = method(true);
        match self.probe().await {
            Err(QueueError { fault: Fault::NotPermitted { .. } | Fault::UnknownCommand(_), .. }) => {
                self.begin(method(false)).await?;
                self.probe().await
            }
            result => result,
        }
    }

    /// Pushes an empty batch twice: first it is counted, which sets the token, then taken back, so that each right of the
    /// user has been tried before there is an item.
    async fn probe(&mut self) -> Result<(), QueueError> {
        for _ in 0..2 {
            let reply = self.send(0, &[]);
            self.window.push_back(Batch { number: 0, items: Vec::new(), reply });
        }
        let result = self.flush().await;
        self.batches = 0;
        result
    }

    /// Begins anew with another method, on another connection: a transaction may have been left open on this one.
    async fn begin(&mut self, method: Method) -> Result<(), QueueError> {
        self.window.clear();
        let connection = self.connection.redis().clone().connect(&self.list).await?;
        std::mem::replace(&mut self.connection, connection).close().await;
        self.close_token().await;
        self.method = method;
        Ok(())
    }

    /// Number of items that Redis has confirmed.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Number of batches that Redis has confirmed.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Number of items sent but not confirmed by Redis.
    pub fn unanswered(&self) -> u64 {
        self.window.iter().map(|batch| batch.items.len() as u64).sum()
    }

    /// Length of the list after the last confirmed batch.
    pub fn backlog(&self) -> u64 {
        self.backlog
    }

    /// Sends a batch of at most [`MAX_BATCH_ITEMS`]; waits while too many others have no reply.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long; [`Pusher::pushed`] then returns how many items are on
    /// the list.
    pub async fn push(&mut self, items: Vec<Bytes>) -> Result<(), QueueError> {
        if items.is_empty() {
            return Ok(());
        }
        while self.is_full() {
            self.settle().await?;
        }
        if self.window.is_empty() {
            self.connection.refresh().await?;
        }
        let number = self.next;
        self.next += 1;
        let reply = self.send(number, &items);
        self.window.push_back(Batch { number, items, reply });
        Ok(())
    }

    /// Returns true if [`Pusher::push`] would wait for a reply.
    pub fn is_full(&self) -> bool {
        self.window.len() >= if matches!(self.method, Method::Plain) { 1 } else { WINDOW }
    }

    /// Waits until every batch is confirmed.
    ///
    /// # Errors
    ///
    /// See [`Pusher::push`].
    pub async fn flush(&mut self) -> Result<(), QueueError> {
        while !self.window.is_empty() {
            self.settle().await?;
        }
        Ok(())
    }

    /// Returns the current length of the list.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn length(&mut self) -> Result<u64, QueueError> {
        self.flush().await?;
        self.backlog = self.connection.length(&self.list).await?;
        Ok(self.backlog)
    }

    /// Ends the use of the token and closes the connection.
    pub async fn close(self) {
        self.close_token().await;
        self.connection.close().await;
    }

    /// Deletes the token, if there is one, or keeps it for a while if batches that were sent again may still arrive late; best
    /// effort, because it expires anyway.
    async fn close_token(&self) {
        let Method::Once { token, .. } = &self.method else { return };
        let close = if self.repeated {
            let every_batch = (self.next - 1).into();
            self.connection
                .send::<()>("SET", vec![token.as_str().into(), every_batch, "EX".into(), CLOSED_TOKEN_LIFETIME.into()])
        } else {
            self.connection.send("DEL", vec![token.as_str().into()])
        };
        let _ = self.connection.once(CLOSE_TIMEOUT, token, close).await;
    }

    /// Waits for the reply to the oldest batch; if it was lost, sends the batch again, and returns before its reply.
    ///
    /// # Errors
    ///
    /// See [`Pusher::push`].
    pub async fn settle(&mut self) -> Result<(), QueueError> {
        let Some(oldest) = self.window.front_mut() else { return Ok(()) };
        let waits = WAIT * u32::try_from(WINDOW).unwrap_or(u32::MAX);
        let items = oldest.items.len() as u64;
        let limit = time_limit(oldest.items.iter().map(Bytes::len).sum()) + waits;
        let fault = match self.connection.once(limit, &self.list, &mut oldest.reply).await {
            Ok(Pushed { backlog, replicas: Some(confirmed) }) if !self.suffice(confirmed)? => {
                self.ask_again(backlog);
                return Ok(());
            }
            Ok(Pushed { backlog, .. }) => {
                self.pushed += items;
                self.batches += 1;
                self.backlog = backlog;
                self.window.pop_front();
                return Ok(());
            }
            Err(fault) => fault,
        };
        match (&self.method, fault) {
            (Method::Once { .. }, fault) if fault.is_transient() => self.connection.reconnect(fault).await?,
            (Method::Once { .. }, Fault::MissingBatch) => self.renumber().await?,
            (Method::Plain, fault) if fault.is_refusal() => self.connection.reconnect(fault).await?,
            (Method::Plain, Fault::TimedOut(_) | Fault::ConnectionLost(_)) => {
                return Err(self.connection.redis().error(Fault::PushUncertain { items }));
            }
            (_, fault) => return Err(self.connection.redis().error(fault)),
        }
        self.send_again();
        Ok(())
    }

    /// Returns whether enough replicas hold the oldest batch.
    ///
    /// # Errors
    ///
    /// Fails when there are too few for too long, and when cancelled.
    fn suffice(&mut self, confirmed: u64) -> Result<bool, QueueError> {
        let redis = self.connection.redis();
        let suffice = self.replicas.suffice(confirmed, redis.reconnect_for()).map_err(|fault| redis.error(fault))?;
        if !suffice && redis.is_cancelled() { Err(redis.error(Fault::Stopped)) } else { Ok(suffice) }
    }

    /// Asks again how many replicas hold the oldest batch, which is on the list.
    fn ask_again(&mut self, backlog: u64) {
        let (Some(oldest), Some(replicas)) = (self.window.front_mut(), self.replicas.ask(&self.connection)) else {
            return;
        };
        oldest.reply = Box::pin(async move { Ok(Pushed { backlog, replicas: Some(replicas.await?) }) });
    }

    /// Makes Redis expect the oldest batch that has no reply.
    ///
    /// Redis expects an earlier one only if it has lost confirmed pushes: in a failover to a replica that had not received
    /// them, or in a restart from an older copy.
    async fn renumber(&mut self) -> Result<(), QueueError> {
        let (Method::Once { token, .. }, Some(oldest)) = (&self.method, self.window.front()) else { return Ok(()) };
        tracing::warn!("Redis lost confirmed pushes, in a failover or a restart");
        let (token, before) = (token.clone(), oldest.number - 1);
        self.connection.command("SET", &token, &[before.into(), "EX".into(), TOKEN_LIFETIME.into()]).await
    }

    /// Sends all batches without a reply again, in order; the token tells which of them had arrived.
    fn send_again(&mut self) {
        self.repeated = true;
        let mut window = std::mem::take(&mut self.window);
        for batch in &mut window {
            batch.reply = self.send(batch.number, &batch.items);
        }
        self.window = window;
    }

    /// Sends a batch now, and asks for its replicas; returns the future of its reply.
    fn send(&self, number: i64, items: &[Bytes]) -> Reply<Pushed> {
        let pushed = self.method.send(&self.connection, &self.list, number, items);
        let replicas = if items.is_empty() { None } else { self.replicas.ask(&self.connection) };
        Box::pin(async move {
            let backlog = pushed.await?;
            let replicas = match replicas {
                Some(replicas) => Some(replicas.await?),
                None => None,
            };
            Ok(Pushed { backlog, replicas })
        })
    }
}

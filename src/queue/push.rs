//! Pushing: pipelined batches, in order, each pushed exactly once.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use fred::prelude::{ClientLike, KeysInterface as _};
use fred::types::{ClusterHash, CustomCommand, Value};

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::Keys;

const SCRIPT: &str = include_str!("scripts/push.lua");

/// Maximum number of batches without a reply. Four keep Redis busy; more only take memory.
const WINDOW: usize = 4;

/// Lifetime of a producer's token in Redis, in seconds: longer than any time to reconnect.
const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

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
    window: VecDeque<Batch>,
    next: i64,
    pushed: u64,
    batches: u64,
    backlog: u64,
}

/// Method by which batches are sent.
enum Method {
    /// By a script, under a token: may be sent again.
    Once {
        /// Digest of the script.
        digest: String,
        /// Key of the token.
        token: String,
        /// Key of the counters.
        stats: String,
    },
    /// By a plain `LPUSH`, one at a time: if its reply is lost, the outcome is unknown.
    Plain,
}

/// A batch without a reply.
struct Batch {
    number: i64,
    items: Vec<Bytes>,
    reply: Reply,
}

type Reply = Pin<Box<dyn Future<Output = Result<u64, fred::error::Error>> + Send>>;

impl Pusher {
    /// Connects to the list and creates a token for this producer.
    ///
    /// If user or server do not permit scripts, logs a warning and pushes without a token.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or refuses the connection.
    pub async fn connect(redis: &Redis, list: &str) -> Result<Self, QueueError> {
        let connection = redis.connect(list).await?;
        let mut pusher = Self {
            connection,
            list: list.to_owned(),
            method: Method::Plain,
            window: VecDeque::with_capacity(WINDOW),
            next: 1,
            pushed: 0,
            batches: 0,
            backlog: 0,
        };
        match pusher.prepare().await {
            Ok(()) => Ok(pusher),
            Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                pusher.delete_token().await;
                pusher.method = Method::Plain;
                tracing::warn!(reason = %fault, "pushing without a script: a batch whose reply is lost is not sent again");
                Ok(pusher)
            }
            Err(error) => {
                pusher.close().await;
                Err(error)
            }
        }
    }

    /// Loads the script and sets the token, if user and server permit it.
    async fn prepare(&mut self) -> Result<(), QueueError> {
        let keys = Keys::of(&self.list);
        let (token, stats) = (keys.producer(rand::random()), keys.stats());
        let digest = self.load(&token).await?;
        self.method = Method::Once { digest: digest.clone(), token: token.clone(), stats: stats.clone() };
        // Set before the first batch, so that the second is refused if the first is lost.
        self.set_token(&token, 0).await?;
        // A batch that counts as pushed pushes nothing: a server that loads scripts may refuse to run them.
        let list = self.list.clone();
        let call = [digest.into(), 3.into(), list.as_str().into(), token.into(), stats.into(), 0.into()];
        let call: Vec<Value> = call.into_iter().chain([TOKEN_LIFETIME.into()]).collect();
        match self.connection.command_without_key::<u64>("EVALSHA", &list, &call).await {
            // Loaded again when a batch needs it.
            Ok(_) | Err(QueueError { fault: Fault::NoScript, .. }) => Ok(()),
            Err(error) => Err(error),
        }
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

    /// Deletes the token and closes the connection.
    pub async fn close(self) {
        self.delete_token().await;
        self.connection.close().await;
    }

    /// Deletes the token, if there is one; best effort, because it expires anyway.
    async fn delete_token(&self) {
        if let Method::Once { token, .. } = &self.method {
            let delete = Box::pin(self.connection.client().del::<(), _>(token));
            let _ = self.connection.once(CLOSE_TIMEOUT, token, delete).await;
        }
    }

    /// Waits for the reply to the oldest batch; if it was lost, sends the batch again, and returns before its reply.
    ///
    /// # Errors
    ///
    /// See [`Pusher::push`].
    pub async fn settle(&mut self) -> Result<(), QueueError> {
        let Some(oldest) = self.window.front_mut() else { return Ok(()) };
        let fault = match self.connection.once(COMMAND_TIMEOUT, &self.list, &mut oldest.reply).await {
            Ok(backlog) => {
                self.pushed += oldest.items.len() as u64;
                self.batches += 1;
                self.backlog = backlog;
                self.window.pop_front();
                return Ok(());
            }
            Err(fault) => fault,
        };
        match (&self.method, fault) {
            (Method::Once { .. }, fault) if fault.is_transient() => self.connection.reconnect(fault).await?,
            (Method::Once { .. }, Fault::NoScript) => drop(self.load("").await?),
            (Method::Once { .. }, Fault::MissingBatch) => self.renumber().await?,
            (Method::Plain, fault) if fault.is_refusal() => self.connection.reconnect(fault).await?,
            (Method::Plain, Fault::TimedOut(_) | Fault::ConnectionLost(_)) => {
                let items = oldest.items.len() as u64;
                return Err(self.connection.redis().error(Fault::PushUncertain { items }));
            }
            (_, fault) => return Err(self.connection.redis().error(fault)),
        }
        self.send_again();
        Ok(())
    }

    /// Loads the script on the node that holds the list; returns its digest.
    async fn load(&mut self, key: &str) -> Result<String, QueueError> {
        self.connection.command_without_key("SCRIPT", key, &["LOAD".into(), SCRIPT.into()]).await
    }

    /// Makes Redis expect the oldest batch that has no reply.
    ///
    /// Redis expects an earlier one only if it has lost confirmed pushes: in a failover to a replica that had not received
    /// them, or in a restart from an older copy.
    async fn renumber(&mut self) -> Result<(), QueueError> {
        let (Method::Once { token, .. }, Some(oldest)) = (&self.method, self.window.front()) else { return Ok(()) };
        tracing::warn!("Redis lost confirmed pushes, in a failover or a restart");
        let (token, before) = (token.clone(), oldest.number - 1);
        self.set_token(&token, before).await
    }

    /// Sets the number of the last batch that Redis has pushed.
    async fn set_token(&mut self, token: &str, number: i64) -> Result<(), QueueError> {
        self.connection.command("SET", token, &[number.into(), "EX".into(), TOKEN_LIFETIME.into()]).await
    }

    /// Sends all batches without a reply again, in order; the token tells which of them had arrived.
    fn send_again(&mut self) {
        let mut window = std::mem::take(&mut self.window);
        for batch in &mut window {
            batch.reply = self.send(batch.number, &batch.items);
        }
        self.window = window;
    }

    /// Sends a batch now, and returns the future of its reply.
    fn send(&self, number: i64, items: &[Bytes]) -> Reply {
        let client = self.connection.client().clone();
        let mut arguments: Vec<Value> = Vec::with_capacity(items.len() + 7);
        let command = match &self.method {
            Method::Once { digest, token, stats } => {
                arguments.extend([digest.as_str().into(), 3.into(), self.list.as_str().into()]);
                arguments.extend([token.as_str().into(), stats.as_str().into()]);
                arguments.extend([number.into(), TOKEN_LIFETIME.into()]);
                // Through `custom`, because the library's EVALSHA waits for each reply before it sends the next.
                CustomCommand::new_static("EVALSHA", ClusterHash::FirstKey, false)
            }
            Method::Plain => {
                arguments.push(self.list.as_str().into());
                CustomCommand::new_static("LPUSH", ClusterHash::FirstKey, false)
            }
        };
        arguments.extend(items.iter().cloned().map(Value::Bytes));
        let mut reply: Reply = Box::pin(async move { client.custom::<u64, _>(command, arguments).await });
        // The first poll sends the batch; polling here keeps the order of the calls.
        match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => reply,
            Poll::Ready(result) => Box::pin(std::future::ready(result)),
        }
    }
}

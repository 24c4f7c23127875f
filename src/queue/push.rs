//! Pushing batches: several in flight, in order, each exactly once.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use fred::prelude::{ClientLike, KeysInterface as _};
use fred::types::{ClusterHash, CustomCommand, Expiration, Value};

use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::{Fault, QueueError};
use super::keys::{Keys, at_home_of};

/// The script, headed by what it takes and returns.
const SCRIPT: &str = include_str!("scripts/push.lua");

/// How many batches are sent before the first is answered. Four keep Redis busy; more only take memory.
const WINDOW: usize = 4;

/// How long Redis remembers which batch was the last, in seconds: longer than anyone waits for a reconnect.
const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

/// The most items of one push: Lua passes no more than some 8000 values to a command.
pub const MAX_BATCH_ITEMS: usize = 1000;

/// The most bytes of one push, so that a batch of large items neither blocks Redis nor fills memory.
pub const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Puts batches on a list.
pub struct Pusher {
    connection: Connection,
    list: String,
    method: Method,
    window: VecDeque<InFlight>,
    next: i64,
    pushed: u64,
    batches: u64,
    backlog: u64,
}

/// How a batch is sent.
enum Method {
    /// Under a token, by a script: may be sent again.
    Once {
        /// The script's digest.
        digest: String,
        /// The key of the token.
        token: String,
        /// The key of the counters.
        stats: String,
    },
    /// As a plain LPUSH, one at a time: when its reply is lost, nobody knows.
    Plain,
}

/// A batch that has been sent and not answered.
struct InFlight {
    number: i64,
    items: Vec<Bytes>,
    reply: Reply,
}

type Reply = Pin<Box<dyn Future<Output = Result<u64, fred::error::Error>> + Send>>;

impl Pusher {
    /// Connects to the list, and makes a token for this producer.
    ///
    /// Where user or server do not allow scripts, says so and pushes plainly.
    ///
    /// # Errors
    ///
    /// Says what is in the way of connecting.
    pub async fn connect(redis: &Redis, list: &str) -> Result<Self, QueueError> {
        let connection = redis.connect().await?;
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
            Ok(method) => pusher.method = method,
            Err(QueueError { fault: fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_)), .. }) => {
                tracing::warn!("{fault}: should the reply to a push be lost, it cannot be told whether it took place");
            }
            Err(error) => return Err(error),
        }
        Ok(pusher)
    }

    async fn prepare(&mut self) -> Result<Method, QueueError> {
        let keys = Keys::of(&self.list);
        let (token, stats) = (keys.producer(rand::random()), keys.stats());
        let digest = self.load(&token).await?;
        // Known from the start, so that a first batch that is refused is missed by the second.
        self.connection
            .repeat(&token, |client| {
                let token = token.clone();
                async move { client.set(token, 0, Some(Expiration::EX(TOKEN_LIFETIME)), None, false).await }
            })
            .await
            .map(|()| Method::Once { digest, token: token.clone(), stats })
    }

    /// How many items are known to be on the list.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many pushes these came in.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// How many items have been sent and not answered.
    pub fn unanswered(&self) -> u64 {
        self.window.iter().map(|batch| batch.items.len() as u64).sum()
    }

    /// How long the list was after the last push that was answered.
    pub fn backlog(&self) -> u64 {
        self.backlog
    }

    /// Sends a batch of at most [`MAX_BATCH_ITEMS`]; waits while too many others are unanswered.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows; [`Pusher::pushed`] then says how many
    /// items are on the list.
    pub async fn push(&mut self, items: Vec<Bytes>) -> Result<(), QueueError> {
        if items.is_empty() {
            return Ok(());
        }
        let window = if matches!(self.method, Method::Plain) { 1 } else { WINDOW };
        while self.window.len() >= window {
            self.settle().await?;
        }
        let number = self.next;
        self.next += 1;
        let reply = self.send(number, &items);
        self.window.push_back(InFlight { number, items, reply });
        Ok(())
    }

    /// Waits until every batch is answered.
    ///
    /// # Errors
    ///
    /// As [`Pusher::push`].
    pub async fn flush(&mut self) -> Result<(), QueueError> {
        while !self.window.is_empty() {
            self.settle().await?;
        }
        Ok(())
    }

    /// How many items wait on the list now.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn length(&mut self) -> Result<u64, QueueError> {
        self.flush().await?;
        let list = self.list.clone();
        let length = self.connection.repeat(&list, |client| {
            let list = list.clone();
            async move { fred::prelude::ListInterface::llen(&client, list).await }
        });
        self.backlog = length.await?;
        Ok(self.backlog)
    }

    /// Forgets the token, and says goodbye.
    pub async fn close(self) {
        if let Method::Once { token, .. } = &self.method {
            // Redis forgets it by itself otherwise.
            let forget = Box::pin(self.connection.client().del::<(), _>(token));
            let _ = self.connection.once(COMMAND_TIMEOUT, token, forget).await;
        }
        self.connection.close().await;
    }

    /// Waits for the oldest batch in flight.
    async fn settle(&mut self) -> Result<(), QueueError> {
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
            (Method::Once { .. }, Fault::Other(text)) if text.contains("NOSCRIPT") => drop(self.load("").await?),
            (Method::Once { .. }, Fault::Other(text)) if text.contains("GAP") => self.renumber().await?,
            (Method::Plain, fault) if fault.is_transient() => {
                let items = oldest.items.len() as u64;
                return Err(self.connection.redis().error(Fault::PushUncertain { items }));
            }
            (_, fault) => return Err(self.connection.redis().error(fault)),
        }
        self.send_again();
        Ok(())
    }

    /// Loads the script where the list is, and returns its digest.
    async fn load(&mut self, key: &str) -> Result<String, QueueError> {
        let home = at_home_of(&self.list);
        self.connection
            .repeat(key, |client| {
                let load = CustomCommand::new_static("SCRIPT", home.clone(), false);
                async move { client.custom(load, vec!["LOAD", SCRIPT]).await }
            })
            .await
    }

    /// Makes Redis expect the oldest batch in flight. It expects an earlier one only when it has gone back in time: a
    /// replica took over that had not received the last pushes, or a restart without the end of the log.
    async fn renumber(&mut self) -> Result<(), QueueError> {
        let (Method::Once { token, .. }, Some(oldest)) = (&self.method, self.window.front()) else { return Ok(()) };
        tracing::warn!("Redis has forgotten pushes that it had acknowledged: did a replica take over?");
        let (token, before) = (token.clone(), oldest.number - 1);
        self.connection
            .repeat(&token.clone(), |client| {
                let token = token.clone();
                async move { client.set(token, before, Some(Expiration::EX(TOKEN_LIFETIME)), None, false).await }
            })
            .await
    }

    /// Sends what is unanswered once more, in order; the token sorts out what had arrived.
    fn send_again(&mut self) {
        let mut window = std::mem::take(&mut self.window);
        for batch in &mut window {
            batch.reply = self.send(batch.number, &batch.items);
        }
        self.window = window;
    }

    /// Hands a batch to the client now; only its reply is waited for later.
    fn send(&self, number: i64, items: &[Bytes]) -> Reply {
        let client = self.connection.client().clone();
        let mut arguments: Vec<Value> = Vec::with_capacity(items.len() + 7);
        let command = match &self.method {
            Method::Once { digest, token, stats } => {
                arguments.extend([digest.as_str().into(), 3.into(), self.list.as_str().into()]);
                arguments.extend([token.as_str().into(), stats.as_str().into()]);
                arguments.extend([number.into(), TOKEN_LIFETIME.into()]);
                // Through `custom`, as the library's own EVALSHA waits for each reply before it sends the next.
                CustomCommand::new_static("EVALSHA", at_home_of(&self.list), false)
            }
            Method::Plain => {
                arguments.push(self.list.as_str().into());
                CustomCommand::new_static("LPUSH", ClusterHash::FirstKey, false)
            }
        };
        arguments.extend(items.iter().cloned().map(Value::Bytes));
        let mut reply: Reply = Box::pin(async move { client.custom::<u64, _>(command, arguments).await });
        // The first poll is what sends it; done here, the order of sending is the order of the calls.
        match reply.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => reply,
            Poll::Ready(result) => Box::pin(std::future::ready(result)),
        }
    }
}

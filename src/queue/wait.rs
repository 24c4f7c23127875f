//! Waiting for the next item: `BLMOVE` from the list to the landing list, and an exchange that claims it, sent together.
//!
//! Redis runs the exchange as soon as it has moved the item, so that an item reaches an idle consumer in one round trip. The
//! reply to `BLMOVE` carries the item as well, and the client library cannot do without it; the exchange alone says what this
//! consumer holds, because another one may have claimed the item in between.
//!
//! A consumer whose slots are shared by several lists has none to spare for a wait: it only looks, with a `BLMOVE` that puts
//! the item where it was.

use std::time::{Duration, Instant};

use bytes::Bytes;
use fred::interfaces::ClientInterface as _;
use fred::types::Value;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::blocking::{BLOCK, MARGIN, until_stopped};
use super::connection::{COMMAND_TIMEOUT, Connection, Redis};
use super::error::{Fault, QueueError};
use super::exchange_call::{ExchangeCall, ExchangeReply, Lane, RawReply, size_of};
use super::keys::Keys;
use super::pipeline::Reply;
use super::reply_size::{ReplySize, sized};
use super::script::Script;

/// A connection that blocks until an item arrives.
#[derive(Debug)]
pub struct Waiter {
    connection: Connection,
    keys: Keys,
    consumer: String,
    lease: Duration,
    exchange: Script,
    reply_size: ReplySize,
    /// False if Redis does not end a wait when asked to.
    is_unblockable: bool,
}

/// One wait for an item.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// Number of its exchange in the lane of the waiter.
    pub(super) number: u64,
    /// Longest time to wait.
    pub(super) longest: Duration,
    /// True if an item that arrives is claimed, and takes a slot.
    pub(super) claims: bool,
}

/// Result of a wait.
#[derive(Debug)]
pub struct Waited {
    pub(super) number: u64,
    /// Time at which it began.
    pub(super) asked: Instant,
    /// Time at which the move was answered.
    pub(super) moved: Instant,
    /// Reply to the exchange; `None` if the consumer has to sign on again.
    pub(super) reply: Option<ExchangeReply>,
    /// True when the connection was lost meanwhile.
    pub(super) is_interrupted: bool,
}

impl Waiter {
    pub(super) async fn connect(
        redis: &Redis,
        keys: &Keys,
        consumer: &str,
        lease: Duration,
    ) -> Result<Self, QueueError> {
        let waiter = Self {
            connection: redis.connect(&keys.list).await?,
            keys: keys.clone(),
            consumer: consumer.to_owned(),
            lease,
            exchange: Script::exchange(),
            reply_size: ReplySize::new(),
            is_unblockable: false,
        };
        match waiter.check_permissions().await {
            Ok(is_unblockable) => Ok(Self { is_unblockable, ..waiter }),
            Err(fault) => Err(redis.error(fault)),
        }
    }

    /// Fails when the user may not wait; returns whether Redis ends a wait when asked to.
    async fn check_permissions(&self) -> Result<bool, Fault> {
        // Redis checks permissions before the invalid timeout.
        let blmove = self.blmove("not a timeout");
        // This connection does not wait, so there is nothing to unblock.
        let id = self.connection.client().connection_ids().into_values().next();
        let unblock =
            id.map(|id| self.connection.send::<u8>("CLIENT", vec!["UNBLOCK".into(), id.into(), "TIMEOUT".into()]));
        let asked = self.connection.once(COMMAND_TIMEOUT, &self.keys.list, blmove).await;
        if let Err(fault @ (Fault::NotPermitted { .. } | Fault::UnknownCommand(_))) = asked {
            return Err(fault);
        }
        match unblock {
            Some(unblock) => Ok(self.connection.once(COMMAND_TIMEOUT, "", unblock).await.is_ok()),
            None => Ok(false),
        }
    }

    /// Waits for an item and claims it; claims nothing when none arrives in time or `stop` is cancelled, and renews the lease
    /// instead. One push wakes one waiter.
    ///
    /// Not cancel-safe: cancel `stop` instead of dropping this future.
    ///
    /// # Errors
    ///
    /// Fails when the key is not a list, or when Redis stays unreachable for too long.
    pub async fn wait(&mut self, wait: Wait, stop: &CancellationToken) -> Result<Waited, QueueError> {
        self.connection.refresh().await?;
        let (asked, longest) =
            (Instant::now(), if self.is_unblockable { wait.longest } else { wait.longest.min(BLOCK) });
        let call = ExchangeCall {
            consumer: &self.consumer.clone(),
            lane: Lane::Waiter,
            number: wait.number,
            limit: 1,
            renew: Some(self.lease),
            acknowledged: &[],
            others: &[],
        };
        if !wait.claims {
            let is_interrupted = watch(&mut self.connection, &self.keys.list, longest, stop).await?;
            let reply = Some(ExchangeReply { more: true, ..ExchangeReply::default() });
            return Ok(Waited { number: wait.number, asked, moved: Instant::now(), reply, is_interrupted });
        }
        if stop.is_cancelled() {
            let reply = Some(ExchangeReply::default());
            return Ok(Waited { number: wait.number, asked, moved: asked, reply, is_interrupted: false });
        }
        let outage = self.connection.outage();
        let move_item = self.blmove(&format!("{:.3}", longest.as_secs_f64()));
        let claim_item = self.claim(&call);
        let moved = self.connection.once(longest + MARGIN, &self.keys.list, move_item);
        let moved = until_stopped(&self.connection, &self.keys.list, stop, moved).await;
        let answered = Instant::now();
        let claimed = match &moved {
            // While Redis is out of memory, no item can be moved to a key that does not exist, but all can be claimed.
            Ok(_) | Err(Fault::OutOfMemory) => self.connection.once(COMMAND_TIMEOUT, &self.keys.list, claim_item).await,
            Err(fault) => Err(fault.clone()),
        };
        let values = match claimed {
            Ok(values) => values,
            Err(fault) if fault.is_transient() => {
                self.connection.reconnect(fault).await?;
                self.reply_size.repeated();
                self.repeat(&call).await?
            }
            Err(Fault::NoScript) => self.repeat(&call).await?,
            Err(fault) => return Err(self.connection.explained(fault).await),
        };
        let reply = values.map(|values| call.reply(values));
        if matches!(moved, Err(Fault::OutOfMemory)) && reply.as_ref().is_some_and(|reply| reply.claims.is_empty()) {
            let _ = timeout(longest.min(BLOCK), stop.cancelled()).await;
        }
        let is_interrupted = self.connection.outage() > outage;
        Ok(Waited { number: wait.number, asked, moved: answered, reply, is_interrupted })
    }

    fn blmove(&self, seconds: &str) -> Reply<Option<Bytes>> {
        let words: [Value; 5] =
            [self.keys.list.as_str().into(), self.keys.landing().into(), "RIGHT".into(), "LEFT".into(), seconds.into()];
        self.connection.send("BLMOVE", words.into())
    }

    /// Sends an exchange, once.
    fn claim(&self, call: &ExchangeCall) -> Reply<RawReply> {
        let arguments = call.arguments(self.reply_size.bytes());
        self.connection.send("EVALSHA", self.exchange.words(self.keys.exchange(&self.consumer), arguments))
    }

    /// Sends an exchange until it is answered.
    async fn repeat(&mut self, call: &ExchangeCall<'_>) -> Result<RawReply, QueueError> {
        let (keys, arguments) = (self.keys.exchange(&self.consumer), |size| call.arguments(size));
        let (script, key, size) = (&self.exchange, &self.keys.list, &mut self.reply_size);
        sized(&mut self.connection, script, key, &keys, size, arguments, size_of).await
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }
}

/// Waits until the list at `key` holds items, for at most `longest` or until `stop` is cancelled, and leaves them there;
/// returns true if the connection was lost meanwhile. All who wait so are woken by a push.
pub(super) async fn watch(
    connection: &mut Connection,
    key: &str,
    longest: Duration,
    stop: &CancellationToken,
) -> Result<bool, QueueError> {
    if stop.is_cancelled() {
        return Ok(false);
    }
    connection.refresh().await?;
    let seconds = format!("{:.3}", longest.as_secs_f64());
    let words: [Value; 5] = [key.into(), key.into(), "RIGHT".into(), "RIGHT".into(), seconds.as_str().into()];
    let stay = connection.send::<Option<Bytes>>("BLMOVE", words.into());
    let stayed = until_stopped(connection, key, stop, connection.once(longest + MARGIN, key, stay)).await;
    match stayed {
        Ok(_) => Ok(false),
        // Refused to all who write, so that the list is looked at from time to time.
        Err(Fault::OutOfMemory) => {
            let _ = timeout(longest.min(BLOCK), stop.cancelled()).await;
            Ok(false)
        }
        Err(fault) if fault.is_transient() => connection.reconnect(fault).await.map(|()| true),
        Err(fault) => Err(connection.redis().error(fault)),
    }
}

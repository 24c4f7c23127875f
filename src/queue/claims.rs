//! At-least-once access: items are claimed under a lease, and acknowledged once they are processed.
//!
//! From the moment an item leaves the list until it is acknowledged or dead-lettered, it is stored in Redis in exactly one
//! place, whatever process crashes at whatever moment. The header of each script describes its step.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use fred::prelude::ClientLike;
use fred::types::InfoKind;

use super::clock::ServerClock;
use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::exchange::{Claim, Exchanged, Finished, Settlement, millis, requeue};
use super::keys::Keys;
use super::reply_size::{PAGE, ReplySize, sized};
use super::script::Script;
use super::wait::Waiter;
use crate::delivery::item::Item;

/// Maximum number of items per exchange: Lua passes at most about 8000 values to a command.
const MAX_CLAIMS: usize = 1000;

/// Maximum number of items that one exchange settles; the next settles the others.
const MAX_SETTLEMENTS: usize = 500;

/// Claims of one consumer on the items of a list.
pub struct Claims {
    connection: Connection,
    keys: Keys,
    consumer: String,
    settings: ClaimSettings,
    /// Number of the next exchange.
    call: u64,
    /// Ids of the claims this consumer knows it holds.
    known: HashSet<String>,
    /// Number of the outage after which the claims in Redis were last compared with `known`; `None` if they are to be compared
    /// in any case.
    compared: Option<u64>,
    reply_size: ReplySize,
    clock: ServerClock,
    exchange: Script,
    read: Script,
    redeliver: Script,
    leave: Script,
}

/// Settings of claims.
#[derive(Debug, Clone, Copy)]
pub struct ClaimSettings {
    /// Lease duration: items of a consumer that has not renewed for this long are redelivered.
    pub lease: Duration,
    /// Consumer crashes after which an item is dead-lettered.
    pub max_crashes: u32,
}

/// Result of a search for crashed consumers.
#[derive(Debug, Clone, Copy)]
pub struct Redelivered {
    /// Number of items redelivered.
    pub redelivered: u64,
    /// Number of items dead-lettered, because this was the last crash allowed.
    pub dead: u64,
    /// True when there is more to do: search again at once.
    pub more: bool,
}

/// Reply of `exchange.lua`.
type ExchangeReply = (Vec<Bytes>, Vec<String>, usize, u8, i64, u8, u64);

impl Claims {
    /// Connects `consumer` to `list`; its name must be unique among all consumers, past ones included.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached or is too old, or when the user lacks a permission.
    pub async fn connect(
        redis: &Redis,
        list: &str,
        consumer: &str,
        settings: ClaimSettings,
    ) -> Result<Self, QueueError> {
        let connection = redis.connect(list).await?;
        let mut claims = Self {
            connection,
            keys: Keys::of(list),
            consumer: consumer.to_owned(),
            settings,
            call: 0,
            known: HashSet::new(),
            compared: None,
            reply_size: ReplySize::new(),
            clock: ServerClock::default(),
            exchange: Script::new(include_str!("scripts/exchange.lua")),
            read: Script::new(include_str!("scripts/read_claim.lua")),
            redeliver: Script::new(include_str!("scripts/redeliver.lua")),
            leave: Script::new(include_str!("scripts/leave.lua")),
        };
        claims.compared = Some(claims.connection.outage());
        claims.check_server().await?;
        claims.check_permissions().await?;
        claims.exchange(&[], 0).await?;
        Ok(claims)
    }

    /// Number of outages so far.
    pub fn outages(&self) -> u64 {
        self.connection.outage()
    }

    /// Opens the connection that waits for the next item on behalf of this consumer.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached, or when the user lacks a permission.
    pub async fn waiter(&self, redis: &Redis) -> Result<Waiter, QueueError> {
        Waiter::connect(redis, &self.keys.list, &self.keys.landing()).await
    }

    /// Settles finished items, claims up to `limit` others and renews the lease: in one round trip, unless the items are many or
    /// large.
    ///
    /// A lost reply does no harm: the call is repeated under the same number, and gets the same reply.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn exchange(&mut self, finished: &[Finished], limit: usize) -> Result<Exchanged, QueueError> {
        let strays = self.strays().await?;
        let settlements = finished.iter().map(Finished::settlement).chain(strays.into_iter().map(requeue));
        let exchanged = self.settle(&settlements.collect::<Vec<_>>(), limit).await?;
        for finished in finished {
            self.known.remove(finished.id());
        }
        self.known.extend(exchanged.items.iter().map(|claim| claim.id.clone()));
        Ok(exchanged)
    }

    /// Makes `settlements` in as many calls as their number and size take; the last one claims.
    async fn settle(&mut self, settlements: &[Settlement], limit: usize) -> Result<Exchanged, QueueError> {
        let (mut exchanged, mut expired, mut clock_jumped) = (Exchanged::default(), false, false);
        let mut rest = settlements;
        loop {
            let batch = &rest[..rest.len().min(MAX_SETTLEMENTS)];
            let limit = if batch.len() == rest.len() { limit } else { 0 };
            let mut lost = std::mem::take(&mut exchanged.lost);
            let settled;
            (exchanged, settled) = self.call(batch, limit).await?;
            lost.append(&mut exchanged.lost);
            exchanged.lost = lost;
            expired |= exchanged.expired;
            clock_jumped |= exchanged.clock_jumped;
            rest = &rest[settled.min(batch.len())..];
            if rest.is_empty() {
                return Ok(Exchanged { expired, clock_jumped, ..exchanged });
            }
        }
    }

    /// Runs `exchange.lua` once; returns the number of settlements made as well.
    async fn call(&mut self, settlements: &[Settlement], limit: usize) -> Result<(Exchanged, usize), QueueError> {
        let call = self.call;
        self.call += 1;
        let arguments = |size: usize| {
            let mut arguments = vec![
                Bytes::from(self.consumer.clone()),
                millis(self.settings.lease),
                Bytes::from(call.to_string()),
                Bytes::from(limit.min(MAX_CLAIMS).to_string()),
                Bytes::from(size.min(PAGE).to_string()),
            ];
            arguments.extend(settlements.iter().flatten().cloned());
            arguments
        };
        let (keys, sent) = (self.keys.exchange(&self.consumer), Instant::now());
        let (script, key, size) = (&self.exchange, &self.keys.list, &mut self.reply_size);
        let (items, lost, settled, more, due, renewed, now): ExchangeReply =
            sized(&mut self.connection, script, key, &keys, size, arguments, |reply: &ExchangeReply| {
                reply.0.iter().map(Bytes::len).sum()
            })
            .await?;
        let clock_jumped = self.clock.observe(sent, Instant::now(), now);
        let mut claims = Vec::with_capacity(items.len() / 4);
        for (mut claim, size) in items.chunks_exact(4).map(Claim::of) {
            if self.complete(&mut claim, size).await? {
                claims.push(claim);
            }
        }
        let exchanged = Exchanged {
            items: claims,
            lost,
            more: more == 1,
            due: u64::try_from(due).ok().map(Duration::from_millis),
            expired: renewed == 0,
            now,
            clock_jumped,
        };
        Ok((exchanged, settled))
    }

    /// Reads the rest of an item of `size` bytes, part by part; returns false if the lease was lost meanwhile.
    async fn complete(&mut self, claim: &mut Claim, size: usize) -> Result<bool, QueueError> {
        if claim.item.0.len() >= size {
            return Ok(true);
        }
        let mut content = BytesMut::with_capacity(size);
        content.extend_from_slice(&claim.item.0);
        while content.len() < size {
            let arguments = |part: usize| {
                vec![
                    Bytes::from(self.consumer.clone()),
                    millis(self.settings.lease),
                    Bytes::from(claim.id.clone()),
                    Bytes::from(content.len().to_string()),
                    Bytes::from(part.to_string()),
                ]
            };
            let keys = self.keys.read_claim(&self.consumer);
            let (script, key, size) = (&self.read, &self.keys.list, &mut self.reply_size);
            let part: Option<Bytes> =
                sized(&mut self.connection, script, key, &keys, size, arguments, |part: &Option<Bytes>| {
                    part.as_ref().map_or(0, Bytes::len)
                })
                .await?;
            let Some(part) = part.filter(|part| !part.is_empty()) else {
                // Redis may hold the claim again after the next exchange.
                self.compared = None;
                return Ok(false);
            };
            content.extend_from_slice(&part);
        }
        claim.item = Item(content.freeze());
        Ok(true)
    }

    /// Returns the claims that Redis holds for this consumer and that it does not know; checked after every outage.
    ///
    /// A Redis that restarts from an older copy, on disk or on a replica, has forgotten some acknowledgements: these items
    /// would stay in flight until this consumer exits.
    async fn strays(&mut self) -> Result<Vec<String>, QueueError> {
        let outage = self.connection.outage();
        if self.compared == Some(outage) {
            return Ok(Vec::new());
        }
        let held = self.held().await?;
        self.compared = Some(outage);
        Ok(held.into_iter().filter(|id| !self.known.contains(id)).collect())
    }

    /// Returns the ids of all claims that Redis holds for this consumer.
    async fn held(&mut self) -> Result<HashSet<String>, QueueError> {
        let fields: Vec<String> = self.connection.command("HKEYS", &self.keys.inflight(&self.consumer), &[]).await?;
        let ids = fields.into_iter().filter(|field| field != "call");
        Ok(ids.map(|field| field.strip_suffix(" history").map(str::to_owned).unwrap_or(field)).collect())
    }

    /// Redelivers items of crashed consumers.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn redeliver(&mut self) -> Result<Redelivered, QueueError> {
        let arguments = [
            Bytes::from(self.keys.inflight("")),
            Bytes::from(self.settings.max_crashes.to_string()),
            millis(self.settings.lease),
        ];
        let (redelivered, dead, more): (u64, u64, u8) =
            self.connection.script(&self.redeliver, &self.keys.list, &self.keys.redeliver(), &arguments).await?;
        Ok(Redelivered { redelivered, dead, more: more == 1 })
    }

    /// Requeues every item that Redis holds for this consumer, and signs it off; returns the number of items.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long; the items are then redelivered when the lease expires.
    pub async fn requeue(&mut self) -> Result<u64, QueueError> {
        let mut requeued = 0;
        let (keys, arguments) = (self.keys.leave(&self.consumer), [Bytes::from(self.consumer.clone())]);
        while self.connection.script::<u8>(&self.leave, &self.keys.list, &keys, &arguments).await? == 0 {
            let mut ids: Vec<String> = self.held().await?.into_iter().collect();
            // The item claimed first is to be claimed first again.
            ids.sort_by_cached_key(|id| std::cmp::Reverse(place(id)));
            if !ids.is_empty() {
                let settlements: Vec<Settlement> = ids.into_iter().map(requeue).collect();
                let lost = self.settle(&settlements, 0).await?.lost.len();
                requeued += settlements.len().saturating_sub(lost) as u64;
            }
        }
        Ok(requeued)
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Returns the longest time that the server may have run, if it says so: it counts whole seconds.
    pub async fn uptime(&mut self) -> Option<Duration> {
        let info = self
            .connection
            .repeat("", |client| async move { client.info::<String>(Some(InfoKind::Server)).await })
            .await;
        let seconds = info.ok()?.lines().find_map(|line| line.strip_prefix("uptime_in_seconds:")?.trim().parse().ok());
        seconds.map(|seconds: u64| Duration::from_secs(seconds + 1))
    }

    /// Fails when the user lacks a permission that any of the scripts needs.
    async fn check_permissions(&mut self) -> Result<(), QueueError> {
        let script = Script::new(include_str!("scripts/rights.lua"));
        self.connection.script(&script, &self.keys.pattern(), &self.keys.rights(&self.consumer), &[]).await
    }

    /// Fails when the server is too old, and warns when it may evict items.
    async fn check_server(&mut self) -> Result<(), QueueError> {
        if let Some(version) = self.connection.client().server_version()
            && (version.major, version.minor) < (6, 2)
        {
            return Err(self.connection.redis().error(Fault::TooOld(version.to_string())));
        }
        let info = self
            .connection
            .repeat("", |client| async move { client.info::<String>(Some(InfoKind::Memory)).await })
            .await;
        let policy = info.ok().and_then(|info| {
            info.lines().find_map(|line| line.strip_prefix("maxmemory_policy:").map(|policy| policy.trim().to_owned()))
        });
        if let Some(policy) = policy.filter(|policy| policy != "noeviction") {
            tracing::warn!(
                maxmemory_policy = %policy,
                "Redis may evict items when it runs out of memory: set maxmemory-policy to noeviction"
            );
        }
        Ok(())
    }
}

/// Place of a claim among those of its consumer: its id ends in the number of the call and the position within it.
fn place(id: &str) -> Option<(u64, u64)> {
    let mut numbers = id.rsplit(':').map(str::parse);
    let (Some(Ok(position)), Some(Ok(call))) = (numbers.next(), numbers.next()) else { return None };
    Some((call, position))
}

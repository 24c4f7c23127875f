//! At-least-once access: items are claimed under a lease, and acknowledged once they are processed.
//!
//! From the moment an item leaves the list until it is acknowledged or dead-lettered, it is stored in Redis in exactly one
//! place, whatever process crashes at whatever moment. The header of each script describes its step.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use fred::prelude::ClientLike;
use fred::types::InfoKind;

use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::exchange::{Claim, Exchanged, Finished, millis};
use super::keys::Keys;
use super::script::Script;
use super::wait::Waiter;

/// Maximum number of items per exchange: Lua passes at most about 8000 values to a command.
const MAX_CLAIMS: usize = 1000;

/// Maximum number of crashed consumers that one call of `redeliver.lua` handles; the next call continues.
const MAX_CONSUMERS_PER_CALL: usize = 16;

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
    /// Number of the outage after which the claims in Redis were last compared with `known`.
    compared: u64,
    exchange: Script,
    redeliver: Script,
    requeue: Script,
}

/// Settings of claims.
#[derive(Debug, Clone, Copy)]
pub struct ClaimSettings {
    /// Lease duration: items of a consumer that has not renewed for this long are redelivered.
    pub lease: Duration,
    /// Consumer crashes after which an item is dead-lettered.
    pub max_crashes: u32,
}

/// Reply of `exchange.lua`.
type ExchangeReply = (Vec<Bytes>, Vec<String>, i64, i64, u64);

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
            compared: 0,
            exchange: Script::new(include_str!("scripts/exchange.lua")),
            redeliver: Script::new(include_str!("scripts/redeliver.lua")),
            requeue: Script::new(include_str!("scripts/requeue.lua")),
        };
        claims.compared = claims.connection.outage();
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

    /// Settles finished items, claims up to `limit` others and renews the lease, in one round trip.
    ///
    /// A lost reply does no harm: the call is repeated under the same number, and gets the same reply.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn exchange(&mut self, finished: &[Finished], limit: usize) -> Result<Exchanged, QueueError> {
        let strays = self.strays().await?;
        let call = self.call;
        self.call += 1;
        let mut arguments = vec![
            Bytes::from(self.consumer.clone()),
            millis(self.settings.lease),
            Bytes::from(call.to_string()),
            Bytes::from(limit.min(MAX_CLAIMS).to_string()),
        ];
        arguments.extend(finished.iter().flat_map(Finished::arguments));
        let requeue = |id| [Bytes::from_static(b"requeue"), Bytes::from(id), Bytes::new(), Bytes::new()];
        arguments.extend(strays.into_iter().flat_map(requeue));
        let keys = self.keys.exchange(&self.consumer);
        let (items, lost, due, renewed, now): ExchangeReply =
            self.connection.script(&self.exchange, &self.keys.list, &keys, &arguments).await?;
        for finished in finished {
            self.known.remove(finished.id());
        }
        let items: Vec<Claim> = items.chunks_exact(3).map(Claim::of).collect();
        self.known.extend(items.iter().map(|claim| claim.id.clone()));
        Ok(Exchanged {
            items,
            lost,
            due: u64::try_from(due).ok().map(Duration::from_millis),
            expired: renewed == 0,
            now,
        })
    }

    /// Returns the claims that Redis holds for this consumer and that it does not know; checked after every outage.
    ///
    /// A Redis that restarts from an older copy, on disk or on a replica, has forgotten some acknowledgements: these items
    /// would stay in flight until this consumer exits.
    async fn strays(&mut self) -> Result<Vec<String>, QueueError> {
        let outage = self.connection.outage();
        if outage == self.compared {
            return Ok(Vec::new());
        }
        let fields: Vec<String> = self.connection.command("HKEYS", &self.keys.inflight(&self.consumer), &[]).await?;
        self.compared = outage;
        let ids = fields.into_iter().filter(|field| field != "call" && !field.contains(' '));
        Ok(ids.filter(|id| !self.known.contains(id)).collect())
    }

    /// Redelivers the items of crashed consumers; returns how many were redelivered, and how many were dead-lettered.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn redeliver(&mut self) -> Result<(u64, u64), QueueError> {
        let arguments = [
            Bytes::from(self.keys.inflight("")),
            Bytes::from(self.settings.max_crashes.to_string()),
            Bytes::from(MAX_CONSUMERS_PER_CALL.to_string()),
        ];
        self.connection.script(&self.redeliver, &self.keys.list, &self.keys.redeliver(), &arguments).await
    }

    /// Requeues every item that Redis holds for this consumer, and signs it off; returns the number of items.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long; the items are then redelivered when the lease expires.
    pub async fn requeue(&mut self) -> Result<u64, QueueError> {
        let arguments = [Bytes::from(self.consumer.clone())];
        self.connection.script(&self.requeue, &self.keys.list, &self.keys.requeue(&self.consumer), &arguments).await
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Returns the time since the server started, if it says so.
    pub async fn uptime(&mut self) -> Option<Duration> {
        let info = self
            .connection
            .repeat("", |client| async move { client.info::<String>(Some(InfoKind::Server)).await })
            .await;
        let seconds = info.ok()?.lines().find_map(|line| line.strip_prefix("uptime_in_seconds:")?.trim().parse().ok());
        seconds.map(Duration::from_secs)
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

//! At least once: items are claimed under a lease, and acknowledged when they are worked.
//!
//! From the moment an item leaves the list until it is acknowledged or given up it is in Redis, in exactly one place,
//! whatever process dies at whatever instant. What each step does is said at the head of its script.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use fred::prelude::ClientLike;
use fred::types::{ClusterHash, CustomCommand, InfoKind};

use super::connection::{Connection, Redis};
use super::error::{Fault, QueueError};
use super::exchange::{Claim, Exchanged, Finished, millis};
use super::keys::Keys;
use super::script::Script;
use super::wait::Waiter;

/// The most items of one exchange: Lua passes no more than some 8000 values to a command.
const MAX_CLAIMS: usize = 1000;

/// How many dead consumers one look takes care of; the next look goes on.
const MAX_CONSUMERS_PER_SCAN: usize = 16;

/// Claims on a list, as one consumer holds them.
pub struct Claims {
    connection: Connection,
    keys: Keys,
    consumer: String,
    settings: ClaimSettings,
    /// The number of the next exchange.
    call: u64,
    /// What it was told that it holds.
    known: HashSet<String>,
    /// The outage after which what Redis says it holds was last compared with that.
    compared: u64,
    exchange: Script,
    redeliver: Script,
    requeue: Script,
}

/// How claims are held.
#[derive(Debug, Clone, Copy)]
pub struct ClaimSettings {
    /// How long a consumer that is not heard of keeps what it holds.
    pub lease: Duration,
    /// How many crashes make a dead letter.
    pub max_crashes: u32,
}

/// An exchange as it comes from Redis.
type ExchangeReply = (Vec<Bytes>, Vec<String>, i64, i64, u64);

impl Claims {
    /// Connects `consumer`, a name that no other consumer has or had, to `list`.
    ///
    /// # Errors
    ///
    /// Says what is in the way of connecting, and when the server is too old.
    pub async fn connect(
        redis: &Redis,
        list: &str,
        consumer: &str,
        settings: ClaimSettings,
    ) -> Result<Self, QueueError> {
        let connection = redis.connect().await?;
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
        claims.check_rights().await?;
        claims.exchange(&[], 0).await?;
        Ok(claims)
    }

    /// Connects what waits for the next item, in the name of the same consumer.
    ///
    /// # Errors
    ///
    /// Says what is in the way of connecting.
    pub async fn waiter(&self, redis: &Redis) -> Result<Waiter, QueueError> {
        Waiter::connect(redis, &self.keys.list, &self.keys.landing()).await
    }

    /// Hands in what is finished, takes up to `most` items, and renews the lease; one round trip.
    ///
    /// Harmless when its reply is lost: it is asked again under the same number, and answered the same.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn exchange(&mut self, finished: &[Finished], most: usize) -> Result<Exchanged, QueueError> {
        let strays = self.strays().await?;
        let call = self.call;
        self.call += 1;
        let keys = vec![
            self.keys.list.clone(),
            self.keys.inflight(&self.consumer),
            self.keys.landing(),
            self.keys.consumers(),
            self.keys.busy(),
            self.keys.delayed(),
            self.keys.items(),
            self.keys.dead(),
            self.keys.stats(),
        ];
        let mut arguments = vec![
            Bytes::from(self.consumer.clone()),
            millis(self.settings.lease),
            Bytes::from(call.to_string()),
            Bytes::from(most.min(MAX_CLAIMS).to_string()),
        ];
        arguments.extend(finished.iter().flat_map(Finished::arguments));
        let requeue = |id| [Bytes::from_static(b"requeue"), Bytes::from(id), Bytes::new(), Bytes::new()];
        arguments.extend(strays.into_iter().flat_map(requeue));
        let (script, key) = (&self.exchange, self.keys.list.clone());
        let (items, lost, due, renewed, now) = self
            .connection
            .repeat(&key, |client| {
                let (keys, arguments) = (keys.clone(), arguments.clone());
                async move { script.run::<ExchangeReply>(&client, keys, arguments).await }
            })
            .await?;
        for finished in finished {
            self.known.remove(finished.id());
        }
        let items: Vec<Claim> = items.chunks_exact(3).map(Claim::of).collect();
        self.known.extend(items.iter().map(|claimed| claimed.id.clone()));
        Ok(Exchanged {
            items,
            lost,
            due: u64::try_from(due).ok().map(Duration::from_millis),
            expired: renewed == 0,
            now,
        })
    }

    /// What Redis says is held and nobody here knows of, looked for after every outage.
    ///
    /// A Redis that comes back from a copy of a moment ago, on disk or on a replica, has forgotten some acknowledgements:
    /// these items would be held until this consumer leaves.
    async fn strays(&mut self) -> Result<Vec<String>, QueueError> {
        let outage = self.connection.outage();
        if outage == self.compared {
            return Ok(Vec::new());
        }
        let held = self.keys.inflight(&self.consumer);
        let fields: Vec<String> = self
            .connection
            .repeat(&self.keys.list, |client| {
                let hkeys = CustomCommand::new_static("HKEYS", ClusterHash::FirstKey, false);
                let held = held.clone();
                async move { client.custom(hkeys, vec![held]).await }
            })
            .await?;
        self.compared = outage;
        let ids = fields.into_iter().filter(|field| field != "call" && !field.contains(' '));
        Ok(ids.filter(|id| !self.known.contains(id)).collect())
    }

    /// Gives what dead consumers held to the others; returns how many items went back, and how many were given up.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows.
    pub async fn redeliver(&mut self) -> Result<(u64, u64), QueueError> {
        let keys = vec![
            self.keys.consumers(),
            self.keys.busy(),
            self.keys.delayed(),
            self.keys.items(),
            self.keys.dead(),
            self.keys.stats(),
        ];
        let arguments = vec![
            Bytes::from(self.keys.inflight("")),
            Bytes::from(self.settings.max_crashes.to_string()),
            Bytes::from(MAX_CONSUMERS_PER_SCAN.to_string()),
        ];
        let (script, list) = (&self.redeliver, self.keys.list.clone());
        self.connection
            .repeat(&list, |client| {
                let (keys, arguments) = (keys.clone(), arguments.clone());
                async move { script.run(&client, keys, arguments).await }
            })
            .await
    }

    /// Puts down all that Redis says this consumer holds, and leaves; returns how many items.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays away for longer than patience allows; the lease gives it all back then.
    pub async fn requeue(&mut self) -> Result<u64, QueueError> {
        let keys = vec![
            self.keys.list.clone(),
            self.keys.inflight(&self.consumer),
            self.keys.landing(),
            self.keys.consumers(),
            self.keys.busy(),
            self.keys.delayed(),
            self.keys.items(),
            self.keys.stats(),
        ];
        let arguments = vec![Bytes::from(self.consumer.clone())];
        let (script, list) = (&self.requeue, self.keys.list.clone());
        self.connection
            .repeat(&list, |client| {
                let (keys, arguments) = (keys.clone(), arguments.clone());
                async move { script.run(&client, keys, arguments).await }
            })
            .await
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Refuses a user who may not do all that is to be done.
    async fn check_rights(&mut self) -> Result<(), QueueError> {
        let keys = vec![
            self.keys.inflight(&self.consumer),
            self.keys.landing(),
            self.keys.consumers(),
            self.keys.busy(),
            self.keys.delayed(),
            self.keys.items(),
            self.keys.dead(),
            self.keys.stats(),
        ];
        let script = &Script::new(include_str!("scripts/rights.lua"));
        self.connection
            .repeat(&self.keys.pattern(), |client| {
                let keys = keys.clone();
                async move { script.run(&client, keys, Vec::new()).await }
            })
            .await
    }

    /// Refuses a server that is too old, and warns of one that may throw items away.
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
                "maxmemory-policy is `{policy}`: a Redis short of memory throws keys away, items in flight among them; \
                 set it to `noeviction`"
            );
        }
        Ok(())
    }
}

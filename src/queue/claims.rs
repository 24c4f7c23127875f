//! At-least-once access: items are claimed under a lease, and acknowledged once they are processed.
//!
//! From the moment an item leaves the list until it is acknowledged or dead-lettered, it is stored in Redis in exactly one
//! place, whatever process crashes at whatever moment. The header of each script describes its step.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::clock::ServerClock;
use super::connection::{Connection, Redis};
use super::error::QueueError;
use super::exchange::{Claim, Exchanged, Finished, millis};
use super::exchange_call::{ExchangeCall, ExchangeReply, RawReply, size_of};
use super::held_claims::HeldClaims;
use super::keys::Keys;
use super::lease_schedule::LeaseSchedule;
use super::outcomes::Outcomes;
use super::reply_size::{ReplySize, sized};
use super::script::Script;
use super::wait::Waiter;
use crate::delivery::item::Item;

/// Claims of one consumer on the items of a list.
pub struct Claims {
    connection: Connection,
    keys: Keys,
    settings: ClaimSettings,
    /// Number of the last call.
    call: u64,
    held: HeldClaims,
    /// Number of the outage after which the consumer last signed on; `None` if it has to sign on again in any case.
    signed_on: Option<u64>,
    reply_size: ReplySize,
    clock: ServerClock,
    schedule: LeaseSchedule,
    exchange: Script,
    sign_on: Script,
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
            settings,
            call: 0,
            held: HeldClaims::new(consumer),
            signed_on: None,
            reply_size: ReplySize::new(),
            clock: ServerClock::default(),
            schedule: LeaseSchedule::new(settings.lease),
            exchange: Script::new(include_str!("scripts/exchange.lua")),
            sign_on: Script::new(include_str!("scripts/sign_on.lua")),
            read: Script::new(include_str!("scripts/read_claim.lua")),
            redeliver: Script::new(include_str!("scripts/redeliver.lua")),
            leave: Script::new(include_str!("scripts/leave.lua")),
        };
        claims.connection.check_requirements(&claims.keys, consumer).await?;
        claims.sign_on().await?;
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

    /// Settles finished items, claims up to `limit` others, and renews the lease when it is time: in one round trip, unless
    /// the items are many or large. Does without Redis if there is nothing to do.
    ///
    /// A lost reply does no harm: the call is repeated under the same number, and gets the same reply.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn exchange(&mut self, finished: &[Finished], limit: usize) -> Result<Exchanged, QueueError> {
        let mut exchanged = Exchanged::default();
        let mut outcomes = Outcomes::default();
        for finished in finished {
            let id = self.held.id(finished.id());
            match self.held.remove(id) {
                Some(has_history) => outcomes.add(id, finished, has_history),
                // Redis has lost it, or has already been told.
                None => exchanged.lost.push(finished.id().to_owned()),
            }
        }
        self.settle(outcomes, limit, &mut exchanged).await?;
        exchanged.due = self.schedule.due(Instant::now());
        exchanged.now = self.clock.now();
        Ok(exchanged)
    }

    /// Settles `outcomes` in as many calls as their number and size take; the last one claims.
    async fn settle(
        &mut self,
        mut outcomes: Outcomes,
        limit: usize,
        exchanged: &mut Exchanged,
    ) -> Result<(), QueueError> {
        loop {
            if self.signed_on != Some(self.connection.outage()) {
                self.sign_on_again(&mut outcomes, exchanged).await?;
            }
            let (acknowledged, others) = outcomes.next();
            let limit = if outcomes.fit_in_one_call() { limit } else { 0 };
            let renews = !others.is_empty() || self.schedule.is_renewal_due(Instant::now());
            if acknowledged.is_empty() && limit == 0 && !renews {
                return Ok(());
            }
            self.call += 1;
            let call = ExchangeCall {
                consumer: self.held.consumer(),
                number: self.call,
                limit,
                renew: renews.then_some(self.settings.lease),
                acknowledged,
                others,
            };
            let (keys, sent) = (self.keys.exchange(self.held.consumer()), Instant::now());
            let (script, key, size) = (&self.exchange, &self.keys.list, &mut self.reply_size);
            let reply: RawReply =
                sized(&mut self.connection, script, key, &keys, size, |page| call.arguments(page), size_of).await?;
            let Some(values) = reply else {
                self.signed_on = None;
                continue;
            };
            let mut reply = call.reply(values);
            exchanged.lost.extend(outcomes.settled(&mut reply).iter().map(|id| self.held.name(id)));
            if reply.missing > 0 {
                self.signed_on = None;
            }
            self.take(sent, reply, exchanged).await?;
            if outcomes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes over what a call has claimed, and what it says about times.
    async fn take(&mut self, sent: Instant, reply: ExchangeReply, exchanged: &mut Exchanged) -> Result<(), QueueError> {
        let received = Instant::now();
        self.schedule.observe(sent, received, &reply);
        if let Some(now) = reply.now {
            exchanged.clock_jumped |= self.clock.observe(sent, received, now);
        }
        exchanged.more = reply.more;
        for (mut claim, size) in reply.claims {
            if self.complete(&mut claim, size).await? {
                self.held.insert(&claim);
                exchanged.items.push(claim);
            }
        }
        Ok(())
    }

    /// Reads the rest of an item of `size` bytes, part by part; returns false if the lease was lost meanwhile.
    async fn complete(&mut self, claim: &mut Claim, size: usize) -> Result<bool, QueueError> {
        if claim.item.0.len() >= size {
            return Ok(true);
        }
        let (consumer, id) = (self.consumer(), Bytes::copy_from_slice(self.held.id(&claim.id).as_bytes()));
        let mut content = BytesMut::with_capacity(size);
        content.extend_from_slice(&claim.item.0);
        while content.len() < size {
            let arguments = |part: usize| {
                vec![
                    consumer.clone(),
                    millis(self.settings.lease),
                    id.clone(),
                    Bytes::from(content.len().to_string()),
                    Bytes::from(part.to_string()),
                ]
            };
            let keys = self.keys.claims(self.held.consumer());
            let (script, key, size) = (&self.read, &self.keys.list, &mut self.reply_size);
            let part: Option<Bytes> =
                sized(&mut self.connection, script, key, &keys, size, arguments, |part: &Option<Bytes>| {
                    part.as_ref().map_or(0, Bytes::len)
                })
                .await?;
            let Some(part) = part.filter(|part| !part.is_empty()) else {
                // Redis may hold the claim again when the consumer has signed on again.
                self.signed_on = None;
                return Ok(false);
            };
            content.extend_from_slice(&part);
        }
        claim.item = Item(content.freeze());
        Ok(true)
    }

    /// Signs on after an outage, or when the lease has expired or Redis has lost data, and compares the claims that Redis holds
    /// with those that this consumer knows.
    ///
    /// A Redis that restarts from an older copy, on disk or on a replica, has forgotten some acknowledgements: these items
    /// would stay in flight until this consumer exits. They are requeued.
    async fn sign_on_again(&mut self, outcomes: &mut Outcomes, exchanged: &mut Exchanged) -> Result<(), QueueError> {
        let (expired, held) = self.sign_on().await?;
        exchanged.expired |= expired;
        exchanged.lost.extend(outcomes.retain(&held).iter().map(|id| self.held.name(id)));
        for stray in self.held.compare(&held) {
            if !outcomes.contains(stray) {
                outcomes.requeue(stray);
            }
        }
        Ok(())
    }

    /// Signs on; returns true if Redis did not know this consumer, and the ids of all claims that Redis holds for it.
    async fn sign_on(&mut self) -> Result<(bool, HashSet<String>), QueueError> {
        self.call += 1;
        let arguments = [
            self.consumer(),
            millis(self.settings.lease),
            Bytes::from(self.call.to_string()),
            Bytes::from_static(b"0"),
        ];
        let keys = self.keys.claims(self.held.consumer());
        let (expired, fields): (u8, Vec<String>) =
            self.connection.script(&self.sign_on, &self.keys.list, &keys, &arguments).await?;
        self.signed_on = Some(self.connection.outage());
        self.schedule.expire();
        let ids = fields.into_iter().filter(|field| field.contains(':') && !field.contains(' '));
        Ok((expired == 1, ids.collect()))
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
        let (keys, arguments) = (self.keys.leave(self.held.consumer()), [self.consumer()]);
        while self.connection.script::<u8>(&self.leave, &self.keys.list, &keys, &arguments).await? == 0 {
            let (_, held) = self.sign_on().await?;
            let mut ids: Vec<String> = held.into_iter().collect();
            // The item claimed first is to be claimed first again.
            self.held.sort_latest_first(&mut ids);
            let mut outcomes = Outcomes::default();
            for id in &ids {
                outcomes.requeue(id);
            }
            let mut exchanged = Exchanged::default();
            self.settle(outcomes, 0, &mut exchanged).await?;
            requeued += ids.len().saturating_sub(exchanged.lost.len()) as u64;
        }
        Ok(requeued)
    }

    /// Closes the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Returns the longest time that the server may have run, if it says so: it counts whole seconds.
    pub async fn uptime(&mut self) -> Option<Duration> {
        self.connection.uptime().await
    }

    fn consumer(&self) -> Bytes {
        Bytes::copy_from_slice(self.held.consumer().as_bytes())
    }
}

//! At-least-once access: items are claimed under a lease, and acknowledged once they are processed.
//!
//! From the moment an item leaves the list until it is acknowledged or dead-lettered, it is stored in Redis in exactly one
//! place, whatever process crashes at whatever moment. The header of each script describes its step.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::connection::{Connection, Redis};
use super::error::QueueError;
use super::exchange::{ClaimSettings, Exchanged, Finished, Redelivered, millis};
use super::exchange_call::{ExchangeCall, ExchangeReply, Lane, RawReply, size_of};
use super::held_claims::HeldClaims;
use super::keys::Keys;
use super::lease_schedule::LeaseSchedule;
use super::outcomes::Outcomes;
use super::overlap::Overlap;
use super::reply_size::{ReplySize, sized};
use super::script::Script;
use super::wait::{Wait, Waited, Waiter};

/// Claims of one consumer on the items of a list.
pub struct Claims {
    pub(super) connection: Connection,
    pub(super) keys: Keys,
    pub(super) settings: ClaimSettings,
    /// Number of the last call in the lane of claims.
    pub(super) call: u64,
    /// Numbers of the last wait begun, and of the last one ended.
    waits: u64,
    waited: u64,
    pub(super) held: HeldClaims,
    /// Number of the outage after which the consumer last signed on; `None` if it has to sign on again in any case.
    pub(super) signed_on: Option<u64>,
    pub(super) reply_size: ReplySize,
    pub(super) schedule: LeaseSchedule,
    pub(super) overlap: Overlap,
    pub(super) exchange: Script,
    sign_on: Script,
    pub(super) read: Script,
    redeliver: Script,
    leave: Script,
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
            waits: 0,
            waited: 0,
            held: HeldClaims::new(consumer),
            signed_on: None,
            reply_size: ReplySize::new(),
            schedule: LeaseSchedule::new(settings.lease),
            overlap: Overlap::default(),
            exchange: Script::exchange(),
            sign_on: Script::new(include_str!("scripts/sign_on.lua")),
            read: Script::new(include_str!("scripts/read_claim.lua")),
            redeliver: Script::new(include_str!("scripts/redeliver.lua")),
            leave: Script::new(include_str!("scripts/leave.lua")),
        };
        claims.connection.check_requirements(&claims.keys, consumer).await?;
        claims.sign_on().await?;
        Ok(claims)
    }

    /// Opens the connection that waits for the next item on behalf of this consumer.
    ///
    /// # Errors
    ///
    /// Fails when Redis cannot be reached, or when the user lacks a permission.
    pub fn waiter(&self, redis: &Redis) -> impl Future<Output = Result<Waiter, QueueError>> + Send + use<> {
        let (redis, keys, consumer) = (redis.clone(), self.keys.clone(), self.held.consumer().to_owned());
        let lease = self.settings.lease;
        async move { Waiter::connect(&redis, &keys, &consumer, lease).await }
    }

    /// Begins a wait of at most `longest`, and no longer than until the lease is to be renewed or a delayed item is due; unless
    /// it `claims` the item, that stays on the list.
    pub fn begin_wait(&mut self, longest: Duration, claims: bool) -> Wait {
        self.waits += u64::from(claims);
        Wait { number: self.waits, longest: self.schedule.begin_wait(longest), claims }
    }

    /// Takes over the item for which a [`Waiter`] has waited.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn end_wait(&mut self, waited: Waited) -> Result<Exchanged, QueueError> {
        self.waited = waited.number;
        let mut exchanged = Exchanged { interrupted: waited.is_interrupted, ..Exchanged::default() };
        if waited.is_interrupted || waited.reply.is_none() {
            // The next exchange signs on, and claims.
            (self.signed_on, exchanged.more) = (None, true);
        }
        if let Some(reply) = waited.reply {
            self.take([waited.asked, waited.moved], reply, &mut exchanged).await?;
        }
        exchanged.due = self.schedule.due();
        Ok(exchanged)
    }

    /// Times at which this consumer has to call Redis.
    pub fn schedule(&self) -> &LeaseSchedule {
        &self.schedule
    }

    /// Number of items that were asked for by calls whose replies have not been taken yet.
    pub fn asked(&self) -> usize {
        self.overlap.asked()
    }

    /// Settles finished items, claims up to `limit` others, and renews the lease when it is time: in one round trip, unless
    /// the items are many or large. Does without Redis if there is nothing to do.
    ///
    /// While a list has more items than fit, Redis runs one call while the items of the one before are processed: the reply to
    /// this call is then taken by a later exchange, and [`Claims::asked`] counts what it may bring.
    ///
    /// A lost reply does no harm: the call is repeated under the same number, and gets the same reply.
    ///
    /// # Errors
    ///
    /// Fails when Redis refuses, or stays unreachable for too long.
    pub async fn exchange(&mut self, finished: Vec<Finished>, limit: usize) -> Result<Exchanged, QueueError> {
        let (mut exchanged, outage) = (Exchanged::default(), self.connection.outage());
        if let Some(part) = self.part_ahead(&finished, limit) {
            self.send_ahead(finished, part);
            if self.overlap.is_full() {
                let refused = self.receive(&mut exchanged).await?;
                if !refused.is_empty() {
                    self.exchange_alone(refused, Vec::new(), 0, &mut exchanged).await?;
                }
            }
            exchanged.more = true;
        } else {
            self.overlap.end();
            self.exchange_alone(Vec::new(), finished, limit, &mut exchanged).await?;
        }
        exchanged.interrupted |= self.connection.outage() > outage;
        exchanged.due = self.schedule.due();
        Ok(exchanged)
    }

    /// Takes the replies to all calls under way, then settles and claims in calls of their own. The first to be settled are the
    /// items whose acknowledgement Redis has `refused`.
    async fn exchange_alone(
        &mut self,
        refused: Vec<String>,
        finished: Vec<Finished>,
        limit: usize,
        exchanged: &mut Exchanged,
    ) -> Result<(), QueueError> {
        let mut outcomes = Outcomes::default();
        outcomes.extend(refused);
        while self.overlap.is_under_way() {
            outcomes.extend(self.receive(exchanged).await?);
        }
        for finished in &finished {
            let id = self.held.id(finished.id());
            match self.held.remove(id) {
                Some(has_history) => outcomes.add(id, finished, has_history),
                // Redis has lost it, or has already been told.
                None => exchanged.lost.push(finished.id().to_owned()),
            }
        }
        exchanged.settled.extend(finished);
        let before = exchanged.items.len();
        self.settle(outcomes, limit, exchanged).await?;
        self.overlap.observe(exchanged.items.len() - before, limit, exchanged.more);
        Ok(())
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
            let renews = !others.is_empty() || self.schedule.is_renewal_due(limit > 0);
            if acknowledged.is_empty() && limit == 0 && !renews {
                return Ok(());
            }
            self.call += 1;
            let call = ExchangeCall {
                consumer: self.held.consumer(),
                lane: Lane::Claims,
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
            self.take([sent; 2], reply, exchanged).await?;
            if outcomes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes over what a call has claimed, and what it says about times; see [`LeaseSchedule::observe`].
    pub(super) async fn take(
        &mut self,
        [asked, begun]: [Instant; 2],
        reply: ExchangeReply,
        exchanged: &mut Exchanged,
    ) -> Result<(), QueueError> {
        exchanged.clock_jumped |= self.schedule.observe(asked, begun, &reply, rand::random());
        exchanged.more |= reply.more;
        for (mut claim, size) in reply.claims {
            if self.complete(&mut claim, size).await? {
                self.held.insert(&claim);
                exchanged.items.push(claim);
            }
        }
        Ok(())
    }

    /// Signs on after an outage, or when the lease has expired or Redis has lost data, and compares the claims that Redis holds
    /// with those that this consumer knows.
    ///
    /// A Redis that restarts from an older copy, on disk or on a replica, has forgotten some acknowledgements: these items
    /// would stay in flight until this consumer exits. They are requeued.
    async fn sign_on_again(&mut self, outcomes: &mut Outcomes, exchanged: &mut Exchanged) -> Result<(), QueueError> {
        let (expired, held) = self.sign_on().await?;
        exchanged.expired |= expired;
        exchanged.interrupted |= expired;
        exchanged.lost.extend(outcomes.retain(&held).iter().map(|id| self.held.name(id)));
        for stray in self.held.compare(&held) {
            // The item of a wait that has not ended is about to arrive.
            let is_awaited = Lane::Waiter.number(stray).is_some_and(|number| number > self.waited);
            if !is_awaited && !outcomes.contains(stray) {
                outcomes.requeue(stray);
            }
        }
        Ok(())
    }

    /// Signs on; returns true if Redis did not know this consumer, and the ids of all claims that Redis holds for it.
    async fn sign_on(&mut self) -> Result<(bool, HashSet<String>), QueueError> {
        let (keys, consumer) = (self.keys.claims(self.held.consumer()), self.consumer());
        let (script, lease, call, wait) = (&self.sign_on, self.settings.lease, &mut self.call, &mut self.waits);
        let sign_on = |client| {
            // Not the same numbers again: if this call arrives late, no other one is the next after it.
            (*call, *wait) = (*call + 1, *wait + 1);
            let [call, wait] = [*call, *wait].map(|number| Bytes::from(number.to_string()));
            let (keys, arguments) = (keys.clone(), vec![consumer.clone(), millis(lease), call, wait]);
            async move { script.run(&client, keys, arguments).await }
        };
        let (expired, fields): (u8, Vec<String>) = self.connection.repeat(&self.keys.list, sign_on).await?;
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
        self.schedule.searched(more == 1, rand::random());
        Ok(Redelivered { redelivered, dead, more: more == 1 })
    }

    /// Makes a lost connection again with a single attempt from now on.
    pub fn stop_retrying(&mut self) {
        self.connection.stop_retrying();
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

    pub(super) fn consumer(&self) -> Bytes {
        Bytes::copy_from_slice(self.held.consumer().as_bytes())
    }
}

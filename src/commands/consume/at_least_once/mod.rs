//! At-least-once delivery: items are claimed, processed, and acknowledged in the same call that claims the next.

mod outcome;
mod upkeep;
mod waiting;

use std::collections::HashSet;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::StopReason;
use super::idleness::Idleness;
use super::list_pause::ListPause;
use super::notifier::Notifier;
use super::plan::Plan;
use super::stop_deadline::StopDeadline;
use super::trimming::Trimming;
use super::workers::Workers;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::MAX_INTERVAL;
use crate::queue::{Claim, Claims, Exchanged, Finished, QueueError, Redis, Waiter};
use crate::shutdown::Shutdown;

/// Claims and processes items until a limit is reached, none arrive or `stop` is cancelled; then requeues unfinished ones.
pub(super) async fn consume(
    plan: &Plan,
    redis: &Redis,
    workers: &mut Workers<Claim>,
    tally: &mut Tally,
    shutdown: &Shutdown,
) -> Result<StopReason> {
    // After a stop, items in flight are still acknowledged while the drain time lasts, and a little time is left to requeue
    // the others.
    let deadline = StopDeadline::begin(shutdown);
    let redis = redis.with_cancel(deadline.over.clone());
    let connected = deadline.run(true, connect(plan, &redis, shutdown)).await;
    let (claims, waiter) = match connected {
        Err(error) if error.is_stop() => return Ok(StopReason::Orderly),
        connected => connected?,
    };
    let notifier = Notifier::start(waiter, &shutdown.stop);
    if workers.share().connected() {
        plan.announce(&redis);
    }

    let mut consumer = Consumer::new(plan, claims, workers, tally, deadline);
    let result = consumer.run(notifier, shutdown).await;
    consumer.leave(result).await
}

/// Connects the consumer, and what waits for items on its behalf.
async fn connect(plan: &Plan, redis: &Redis, shutdown: &Shutdown) -> Result<(Claims, Waiter), QueueError> {
    let mut claims = Claims::connect(redis, &plan.list, &plan.list_consumer, plan.claims).await?;
    match claims.waiter(&redis.with_cancel(shutdown.stop.clone())).await {
        Ok(waiter) => Ok((claims, waiter)),
        Err(error) => {
            // Signs it off: nothing has been claimed.
            let _ = claims.requeue().await;
            claims.close().await;
            Err(error)
        }
    }
}

/// A running consumer.
struct Consumer<'a> {
    plan: &'a Plan,
    claims: Claims,
    workers: &'a mut Workers<Claim>,
    tally: &'a mut Tally,
    /// Outcomes to report at the next exchange.
    finished: Vec<Finished>,
    /// Ids of those among them that had expired.
    expired: HashSet<String>,
    idleness: Idleness,
    pause: ListPause,
    trimming: Trimming,
    /// True unless claims that Redis does not know any more have been redelivered: then it has lost its data.
    data_lost: bool,
    /// Items redelivered and dead-lettered by the current search for crashed consumers.
    found: (u64, u64),
    stop_reason: StopReason,
    deadline: StopDeadline,
}

impl<'a> Consumer<'a> {
    fn new(
        plan: &'a Plan,
        claims: Claims,
        workers: &'a mut Workers<Claim>,
        tally: &'a mut Tally,
        deadline: StopDeadline,
    ) -> Self {
        Self {
            plan,
            claims,
            workers,
            tally,
            finished: Vec::new(),
            expired: HashSet::new(),
            idleness: Idleness::begin(plan),
            pause: ListPause::default(),
            trimming: Trimming::begin(plan),
            data_lost: true,
            found: (0, 0),
            stop_reason: StopReason::Orderly,
            deadline,
        }
    }

    async fn run(&mut self, mut notifier: Notifier<Waiter>, shutdown: &Shutdown) -> Result<(), QueueError> {
        let result = self.claim_and_process(&mut notifier, &shutdown.stop).await;
        self.workers.share().want(false);
        let waited = notifier.stop().await;
        result?;
        if let Some(waited) = waited {
            // Not begun any more: requeued with the others.
            self.tally.claimed += self.end_wait(waited).await?.items.len() as u64;
        }
        super::announce_drain(self.workers, self.plan, shutdown);
        self.drain(&shutdown.stop).await?;
        self.trim_last().await
    }

    /// Exchanges, processes and waits, until no more items are to be claimed.
    async fn claim_and_process(
        &mut self,
        notifier: &mut Notifier<Waiter>,
        stop: &CancellationToken,
    ) -> Result<(), QueueError> {
        let share = self.workers.share().clone();
        // A wait claims its item, and takes a slot for it, unless there are other lists that the slot may be for.
        let is_alone = share.is_alone();
        // True while the list may hold items that have not been claimed.
        let mut may_hold = true;
        loop {
            if let Some(waited) = notifier.ended() {
                let exchanged = self.end_wait(waited).await?;
                may_hold |= self.begin(exchanged, 1, stop);
            }
            self.collect();
            if !self.may_claim(stop) {
                return Ok(());
            }
            // Time without a handler that can take items is not idle time.
            if self.workers.unfinished() > 0 || !self.finished.is_empty() || self.workers.free_slots() == 0 {
                self.idleness.restart();
            }
            self.check_pause(notifier).await?;
            if !is_alone {
                may_hold |= self.claims.schedule().is_item_due();
                share.want(may_hold && !self.pause.is_paused());
            }
            let takes_slot = is_alone && notifier.is_waiting();
            let limit = if is_alone || may_hold { self.slots(takes_slot) } else { 0 };
            let has_finished = !self.finished.is_empty();
            let is_wanted = has_finished || (may_hold && limit > 0) || self.claims.asked() > 0;
            if is_wanted || self.next_call(takes_slot) <= Instant::now() {
                let exchanged = self.exchange(limit).await?;
                // A call that asked for none says nothing about the list.
                may_hold = self.begin(exchanged, limit, stop) || (limit == 0 && may_hold);
                self.collect();
            }
            self.workers.report(self.tally);
            if self.claims.schedule().is_search_due() {
                let found = self.redeliver().await?;
                may_hold |= found.more || found.redelivered > 0;
            }
            self.trim().await?;
            if !is_alone {
                share.want(may_hold && !self.pause.is_paused());
            }
            let may_claim = may_hold && self.slots(takes_slot) > 0;
            if !self.finished.is_empty() || may_claim || self.claims.asked() > 0 {
                continue;
            }
            let is_idle = self.workers.unfinished() == 0 && !takes_slot && self.is_idle_long_enough(may_hold);
            if share.idle(is_idle) {
                return Ok(());
            }
            let interruption = self.wait_for_items(notifier, may_hold);
            let next = self.next_call(is_alone && notifier.is_waiting()).min(Instant::now() + MAX_INTERVAL);
            let next = [self.pause.next(), share.next(), interruption].into_iter().flatten().fold(next, Instant::min);
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = self.workers.progress() => {}
                () = notifier.progress() => {}
                () = share.changed() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    /// Begins the items of an exchange, unless `stop` is cancelled; returns true if the list may hold more.
    fn begin(&mut self, exchanged: Exchanged, limit: usize, stop: &CancellationToken) -> bool {
        let got = exchanged.items.len();
        self.tally.claimed += got as u64;
        self.idleness.observe(&exchanged);
        if !stop.is_cancelled() {
            // Claimed while stopping: not begun, and requeued with the others.
            self.workers.begin(exchanged.items);
        }
        exchanged.more || (got == limit && limit > 0)
    }

    /// Reports the outcome of the items still in flight as they finish.
    async fn drain(&mut self, stop: &CancellationToken) -> Result<(), QueueError> {
        let renew = self.plan.claims.lease / 3;
        let share = self.workers.share().clone();
        loop {
            if stop.is_cancelled() {
                self.workers.close();
            }
            self.workers.flush();
            self.collect();
            if self.workers.in_flight() == 0 && self.finished.is_empty() && self.claims.asked() == 0 {
                return Ok(());
            }
            // Claimed by calls that were under way: not begun any more.
            self.tally.claimed += self.exchange(0).await?.items.len() as u64;
            self.workers.report(self.tally);
            if self.workers.in_flight() > 0 {
                tokio::select! {
                    biased;
                    () = self.workers.progress() => {}
                    // Another list may have heard of the end of an item.
                    () = share.changed() => {}
                    () = tokio::time::sleep(renew.min(MAX_INTERVAL)) => {}
                }
            }
        }
    }

    /// Requeues what Redis still holds for this consumer, and signs it off.
    async fn leave(mut self, result: Result<(), QueueError>) -> Result<StopReason> {
        let idle = self.is_idle();
        let result = result.or_else(|error| if idle && error.is_stop() { Ok(()) } else { Err(error) });
        if result.is_err() {
            // Redis has been asked again for as long as it is to be.
            self.claims.stop_retrying();
        }
        let requeued = self.deadline.run(idle, self.claims.requeue()).await;
        self.claims.close().await;
        if idle && requeued.as_ref().is_err_and(QueueError::is_stop) {
            // Redis is unreachable, and holds only the name of this consumer until the lease expires.
            result?;
            return Ok(self.stop_reason);
        }
        result?;
        self.tally.requeued += requeued?;
        self.workers.report(self.tally);
        Ok(self.stop_reason)
    }

    /// Returns true if Redis knows the outcome of every item claimed.
    fn is_idle(&self) -> bool {
        self.tally.unsettled() == 0
    }

    fn may_claim(&self, stop: &CancellationToken) -> bool {
        !self.workers.is_over() && !stop.is_cancelled() && matches!(self.stop_reason, StopReason::Orderly)
    }

    /// Number of items that may be claimed now, while a wait for one more may bring it (`takes_slot`).
    fn slots(&mut self, takes_slot: bool) -> usize {
        let allowed = self.workers.allowed(usize::from(takes_slot) + self.claims.asked());
        if self.pause.is_paused() { 0 } else { allowed }
    }

    async fn exchange(&mut self, limit: usize) -> Result<Exchanged, QueueError> {
        let idle = self.is_idle();
        let renewed = self.claims.schedule().renewed();
        let finished = std::mem::take(&mut self.finished);
        self.workers.share().expect(self.claims.asked() + limit);
        let exchange = self.deadline.run(idle, self.claims.exchange(finished, limit));
        let mut exchanged = self.workers.report_during(self.tally, exchange).await?;
        if exchanged.expired {
            // The time of the exchange counts: it may have been tried for longer than the lease.
            self.data_lost = self.is_data_lost(renewed.elapsed()).await;
        }
        for finished in exchanged.settled.drain(..) {
            let has_expired = !self.expired.is_empty() && self.expired.remove(finished.id());
            if exchanged.lost.iter().any(|id| id == finished.id()) {
                self.tally.lease_lost += 1;
                let claim = finished.id();
                if self.data_lost {
                    tracing::warn!(event = "item_lost", %claim, "item lost by Redis, result discarded");
                } else {
                    tracing::warn!(event = "lease_lost", %claim, "lease lost, result discarded: the item was redelivered");
                }
                continue;
            }
            match finished {
                _ if has_expired => self.tally.expired += 1,
                Finished::Acknowledge { .. } => self.tally.acknowledged += 1,
                Finished::Retry { .. } => self.tally.retried += 1,
                Finished::DeadLetter { .. } => self.tally.dead += 1,
                Finished::Requeue { .. } => self.tally.requeued += 1,
            }
        }
        super::failure::warn(&exchanged, self.data_lost, idle);
        Ok(exchanged)
    }

    /// Returns true if Redis lost its data, and no lease expired: the last renewal is only `since` ago, or the server has not
    /// run for long enough to take any lease for expired.
    async fn is_data_lost(&mut self, since: Duration) -> bool {
        let lease = self.plan.claims.lease;
        // Well within the lease, because the clock here does not know how long the reply took.
        if since < lease * 2 / 3 {
            return true;
        }
        let uptime = self.deadline.run(false, self.claims.uptime());
        self.workers.report_during(self.tally, uptime).await.is_some_and(|uptime| uptime < lease)
    }
}

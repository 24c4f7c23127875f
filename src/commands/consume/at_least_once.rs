//! At least once: items are claimed, worked, and acknowledged in the same call that claims the next.

use std::time::Duration;

use color_eyre::eyre::Result;
use rand::RngExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::notifier::Notifier;
use super::workers::{Ended, Workers};
use super::{Ending, Plan};
use crate::delivery::history::History;
use crate::delivery::item::Item;
use crate::delivery::retry::RetryDecision;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::TURN;
use crate::handler::Disposition;
use crate::queue::{Claims, Exchanged, Finished, QueueError, Redis};
use crate::shutdown::Shutdown;

/// How often a consumer looks for items of dead ones, at most; several look in turn.
const SCAN: Duration = Duration::from_secs(5);

/// How long a Redis that does not answer is waited for to give back; Kubernetes waits a little longer than `drain`.
const REQUEUE_PATIENCE: Duration = Duration::from_secs(5);

/// The same for a consumer that holds nothing.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Claims and works items until there are enough, none come, or `stop` asks; gives back what is unfinished then.
pub(super) async fn consume(
    plan: &Plan,
    redis: &Redis,
    workers: Workers,
    tally: &mut Tally,
    shutdown: &Shutdown,
) -> Result<Ending> {
    // What is in flight is acknowledged as long as there is time, whether or not we were told to stop; and there is a little
    // more to give back what is not.
    let patience = Patience::begin(shutdown);
    let redis = redis.until(patience.over.clone());
    let claims = Claims::connect(&redis, &plan.list, &plan.consumer, plan.claims).await?;
    let notifier = Notifier::hang(claims.waiter(&redis.until(shutdown.stop.clone())).await?, shutdown.stop.clone());
    plan.announce(&redis);

    let mut consumer = Consumer::new(plan, claims, workers, tally, patience);
    let worked = consumer.work(notifier, shutdown).await;
    consumer.leave(worked).await
}

/// How long a Redis that is away is waited for at the end.
struct Patience {
    /// Cancelled when we leave without it.
    over: CancellationToken,
    stop: CancellationToken,
}

impl Patience {
    fn begin(shutdown: &Shutdown) -> Self {
        let over = CancellationToken::new();
        let (abort, end) = (shutdown.abort.clone(), over.clone());
        tokio::spawn(async move {
            abort.cancelled().await;
            tokio::time::sleep(REQUEUE_PATIENCE).await;
            end.cancel();
        });
        Self { over, stop: shutdown.stop.clone() }
    }

    /// Does what asks Redis. Who is told to stop with empty hands has nothing to wait for.
    async fn with<T>(&self, empty_hands: bool, ask: impl Future<Output = T>) -> T {
        let mut ask = std::pin::pin!(ask);
        let told_before = self.stop.is_cancelled();
        let enough = async {
            self.stop.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            biased;
            answer = &mut ask => return answer,
            () = enough, if empty_hands => self.over.cancel(),
            () = self.stop.cancelled(), if !empty_hands && !told_before => {
                tracing::debug!("told to stop while Redis is asked: its answer is waited for, to hand in what is in flight");
            }
        }
        ask.await
    }
}

/// One consumer at work.
struct Consumer<'a> {
    plan: &'a Plan,
    claims: Claims,
    workers: Workers,
    tally: &'a mut Tally,
    /// What is to be handed in at the next exchange.
    finished: Vec<Finished>,
    /// Redis' time at the last exchange, and ours.
    now: (u64, Instant),
    ending: Ending,
    patience: Patience,
}

impl<'a> Consumer<'a> {
    fn new(plan: &'a Plan, claims: Claims, workers: Workers, tally: &'a mut Tally, patience: Patience) -> Self {
        let (now, finished) = ((0, Instant::now()), Vec::new());
        Self { plan, claims, workers, tally, finished, now, ending: Ending::Orderly, patience }
    }

    async fn work(&mut self, mut notifier: Notifier, shutdown: &Shutdown) -> Result<(), QueueError> {
        let result = self.cycle(&mut notifier, &shutdown.stop).await;
        notifier.take_down().await;
        result?;
        super::announce_drain(&self.workers);
        self.drain().await
    }

    /// Exchanges, works and waits, until nothing more is to be taken.
    async fn cycle(&mut self, notifier: &mut Notifier, stop: &CancellationToken) -> Result<(), QueueError> {
        let renew = self.plan.claims.lease / 3;
        let mut scan_at = Instant::now();
        let mut idle_since = Instant::now();
        while self.may_take(stop) {
            self.collect();
            let (most, hands_in, before) = (self.hands(), !self.finished.is_empty(), self.now.1);
            let exchanged = self.exchange(most).await?;
            let got = exchanged.items.len();
            if stop.is_cancelled() {
                // They came as we were told to stop: held, and given back with the rest.
                self.tally.claimed += got as u64;
                break;
            }
            if got > 0 || hands_in || self.workers.in_flight() > 0 {
                idle_since = Instant::now();
            }
            for claimed in exchanged.items {
                self.tally.claimed += 1;
                self.workers.begin(claimed);
            }
            self.workers.turned(self.tally);
            let awaited = exchanged.due.is_some_and(|due| due <= self.plan.await_due);
            let idle = self.workers.in_flight() == 0 && !awaited;
            if idle && self.plan.idle_exit.is_some_and(|longest| idle_since.elapsed() >= longest) {
                break;
            }
            if before.elapsed() > self.plan.claims.lease / 2 {
                // Redis was away, or we were: the others may live and have had no chance to say so.
                scan_at = Instant::now() + self.plan.claims.lease;
            } else if Instant::now() >= scan_at {
                scan_at = Instant::now() + SCAN.min(renew).mul_f64(rand::rng().random_range(0.5..1.0));
                if self.redeliver().await? {
                    continue;
                }
            }
            if got < most {
                notifier.listen();
            } else if self.hands() > 0 {
                continue;
            }
            let next = [Some(renew), exchanged.due.filter(|_| most > got)].into_iter().flatten().min();
            let next = (Instant::now() + next.unwrap_or(renew)).min(scan_at);
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(ended) = self.workers.next() => self.judge(ended),
                rung = notifier.ring() => match rung {
                    Err(error) if error.is_stop() => {}
                    rung => drop(rung?),
                },
                () = tokio::time::sleep_until(next) => {}
            }
        }
        Ok(())
    }

    /// Hands in what is still in flight as it ends.
    async fn drain(&mut self) -> Result<(), QueueError> {
        let renew = self.plan.claims.lease / 3;
        loop {
            self.collect();
            if self.workers.in_flight() == 0 && self.finished.is_empty() {
                return Ok(());
            }
            self.exchange(0).await?;
            self.workers.turned(self.tally);
            if self.workers.in_flight() > 0 {
                tokio::select! {
                    biased;
                    Some(ended) = self.workers.next() => self.judge(ended),
                    () = tokio::time::sleep(renew.min(TURN)) => {}
                }
            }
        }
    }

    /// Gives back what Redis says is still held, and leaves.
    async fn leave(mut self, worked: Result<(), QueueError>) -> Result<Ending> {
        let empty_hands = self.empty_hands();
        let requeued = self.patience.with(empty_hands, self.claims.requeue()).await;
        self.claims.close().await;
        if empty_hands && requeued.as_ref().is_err_and(QueueError::is_stop) {
            // Redis is away, and there it holds nothing of ours but our name, until the lease is over.
            worked.or_else(|error| if error.is_stop() { Ok(()) } else { Err(error) })?;
            return Ok(self.ending);
        }
        worked?;
        self.tally.requeued += requeued?;
        self.workers.turned(self.tally);
        Ok(self.ending)
    }

    /// Whether nothing that was taken is in hand any more.
    fn empty_hands(&self) -> bool {
        self.tally.unsettled() == 0
    }

    fn may_take(&self, stop: &CancellationToken) -> bool {
        let enough = self.plan.max_items.is_some_and(|most| self.workers.begun() >= most);
        !enough && !stop.is_cancelled() && matches!(self.ending, Ending::Orderly)
    }

    /// How many items may be taken now.
    fn hands(&self) -> usize {
        let left = self.plan.max_items.map_or(u64::MAX, |most| most.saturating_sub(self.workers.begun()));
        self.workers.free().min(usize::try_from(left).unwrap_or(usize::MAX))
    }

    async fn exchange(&mut self, most: usize) -> Result<Exchanged, QueueError> {
        let empty_hands = self.empty_hands();
        let exchanged = self.patience.with(empty_hands, self.claims.exchange(&self.finished, most)).await?;
        for finished in self.finished.drain(..) {
            if exchanged.lost.iter().any(|id| id == finished.id()) {
                self.tally.lease_lost += 1;
                tracing::warn!("{} was given to another consumer meanwhile: its result does not count", finished.id());
                continue;
            }
            match finished {
                Finished::Acknowledge { .. } => self.tally.acknowledged += 1,
                Finished::Retry { .. } => self.tally.retried += 1,
                Finished::DeadLetter { .. } => self.tally.dead += 1,
            }
        }
        self.now = (exchanged.now, Instant::now());
        if exchanged.expired {
            tracing::warn!("the lease ran out before it was renewed: what was in flight is given to others");
        }
        Ok(exchanged)
    }

    /// Gives what dead consumers held to whoever is next; whether there was anything.
    async fn redeliver(&mut self) -> Result<bool, QueueError> {
        let empty_hands = self.empty_hands();
        let (redelivered, dead_lettered) = self.patience.with(empty_hands, self.claims.redeliver()).await?;
        if redelivered + dead_lettered > 0 {
            tracing::warn!(
                "a consumer was not heard of for its lease: {redelivered} of its items go to others, {dead_lettered} are dead letters"
            );
        }
        Ok(redelivered > 0)
    }

    fn collect(&mut self) {
        for ended in self.workers.ended() {
            self.judge(ended);
        }
    }

    /// Decides what becomes of an item.
    fn judge(&mut self, ended: Ended) {
        let Ended { claimed, disposition, took } = ended;
        self.tally.handled(took);
        let (id, item) = (claimed.id.clone(), claimed.item.clone());
        match disposition {
            Disposition::Ack => self.finished.push(Finished::Acknowledge { id }),
            Disposition::Retry { reason, tail, spend } => {
                let now = self.redis_now();
                let mut history = claimed.past(now);
                history.attempts += u32::from(spend);
                history.reason = reason;
                history.stderr = String::from_utf8_lossy(&tail).into_owned();
                match self.plan.retry.decide(&history, spend, now, rand::rng().random()) {
                    RetryDecision::Retry(after) => {
                        let pause = Duration::from_millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                        let pause = humantime::format_duration(pause);
                        tracing::warn!("item {} failed: {}; tried again in {pause}", history.id, history.reason);
                        self.finished.push(Finished::Retry { id, after, history });
                    }
                    RetryDecision::DeadLetter => self.dead_letter(id, &item, history, now),
                }
            }
            Disposition::DeadLetter { reason, tail } => {
                let now = self.redis_now();
                let history = claimed.past(now);
                let stderr = String::from_utf8_lossy(&tail).into_owned();
                let attempts = history.attempts + 1;
                self.dead_letter(id, &item, History { attempts, reason, stderr, ..history }, now);
            }
            // Still held, and given back at the end.
            Disposition::Interrupted => {}
            // No other item can be worked either. From here on the drain time counts.
            Disposition::Unrunnable(reason) => {
                tracing::error!("{reason}: ending");
                self.ending = Ending::Unrunnable(reason);
                self.patience.stop.cancel();
            }
            Disposition::Closed(error) => {
                self.ending = Ending::Closed(error);
                self.patience.stop.cancel();
            }
        }
    }

    fn dead_letter(&mut self, id: String, item: &Item, history: History, now: u64) {
        tracing::error!("item {} is a dead letter: {}: {item}", history.id, history.reason);
        self.finished.push(Finished::DeadLetter { id, history: History { died: Some(now), ..history } });
    }

    /// Redis' time now, as far as it can be known here.
    fn redis_now(&self) -> u64 {
        let (then, at) = self.now;
        then + u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

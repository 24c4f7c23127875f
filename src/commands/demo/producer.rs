//! The producer of a demo: a load on a clock of its own, which keys stop and change.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use color_eyre::eyre::{Result, WrapErr as _};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::plan::Plan;
use crate::delivery::list_order::ListOrder;
use crate::queue::{MAX_BATCH_ITEMS, Pusher, QueueError, Redis};
use crate::units::saturating_seconds;
use crate::workload::Schedule;

/// Least and greatest factor of the load.
const FACTORS: [f64; 2] = [0.125, 16.0];

/// Longest pause before the next item is looked at: a clock that stands still has no next item.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// A change that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Twice the load; the whole load once more when it is over.
    More,
    /// Half the load.
    Less,
    /// This many items at once.
    Burst(u64),
    /// No load, or the load again.
    Pause,
}

/// State of the producer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Production {
    /// Items on the list.
    pub(super) pushed: u64,
    /// Factor of the load.
    pub(super) factor: f64,
    pub(super) is_paused: bool,
    /// True once all items of the load are pushed.
    pub(super) is_over: bool,
}

/// A producer in the background; it ends when it is dropped.
pub(super) struct Producer {
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Receiver<Production>,
    /// `None` once it has failed; returns the number of items pushed to each list.
    task: Option<AbortOnDropHandle<Result<Vec<u64>, QueueError>>>,
}

impl Producer {
    /// Connects, and starts to push.
    pub(super) async fn start(plan: &Plan, redis: &Redis) -> Result<Self> {
        let mut pushers = Vec::new();
        for list in plan.lists.keys() {
            pushers.push(Pusher::connect(redis, list, 0).await?);
        }
        let (orders, received) = mpsc::unbounded_channel();
        let start = Production { pushed: 0, factor: 1.0, is_paused: false, is_over: false };
        let (sender, state) = watch::channel(start);
        let work = Pushing::new(plan.clone(), pushers, sender);
        Ok(Self { orders, state, task: Some(AbortOnDropHandle::new(tokio::spawn(work.run(received)))) })
    }

    /// Asks for a change.
    pub(super) fn order(&self, order: Order) {
        // A producer that has failed takes none; `check` says why.
        let _ = self.orders.send(order);
    }

    /// Returns the state of the producer.
    pub(super) fn state(&self) -> Production {
        *self.state.borrow()
    }

    /// Fails if the producer has failed.
    pub(super) async fn check(&mut self) -> Result<()> {
        if let Some(task) = self.task.take_if(|task| task.is_finished()) {
            task.await?.wrap_err("the producer failed")?;
        }
        Ok(())
    }

    /// Ends the producer once the items that are on their way are on their lists, and returns the number of items pushed to
    /// each.
    pub(super) async fn finish(self) -> Result<Vec<u64>> {
        let Self { orders, task, .. } = self;
        drop(orders);
        match task {
            Some(task) => task.await?.wrap_err("the producer failed"),
            None => Ok(Vec::new()),
        }
    }
}

/// The task that pushes.
struct Pushing {
    plan: Plan,
    /// One of each list.
    pushers: Vec<Pusher>,
    /// Turns of the lists.
    order: ListOrder,
    state: watch::Sender<Production>,
    schedule: Schedule,
    rng: StdRng,
    /// Time on the clock of the load.
    elapsed: Duration,
    /// Moment at which that was so.
    at: Instant,
    /// Items of the load that were pushed, in this round of it.
    sent: u64,
    /// Items that were pushed in all.
    seq: u64,
    rounds: u64,
}

impl Pushing {
    fn new(plan: Plan, pushers: Vec<Pusher>, state: watch::Sender<Production>) -> Self {
        let schedule = Schedule::new(&plan.timing, plan.seed);
        let rng = StdRng::seed_from_u64(plan.seed);
        let (elapsed, at) = (Duration::ZERO, Instant::now());
        let order = ListOrder::of(&plan.lists.evenly_unless_weighted());
        Self { plan, pushers, order, state, schedule, rng, elapsed, at, sent: 0, seq: 0, rounds: 0 }
    }

    /// Pushes the load, and then waits for what is asked for.
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) -> Result<Vec<u64>, QueueError> {
        loop {
            let pause = self.push_due().await?;
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.follow(order).await?,
                    None => return Ok(self.pushers.iter().map(Pusher::pushed).collect()),
                },
                () = sleep(pause) => {}
            }
        }
    }

    /// Pushes what is due, and returns the time until the next item is.
    async fn push_due(&mut self) -> Result<Duration, QueueError> {
        self.advance();
        if self.state.borrow().is_paused {
            return Ok(LONGEST_PAUSE);
        }
        let total = self.plan.count.unwrap_or(u64::MAX);
        let due = self.schedule.due(self.elapsed).min(total);
        self.push(due.saturating_sub(self.sent)).await?;
        self.sent = self.sent.max(due);
        let next = self.schedule.next_after(self.sent).filter(|_| self.sent < total);
        self.state.send_modify(|state| state.is_over = next.is_none());
        let left = next.map(|next| next.saturating_sub(self.elapsed).as_secs_f64() / self.rate());
        Ok(left.map_or(LONGEST_PAUSE, |left| saturating_seconds(left).min(LONGEST_PAUSE)))
    }

    async fn follow(&mut self, order: Order) -> Result<(), QueueError> {
        // Items that were due before the change are pushed by the rate before it.
        self.push_due().await?;
        let [least, most] = FACTORS;
        match order {
            Order::More if self.state.borrow().is_over => {
                self.rounds += 1;
                self.schedule = Schedule::new(&self.plan.timing, self.plan.seed.wrapping_add(self.rounds));
                (self.sent, self.elapsed) = (0, Duration::ZERO);
                self.state.send_modify(|state| state.is_over = false);
            }
            Order::More => self.state.send_modify(|state| state.factor = (state.factor * 2.0).min(most)),
            Order::Less => self.state.send_modify(|state| state.factor = (state.factor / 2.0).max(least)),
            Order::Pause => self.state.send_modify(|state| state.is_paused = !state.is_paused),
            Order::Burst(items) => self.push(items).await?,
        }
        Ok(())
    }

    /// Brings the clock of the load up to date.
    fn advance(&mut self) {
        let now = Instant::now();
        if !self.state.borrow().is_paused {
            self.elapsed += (now - self.at).mul_f64(self.rate());
        }
        self.at = now;
    }

    /// Returns the factor by which the clock of the load is faster than the real one.
    fn rate(&self) -> f64 {
        self.plan.speed * self.state.borrow().factor
    }

    async fn push(&mut self, items: u64) -> Result<(), QueueError> {
        let most = u64::try_from(MAX_BATCH_ITEMS).unwrap_or(u64::MAX);
        let mut left = items;
        while left > 0 {
            let batch = left.min(most);
            let mut batches = vec![Vec::new(); self.pushers.len()];
            for _ in 0..batch {
                let place = self.order.turn();
                batches[place].push(self.item());
            }
            for (pusher, batch) in self.pushers.iter_mut().zip(batches).filter(|(_, batch)| !batch.is_empty()) {
                pusher.push(batch).await?;
            }
            left -= batch;
        }
        if items > 0 {
            for pusher in &mut self.pushers {
                pusher.flush().await?;
            }
            let pushed = self.pushers.iter().map(Pusher::pushed).sum();
            self.state.send_modify(|state| state.pushed = pushed);
        }
        Ok(())
    }

    fn item(&mut self) -> Bytes {
        self.seq += 1;
        let mut text = String::new();
        self.plan.payload.write(&mut text, self.seq, SystemTime::now(), &mut self.rng);
        text.into()
    }
}

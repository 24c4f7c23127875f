//! The run of a demo: samples, decisions and keys, until all items are processed.

use std::time::Duration;

use color_eyre::eyre::Result;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Interval, interval, sleep_until};

use super::super::Context;
use super::autoscaler::Autoscaler;
use super::consumers::ConsumerProcesses;
use super::plan::Plan;
use super::producer::{Order, Producer, Production};
use super::setup::Setup;
use crate::delivery::snapshot::Snapshot;
use crate::exit::is_broken_pipe;
use crate::queue::{DeadCauses, Inspector};
use crate::sample::{Flow, Sample};
use crate::shutdown::Shutdown;
use crate::terminal::{DashboardSetup, KeySet, Output, Readout, RunAction};

/// Time between two samples.
const TICK: Duration = Duration::from_millis(500);

/// A demo that runs.
pub(super) struct Play<'a> {
    plan: &'a Plan,
    shutdown: &'a Shutdown,
    /// One of each list.
    inspectors: Vec<Inspector>,
    autoscaler: Autoscaler,
    consumers: ConsumerProcesses<'a>,
    producer: Producer,
    readout: Readout,
    /// One of each list.
    flows: Vec<Flow>,
    /// Causes of dead letters, of each list where a page shows them.
    dead: Vec<DeadCauses>,
    ticks: Interval,
    kills: Kills,
    /// True once consumers were told to finish their items: the demo was stopped, or all is done.
    is_stopping: bool,
    /// True once all items were processed.
    is_done: bool,
    /// Reason why the last consumers end, where it is not the autoscaler's.
    ended_by: Option<&'static str>,
}

/// Kills that are due for the items processed so far.
struct Kills {
    share: f64,
    rng: StdRng,
    acknowledged: u64,
}

/// Cause of a turn of the loop.
enum Turn {
    Tick,
    /// A poll or sync is due.
    Decision,
    Key(RunAction),
    Stop,
    Abort,
}

impl<'a> Play<'a> {
    /// Connects, and starts producer and first consumers.
    pub(super) async fn start(plan: &'a Plan, setup: &'a Setup, context: &'a Context) -> Result<Self> {
        let inspectors = setup.inspectors(&plan.lists).await?;
        let autoscaler = Autoscaler::new(&context.profile, &plan.lists, plan.consumers, plan.speed);
        let mut consumers = ConsumerProcesses::new(setup, plan.consume(autoscaler.starts_jobs()));
        consumers.scale_to(autoscaler.rest())?;
        let producer = Producer::start(plan, &setup.redis).await?;
        let mut dead = Vec::new();
        for list in plan.lists.keys().iter().filter(|_| plan.serve.is_some()) {
            dead.push(DeadCauses::connect(&setup.redis, list).await?);
        }
        let tick = TICK.mul_f64(plan.speed);
        let readout = Readout::new(&context.printer, plan.output, plan.plain, &dashboard(plan), &plan.files)?;
        Ok(Self {
            plan,
            shutdown: &context.shutdown,
            flows: inspectors.iter().map(|_| Flow::new(tick, 2 * tick)).collect(),
            inspectors,
            autoscaler,
            consumers,
            producer,
            readout: readout.served(Context::page(plan.serve).await?),
            dead,
            ticks: interval(TICK),
            kills: Kills { share: plan.kill, rng: StdRng::seed_from_u64(plan.seed), acknowledged: 0 },
            is_stopping: false,
            is_done: false,
            ended_by: None,
        })
    }

    /// Shows a sample per tick and runs KEDA's polls and the HPA's syncs, until all items are pushed and processed and the
    /// consumers are scaled down; returns `false` if stopped before.
    pub(super) async fn until_settled(&mut self) -> Result<bool> {
        loop {
            match self.turn().await {
                Turn::Abort => return Ok(self.is_done),
                Turn::Stop => self.stop()?,
                Turn::Key(action) => self.act(action),
                Turn::Tick => {
                    let snapshots = self.observe().await?;
                    if !self.is_stopping && self.is_settled(&snapshots) {
                        (self.is_done, self.is_stopping) = (true, true);
                        self.ended_by = (self.consumers.desired > 0).then_some("the demo is over");
                        self.consumers.scale_to(0)?;
                    }
                    if self.is_stopping && self.consumers.count() == 0 && self.consumers.stopping() == 0 {
                        return Ok(self.is_done);
                    }
                }
                Turn::Decision => self.decide().await?,
            }
        }
    }

    /// Ends the producer, closes the readout, and returns the number of items that were pushed to each list.
    ///
    /// # Errors
    ///
    /// Fails when the producer has failed, or a file of the run cannot be written.
    pub(super) async fn finish(self) -> Result<Vec<u64>> {
        let pushed = self.producer.finish().await;
        self.readout.finish().await?;
        pushed
    }

    async fn turn(&mut self) -> Turn {
        let next = self.autoscaler.next();
        tokio::select! {
            biased;
            () = self.shutdown.abort.cancelled() => Turn::Abort,
            () = self.shutdown.stop.cancelled(), if !self.is_stopping => Turn::Stop,
            action = self.readout.action(), if !self.is_stopping => Turn::Key(action),
            _ = self.ticks.tick() => Turn::Tick,
            () = sleep_until(next), if !self.is_stopping => Turn::Decision,
        }
    }

    fn stop(&mut self) -> Result<()> {
        tracing::info!("stopping: consumers finish their items (a second Ctrl-C kills them)");
        self.is_stopping = true;
        self.ended_by = Some("the demo was stopped");
        if !self.producer.state().is_paused {
            self.producer.order(Order::Pause);
        }
        self.consumers.scale_to(0)
    }

    fn act(&mut self, action: RunAction) {
        match action {
            RunAction::More => self.producer.order(Order::More),
            RunAction::Less => self.producer.order(Order::Less),
            RunAction::Burst => self.producer.order(Order::Burst(self.plan.burst)),
            RunAction::Producer => self.producer.order(Order::Pause),
            RunAction::Kill => {
                if !self.consumers.kill(&mut self.kills.rng) {
                    tracing::warn!("no consumer to kill");
                }
            }
        }
    }

    async fn snapshots(&mut self) -> Result<Vec<Snapshot>> {
        let mut snapshots = Vec::new();
        for inspector in &mut self.inspectors {
            snapshots.push(inspector.snapshot().await?);
        }
        Ok(snapshots)
    }

    /// Takes and shows a sample of each list.
    async fn observe(&mut self) -> Result<Vec<Snapshot>> {
        self.producer.check().await?;
        let snapshots = self.snapshots().await?;
        let kills = self.kills.due(&snapshots);
        for _ in 0..kills {
            self.consumers.kill(&mut self.kills.rng);
        }
        let exited = self.consumers.reap().await?;
        if exited > 0 && !self.is_stopping && !self.autoscaler.starts_jobs() {
            // As a ReplicaSet replaces its pods.
            self.consumers.scale_to(self.consumers.desired)?;
        }
        for sample in self.samples(&snapshots).await? {
            self.show(&sample)?;
        }
        Ok(snapshots)
    }

    /// Shows a sample. A demo that was stopped goes on without a terminal or reader: its consumers finish their items.
    fn show(&mut self, sample: &Sample) -> Result<()> {
        match self.readout.show(sample) {
            Err(report) if self.shutdown.stop.is_cancelled() && report.chain().any(is_broken_pipe) => Ok(()),
            shown => shown,
        }
    }

    /// Runs the poll or sync that is due.
    async fn decide(&mut self) -> Result<()> {
        let snapshots = self.snapshots().await?;
        self.autoscaler.evaluate(&snapshots, &mut self.consumers)?;
        for sample in self.samples(&snapshots).await? {
            // Every decision, too: a recording has the values that it was made from. Lines of text are fewer.
            if self.plan.output == Output::Json || self.readout.has_dashboard() {
                self.show(&sample)?;
            } else {
                self.readout.keep(&sample)?;
            }
        }
        Ok(())
    }

    /// Returns a sample of each list.
    async fn samples(&mut self, snapshots: &[Snapshot]) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        for (place, snapshot) in snapshots.iter().enumerate() {
            let presence = self.inspectors[place].presence(false).await?;
            let rates = self.flows[place].observe(self.autoscaler.now(), snapshot);
            let presence = presence.as_ref();
            let mut sample = self.plan.sample(place, snapshot, presence, &self.consumers, rates, &self.autoscaler);
            if let Some(reason) = self.ended_by.filter(|_| place == 0) {
                (sample.reason, sample.next) = (Some(reason.to_owned()), None);
            }
            samples.push(sample);
        }
        for (dead, Sample { list, dead: number, .. }) in self.dead.iter_mut().zip(&samples) {
            if let Some(causes) = dead.changed(*number).await {
                self.readout.dead_letters(list, causes);
            }
        }
        self.readout.notice(self.notice());
        Ok(samples)
    }

    /// Returns what is out of the ordinary.
    fn notice(&self) -> Option<String> {
        let Production { factor, is_paused, is_over, .. } = self.producer.state();
        if self.is_stopping && !self.is_done {
            return Some("STOPPING, q again kills".to_owned());
        }
        match (is_paused, is_over) {
            (true, _) => Some("producer PAUSED".to_owned()),
            (_, true) => Some("load is over".to_owned()),
            _ if (factor - 1.0).abs() > f64::EPSILON => Some(format!("load ×{factor}")),
            _ => None,
        }
    }

    fn is_settled(&self, snapshots: &[Snapshot]) -> bool {
        let Production { pushed, is_paused, is_over, .. } = self.producer.state();
        let is_pushed = is_over && !is_paused && pushed > 0;
        let is_at_rest = self.consumers.count() <= self.autoscaler.rest() && self.consumers.stopping() == 0;
        is_pushed && snapshots.iter().all(Snapshot::is_settled) && is_at_rest
    }
}

impl Kills {
    /// Returns the number of kills for the items that were processed since the last call.
    fn due(&mut self, snapshots: &[Snapshot]) -> u64 {
        let claims = snapshots.iter().filter_map(|snapshot| snapshot.claims.as_ref());
        let acknowledged: u64 = claims.map(|claims| claims.counters.acknowledged).sum();
        let items = acknowledged.saturating_sub(std::mem::replace(&mut self.acknowledged, acknowledged));
        (0..items).filter(|_| self.rng.random_bool(self.share)).count() as u64
    }
}

fn dashboard(plan: &Plan) -> DashboardSetup {
    DashboardSetup {
        title: format!("demo: {}", plan.work),
        lists: plan.lists.keys().to_vec(),
        every: TICK,
        speed: plan.speed,
        keys: KeySet::Demo,
    }
}

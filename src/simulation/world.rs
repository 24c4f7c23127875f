//! What happens next: arrivals, pods, polls and syncs, each at its moment.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, SystemTime};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::pod::Pod;
use super::rule::rule;
use super::{By, Point, Run, Said, Scenario, Summary};
use crate::scaler::{Counted, Reading, Reason, SYNC_PERIOD, Scale, Scaler, Unfinished};

const SECOND: Duration = Duration::from_secs(1);

/// What can happen; at the same moment, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Done { pod: u64, item: u64 },
    Ended(u64),
    Ready(u64),
    Arrival(usize),
    Poll,
    Sync,
    Look,
}

pub(super) struct World<'a> {
    scenario: &'a Scenario,
    now: Duration,
    events: BinaryHeap<Reverse<(Duration, Event)>>,
    scaler: Scaler,
    spec: u32,
    queue: VecDeque<(u64, Duration)>,
    pods: BTreeMap<u64, Pod>,
    next_pod: u64,
    next_item: u64,
    rng: StdRng,
    waits: Vec<Duration>,
    reason: String,
    run: Run,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let mut world = Self {
            scenario,
            now: Duration::ZERO,
            events: BinaryHeap::new(),
            scaler: Scaler::new(scenario.settings.clone(), Duration::ZERO),
            spec: 0,
            queue: VecDeque::new(),
            pods: BTreeMap::new(),
            next_pod: 0,
            next_item: 0,
            rng: StdRng::seed_from_u64(scenario.seed),
            waits: Vec::new(),
            reason: "nobody has looked yet".to_owned(),
            run: Run { points: Vec::new(), said: Vec::new(), summary: Summary::default() },
        };
        world.at(Duration::ZERO, Event::Look);
        world.at(scenario.first_poll, Event::Poll);
        if scenario.jobs.is_none() {
            world.at(scenario.first_sync, Event::Sync);
            // Pods that are always there were there before.
            world.spec = scenario.settings.min;
            for _ in 0..world.spec {
                let pod = world.create();
                world.pods.entry(pod).and_modify(|pod| pod.ready = true);
            }
        }
        if let Some(first) = scenario.arrivals.first() {
            world.at(first.at, Event::Arrival(0));
        }
        world
    }

    fn at(&mut self, at: Duration, event: Event) {
        self.events.push(Reverse((at, event)));
    }

    pub(super) fn run(mut self) -> Result<Run, String> {
        while let Some(Reverse((at, event))) = self.events.pop() {
            if at > self.scenario.horizon {
                break;
            }
            self.now = at;
            match event {
                Event::Arrival(index) => self.arrive(index),
                Event::Ready(pod) => {
                    if let Some(pod) = self.pods.get_mut(&pod).filter(|pod| !pod.ending) {
                        pod.ready = true;
                    }
                }
                Event::Done { pod, item } => self.done(pod, item),
                Event::Ended(pod) => self.end(pod),
                Event::Poll => self.poll(),
                Event::Sync => self.sync(),
                Event::Look => {
                    self.look();
                    if self.is_over() {
                        break;
                    }
                    self.at(at + SECOND, Event::Look);
                }
            }
            self.serve()?;
        }
        Ok(self.finish())
    }

    fn arrive(&mut self, index: usize) {
        let arrivals = &self.scenario.arrivals;
        for _ in 0..arrivals[index].count {
            self.queue.push_back((self.next_item, self.now));
            self.next_item += 1;
        }
        self.run.summary.arrived += arrivals[index].count;
        self.run.summary.peak_backlog = self.run.summary.peak_backlog.max(self.queue.len() as u64);
        if let Some(next) = arrivals.get(index + 1) {
            self.at(next.at, Event::Arrival(index + 1));
        }
    }

    /// Gives items to pods that have room, the longest waiting first, the oldest pod first.
    fn serve(&mut self) -> Result<(), String> {
        let once = self.scenario.jobs.is_some();
        let slots = if once { 1 } else { self.scenario.concurrency as usize };
        let mut started = Vec::new();
        let mut finished = Vec::new();
        for (id, pod) in &mut self.pods {
            while pod.ready && !pod.ending && !pod.served && pod.work.len() < slots {
                let Some((item, pushed)) = self.queue.pop_front() else { break };
                if pod.work.is_empty() {
                    pod.idle += self.now.saturating_sub(pod.idle_since);
                }
                pod.work.insert(item, pushed);
                pod.served = once;
                self.waits.push(self.now.saturating_sub(pushed));
                started.push((*id, item));
            }
            // A Job's pod that finds nothing, or is done, ends.
            if once && pod.ready && pod.work.is_empty() {
                finished.push(*id);
            }
        }
        for (pod, item) in started {
            let mut text = String::new();
            let time = SystemTime::UNIX_EPOCH + self.now;
            self.scenario.payload.write(&mut text, item + 1, time, &mut self.rng);
            let takes = self.scenario.work.duration(text.as_bytes(), &mut self.rng)?;
            self.at(self.now + takes, Event::Done { pod, item });
        }
        for pod in finished {
            self.end(pod);
        }
        Ok(())
    }

    fn done(&mut self, id: u64, item: u64) {
        let now = self.now;
        let Some(pod) = self.pods.get_mut(&id) else { return };
        if pod.work.remove(&item).is_none() {
            return;
        }
        if pod.work.is_empty() {
            pod.idle_since = now;
        }
        let over = pod.ending && pod.work.is_empty();
        self.run.summary.done += 1;
        if over {
            self.end(id);
        }
        let none_left = self.queue.is_empty() && self.pods.values().all(|pod| pod.work.is_empty());
        if none_left {
            self.run.summary.empty_at = Some(now);
        }
    }

    fn create(&mut self) -> u64 {
        let id = self.next_pod;
        self.next_pod += 1;
        self.pods.insert(id, Pod { created: self.now, idle_since: self.now, ..Pod::default() });
        self.at(self.now + self.scenario.start_time, Event::Ready(id));
        id
    }

    /// Takes the pod away; what it still has in work is cut.
    fn end(&mut self, id: u64) {
        let Some(mut pod) = self.pods.remove(&id) else { return };
        if pod.work.is_empty() {
            pod.idle += self.now.saturating_sub(pod.idle_since);
        }
        self.run.summary.pod_seconds += self.now.saturating_sub(pod.created).as_secs_f64();
        self.run.summary.idle_pod_seconds += pod.idle.as_secs_f64();
        self.run.summary.cut += pod.work.len() as u64;
        if self.scenario.gives_back {
            // To the end that is taken from: they are next.
            for (item, pushed) in pod.work.into_iter().rev() {
                self.queue.push_front((item, pushed));
            }
        }
    }

    fn count(&self, counted: Counted) -> u64 {
        match counted {
            Counted::Waiting => self.queue.len() as u64,
            Counted::Busy => self.pods.values().filter(|pod| !pod.work.is_empty()).count() as u64,
            Counted::Delayed | Counted::Landing => 0,
        }
    }

    fn values(&self) -> Vec<Option<u64>> {
        self.scenario.settings.triggers.iter().map(|trigger| Some(self.count(trigger.counted))).collect()
    }

    fn poll(&mut self) {
        self.at(self.now + self.scenario.settings.polling, Event::Poll);
        if let Some(jobs) = self.scenario.jobs {
            let running = u32::try_from(self.pods.len()).unwrap_or(u32::MAX);
            let pending = self.pods.values().filter(|pod| !pod.ready).count();
            let unfinished = Unfinished { running, pending: u32::try_from(pending).unwrap_or(u32::MAX) };
            let created = jobs.poll(&self.scenario.settings, &self.values(), unfinished);
            for _ in 0..created.jobs {
                self.create();
            }
            let rule = if created.jobs == 0 { "no Job" } else { "Jobs" };
            self.say(By::Keda, running, running + created.jobs, created.to_string(), rule);
            return;
        }
        let decision = self.scaler.poll(self.now, self.spec, &Reading::Read(self.values()));
        self.decided(By::Keda, decision.replicas, &decision.reason);
    }

    fn sync(&mut self) {
        self.at(self.now + SYNC_PERIOD, Event::Sync);
        let status = self.pods.values().filter(|pod| !pod.ending).count();
        let scale = Scale { spec: self.spec, status: u32::try_from(status).unwrap_or(u32::MAX) };
        let decision = self.scaler.sync(self.now, scale, &Reading::Read(self.values()));
        self.decided(By::Hpa, decision.replicas, &decision.reason);
    }

    fn decided(&mut self, by: By, replicas: u32, reason: &Reason) {
        let from = self.spec;
        self.say(by, from, replicas, reason.to_string(), rule(reason));
        self.spec = replicas;
        for _ in from..replicas {
            self.create();
        }
        for _ in replicas..from {
            self.stop_one();
        }
    }

    /// Tells a pod to stop: one that is not ready first, as the ReplicaSet does, else any.
    fn stop_one(&mut self) {
        let staying = |ready: bool| -> Vec<u64> {
            self.pods.iter().filter(|(_, pod)| !pod.ending && pod.ready == ready).map(|(id, _)| *id).collect()
        };
        let mut candidates = staying(false);
        if candidates.is_empty() {
            candidates = staying(true);
        }
        if candidates.is_empty() {
            return;
        }
        let id = candidates[self.rng.random_range(0..candidates.len())];
        let grace = self.scenario.grace;
        let Some(pod) = self.pods.get_mut(&id) else { return };
        pod.ending = true;
        if pod.work.is_empty() || grace.is_zero() {
            self.end(id);
        } else {
            self.at(self.now + grace, Event::Ended(id));
        }
    }

    /// Remembers what was said, once for as long as it stays the same.
    fn say(&mut self, by: By, from: u32, to: u32, reason: String, rule: &'static str) {
        let now = self.now;
        if from != to || by == By::Hpa || self.spec == 0 {
            self.reason.clone_from(&reason);
        }
        self.run.summary.changes += u64::from(from != to);
        self.run.summary.peak_pods = self.run.summary.peak_pods.max(to).max(from);
        let same = self.run.said.iter_mut().rev().take_while(|said| said.from == said.to).find(|said| said.by == by);
        match same {
            Some(last) if from == to && last.to == to && last.rule == rule => last.until = now,
            _ => self.run.said.push(Said { at: now, until: now, by, from, to, reason, rule }),
        }
    }

    fn look(&mut self) {
        let live = || self.pods.values().filter(|pod| !pod.ending);
        let count = |pods: usize| u32::try_from(pods).unwrap_or(u32::MAX);
        self.run.points.push(Point {
            at: self.now,
            backlog: self.queue.len() as u64,
            in_work: self.pods.values().map(|pod| pod.work.len() as u64).sum(),
            desired: if self.scenario.jobs.is_some() { count(self.pods.len()) } else { self.spec },
            ready: count(live().filter(|pod| pod.ready).count()),
            terminating: count(self.pods.values().filter(|pod| pod.ending).count()),
            reason: self.reason.clone(),
        });
    }

    fn is_over(&self) -> bool {
        let worked = self.run.summary.arrived
            == self.scenario.arrivals.iter().map(|arrival| arrival.count).sum::<u64>()
            && self.queue.is_empty()
            && self.pods.values().all(|pod| pod.work.is_empty());
        let fewest = self.scenario.settings.idle.unwrap_or(self.scenario.settings.min);
        let pods = u32::try_from(self.pods.len()).unwrap_or(u32::MAX);
        self.scenario.until_over && worked && self.spec <= fewest && pods <= fewest && self.now > SECOND
    }

    fn finish(mut self) -> Run {
        self.now = self.now.min(self.scenario.horizon);
        let in_work: usize = self.pods.values().map(|pod| pod.work.len()).sum();
        self.run.summary.left = (self.queue.len() + in_work) as u64;
        for pod in self.pods.values_mut() {
            let idle = if pod.work.is_empty() { self.now.saturating_sub(pod.idle_since) } else { Duration::ZERO };
            self.run.summary.pod_seconds += self.now.saturating_sub(pod.created).as_secs_f64();
            self.run.summary.idle_pod_seconds += (pod.idle + idle).as_secs_f64();
        }
        // Who still waits has waited for so long at least.
        let still = self.queue.iter().map(|(_, pushed)| self.now.saturating_sub(*pushed));
        self.waits.extend(still);
        self.waits.sort_unstable();
        let part = |percent: usize| {
            let rank = (self.waits.len() * percent).div_ceil(100).max(1) - 1;
            self.waits.get(rank).copied().unwrap_or_default()
        };
        let summary = &mut self.run.summary;
        (summary.wait_p50, summary.wait_p95, summary.wait_p99) = (part(50), part(95), part(99));
        summary.empty_at = summary.empty_at.filter(|_| summary.left == 0);
        self.run
    }
}

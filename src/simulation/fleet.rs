//! The pods of a run, and the list they take from.

use std::collections::VecDeque;
use std::time::Duration;

use super::calendar::{Calendar, Event};
use super::chance::Chance;
use super::pod::{Held, Item, Phase, Pod};
use super::scenario::{Scenario, Unforeseen};
use super::summary::Stopwatch;
use crate::delivery::guarantee::DeliveryGuarantee;

/// Pods, list, and what became of items.
pub(super) struct Fleet<'a> {
    scenario: &'a Scenario,
    chance: Chance,
    pub(super) waiting: VecDeque<Item>,
    /// All pods there have ever been.
    pods: Vec<Pod>,
    /// Those of them that are not gone.
    present: Vec<usize>,
    /// Pods with a free hand, once for each, the one that waits longest first.
    free: VecDeque<usize>,
    works: u64,
    pub(super) arrived: u64,
    pub(super) done: u64,
    pub(super) cut: u64,
    pub(super) lost: u64,
    pub(super) in_flight: u64,
    pub(super) waits: Stopwatch,
}

/// How many pods there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Not told to stop.
    pub(super) alive: u32,
    /// Those of them that could take an item.
    pub(super) ready: u32,
    /// Told to stop.
    pub(super) terminating: u32,
    /// Jobs whose pod has ended, and that do not count as complete yet.
    pub(super) ended: u32,
    /// Pods with something in flight.
    pub(super) busy: u32,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            chance: Chance::new(scenario.seed),
            waiting: VecDeque::new(),
            pods: Vec::new(),
            present: Vec::new(),
            free: VecDeque::new(),
            works: 0,
            arrived: 0,
            done: 0,
            cut: 0,
            lost: 0,
            in_flight: 0,
            waits: Stopwatch::new(),
        }
    }

    pub(super) fn count(&self) -> Count {
        let mut count = Count::default();
        for pod in self.present.iter().map(|pod| &self.pods[*pod]) {
            match pod.phase {
                Phase::Alive => {
                    count.alive += 1;
                    count.ready += u32::from(pod.ready.is_some());
                }
                Phase::Terminating => count.terminating += 1,
                Phase::Ended => count.ended += 1,
                Phase::Gone => {}
            }
            count.busy += u32::from(!pod.hands.is_empty());
        }
        count
    }

    /// Who still waits has waited for so long at least.
    pub(super) fn close(&mut self, now: Duration) {
        for item in self.waiting.iter().filter(|item| !item.again) {
            self.waits.record(now.saturating_sub(item.pushed));
        }
    }

    /// The time of all pods together, and what of it they had nothing in flight, up to `now`.
    pub(super) fn pod_time(&self, now: Duration) -> (Duration, Duration) {
        let mut sum = (Duration::ZERO, Duration::ZERO);
        for pod in &self.pods {
            let mut pod = pod.clone();
            if pod.gone.is_none() {
                pod.settle(now);
            }
            sum.0 += pod.gone.unwrap_or(now).saturating_sub(pod.created);
            sum.1 += pod.idle;
        }
        sum
    }

    /// Starts so many pods.
    pub(super) fn start(&mut self, pods: u32, starting: Duration, now: Duration, calendar: &mut Calendar) {
        for _ in 0..pods {
            let pod = self.pods.len();
            self.pods.push(Pod::new(now, self.chance.uid()));
            self.present.push(pod);
            calendar.add(now + starting, Event::Ready(pod));
        }
    }

    /// Tells so many pods to stop, as Kubernetes chooses them.
    pub(super) fn stop(&mut self, pods: u32, now: Duration, calendar: &mut Calendar) -> Result<(), Unforeseen> {
        let mut alive: Vec<usize> =
            self.present.iter().copied().filter(|pod| self.pods[*pod].phase == Phase::Alive).collect();
        alive.sort_by_key(|pod| self.pods[*pod].victim_order(now));
        for pod in alive.into_iter().take(usize::try_from(pods).unwrap_or(usize::MAX)) {
            if self.pods[pod].hands.is_empty() {
                self.end(pod, Phase::Gone, now);
            } else {
                self.pods[pod].phase = Phase::Terminating;
                calendar.add(now + self.scenario.grace, Event::Overdue(pod));
            }
        }
        self.assign(now, calendar)
    }

    pub(super) fn push(&mut self, items: u64, now: Duration, calendar: &mut Calendar) -> Result<(), Unforeseen> {
        for _ in 0..items {
            self.arrived += 1;
            self.waiting.push_back(Item { pushed: now, number: self.arrived, again: false });
        }
        self.assign(now, calendar)
    }

    pub(super) fn ready(&mut self, pod: usize, now: Duration, calendar: &mut Calendar) -> Result<(), Unforeseen> {
        if self.pods[pod].phase != Phase::Alive {
            return Ok(());
        }
        self.pods[pod].ready = Some(now);
        let hands = if self.once() { 1 } else { self.scenario.concurrency };
        self.free.extend((0..hands).map(|_| pod));
        self.assign(now, calendar)?;
        self.rest(pod, now, calendar);
        Ok(())
    }

    /// An item is worked.
    pub(super) fn done(
        &mut self,
        pod: usize,
        work: u64,
        now: Duration,
        calendar: &mut Calendar,
    ) -> Result<(), Unforeseen> {
        let worker = &mut self.pods[pod];
        let Some(hand) = worker.hands.iter().position(|held| held.work == work) else { return Ok(()) };
        worker.settle(now);
        worker.hands.swap_remove(hand);
        self.done += 1;
        self.in_flight -= 1;
        match (worker.phase, worker.hands.is_empty()) {
            (Phase::Terminating, true) => self.end(pod, Phase::Gone, now),
            (Phase::Alive, _) if self.once() => {
                self.end(pod, Phase::Ended, now);
                self.complete_later(pod, now, calendar);
            }
            (Phase::Alive, _) => {
                self.free.push_back(pod);
                self.assign(now, calendar)?;
                self.rest(pod, now, calendar);
            }
            _ => {}
        }
        Ok(())
    }

    /// A pod has had its time to finish: what it has is cut off.
    pub(super) fn overdue(&mut self, pod: usize, now: Duration, calendar: &mut Calendar) -> Result<(), Unforeseen> {
        match self.pods[pod].phase {
            Phase::Terminating => {}
            // The one that waited for another item and got none: the pod of a Job.
            Phase::Alive if self.pods[pod].hands.is_empty() && now >= self.pods[pod].since + self.idle_exit() => {
                self.end(pod, Phase::Ended, now);
                self.complete_later(pod, now, calendar);
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.pods[pod].settle(now);
        for Held { item, .. } in std::mem::take(&mut self.pods[pod].hands).into_iter().rev() {
            self.cut += 1;
            self.in_flight -= 1;
            match self.scenario.delivery {
                DeliveryGuarantee::AtLeastOnce => self.waiting.push_front(Item { again: true, ..item }),
                DeliveryGuarantee::AtMostOnce => self.lost += 1,
            }
        }
        self.end(pod, Phase::Gone, now);
        self.assign(now, calendar)
    }

    /// A Job counts as complete.
    pub(super) fn complete(&mut self, pod: usize) {
        self.pods[pod].phase = Phase::Gone;
        self.present.retain(|present| *present != pod);
    }

    /// Gives what waits to whoever has a hand free.
    fn assign(&mut self, now: Duration, calendar: &mut Calendar) -> Result<(), Unforeseen> {
        while !self.waiting.is_empty() {
            let Some(pod) = self.free.pop_front() else { break };
            if !self.pods[pod].takes_items() {
                continue;
            }
            let Some(item) = self.waiting.pop_front() else { break };
            if !item.again {
                self.waits.record(now.saturating_sub(item.pushed));
            }
            self.works += 1;
            let takes = self.chance.work(&self.scenario.work, &self.scenario.payload, item.number)?;
            self.pods[pod].settle(now);
            self.pods[pod].hands.push(Held { work: self.works, item });
            self.in_flight += 1;
            calendar.add(now + takes, Event::Done { pod, work: self.works });
        }
        Ok(())
    }

    /// What the pod of a Job does when it finds nothing.
    fn rest(&mut self, pod: usize, now: Duration, calendar: &mut Calendar) {
        let Some(jobs) = &self.scenario.jobs else { return };
        if self.pods[pod].phase != Phase::Alive || !self.pods[pod].hands.is_empty() {
            return;
        }
        match jobs.idle_exit {
            None => {
                self.end(pod, Phase::Ended, now);
                self.complete_later(pod, now, calendar);
            }
            Some(idle_exit) => calendar.add(now + idle_exit, Event::Overdue(pod)),
        }
    }

    fn complete_later(&self, pod: usize, now: Duration, calendar: &mut Calendar) {
        let completion = self.scenario.jobs.map_or(Duration::ZERO, |jobs| jobs.completion);
        calendar.add(now + completion, Event::Complete(pod));
    }

    fn end(&mut self, pod: usize, phase: Phase, now: Duration) {
        let ended = &mut self.pods[pod];
        ended.settle(now);
        ended.phase = phase;
        ended.gone = Some(now);
        if phase == Phase::Gone {
            self.present.retain(|present| *present != pod);
        }
    }

    /// Time without an item after which a Job ends.
    fn idle_exit(&self) -> Duration {
        self.scenario.jobs.and_then(|jobs| jobs.idle_exit).unwrap_or(Duration::MAX)
    }

    /// Whether each pod works one item, and ends.
    fn once(&self) -> bool {
        self.scenario.jobs.is_some_and(|jobs| jobs.idle_exit.is_none())
    }
}

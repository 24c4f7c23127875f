//! Pods of a run, and the lists they claim from.

use std::time::Duration;

use super::calendar::{Calendar, Event};
use super::free_slots::FreeSlots;
use super::pod::{Held, Pod, PodPhase, QueuedItem};
use super::random::{RandomStreams, UnknownDuration};
use super::scenario::{LateLimit, Scenario};
use super::summary::Stopwatch;
use super::waiting::WaitingItems;
use crate::delivery::guarantee::DeliveryGuarantee;

/// Pods, lists, and counts of items.
pub(super) struct Fleet<'a> {
    scenario: &'a Scenario,
    random: RandomStreams,
    pub(super) waiting: WaitingItems,
    /// All pods, past ones included.
    pods: Vec<Pod>,
    /// Indices of the pods that are not gone.
    present: Vec<usize>,
    free: FreeSlots,
    works: u64,
    pub(super) arrived: u64,
    pub(super) done: u64,
    pub(super) cut: u64,
    pub(super) lost: u64,
    pub(super) in_flight: u64,
    /// Items that waited longer than the limit.
    pub(super) late: u64,
    pub(super) waits: Stopwatch,
    /// Waits of each list, if there are several.
    pub(super) list_waits: Vec<Stopwatch>,
}

/// Numbers of pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PodCount {
    /// Not terminating.
    pub(super) alive: u32,
    /// Those of them whose container has not started.
    pub(super) pending: u32,
    /// Those of them that are ready.
    pub(super) ready: u32,
    /// Terminating.
    pub(super) terminating: u32,
    /// Jobs whose pod has ended, and that do not count as complete yet.
    pub(super) ended: u32,
    /// Pods with something in flight.
    pub(super) busy: u32,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let lists = scenario.lists.keys();
        Self {
            scenario,
            random: RandomStreams::new(scenario.seed),
            waiting: WaitingItems::of(scenario),
            pods: Vec::new(),
            present: Vec::new(),
            free: FreeSlots::default(),
            works: 0,
            arrived: 0,
            done: 0,
            cut: 0,
            lost: 0,
            in_flight: 0,
            late: 0,
            waits: Stopwatch::new(),
            list_waits: lists.iter().filter(|_| lists.len() > 1).map(|_| Stopwatch::new()).collect(),
        }
    }

    pub(super) fn count(&self) -> PodCount {
        let mut count = PodCount::default();
        for pod in self.present.iter().map(|pod| &self.pods[*pod]) {
            match pod.phase {
                PodPhase::Alive => {
                    count.alive += 1;
                    count.pending += u32::from(!pod.running);
                    count.ready += u32::from(pod.ready.is_some());
                }
                PodPhase::Terminating => count.terminating += 1,
                PodPhase::Ended => count.ended += 1,
                PodPhase::Gone => {}
            }
            count.busy += u32::from(!pod.in_flight.is_empty());
        }
        count
    }

    /// Number of pods with an item of the list at `place` in flight.
    pub(super) fn busy_with(&self, place: usize) -> u32 {
        let has = |pod: &&usize| self.pods[**pod].in_flight.iter().any(|held| held.item.list == place);
        u32::try_from(self.present.iter().filter(has).count()).unwrap_or(u32::MAX)
    }

    /// Records the waits so far of items that were never claimed.
    pub(super) fn close(&mut self, now: Duration) {
        while let Some(item) = self.waiting.pop() {
            if !item.redelivered {
                self.record(&item, now);
            }
        }
    }

    /// Records the wait of an item.
    fn record(&mut self, item: &QueuedItem, now: Duration) {
        let Some(LateLimit { from, wait, .. }) = self.scenario.late else {
            let waited = now.saturating_sub(item.pushed);
            self.waits.record(waited);
            if let Some(waits) = self.list_waits.get_mut(item.list) {
                waits.record(waited);
            }
            return;
        };
        if item.pushed >= from {
            let waited = now.saturating_sub(item.pushed);
            self.late += u64::from(waited > wait);
            self.waits.record(waited);
        }
    }

    /// Returns true once more items are late than the limit allows.
    pub(super) fn is_too_late(&self) -> bool {
        self.scenario.late.is_some_and(|limit| self.late > limit.items)
    }

    /// Returns pod time and idle pod time up to `now`.
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

    /// Starts this many pods.
    pub(super) fn start(&mut self, pods: u32, now: Duration, calendar: &mut Calendar) {
        let Scenario { start_time, boot_time, .. } = *self.scenario;
        for _ in 0..pods {
            let pod = self.create(now);
            calendar.add(now + start_time, Event::Running(pod));
            calendar.add(now + start_time + boot_time, Event::Ready(pod));
        }
    }

    /// Adds pods that have been ready for a while.
    pub(super) fn add_ready(&mut self, pods: u32, now: Duration, calendar: &mut Calendar) {
        for _ in 0..pods {
            let pod = self.create(now);
            self.running(pod);
            calendar.add(now, Event::Ready(pod));
        }
    }

    fn create(&mut self, now: Duration) -> usize {
        let pod = self.pods.len();
        self.pods.push(Pod::new(now, self.random.uid()));
        self.present.push(pod);
        pod
    }

    /// Starts the container of a pod.
    pub(super) fn running(&mut self, pod: usize) {
        self.pods[pod].running = true;
    }

    /// Terminates this many pods, in the order of Kubernetes.
    pub(super) fn stop(&mut self, pods: u32, now: Duration, calendar: &mut Calendar) -> Result<(), UnknownDuration> {
        let mut alive: Vec<usize> =
            self.present.iter().copied().filter(|pod| self.pods[*pod].phase == PodPhase::Alive).collect();
        alive.sort_by_key(|pod| self.pods[*pod].victim_order(now));
        for pod in alive.into_iter().take(usize::try_from(pods).unwrap_or(usize::MAX)) {
            if self.pods[pod].in_flight.is_empty() {
                self.end(pod, PodPhase::Gone, now);
            } else {
                self.pods[pod].phase = PodPhase::Terminating;
                calendar.add(now + self.scenario.grace, Event::Overdue(pod));
            }
        }
        self.assign(now, calendar)
    }

    pub(super) fn push(&mut self, items: u64, now: Duration, calendar: &mut Calendar) -> Result<(), UnknownDuration> {
        for _ in 0..items {
            self.arrived += 1;
            let list = self.waiting.turn();
            self.waiting.push(QueuedItem { pushed: now, number: self.arrived, list, redelivered: false });
        }
        self.assign(now, calendar)
    }

    pub(super) fn ready(&mut self, pod: usize, now: Duration, calendar: &mut Calendar) -> Result<(), UnknownDuration> {
        if self.pods[pod].phase != PodPhase::Alive {
            return Ok(());
        }
        self.pods[pod].ready = Some(now);
        let slots = if self.once() { 1 } else { self.scenario.concurrency };
        self.free.add(pod, slots);
        self.assign(now, calendar)?;
        self.rest(pod, now, calendar);
        Ok(())
    }

    /// Finishes an item.
    pub(super) fn done(
        &mut self,
        pod: usize,
        work: u64,
        now: Duration,
        calendar: &mut Calendar,
    ) -> Result<(), UnknownDuration> {
        let worker = &mut self.pods[pod];
        let Some(index) = worker.in_flight.iter().position(|held| held.work == work) else { return Ok(()) };
        worker.settle(now);
        worker.in_flight.swap_remove(index);
        self.done += 1;
        self.in_flight -= 1;
        match (worker.phase, worker.in_flight.is_empty()) {
            (PodPhase::Terminating, true) => self.end(pod, PodPhase::Gone, now),
            (PodPhase::Alive, true) if self.once() || !self.pods[pod].takes_items(self.max_items()) => {
                self.end(pod, PodPhase::Ended, now);
                self.complete_later(pod, now, calendar);
            }
            (PodPhase::Alive, _) => {
                self.free.add(pod, 1);
                self.assign(now, calendar)?;
                self.rest(pod, now, calendar);
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends a pod's grace period: its items are interrupted.
    pub(super) fn overdue(
        &mut self,
        pod: usize,
        now: Duration,
        calendar: &mut Calendar,
    ) -> Result<(), UnknownDuration> {
        match self.pods[pod].phase {
            PodPhase::Terminating => {}
            // The pod of a Job that waited for an item and got none.
            PodPhase::Alive
                if self.pods[pod].in_flight.is_empty() && now >= self.pods[pod].since + self.idle_exit() =>
            {
                self.end(pod, PodPhase::Ended, now);
                self.complete_later(pod, now, calendar);
                return Ok(());
            }
            _ => return Ok(()),
        }
        self.pods[pod].settle(now);
        for Held { item, .. } in std::mem::take(&mut self.pods[pod].in_flight).into_iter().rev() {
            self.cut += 1;
            self.in_flight -= 1;
            match self.scenario.delivery {
                DeliveryGuarantee::AtLeastOnce => self.waiting.put_back(QueuedItem { redelivered: true, ..item }),
                DeliveryGuarantee::AtMostOnce => self.lost += 1,
            }
        }
        self.end(pod, PodPhase::Gone, now);
        self.assign(now, calendar)
    }

    /// Removes the pod of a completed Job.
    pub(super) fn complete(&mut self, pod: usize) {
        self.pods[pod].phase = PodPhase::Gone;
        self.present.retain(|present| *present != pod);
    }

    /// Assigns waiting items to free slots.
    fn assign(&mut self, now: Duration, calendar: &mut Calendar) -> Result<(), UnknownDuration> {
        let max_items = self.max_items();
        while !self.waiting.is_empty() {
            let pods = &self.pods;
            let Some(pod) = self.free.take(|pod| pods[pod].takes_items(max_items)) else { break };
            let Some(item) = self.waiting.pop() else { break };
            if !item.redelivered {
                self.record(&item, now);
            }
            self.works += 1;
            let duration = self.random.work(&self.scenario.work, &self.scenario.payload, item.number)?;
            self.pods[pod].settle(now);
            self.pods[pod].in_flight.push(Held { work: self.works, item });
            self.pods[pod].claimed += 1;
            self.in_flight += 1;
            calendar.add(now + duration, Event::Done { pod, work: self.works });
        }
        Ok(())
    }

    /// Ends the pod of a Job that finds nothing, now or after its idle time.
    fn rest(&mut self, pod: usize, now: Duration, calendar: &mut Calendar) {
        let Some(jobs) = &self.scenario.jobs else { return };
        if self.pods[pod].phase != PodPhase::Alive || !self.pods[pod].in_flight.is_empty() {
            return;
        }
        match jobs.idle_exit {
            None => {
                self.end(pod, PodPhase::Ended, now);
                self.complete_later(pod, now, calendar);
            }
            Some(idle_exit) => calendar.add(now + idle_exit, Event::Overdue(pod)),
        }
    }

    fn complete_later(&self, pod: usize, now: Duration, calendar: &mut Calendar) {
        let completion = self.scenario.jobs.map_or(Duration::ZERO, |jobs| jobs.completion);
        calendar.add(now + completion, Event::Complete(pod));
    }

    fn end(&mut self, pod: usize, phase: PodPhase, now: Duration) {
        let ended = &mut self.pods[pod];
        ended.settle(now);
        ended.phase = phase;
        ended.gone = Some(now);
        if phase == PodPhase::Gone {
            self.present.retain(|present| *present != pod);
        }
    }

    /// Number of items after which a Job ends, if there is one.
    fn max_items(&self) -> Option<u64> {
        self.scenario.jobs.and_then(|jobs| jobs.max_items)
    }

    /// Time without an item after which a Job ends.
    fn idle_exit(&self) -> Duration {
        self.scenario.jobs.and_then(|jobs| jobs.idle_exit).unwrap_or(Duration::MAX)
    }

    /// Tells if each pod processes one item, and ends.
    fn once(&self) -> bool {
        self.scenario.jobs.is_some_and(|jobs| jobs.idle_exit.is_none())
    }
}

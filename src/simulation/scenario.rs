//! What is played through.

use std::time::Duration;

use super::random::phases;
use crate::delivery::defaults::DEFAULT_DRAIN;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::scaler::{Counted, JobSettings, SYNC_PERIOD, Settings};
use crate::workload::{Arrival, Payload, Work};

/// From the creation of a pod to its first item, on a node that has the image: what was seen on a real control plane.
const START_TIME: Duration = Duration::from_secs(2);

/// Where nothing else ends it, a run ends here.
const HORIZON: Duration = Duration::from_secs(60 * 60);

/// From the end of a Job's container to when the Job counts as complete.
const COMPLETION: Duration = Duration::from_secs(1);

/// A grace period that no item outlasts.
const ALL_THE_TIME: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What is played through.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How the workload is scaled.
    pub settings: Settings,
    /// How Jobs are reckoned, where it is a ScaledJob.
    pub jobs: Option<Jobs>,
    /// When items are pushed, the earliest first.
    pub arrivals: Vec<Arrival>,
    /// How long an item is worked.
    pub work: Work,
    /// What items hold, where they say how long they are worked.
    pub payload: Payload,
    /// How many items a pod works at a time.
    pub concurrency: u32,
    /// What becomes of an item whose pod is ended under it.
    pub delivery: DeliveryGuarantee,
    /// From the creation of a pod to its first item.
    pub start_time: Duration,
    /// How long a pod that was told to stop may finish what it has.
    pub grace: Duration,
    /// When KEDA looks first.
    pub first_poll: Duration,
    /// When the HPA looks first.
    pub first_sync: Duration,
    /// How often the HPA looks.
    pub sync_period: Duration,
    /// When it ends at the latest.
    pub horizon: Duration,
    /// Whether it ends as soon as all is worked and there are no more pods than the fewest.
    pub until_over: bool,
    /// What chance begins with.
    pub seed: u64,
}

/// The Jobs of a ScaledJob.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    /// How many are created.
    pub settings: JobSettings,
    /// Time without an item after which a Job ends; `None` for Jobs that process one item each.
    pub idle_exit: Option<Duration>,
    /// From the end of its pod to when a Job counts as complete.
    pub completion: Duration,
}

/// What keeps items in flight from being cut when pods are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The triggers that count what has left the list.
    Busy,
    /// The formula that adds them up.
    Formula,
    /// Jobs, which nobody ends.
    Jobs,
    /// The time to finish.
    Grace,
}

impl Jobs {
    /// Jobs that complete a second after their pod has ended.
    pub fn new(settings: JobSettings, idle_exit: Option<Duration>) -> Self {
        Self { settings, idle_exit, completion: COMPLETION }
    }
}

impl Scenario {
    /// A load on pods that process one item at a time with at-least-once delivery, until all is over.
    ///
    /// The phases of KEDA's polls and the HPA's syncs are drawn from `seed`: a load begins at any moment of their periods.
    pub fn new(settings: Settings, arrivals: Vec<Arrival>, work: Work, seed: u64) -> Self {
        let (poll, sync) = phases(seed);
        Self {
            jobs: None,
            arrivals,
            work,
            payload: Payload::usual(),
            concurrency: 1,
            delivery: DeliveryGuarantee::default(),
            start_time: START_TIME,
            grace: DEFAULT_DRAIN,
            first_poll: settings.polling.mul_f64(poll),
            first_sync: SYNC_PERIOD.mul_f64(sync),
            sync_period: SYNC_PERIOD,
            settings,
            horizon: HORIZON,
            until_over: true,
            seed,
        }
    }

    /// How many pods there are before anything has happened: those that are always there.
    pub(super) fn at_first(&self) -> u32 {
        if self.jobs.is_some() { 0 } else { self.settings.idle.unwrap_or(self.settings.min) }
    }

    /// Adds what a profile cannot say: all the time that an item takes.
    #[must_use]
    pub fn with(mut self, protection: Protection) -> Self {
        if protection == Protection::Grace {
            self.grace = ALL_THE_TIME;
        }
        self
    }

    /// Takes a protection away.
    #[must_use]
    pub fn without(mut self, protection: Protection) -> Self {
        match protection {
            Protection::Busy => {
                self.settings.triggers.retain(|trigger| trigger.counted == Counted::Waiting);
                self.settings.composite = None;
            }
            Protection::Formula => self.settings.composite = None,
            Protection::Jobs => self.jobs = None,
            Protection::Grace => self.grace = Duration::ZERO,
        }
        self
    }
}

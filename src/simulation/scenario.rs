//! What is played through.

use std::sync::Arc;
use std::time::Duration;

use super::random::phases;
use crate::delivery::defaults::{DEFAULT_DRAIN, DEFAULT_LIST};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::lists::Lists;
use crate::scaler::{Counted, JobSettings, SYNC_PERIOD, Settings};
use crate::workload::{Arrival, Payload, TriggerSeries, Work};

/// From the creation of a pod to the start of its container, on a node that has the image: what was seen on a real control
/// plane, in whole seconds.
pub const START_TIME: Duration = Duration::from_secs(1);

/// From the start of a container to its first item, as seen there.
pub const BOOT_TIME: Duration = Duration::from_secs(1);

/// Default end of a run.
const HORIZON: Duration = Duration::from_secs(60 * 60);

/// From the end of a Job's container to when the Job counts as complete.
const COMPLETION: Duration = Duration::from_secs(1);

/// A grace period that no item outlasts.
const ALL_THE_TIME: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Inputs of a run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Scaling of the workload.
    pub settings: Settings,
    /// Settings of a ScaledJob, if it is one.
    pub jobs: Option<Jobs>,
    /// Arrivals, the earliest first.
    pub arrivals: Vec<Arrival>,
    /// Lists that the items arrive on, and the order in which they are taken.
    pub lists: Lists,
    /// Shares of the lists in the arrivals; `None` deals them by the weights of the lists, or evenly.
    pub shares: Option<Lists>,
    /// Values of the triggers of other types; one without a series counts as 0.
    pub series: Arc<[TriggerSeries]>,
    /// Processing time per item.
    pub work: Work,
    /// Payload, for items that hold their processing time.
    pub payload: Payload,
    /// Items that a pod processes at a time.
    pub concurrency: u32,
    /// Delivery guarantee, which decides about items of pods that are ended.
    pub delivery: DeliveryGuarantee,
    /// From the creation of a pod to the start of its container; a Job is pending until then.
    pub start_time: Duration,
    /// From the start of a container to its first item.
    pub boot_time: Duration,
    /// Replicas at the start, where they are not those at rest.
    pub initial_replicas: Option<u32>,
    /// Termination grace period of a pod.
    pub grace: Duration,
    /// Time of the first poll.
    pub first_poll: Duration,
    /// Time of the first sync.
    pub first_sync: Duration,
    /// Time between syncs.
    pub sync_period: Duration,
    /// Latest end.
    pub horizon: Duration,
    /// Ends as soon as all items are processed and the replicas are at their minimum.
    pub until_over: bool,
    /// Keeps a sample per second.
    pub samples: bool,
    /// Ends as soon as too many items are late; only the waits of its items are measured.
    pub late: Option<LateLimit>,
    /// Random seed.
    pub seed: u64,
}

/// Limit of the number of items that wait too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateLimit {
    /// Start of the measurement: only items pushed from then on count.
    pub from: Duration,
    /// Longest wait that is not late.
    pub wait: Duration,
    /// Number of items that may be late.
    pub items: u64,
}

/// The Jobs of a ScaledJob.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    /// Number of Jobs to create.
    pub settings: JobSettings,
    /// Time without an item after which a Job ends; `None` for Jobs that process one item each.
    pub idle_exit: Option<Duration>,
    /// Number of items after which a Job ends; `None` for no limit.
    pub max_items: Option<u64>,
    /// From the end of its pod to when a Job counts as complete.
    pub completion: Duration,
}

/// Protections of items in flight against the end of their pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The triggers that count what has left the list.
    Busy,
    /// The formula that adds them up.
    Formula,
    /// Jobs, which are not scaled down.
    Jobs,
    /// The time to finish.
    Grace,
}

impl Jobs {
    /// Jobs that complete a second after their pod has ended.
    pub fn new(settings: JobSettings, idle_exit: Option<Duration>) -> Self {
        Self { settings, idle_exit, max_items: None, completion: COMPLETION }
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
            lists: Lists::one(DEFAULT_LIST),
            shares: None,
            series: Arc::default(),
            work,
            payload: Payload::usual(),
            concurrency: 1,
            delivery: DeliveryGuarantee::default(),
            start_time: START_TIME,
            boot_time: BOOT_TIME,
            initial_replicas: None,
            grace: DEFAULT_DRAIN,
            first_poll: settings.polling.mul_f64(poll),
            first_sync: SYNC_PERIOD.mul_f64(sync),
            sync_period: SYNC_PERIOD,
            settings,
            horizon: HORIZON,
            until_over: true,
            samples: true,
            late: None,
            seed,
        }
    }

    /// Returns the replicas at the start: those set, or the minimum.
    pub(super) fn at_first(&self) -> u32 {
        self.initial_replicas.unwrap_or(if self.jobs.is_some() { 0 } else { self.at_rest() })
    }

    /// Returns the replicas without items.
    pub(super) fn at_rest(&self) -> u32 {
        match self.jobs {
            Some(_) => self.settings.min,
            None => self.settings.idle.unwrap_or(self.settings.min),
        }
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
                let kept = |counted: &Counted| *counted.of_list().1 == Counted::Waiting || !counted.is_of_list();
                self.settings.triggers.retain(|trigger| kept(&trigger.counted));
                self.settings.composite = None;
            }
            Protection::Formula => self.settings.composite = None,
            Protection::Jobs => self.jobs = None,
            Protection::Grace => self.grace = Duration::ZERO,
        }
        self
    }
}

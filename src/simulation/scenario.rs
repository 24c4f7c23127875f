//! What is played through.

use std::time::Duration;

use crate::profile::scale::JobRun;
use crate::profile::{DEFAULT_DRAIN, Delivery, Profile, ScaleKind};
use crate::scaler::{Counted, JobSettings, SYNC_PERIOD, Settings};
use crate::workload::{Load, Payload, Work};

/// From the creation of a pod to its first item, on a node that has the image: what was seen on a real control plane.
const START_TIME: Duration = Duration::from_secs(2);

/// From the end of a Job's container to when the Job counts as complete.
const COMPLETION: Duration = Duration::from_secs(1);

/// Where nothing else ends it, a run ends here.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// What is played through.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How the workload is scaled.
    pub settings: Settings,
    /// How Jobs are reckoned, where it is a ScaledJob.
    pub jobs: Option<Jobs>,
    /// When items arrive.
    pub load: Load,
    /// How long an item is worked.
    pub work: Work,
    /// What items hold, where they say how long they are worked.
    pub payload: Payload,
    /// How many items a pod works at a time.
    pub concurrency: u32,
    /// What becomes of an item whose pod is ended under it.
    pub delivery: Delivery,
    /// From the creation of a pod to its first item.
    pub start_time: Duration,
    /// How long a pod that was told to stop may finish what it has.
    pub grace: Duration,
    /// When KEDA looks first.
    pub poll_phase: Duration,
    /// When the HPA looks first.
    pub sync_phase: Duration,
    /// How often the HPA looks.
    pub sync_period: Duration,
    /// How many pods there are at the start.
    pub replicas: u32,
    /// When it ends; else when all is worked and the pods are at their minimum, an hour at most.
    pub limit: Option<Duration>,
    /// What chance begins with.
    pub seed: u64,
}

/// The Jobs of a ScaledJob.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    /// How many are created.
    pub settings: JobSettings,
    /// Whether each works one item, or goes on until there is none.
    pub run: JobRun,
    /// From the end of its pod to when a Job counts as complete.
    pub completion: Duration,
}

/// What keeps items in work from being cut when pods are ended.
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

/// What cannot be known beforehand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unforeseen {
    /// The load goes as fast as Redis takes it.
    #[error("how fast the load comes is decided by Redis: give it a rate, or a count")]
    Load,
    /// An item does not say how long it is worked.
    #[error("how long an item is worked cannot be told from its payload: {0}")]
    Work(String),
    /// A command works the items.
    #[error("how long the command takes is not known: say it, as in `--work 2s..6s`")]
    Command,
}

impl Scenario {
    /// What `profile` describes; `work` in place of its own.
    ///
    /// # Errors
    ///
    /// Says what of it cannot be known beforehand.
    pub fn of(profile: &Profile, list: &str, work: Option<Work>) -> Result<Self, Unforeseen> {
        let consume = &profile.consume;
        let work = match (work, &consume.command, &consume.work) {
            (Some(work), _, _) => work,
            (None, Some(_), _) => return Err(Unforeseen::Command),
            (None, None, work) => work.clone().unwrap_or(Work::None),
        };
        let settings = Settings::of(profile, list);
        let jobs = (profile.scale.kind() == ScaleKind::ScaledJob).then(|| Jobs {
            settings: JobSettings::of(profile),
            run: profile.scale.job.run.unwrap_or_default(),
            completion: COMPLETION,
        });
        Ok(Self {
            jobs,
            load: Load::of(&profile.produce),
            work,
            payload: profile.produce.payload.clone().unwrap_or_else(Payload::usual),
            concurrency: consume.concurrency.map_or(1, u32::from),
            delivery: consume.delivery.unwrap_or_default(),
            start_time: START_TIME,
            grace: consume.drain.map_or(DEFAULT_DRAIN, |span| span.0),
            // KEDA looks as soon as it sees the object, and makes the HPA then.
            poll_phase: Duration::ZERO,
            sync_phase: SYNC_PERIOD,
            sync_period: SYNC_PERIOD,
            replicas: if jobs.is_some() { 0 } else { settings.min },
            settings,
            limit: None,
            seed: 1,
        })
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

    /// When it ends at the latest.
    pub(super) fn end(&self) -> Duration {
        self.limit.unwrap_or(LONGEST)
    }
}

//! Scenarios of the simulation, from a profile.

use super::Profile;
use super::scale::{Combine, IDLE_EXIT_OF_JOBS, JobRun, ScaleKind};
use crate::delivery::defaults::DEFAULT_DRAIN;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::lists::Lists;
use crate::simulation::{BOOT_TIME, Jobs, Protection, START_TIME, Scenario};
use crate::workload::{Arrival, Payload, Work};

impl Profile {
    /// Returns the scenario of `arrivals` on the consumers of `lists`.
    pub fn scenario(&self, lists: &Lists, arrivals: Vec<Arrival>, work: Work, seed: u64) -> Scenario {
        let jobs = (self.scale.kind() == ScaleKind::ScaledJob).then(|| {
            let until_idle = self.scale.job.run == Some(JobRun::UntilIdle);
            let idle_exit = self.consume.idle_exit.map_or(IDLE_EXIT_OF_JOBS, |idle_exit| idle_exit.0);
            Jobs {
                max_items: self.consume.max_items.filter(|_| until_idle),
                ..Jobs::new(self.job_settings(), until_idle.then_some(idle_exit))
            }
        });
        Scenario {
            jobs,
            payload: self.produce.payload.clone().unwrap_or_else(Payload::usual),
            concurrency: self.consume.concurrency.map_or(1, u32::from),
            delivery: self.consume.delivery.unwrap_or_default(),
            start_time: self.consume.start_time.map_or(START_TIME, |time| time.0),
            boot_time: self.consume.boot_time.map_or(BOOT_TIME, |time| time.0),
            grace: self.consume.drain.map_or(DEFAULT_DRAIN, |drain| drain.0),
            lists: lists.clone(),
            ..Scenario::new(self.scaler_settings_of(lists), arrivals, work, seed)
        }
    }

    /// Adds a protection of items in flight that the profile may lack; a grace period is the scenario's own.
    #[must_use]
    pub fn protected(mut self, protection: Protection) -> Self {
        match protection {
            Protection::Busy => self.consume.delivery = Some(DeliveryGuarantee::AtLeastOnce),
            Protection::Formula => {
                self.consume.delivery = Some(DeliveryGuarantee::AtLeastOnce);
                self.scale.combine = self.scale.formula.is_none().then_some(Combine::Sum);
            }
            Protection::Jobs => self.scale.kind = Some(ScaleKind::ScaledJob),
            Protection::Grace => {}
        }
        self
    }
}

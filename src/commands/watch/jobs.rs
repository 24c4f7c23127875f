//! Jobs of a ScaledJob: their numbers, and why KEDA creates as many.

use std::time::Duration;

use crate::cluster::{JobLook, LiveJob, LiveJobModel, Reasoned, Values};
use crate::kubernetes::Facts;
use crate::sample::JobCounts;

/// The Jobs seen so far.
#[derive(Default)]
pub(super) struct WatchedJobs {
    model: LiveJobModel,
}

impl WatchedJobs {
    /// Takes what is seen `now`; returns the number of Jobs, and the reason for those that were created last. `None` for what
    /// is not known, and where no ScaledJob is watched.
    pub(super) fn observe(
        &mut self,
        facts: &Facts,
        values: Values<'_>,
        now: Duration,
    ) -> (Option<JobCounts>, Option<Reasoned>) {
        if facts.jobs.is_pending() {
            return (None, None);
        }
        let jobs = facts.jobs.objects();
        let look = facts.scaled.objects().first().and_then(|object| {
            let settings = object.settings(values.list, None)?;
            Some(JobLook { now, object, jobs, settings, values: object.values(values, None) })
        });
        let reasoned = look.filter(|_| facts.jobs.is_seen()).and_then(|look| self.model.observe(&look));
        (Some(counts(jobs, self.model.count(jobs))), reasoned)
    }
}

fn counts(jobs: &[LiveJob], created: u32) -> JobCounts {
    let mut counts = JobCounts { created, ..JobCounts::default() };
    for job in jobs {
        let count = match job {
            job if job.is_complete() => &mut counts.succeeded,
            job if job.is_failed() => &mut counts.failed,
            job if job.is_running() => &mut counts.running,
            _ => &mut counts.pending,
        };
        *count += 1;
    }
    counts
}

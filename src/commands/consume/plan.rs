//! Consumer settings: the arguments over the profile.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use super::args::Args;
use super::vitals::Shown;
use crate::delivery::defaults::{
    DEFAULT_DRAIN, DEFAULT_KILL_AFTER, DEFAULT_LEASE, DEFAULT_MAX_CRASHES, SHORTEST_LEASE,
};
use crate::delivery::exit_map::ExitMap;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::retry::RetryPolicy;
use crate::exit::UsageError;
use crate::handler::CommandSpec;
use crate::profile::Profile;
use crate::queue::{ClaimSettings, Redis};
use crate::terminal::Output;
use crate::workload::Work;

/// What is done with an item.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Simulated work, or nothing.
    Work { work: Work, speed: f64 },
    /// A command is run.
    Command(CommandSpec),
}

/// What will be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) list: String,
    /// The name of this consumer, which no other has or had.
    pub(super) consumer: String,
    pub(super) delivery: DeliveryGuarantee,
    pub(super) concurrency: u32,
    pub(super) job: Job,
    pub(super) max_items: Option<u64>,
    pub(super) idle_exit: Option<Duration>,
    /// How far off a delayed item may be that is waited for.
    pub(super) await_due: Duration,
    pub(super) drain: Duration,
    pub(super) claims: ClaimSettings,
    pub(super) retry: RetryPolicy,
    pub(super) shown: Shown,
    pub(super) output: Output,
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    pub(super) fn resolve(args: Args, list: String, host: &str, profile: &Profile) -> Result<Self, UsageError> {
        // Taken apart by name, so that a new argument cannot be forgotten here.
        let Args {
            list: _,
            delivery,
            concurrency,
            work,
            command,
            timeout,
            kill_after,
            exit,
            speed,
            max_items,
            once,
            idle_exit,
            await_due,
            drain,
            lease,
            max_attempts,
            max_crashes,
            backoff,
            max_age,
            shown,
            output,
            redis: _,
        } = args;
        let usual = profile.consume.clone();
        let lease = lease.or(usual.lease).map_or(DEFAULT_LEASE, |span| span.0);
        if lease < SHORTEST_LEASE {
            return Err(UsageError("the lease (--lease, QSCALE_LEASE) must be at least 500ms".to_owned()));
        }
        if timeout.is_some_and(|span| span.0.is_zero()) {
            return Err(UsageError("the timeout (--timeout, QSCALE_TIMEOUT) must be more than 0s".to_owned()));
        }
        let backoff = backoff.or(usual.backoff);
        let retry = RetryPolicy {
            max_attempts: max_attempts
                .or(usual.max_attempts)
                .map_or(RetryPolicy::DEFAULT.max_attempts, NonZeroU32::get),
            first: backoff.map_or(RetryPolicy::DEFAULT.first, |range| range.from),
            longest: backoff.map_or(RetryPolicy::DEFAULT.longest, |range| range.to),
            max_age: max_age.or(usual.max_age).map_or(RetryPolicy::DEFAULT.max_age, |span| span.0),
        };
        let usual_command = usual.command.filter(|_| work.is_none());
        let command = if command.is_empty() {
            usual_command.map(|words| words.into_iter().map(OsString::from).collect())
        } else {
            Some(command)
        };
        let job = match command.map(VecDeque::from) {
            None => Job::Work { work: work.or(usual.work).unwrap_or(Work::None), speed },
            Some(mut words) => Job::Command(CommandSpec {
                program: words.pop_front().unwrap_or_default(),
                arguments: words.into(),
                timeout: timeout.or(usual.timeout).map(|span| span.0),
                kill_after: kill_after.or(usual.kill_after).map_or(DEFAULT_KILL_AFTER, |span| span.0),
                exit: usual.exit.as_ref().map(ExitMap::from).unwrap_or_default().with(&exit),
            }),
        };
        let max_crashes = max_crashes.or(usual.max_crashes).map_or(DEFAULT_MAX_CRASHES, NonZeroU32::get);
        Ok(Self {
            list,
            consumer: format!("{host}-{:08x}", rand::random::<u32>()),
            delivery: delivery.map(DeliveryGuarantee::from).or(usual.delivery).unwrap_or_default(),
            concurrency: concurrency.or(usual.concurrency).map_or(1, NonZeroU32::get),
            job,
            max_items: if once { Some(1) } else { max_items.or(usual.max_items) },
            idle_exit: if once { Some(Duration::ZERO) } else { idle_exit.or(usual.idle_exit).map(|span| span.0) },
            await_due: await_due.map_or(Duration::ZERO, |span| span.0),
            drain: drain.or(usual.drain).map_or(DEFAULT_DRAIN, |span| span.0),
            claims: ClaimSettings { lease, max_crashes },
            retry,
            shown: shown.over(usual.metrics, usual.stamp_field),
            output,
        })
    }

    pub(super) fn announce(&self, redis: &Redis) {
        let Self { list, concurrency, consumer, .. } = self;
        let job = match &self.job {
            Job::Work { work, .. } => format!("work {work}"),
            Job::Command(spec) => format!("command {}", spec.program.display()),
        };
        let surely = match self.delivery {
            DeliveryGuarantee::AtLeastOnce => format!("at least once, as {consumer}"),
            DeliveryGuarantee::AtMostOnce => "at most once".to_owned(),
        };
        tracing::info!("consuming `{list}` at {redis}: {concurrency} at a time, {job}, {surely}");
    }
}

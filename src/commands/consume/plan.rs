//! Consumer settings: the arguments over the profile.

use std::num::NonZeroU32;
use std::time::Duration;

use super::super::Context;
use super::args::{Args, RetryArgs, TelemetryArgs};
use super::gathering::BatchPlan;
use super::job::{Job, JobArgs};
use super::retention::Retention;
use crate::delivery::defaults::{DEFAULT_DRAIN, DEFAULT_LEASE, DEFAULT_MAX_CRASHES, SHORTEST_LEASE};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::lists::Lists;
use crate::delivery::retry::RetryPolicy;
use crate::queue::{ClaimSettings, Redis};
use crate::terminal::Output;
use crate::units::{DurationRange, Environment, HumanDuration, SettingError};
use crate::workload::Rate;

/// Settings of one run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) lists: Lists,
    /// The list that this plan is for; the plans of several lists differ in it alone.
    pub(super) list: String,
    /// Name of this consumer, unique among all consumers.
    pub(super) consumer: String,
    /// Its name on the list. Ids begin with it: with a name for each list, no two items have the same.
    pub(super) list_consumer: String,
    pub(super) delivery: DeliveryGuarantee,
    /// Calls of the handler at a time.
    pub(super) concurrency: u32,
    pub(super) job: Job,
    pub(super) batch: Option<BatchPlan>,
    /// Items begun per second at most.
    pub(super) rate: Option<f64>,
    pub(super) max_items: Option<u64>,
    pub(super) idle_exit: Option<Duration>,
    /// Time within which a delayed retry must be due for the consumer to wait for it.
    pub(super) await_due: Duration,
    pub(super) drain: Duration,
    pub(super) claims: ClaimSettings,
    pub(super) retry: RetryPolicy,
    pub(super) retention: Retention,
    pub(super) telemetry: TelemetryArgs,
    pub(super) output: Output,
}

impl Plan {
    /// Merges the arguments with the profile; an argument has precedence.
    pub(super) fn resolve(args: Args, lists: Lists, context: &Context) -> Result<Self, SettingError> {
        // Destructured so that a new argument cannot be forgotten here.
        let Args {
            lists: _,
            delivery,
            concurrency,
            work,
            command,
            rate,
            max_items,
            once,
            idle_exit,
            await_due,
            drain,
            output,
            handler,
            batch,
            simulated,
            retry: RetryArgs { lease, max_attempts, max_crashes, backoff, max_age },
            retention,
            telemetry,
            redis: _,
        } = args;
        let usual = context.profile.consume.clone();
        let from = context.precedence("consume");
        let lease = from.or("lease", lease, usual.lease, HumanDuration(DEFAULT_LEASE));
        if lease.value.0 < SHORTEST_LEASE {
            return Err(SettingError::new(lease.origin, "must be at least 500ms"));
        }
        let count = |count: Option<NonZeroU32>| count.map(NonZeroU32::get);
        let usually = RetryPolicy::DEFAULT;
        let backoff_usually = DurationRange { from: usually.first, to: usually.longest };
        let backoff = from.or("backoff", backoff, usual.backoff, backoff_usually).value;
        let attempts = from.or("max-attempts", count(max_attempts), count(usual.max_attempts), usually.max_attempts);
        let retry = RetryPolicy {
            max_attempts: attempts.value,
            first: backoff.from,
            longest: backoff.to,
            max_age: from.or("max-age", max_age, usual.max_age, HumanDuration(usually.max_age)).value.0,
        };
        let concurrency = from.or("concurrency", count(concurrency), count(usual.concurrency), 1).value;
        let stamp_field = from.option("stamp-field", telemetry.stamp_field, usual.stamp_field).map(|field| field.value);
        let job = JobArgs { work, command, handler, simulated };
        let mut job = job.resolve(concurrency, stamp_field.clone(), context)?;
        let batch = batch.resolve(&mut job, context)?;
        let delivery = delivery.map(DeliveryGuarantee::from);
        let delivery = from.or("delivery", delivery, usual.delivery, DeliveryGuarantee::default()).value;
        let retention = retention.resolve(stamp_field.as_deref(), delivery, context)?;
        let rate = from.option("rate", rate, usual.rate).and_then(|rate| match rate.value {
            Rate::PerSecond(rate) => Some(rate),
            Rate::Max => None,
        });
        let max_crashes =
            from.or("max-crashes", count(max_crashes), count(usual.max_crashes), DEFAULT_MAX_CRASHES).value;
        let (max_items, idle_exit) = if once {
            (Some(1), Some(Duration::ZERO))
        } else {
            let idle_exit = from.option("idle-exit", idle_exit, usual.idle_exit);
            let max_items = from.option("max-items", max_items, usual.max_items);
            (max_items.map(|most| most.value), idle_exit.map(|idle| idle.value.0))
        };
        let consumer = format!("{}-{:08x}", host(&context.environment), rand::random::<u32>());
        Ok(Self {
            list: lists.first().to_owned(),
            lists,
            list_consumer: consumer.clone(),
            consumer,
            delivery,
            concurrency,
            job,
            batch,
            rate,
            max_items,
            idle_exit,
            await_due: await_due.map_or(Duration::ZERO, |limit| limit.0),
            drain: from.or("drain", drain, usual.drain, HumanDuration(DEFAULT_DRAIN)).value.0,
            claims: ClaimSettings { lease: lease.value.0, max_crashes },
            retry,
            retention,
            telemetry: TelemetryArgs {
                metrics: from.option("metrics", telemetry.metrics, usual.metrics).map(|metrics| metrics.value),
                stamp_field,
                heartbeat: telemetry.heartbeat,
            },
            output,
        })
    }

    /// Number of items that may be in flight at a time.
    pub(super) fn slots(&self) -> usize {
        self.concurrency as usize * self.batch.map_or(1, |batch| batch.size)
    }

    /// Returns the plan of each list.
    pub(super) fn of_each_list(&self) -> Vec<Self> {
        if self.lists.is_one() {
            return vec![self.clone()];
        }
        let plan = |(list, number): (&String, u32)| {
            let list_consumer = format!("{}.{number}", self.consumer);
            Self { list: list.clone(), list_consumer, ..self.clone() }
        };
        self.lists.keys().iter().zip(1..).map(plan).collect()
    }

    /// Name of the list, if there are several.
    pub(super) fn one_of_several(&self) -> Option<&str> {
        (!self.lists.is_one()).then_some(self.list.as_str())
    }

    pub(super) fn announce(&self, redis: &Redis) {
        let Self { lists, concurrency, consumer, job, .. } = self;
        let delivery = match self.delivery {
            DeliveryGuarantee::AtLeastOnce => "at-least-once",
            DeliveryGuarantee::AtMostOnce => "at-most-once",
        };
        let event = "consumer_started";
        tracing::info!(event, list = %lists, %redis, %consumer, concurrency, %delivery, handler = %job, "consuming");
    }
}

/// Returns the first part of the consumer's name: the name of its pod, if it runs in one.
fn host(environment: &Environment) -> String {
    let name = environment.get("HOSTNAME").unwrap_or_else(|| "consumer".to_owned());
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).take(100).collect()
}

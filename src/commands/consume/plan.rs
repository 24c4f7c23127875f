//! Consumer settings: the arguments over the profile.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use super::super::Context;
use super::args::{Args, TelemetryArgs};
use crate::delivery::defaults::{
    DEFAULT_DRAIN, DEFAULT_KILL_AFTER, DEFAULT_LEASE, DEFAULT_MAX_CRASHES, SHORTEST_LEASE,
};
use crate::delivery::exit_map::{ExitMap, ExitRule};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::retry::RetryPolicy;
use crate::handler::CommandSpec;
use crate::queue::{ClaimSettings, Redis};
use crate::terminal::Output;
use crate::units::{DurationRange, Environment, HumanDuration, Origin, Setting, SettingError, counted};
use crate::workload::Work;

/// Processing of an item.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Simulated work, or printing.
    Work { work: Work, speed: f64, seed: Option<u64> },
    /// A command.
    Command(CommandSpec),
}

/// Settings of one run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) list: String,
    /// Name of this consumer, unique among all consumers.
    pub(super) consumer: String,
    pub(super) delivery: DeliveryGuarantee,
    pub(super) concurrency: u32,
    pub(super) job: Job,
    pub(super) max_items: Option<u64>,
    pub(super) idle_exit: Option<Duration>,
    /// Time within which a delayed retry must be due for the consumer to wait for it.
    pub(super) await_due: Duration,
    pub(super) drain: Duration,
    pub(super) claims: ClaimSettings,
    pub(super) retry: RetryPolicy,
    pub(super) telemetry: TelemetryArgs,
    pub(super) output: Output,
}

impl Plan {
    /// Merges the arguments with the profile; an argument has precedence.
    pub(super) fn resolve(args: Args, list: String, context: &Context) -> Result<Self, SettingError> {
        // Destructured so that a new argument cannot be forgotten here.
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
            seed,
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
            telemetry,
            output,
            redis: _,
        } = args;
        let usual = context.profile.consume.clone();
        let from = context.precedence("consume");
        let lease = from.or("lease", lease, usual.lease, HumanDuration(DEFAULT_LEASE));
        if lease.value.0 < SHORTEST_LEASE {
            return Err(SettingError::new(lease.origin, "must be at least 500ms"));
        }
        let timeout = from.option("timeout", timeout, usual.timeout);
        if let Some(Setting { value: HumanDuration(Duration::ZERO), origin }) = timeout {
            return Err(SettingError::new(origin, "must be more than 0s"));
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
        let kill_after = from.or("kill-after", kill_after, usual.kill_after, HumanDuration(DEFAULT_KILL_AFTER));
        let command = if command.is_empty() && work.is_none() {
            usual_command(context)
        } else {
            Some(command).filter(|words| !words.is_empty())
        };
        let job = match command.map(VecDeque::from) {
            None => Job::Work { work: from.or("work", work, usual.work, Work::None).value, speed, seed },
            Some(words) if words.front().is_some_and(|program| program.is_empty()) => {
                return Err(SettingError::new(
                    Origin::flag("COMMAND"),
                    "is empty: expected a program and its arguments",
                ));
            }
            Some(mut words) => Job::Command(CommandSpec {
                program: words.pop_front().unwrap_or_default(),
                arguments: words.into(),
                timeout: timeout.map(|timeout| timeout.value.0),
                kill_after: kill_after.value.0,
                exit: exit_map(context, &exit)?,
            }),
        };
        let max_crashes =
            from.or("max-crashes", count(max_crashes), count(usual.max_crashes), DEFAULT_MAX_CRASHES).value;
        let (max_items, idle_exit) = if once {
            (Some(1), Some(Duration::ZERO))
        } else {
            let idle_exit = from.option("idle-exit", idle_exit, usual.idle_exit);
            let max_items = from.option("max-items", max_items, usual.max_items);
            (max_items.map(|most| most.value), idle_exit.map(|idle| idle.value.0))
        };
        let delivery = delivery.map(DeliveryGuarantee::from);
        Ok(Self {
            list,
            consumer: format!("{}-{:08x}", host(&context.environment), rand::random::<u32>()),
            delivery: from.or("delivery", delivery, usual.delivery, DeliveryGuarantee::default()).value,
            concurrency: from.or("concurrency", count(concurrency), count(usual.concurrency), 1).value,
            job,
            max_items,
            idle_exit,
            await_due: await_due.map_or(Duration::ZERO, |limit| limit.0),
            drain: from.or("drain", drain, usual.drain, HumanDuration(DEFAULT_DRAIN)).value.0,
            claims: ClaimSettings { lease: lease.value.0, max_crashes },
            retry,
            telemetry: TelemetryArgs {
                metrics: from.option("metrics", telemetry.metrics, usual.metrics).map(|metrics| metrics.value),
                stamp_field: from
                    .option("stamp-field", telemetry.stamp_field, usual.stamp_field)
                    .map(|field| field.value),
                heartbeat: telemetry.heartbeat,
            },
            output,
        })
    }

    pub(super) fn announce(&self, redis: &Redis) {
        let Self { list, concurrency, consumer, .. } = self;
        let handler = match &self.job {
            Job::Work { work, .. } => format!("work {work}"),
            Job::Command(spec) => format!("command {}", spec.program.display()),
        };
        let delivery = match self.delivery {
            DeliveryGuarantee::AtLeastOnce => "at-least-once",
            DeliveryGuarantee::AtMostOnce => "at-most-once",
        };
        let event = "consumer_started";
        tracing::info!(event, %list, %redis, %consumer, concurrency, %delivery, %handler, "consuming");
    }
}

/// Returns the first part of the consumer's name: the name of its pod, if it runs in one.
fn host(environment: &Environment) -> String {
    let name = environment.get("HOSTNAME").unwrap_or_else(|| "consumer".to_owned());
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).take(100).collect()
}

/// Returns the command of the profile, and logs where it is set; its arguments may hold secrets.
fn usual_command(context: &Context) -> Option<Vec<OsString>> {
    let words = context.profile.consume.command.clone()?;
    let program = words.first().map_or("", String::as_str);
    let arguments = counted(words.len().saturating_sub(1), "argument", "arguments");
    let origin = context.profile.origin(&["consume", "command"]);
    tracing::debug!("command: {program} with {arguments} (from {origin})");
    Some(words.into_iter().map(OsString::from).collect())
}

/// Returns the exit map of the profile with the rules of the command line, which must be no other than a profile may have.
fn exit_map(context: &Context, rules: &[ExitRule]) -> Result<ExitMap, SettingError> {
    let wrong = |message: String| Err(SettingError::new(context.precedence("consume").given("exit"), message));
    if let Some(rule) = ExitRule::repeated(rules) {
        return wrong(format!("`{rule}` is about a status that has a meaning already"));
    }
    let map = usual_exit(context).with(rules);
    if map.acknowledges() { Ok(map) } else { wrong("leaves no exit status that acknowledges an item".to_owned()) }
}

/// Returns the exit map of the profile, and logs where it is set.
fn usual_exit(context: &Context) -> ExitMap {
    let Some(table) = &context.profile.consume.exit else { return ExitMap::default() };
    let rules: Vec<String> = table.rules().iter().map(ToString::to_string).collect();
    tracing::debug!("exit: {} (from {})", rules.join(","), context.profile.origin(&["consume", "exit"]));
    ExitMap::from(table)
}

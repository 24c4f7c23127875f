//! The plan of `demo`: the arguments laid over the profile.

use std::fmt;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use color_eyre::eyre::Result;

use super::RECONNECT_FOR;
use super::args::Args;
use super::autoscaler::Autoscaler;
use super::consumers::ConsumerProcesses;
use crate::delivery::lists::Lists;
use crate::delivery::protocol::HandlerProtocol;
use crate::delivery::snapshot::{Presence, Snapshot};
use crate::exit::UsageError;
use crate::files::counts;
use crate::profile::scale::trigger_names;
use crate::profile::{ConsumeTable, ListenAddress, Profile};
use crate::sample::{Rates, Replicas, Sample};
use crate::terminal::{Output, RunFiles};
use crate::units::{DurationRange, HumanDuration};
use crate::workload::{Pace, Pattern, Payload, Timing, USUAL_BATCH, Work};

/// Number of batches pushed with an open-ended load.
pub(super) const BATCHES: u64 = 6;

/// Number of batches of a burst.
const BURST_BATCHES: u64 = 4;

/// The demo to run.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) lists: Lists,
    pub(super) consumers: u32,
    /// Number of items to push; `None` for all of a pattern.
    pub(super) count: Option<u64>,
    pub(super) timing: Timing,
    pub(super) payload: Payload,
    /// Number of items of a burst.
    pub(super) burst: u64,
    /// Items that a consumer processes at a time.
    pub(super) concurrency: u32,
    pub(super) work: DemoWork,
    /// Share of the items during which a consumer is killed.
    pub(super) kill: f64,
    /// Random seed of arrival times, payloads, work and kills.
    pub(super) seed: u64,
    pub(super) speed: f64,
    pub(super) output: Output,
    /// Lines in place of a dashboard.
    pub(super) plain: bool,
    pub(super) files: RunFiles,
    pub(super) serve: Option<ListenAddress>,
}

/// Way in which consumers process an item.
#[derive(Debug, Clone)]
pub(super) enum DemoWork {
    /// Run the command of the profile, in real time.
    Command {
        /// Program and arguments.
        words: Vec<String>,
        /// Options of `consume` for it.
        options: Vec<String>,
    },
    /// Wait.
    Simulated(Work),
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    pub(super) async fn resolve(args: &Args, profile: &Profile) -> Result<Self> {
        let mut produce = profile.produce.clone();
        if args.pattern.is_some() {
            (produce.pattern, produce.pattern_file) = (args.pattern.clone(), None);
        }
        if let Some(path) = produce.pattern_file.take() {
            // In a thread of its own, so that a signal ends a wait for it.
            let triggers = profile.scale.triggers.clone();
            let read = move || counts::read(&path, &trigger_names(&triggers));
            let counts = tokio::task::spawn_blocking(read).await?;
            let error = |error: counts::CountsFileError| {
                profile.source.error_at(&["produce", "pattern-file"], error.to_string())
            };
            produce.pattern = Some(counts.map_err(error)?.pattern);
        }
        let seed = args.seed.or(produce.seed).unwrap_or_else(rand::random);
        let load = produce.load();
        let batch = match load.timing {
            Timing::Pace(Pace::Batches { batch, .. }) => batch,
            _ => USUAL_BATCH,
        };
        let count = args.count.or_else(|| load.total(seed)).or(Some(BATCHES * batch));
        let has_none = |pattern: &Pattern| pattern.items(None, seed) == Some(0);
        if count == Some(0) || matches!(&load.timing, Timing::Pattern(pattern) if has_none(pattern)) {
            // It would wait for the first one.
            let message = "the load has no items: set --count or --pattern, or [produce] of the profile";
            return Err(UsageError(message.to_owned()).into());
        }
        Ok(Self {
            lists: match &args.redis {
                // A Redis of the user's own may contain these lists.
                Some(_) => renamed(&profile.lists().value)?,
                None => profile.lists().value,
            },
            consumers: args.consumers.map_or(profile.scale.max_replica_count.unwrap_or(5), NonZeroU32::get),
            count,
            timing: load.timing,
            payload: produce.payload.unwrap_or_else(Payload::usual),
            burst: BURST_BATCHES * batch,
            concurrency: profile.consume.concurrency.map_or(1, NonZeroU32::get),
            work: work(args, profile),
            kill: args.kill.unwrap_or(0.0),
            seed,
            speed: args.speed,
            output: args.output,
            plain: args.plain,
            files: args.files.clone(),
            serve: args.serve,
        })
    }

    /// Returns the current sample of the list at `place`; its rates are those of the model clock. Of several lists, the first
    /// has the consumers and their reason.
    pub(super) fn sample(
        &self,
        place: usize,
        snapshot: &Snapshot,
        presence: Option<&Presence>,
        running: &ConsumerProcesses<'_>,
        rates: Rates,
        autoscaler: &Autoscaler,
    ) -> Sample {
        let consumers = Replicas {
            kind: "Process".to_owned(),
            namespace: "local".to_owned(),
            name: "consumers".to_owned(),
            desired: running.desired.max(running.count()),
            current: running.count(),
            ready: running.count(),
            available: running.count(),
            terminating: Some(running.stopping()),
        };
        let (is_first, list) = (place == 0, self.lists.keys()[place].as_str());
        let consumers = is_first.then_some(consumers);
        let sample = Sample::new(SystemTime::now(), list, snapshot.waiting, rates.net, consumers)
            .with_claims(snapshot.claims.as_ref())
            .with_rates(rates);
        Sample {
            consumers: presence.map(|presence| presence.consumers),
            reason: is_first.then(|| autoscaler.reason.clone()),
            next: autoscaler.next_step().filter(|_| is_first),
            speed: Some(self.speed),
            ..sample
        }
    }

    /// Returns the arguments of a consumer.
    pub(super) fn consume(&self, once: bool) -> Vec<String> {
        let Self { lists, concurrency, work, speed, seed, .. } = self;
        let mut arguments = vec!["consume".to_owned()];
        let weights = lists.weights();
        arguments.extend(lists.keys().iter().enumerate().map(|(place, key)| match weights {
            Some(weights) => format!("--list={key}={}", weights[place]),
            None => format!("--list={key}"),
        }));
        arguments.extend([
            format!("--concurrency={concurrency}"),
            // Short, so that items of a killed consumer are redelivered while the demo runs.
            "--lease=5s".to_owned(),
            "--output=json".to_owned(),
            format!("--reconnect-for={}", HumanDuration(RECONNECT_FOR)),
        ]);
        arguments.extend(once.then(|| "--once".to_owned()));
        match work {
            DemoWork::Simulated(work) => {
                arguments.extend([format!("--work={work}"), format!("--speed={speed}"), format!("--seed={seed}")]);
            }
            DemoWork::Command { words, options } => {
                arguments.extend(options.iter().cloned());
                arguments.push("--".to_owned());
                arguments.extend(words.iter().cloned());
            }
        }
        arguments
    }
}

/// Returns the same order of lists with names of their own.
fn renamed(lists: &Lists) -> Result<Lists> {
    let prefix = format!("qscale-demo-{:08x}", rand::random::<u32>());
    if lists.is_one() {
        return Ok(Lists::one(prefix));
    }
    let keys = lists.keys().iter().map(|key| format!("{prefix}-{key}")).collect();
    Ok(Lists::of(keys, lists.weights().map(<[_]>::to_vec))?)
}

/// Returns the work of the arguments, else the command of the profile, else its work.
fn work(args: &Args, profile: &Profile) -> DemoWork {
    let usual = Work::Wait(DurationRange { from: Duration::from_secs(2), to: Duration::from_secs(6) });
    match (&args.work, &profile.consume.command, &profile.consume.work) {
        (Some(work), _, _) => DemoWork::Simulated(work.clone()),
        (None, Some(words), _) => DemoWork::Command { words: words.clone(), options: options(&profile.consume) },
        (None, _, work) => DemoWork::Simulated(work.clone().filter(|work| *work != Work::None).unwrap_or(usual)),
    }
}

/// Returns the settings of the profile for its command, as options of `consume`.
fn options(table: &ConsumeTable) -> Vec<String> {
    let ConsumeTable { handler, per_process, ready_within, restart_after, pass_redis_env, .. } = table;
    let ConsumeTable { batch, linger, separator, timeout_field, stamp_field, .. } = table;
    let ConsumeTable { timeout, kill_after, exit, max_attempts, max_crashes, backoff, max_age, .. } = table;
    let rules = exit.as_ref().map(|exit| exit.rules().iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let options = [
        ("handler", handler.filter(|handler| *handler == HandlerProtocol::Lines).map(|handler| handler.to_string())),
        ("per-process", per_process.map(|items| items.to_string())),
        ("ready-within", ready_within.map(|time| time.to_string())),
        ("restart-after", restart_after.map(|items| items.to_string())),
        ("batch", batch.map(|items| items.to_string())),
        ("linger", linger.map(|time| time.to_string())),
        ("separator", separator.map(|separator| separator.to_string())),
        ("timeout-field", timeout_field.clone()),
        ("stamp-field", stamp_field.clone()),
        ("timeout", timeout.map(|timeout| timeout.to_string())),
        ("kill-after", kill_after.map(|time| time.to_string())),
        ("exit", rules.filter(|rules| !rules.is_empty())),
        ("max-attempts", max_attempts.map(|attempts| attempts.to_string())),
        ("max-crashes", max_crashes.map(|crashes| crashes.to_string())),
        ("backoff", backoff.map(|range| range.to_string())),
        ("max-age", max_age.map(|age| age.to_string())),
    ];
    let flag = pass_redis_env.filter(|is_set| *is_set).map(|_| "--pass-redis-env".to_owned());
    flag.into_iter()
        .chain(options.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value?))))
        .collect()
}

impl fmt::Display for DemoWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Arguments may hold secrets.
            Self::Command { words, .. } => write!(f, "command {}", words.first().map_or("", String::as_str)),
            Self::Simulated(work) => write!(f, "simulated work {work}"),
        }
    }
}

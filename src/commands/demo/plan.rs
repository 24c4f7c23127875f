//! The plan of `demo`: the arguments laid over the profile.

use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use super::args::Args;
use super::autoscaler::Autoscaler;
use super::consumers::ConsumerProcesses;
use crate::delivery::snapshot::{Presence, Snapshot};
use crate::profile::{DEFAULT_LIST, ListenAddress, ProduceTable, Profile};
use crate::sample::{Rates, Replicas, Sample};
use crate::terminal::{Output, RunFiles};
use crate::units::DurationRange;
use crate::workload::{Pace, Payload, Timing, USUAL_BATCH, Work};

/// Number of batches pushed with an open-ended load.
pub(super) const BATCHES: u64 = 6;

/// The demo to run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) list: String,
    pub(super) consumers: u32,
    /// Number of items to push; `None` for all of a pattern file.
    pub(super) count: Option<u64>,
    pub(super) produce: ProduceTable,
    pub(super) payload: Payload,
    pub(super) work: Work,
    pub(super) speed: f64,
    pub(super) output: Output,
    /// Lines in place of a dashboard.
    pub(super) plain: bool,
    pub(super) files: RunFiles,
    pub(super) serve: Option<ListenAddress>,
}

impl Plan {
    /// Lays the arguments over the profile; an argument always wins.
    pub(super) fn resolve(args: &Args, profile: &Profile) -> Self {
        let produce = profile.produce.clone();
        let work = profile.consume.work.clone().filter(|work| *work != Work::None);
        let load = produce.load();
        let batches = || match load.timing {
            Timing::Pace(Pace::Batches { batch, .. }) => BATCHES * batch,
            _ => BATCHES * USUAL_BATCH,
        };
        let whole = if produce.pattern_file.is_some() { None } else { load.total(0).or_else(|| Some(batches())) };
        Self {
            list: match &args.redis {
                // A Redis of the user's own may contain this list.
                Some(_) => format!("qscale-demo-{:08x}", rand::random::<u32>()),
                None => profile.queue.list.clone().unwrap_or_else(|| DEFAULT_LIST.to_owned()),
            },
            consumers: args.consumers.map_or(profile.scale.max_replica_count.unwrap_or(5), NonZeroU32::get),
            count: args.count.or(whole),
            payload: produce.payload.clone().unwrap_or_else(Payload::usual),
            produce,
            work: work
                .unwrap_or(Work::Wait(DurationRange { from: Duration::from_secs(2), to: Duration::from_secs(6) })),
            speed: args.speed,
            output: args.output,
            plain: args.plain,
            files: args.files.clone(),
            serve: args.serve,
        }
    }
}

impl Plan {
    /// Returns the current sample; its rates are those of the model clock.
    pub(super) fn sample(
        &self,
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
        let sample = Sample::new(SystemTime::now(), self.list.as_str(), snapshot.waiting, rates.net, Some(consumers))
            .with_claims(snapshot.claims.as_ref())
            .with_rates(rates);
        Sample {
            consumers: presence.map(|presence| presence.consumers),
            reason: Some(autoscaler.reason.clone()),
            next: autoscaler.next_step(),
            speed: Some(self.speed),
            ..sample
        }
    }

    /// Returns the arguments of the producer.
    pub(super) fn produce(&self) -> Vec<String> {
        let Self { list, count, produce, payload, speed, .. } = self;
        let mut arguments = vec![
            "produce".to_owned(),
            format!("--list={list}"),
            format!("--payload={payload}"),
            format!("--speed={speed}"),
            "--output=json".to_owned(),
            "--reconnect-for=10s".to_owned(),
        ];
        let batch = produce.batch.map_or(USUAL_BATCH, u64::from);
        arguments.push(format!("--batch={batch}"));
        arguments.extend(count.map(|count| format!("--count={count}")));
        arguments.push(match (&produce.pattern, &produce.pattern_file, &produce.rate) {
            (Some(pattern), _, _) => format!("--pattern={pattern}"),
            (None, Some(file), _) => {
                // The producer runs in another folder.
                let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
                format!("--pattern-file={}", file.display())
            }
            (None, None, Some(rate)) => format!("--rate={rate}"),
            (None, None, None) => {
                let every = produce.every.map_or(Duration::from_secs(2), |span| span.0);
                format!("--every={}", humantime::format_duration(every))
            }
        });
        arguments
    }

    /// Returns the arguments of a consumer.
    pub(super) fn consume(&self, once: bool) -> Vec<String> {
        let Self { list, work, speed, .. } = self;
        let arguments = [
            "consume".to_owned(),
            format!("--list={list}"),
            format!("--work={work}"),
            format!("--speed={speed}"),
            // Short, so that items of a killed consumer are redelivered while the demo runs.
            "--lease=5s".to_owned(),
            "--output=json".to_owned(),
            "--reconnect-for=10s".to_owned(),
        ];
        arguments.into_iter().chain(once.then(|| "--once".to_owned())).collect()
    }
}

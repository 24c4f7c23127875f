//! Recordings as JSON lines, as `watch` and `simulate` write them.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::error::{LineFault, RecordingFault};
use super::{RecordedJobs, RecordedSample, Recording, busy_pods};
use crate::sample::Sample;
use crate::scaler::Unfinished;
use crate::units::saturating_seconds;

pub(super) fn parse(text: &str, triggers: &[&str]) -> Result<Recording, LineFault> {
    let mut samples: Vec<RecordedSample> = Vec::new();
    let mut recorded_triggers = vec![false; triggers.len()];
    let (mut lists, mut compared) = (BTreeSet::new(), BTreeSet::new());
    let mut start = None;
    let mut cut = None;
    let last = text.lines().count();
    for (index, line) in text.lines().enumerate() {
        let number = index as u64 + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let not_a_sample = |error: serde_json::Error| RecordingFault::NotASample(error.to_string()).at(number);
        let value: Value = match serde_json::from_str(line) {
            Ok(value) => value,
            // The end of a recording that was interrupted.
            Err(error) if error.is_eof() && index + 1 == last => {
                cut = Some(number);
                break;
            }
            Err(error) => return Err(not_a_sample(error)),
        };
        if value.get("time").is_none() {
            continue;
        }
        // Without a consumer there is no key to count, and that is 0 for KEDA. A field that is not there was not recorded.
        let recorded = |field: &str| value.get(field).is_some();
        let (has_in_flight, has_delayed) = (recorded("in_flight"), recorded("delayed"));
        triggers.iter().zip(&mut recorded_triggers).for_each(|(name, found)| *found |= recorded(name));
        let others = triggers.iter().map(|name| value.get(name).and_then(Value::as_f64)).collect();
        let sample: Sample = serde_json::from_value(value).map_err(not_a_sample)?;
        let jobs = sample.jobs.map(|jobs| RecordedJobs {
            created: jobs.created,
            unfinished: Unfinished { running: jobs.running.saturating_add(jobs.pending), pending: jobs.pending },
        });
        let of_jobs =
            jobs.map(|RecordedJobs { unfinished: Unfinished { running, pending }, .. }| [running, running - pending]);
        lists.insert(sample.list.clone());
        let pods = sample.target.as_ref().map(|target| [target.desired, target.ready]);
        let Some([desired, ready]) = pods.or(of_jobs) else { continue };
        compared.insert(sample.list.clone());
        let estimated = || has_in_flight.then(|| busy_pods(sample.in_flight.unwrap_or(0), Some(ready)));
        samples.push(RecordedSample {
            at: since(&sample, *start.get_or_insert(sample.time), number)?,
            backlog: sample.backlog,
            readable: true,
            busy: sample.busy.or_else(estimated),
            delayed: has_delayed.then(|| sample.delayed.unwrap_or(0)),
            desired,
            ready: Some(ready),
            reason: sample.reason.clone(),
            jobs,
            others,
        });
    }
    for sample in &mut samples {
        let found = recorded_triggers.iter().zip(&sample.others).filter(|(found, _)| **found);
        sample.others = found.map(|(_, value)| *value).collect();
    }
    let found = triggers.iter().zip(recorded_triggers).filter(|(_, found)| *found);
    let triggers = found.map(|(name, _)| (*name).to_owned()).collect();
    let left_out = lists.difference(&compared).cloned().collect();
    Ok(Recording { cut, left_out, ..Recording::new(samples, triggers, Vec::new(), Vec::new()) })
}

/// Returns the time of a sample since `start`, on the clock that its other times are of.
pub(super) fn since(sample: &Sample, start: SystemTime, line: u64) -> Result<Duration, LineFault> {
    let since = sample.time.duration_since(start).map_err(|_| RecordingFault::BackInTime.at(line))?;
    let model = since.as_secs_f64() * sample.speed.filter(|speed| *speed > 0.0).unwrap_or(1.0);
    Ok(saturating_seconds(model))
}

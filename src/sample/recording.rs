//! Recordings: output of `watch` or `simulate`, read back from JSON lines or from CSV with a header.

use std::time::{Duration, SystemTime};

use super::Sample;
use crate::scaler::{Counted, Unfinished};

/// Samples of a list and its target, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// At least one.
    pub samples: Vec<RecordedSample>,
    /// Times of KEDA's polls, since the first sample; empty if unknown.
    pub polls: Vec<Duration>,
    /// Times of the HPA's syncs, likewise; it reads metrics only while there are pods.
    pub syncs: Vec<Duration>,
    /// True if any sample has the number of busy pods.
    has_busy: bool,
    /// True if any sample has the number of delayed retries.
    has_delayed: bool,
}

/// One recorded sample.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedSample {
    /// Time since the first sample; never decreases.
    pub at: Duration,
    /// Number of waiting items; where the list could not be read, the number before.
    pub backlog: u64,
    /// True if the list could be read.
    pub readable: bool,
    /// Number of pods with items in flight, as far as known; `None` where it was not recorded.
    pub busy: Option<u64>,
    /// Number of delayed retries; `None` where it was not recorded.
    pub delayed: Option<u64>,
    /// Desired pods.
    pub desired: u32,
    /// Ready pods; `None` where they were not recorded.
    pub ready: Option<u32>,
    /// Reason for the number of desired pods.
    pub reason: Option<String>,
    /// Jobs of a `ScaledJob`; `None` where they were not recorded.
    pub jobs: Option<RecordedJobs>,
}

impl RecordedSample {
    /// Returns true if nothing could be read: Redis was unreachable.
    pub fn is_blind(&self) -> bool {
        !self.readable && self.busy.is_none() && self.delayed.is_none()
    }
}

/// Jobs of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedJobs {
    /// Jobs created so far.
    pub created: u32,
    /// Jobs that are neither complete nor failed.
    pub unfinished: Unfinished,
}

/// A recording that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}{}: {fault}", line_suffix(*.line))]
pub struct RecordingError {
    /// Name of the recording.
    name: String,
    /// Line, counted from 1; `None` if the fault is not in a single line.
    line: Option<u64>,
    fault: RecordingFault,
}

/// Fault of a recording.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum RecordingFault {
    #[error("is not a sample: {0}")]
    NotASample(String),
    #[error("is not CSV: {0}")]
    NotCsv(String),
    #[error("is neither JSON nor a CSV file with a column `{}`", .0.join("` or `"))]
    NoColumn(&'static [&'static str]),
    #[error("`{0}` is not a whole number")]
    NotANumber(String),
    #[error("`{0}` is neither a time nor a number of seconds")]
    NotATime(String),
    #[error("goes back in time")]
    BackInTime,
    #[error("goes back in time after {}s", .0.as_secs())]
    BackInTimeAfter(Duration),
    #[error("contains no sample with replica counts")]
    Empty,
}

impl RecordingFault {
    fn at(self, line: u64) -> LineFault {
        LineFault { line: Some(line), fault: self }
    }
}

/// A fault, and the line it is in.
struct LineFault {
    line: Option<u64>,
    fault: RecordingFault,
}

impl From<RecordingFault> for LineFault {
    fn from(fault: RecordingFault) -> Self {
        Self { line: None, fault }
    }
}

fn line_suffix(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

/// Names of the CSV columns: those of `simulate`, and those of recordings of a cluster.
const TIME: &[&str] = &["time", "t_s"];
const BACKLOG: &[&str] = &["backlog", "llen"];
const BUSY: &[&str] = &["busy"];
const IN_FLIGHT: &[&str] = &["in_flight"];
const DELAYED: &[&str] = &["delayed"];
const DESIRED: &[&str] = &["desired", "deploy_spec_replicas"];
const READY: &[&str] = &["ready", "deploy_ready"];
const REASON: &[&str] = &["reason"];
const CREATED: &[&str] = &["jobs_created"];
const UNFINISHED: &[&str] = &["jobs_unfinished"];
const PENDING: &[&str] = &["jobs_pending"];
const POLLS: &[&str] = &["keda_polls"];
const SYNCS: &[&str] = &["hpa_reads"];

impl Recording {
    /// Parses a recording; `name` stands for it in errors. Lines that begin with `#`, objects without a time, such as a summary
    /// at the end, and samples without replica counts are ignored.
    ///
    /// # Errors
    ///
    /// Fails with the line that cannot be read, or if no sample remains.
    pub fn parse(name: &str, text: &str) -> Result<Self, RecordingError> {
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
        let read = if first.trim_start().starts_with('{') { json(text) } else { csv(text) };
        read.and_then(Self::checked).map_err(|LineFault { line, fault }| RecordingError {
            name: name.to_owned(),
            line,
            fault,
        })
    }

    fn checked(self) -> Result<Self, LineFault> {
        if let Some(pair) = self.samples.windows(2).find(|pair| pair[1].at < pair[0].at) {
            return Err(RecordingFault::BackInTimeAfter(pair[0].at).into());
        }
        if self.samples.is_empty() {
            return Err(RecordingFault::Empty.into());
        }
        Ok(self)
    }

    /// Returns the time from the first sample to the last.
    pub fn span(&self) -> Duration {
        self.samples.last().map_or(Duration::ZERO, |sample| sample.at)
    }

    /// Returns the value counted at `sample`: `None` if the recording never has it, `Some(None)` if it could not be read then.
    pub fn counted(&self, sample: &RecordedSample, counted: Counted) -> Option<Option<u64>> {
        match counted {
            Counted::Waiting => Some(sample.readable.then_some(sample.backlog)),
            Counted::Busy => self.has_busy.then_some(sample.busy),
            Counted::Delayed => self.has_delayed.then_some(sample.delayed),
            Counted::Landing => None,
        }
    }

    fn new(samples: Vec<RecordedSample>, polls: Vec<Duration>, syncs: Vec<Duration>) -> Self {
        let has = |count: fn(&RecordedSample) -> Option<u64>| samples.iter().any(|sample| count(sample).is_some());
        Self { has_busy: has(|sample| sample.busy), has_delayed: has(|sample| sample.delayed), samples, polls, syncs }
    }

    /// Returns the latest sample at `at`.
    pub fn at(&self, at: Duration) -> &RecordedSample {
        let after = self.samples.partition_point(|sample| sample.at <= at);
        &self.samples[after.saturating_sub(1)]
    }

    /// Returns the sample nearest to `at`.
    pub fn near(&self, at: Duration) -> &RecordedSample {
        let after = self.samples.partition_point(|sample| sample.at <= at);
        let (before, next) = (self.at(at), self.samples.get(after));
        next.filter(|next| next.at.saturating_sub(at) < at.saturating_sub(before.at)).unwrap_or(before)
    }
}

fn json(text: &str) -> Result<Recording, LineFault> {
    let mut samples = Vec::new();
    let mut start = None;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let not_a_sample = |error: serde_json::Error| RecordingFault::NotASample(error.to_string()).at(number);
        let value: serde_json::Value = serde_json::from_str(line).map_err(not_a_sample)?;
        if value.get("time").is_none() {
            continue;
        }
        let sample: Sample = serde_json::from_value(value).map_err(not_a_sample)?;
        let Some(target) = sample.target else { continue };
        samples.push(RecordedSample {
            at: since(sample.time, *start.get_or_insert(sample.time), number)?,
            backlog: sample.backlog,
            readable: true,
            busy: busy_pods(sample.in_flight, Some(target.ready)),
            delayed: sample.delayed,
            desired: target.desired,
            ready: Some(target.ready),
            reason: sample.reason,
            jobs: None,
        });
    }
    Ok(Recording::new(samples, Vec::new(), Vec::new()))
}

fn since(time: SystemTime, start: SystemTime, line: u64) -> Result<Duration, LineFault> {
    time.duration_since(start).map_err(|_| RecordingFault::BackInTime.at(line))
}

fn csv(text: &str) -> Result<Recording, LineFault> {
    let mut reader = ::csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| RecordingFault::NotCsv(error.to_string()))?.clone();
    let column = |names: &[&str]| head.iter().position(|name| names.contains(&name));
    let required = |names: &'static [&'static str]| column(names).ok_or(RecordingFault::NoColumn(names));
    let jobs = column(CREATED).zip(column(UNFINISHED)).zip(column(PENDING));
    let (time, backlog) = (required(TIME)?, required(BACKLOG)?);
    // Unfinished Jobs are the desired number.
    let desired = jobs.map_or_else(|| required(DESIRED), |((_, unfinished), _)| Ok(unfinished))?;
    let (busy, in_flight, delayed) = (column(BUSY), column(IN_FLIGHT), column(DELAYED));
    let (ready, reason) = (column(READY), column(REASON));
    let (poll, sync) = (column(POLLS), column(SYNCS));
    let (mut samples, mut polls, mut syncs) = (Vec::<RecordedSample>::new(), Vec::new(), Vec::new());
    let mut start = None;
    for record in reader.records() {
        let record = record.map_err(|error| LineFault {
            line: error.position().map(::csv::Position::line),
            fault: RecordingFault::NotCsv(error.to_string()),
        })?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let number = |column: usize| -> Result<Option<u64>, LineFault> {
            match record.get(column).unwrap_or_default() {
                "" => Ok(None),
                text => text.parse().map(Some).map_err(|_| RecordingFault::NotANumber(text.to_owned()).at(line)),
            }
        };
        let moment = |text: &str| moment(text).map_err(|fault| fault.at(line));
        let at = moment(record.get(time).unwrap_or_default())?;
        for (column, moments) in [(poll, &mut polls), (sync, &mut syncs)] {
            let cell = column.and_then(|column| record.get(column)).unwrap_or_default();
            for text in cell.split([' ', ';']).filter(|text| !text.is_empty()) {
                moments.push(moment(text)?);
            }
        }
        let (read, Some(desired)) = (number(backlog)?, number(desired)?) else { continue };
        let Some(backlog) = read.or_else(|| Some(samples.last()?.backlog)) else { continue };
        let jobs = match jobs {
            Some(((created, unfinished), pending)) => {
                let count = |column| number(column).map(|count| pods(count.unwrap_or(0)));
                let unfinished = Unfinished { running: count(unfinished)?, pending: count(pending)? };
                Some(RecordedJobs { created: count(created)?, unfinished })
            }
            None => None,
        };
        let cell = |column: Option<usize>| column.map_or(Ok(None), number);
        let ready = cell(ready)?.map(pods);
        samples.push(RecordedSample {
            jobs,
            readable: read.is_some(),
            at: since(at, *start.get_or_insert(at), line)?,
            backlog,
            busy: cell(busy)?.or(busy_pods(cell(in_flight)?, ready)),
            delayed: cell(delayed)?,
            desired: pods(desired),
            ready,
            reason: reason.and_then(|column| record.get(column)).filter(|text| !text.is_empty()).map(str::to_owned),
        });
    }
    // Moments before the first sample are dropped.
    let since_start = |moments: Vec<SystemTime>| {
        let since = |at: SystemTime| at.duration_since(start?).ok();
        moments.into_iter().filter_map(since).collect()
    };
    Ok(Recording::new(samples, since_start(polls), since_start(syncs)))
}

/// Parses RFC 3339, or seconds since any moment.
fn moment(text: &str) -> Result<SystemTime, RecordingFault> {
    let seconds = || Duration::try_from_secs_f64(text.parse().ok()?).ok();
    match seconds() {
        Some(seconds) => Ok(SystemTime::UNIX_EPOCH + seconds),
        None => humantime::parse_rfc3339(text).map_err(|_| RecordingFault::NotATime(text.to_owned())),
    }
}

/// Returns the largest number of pods that can hold `items` in flight: one item each, and only ready pods.
fn busy_pods(items: Option<u64>, ready: Option<u32>) -> Option<u64> {
    items.map(|items| items.min(ready.unwrap_or(u32::MAX).into()))
}

fn pods(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: u64, backlog: u64, desired: u32) -> RecordedSample {
        let at = Duration::from_secs(seconds);
        RecordedSample {
            at,
            backlog,
            readable: true,
            busy: None,
            delayed: None,
            desired,
            ready: None,
            reason: None,
            jobs: None,
        }
    }

    #[test]
    fn csv_is_read_by_its_columns() {
        let text = "# load: 10 items\nt_s,utc,llen,deploy_spec_replicas\n5.0,x,7,0\n6.0,x,,0\n8.0,x,9,2\n";
        let recording = Recording::parse("a.csv", text).unwrap();
        let unread = RecordedSample { readable: false, ..sample(1, 7, 0) };
        assert_eq!(recording.samples, [sample(0, 7, 0), unread, sample(3, 9, 2)]);
        assert_eq!(recording.at(Duration::from_secs(2)).backlog, 7);
        assert_eq!(recording.near(Duration::from_millis(2_500)).backlog, 9);
        assert_eq!(recording.near(Duration::from_secs(9)).backlog, 9);
        assert_eq!(recording.span(), Duration::from_secs(3));
    }

    #[test]
    fn polls_and_syncs_are_read_from_their_columns() {
        let text = "t_s,llen,desired,keda_polls,hpa_reads\n5,7,0,4.5,\n6,7,0,5.25 5.5,\n7,7,0,,6.75\n";
        let recording = Recording::parse("a.csv", text).unwrap();
        let seconds = |moments: &[Duration]| moments.iter().map(Duration::as_secs_f64).collect::<Vec<_>>();
        assert_eq!((seconds(&recording.polls), seconds(&recording.syncs)), (vec![0.25, 0.5], vec![1.75]));
    }

    #[test]
    fn busy_pods_are_counted_or_limited_by_items_in_flight_and_ready_pods() {
        for (column, expected) in [("in_flight", 2), ("busy", 5)] {
            let text = format!("t_s,llen,desired,ready,{column}\n5,7,3,2,5\n");
            assert_eq!(Recording::parse("a.csv", &text).unwrap().samples[0].busy, Some(expected), "{column}");
        }
    }

    #[test]
    fn json_lines_without_a_time_or_target_are_ignored() {
        let text = r#"{"time":"2026-03-01T12:00:00Z","backlog":7,"target":null}
{"time":"2026-03-01T12:00:01Z","backlog":8,"target":{"kind":"Deployment","namespace":"n","name":"d","desired":3,"current":3,"ready":2,"available":2},"reason":"so"}
{"summary":{"verdict":"pass"}}
"#;
        let recording = Recording::parse("run.jsonl", text).unwrap();
        assert_eq!(
            recording.samples,
            [RecordedSample { ready: Some(2), reason: Some("so".to_owned()), ..sample(0, 8, 3) }]
        );
    }

    #[test]
    fn error_names_the_line() {
        for (text, message) in [
            ("{\"time\":\"soon\",\"backlog\":1}\n", "r:1: is not a sample: `soon` is not a time"),
            ("a,b\n1,2\n", "r: is neither JSON nor a CSV file with a column `time` or `t_s`"),
            ("t_s,llen,desired\n1,x,2\n", "r:2: `x` is not a whole number"),
            ("t_s,llen,desired\nnever,1,2\n", "r:2: `never` is neither a time"),
            ("t_s,llen,desired\n2,1,2\n1,1,2\n", "r:3: goes back in time"),
            ("{\"summary\":{}}\n", "r: contains no sample with replica counts"),
            ("", "r: is neither JSON nor a CSV"),
        ] {
            let error = Recording::parse("r", text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }
}

//! What `watch` or `simulate` has written, read again: lines of JSON, or CSV with a head.

use std::time::{Duration, SystemTime};

use crate::sample::Sample;
use crate::scaler::{Counted, Unfinished};

/// A series of looks at a list and its pods, the oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// One at least.
    pub looks: Vec<Look>,
    /// When KEDA read the list, since the first look; empty where that is not known.
    pub polls: Vec<Duration>,
    /// When the HPA asked for metrics, which it does while there are pods; likewise.
    pub syncs: Vec<Duration>,
    /// Whether any of the looks tells how many pods had items in flight, and how many items were delayed.
    told: (bool, bool),
}

/// One look.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Since the first one; never less than in the look before.
    pub at: Duration,
    /// How many items waited; where the list could not be read, how many did before.
    pub backlog: u64,
    /// Whether the list could be read.
    pub readable: bool,
    /// How many pods had items in flight, as far as can be told; `None` where nobody looked.
    pub busy: Option<u64>,
    /// How many items waited for another try; `None` where nobody looked.
    pub delayed: Option<u64>,
    /// How many pods there were to be.
    pub desired: u32,
    /// How many were ready; `None` where nobody looked.
    pub ready: Option<u32>,
    /// Why so many.
    pub reason: Option<String>,
    /// The Jobs of a `ScaledJob`; `None` where nobody looked.
    pub jobs: Option<Jobs>,
}

impl Look {
    /// Whether nothing could be read at all: Redis is away.
    pub fn is_blind(&self) -> bool {
        !self.readable && self.busy.is_none() && self.delayed.is_none()
    }
}

/// The Jobs at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs {
    /// All that were ever started.
    pub created: u32,
    /// Those that are neither complete nor failed.
    pub unfinished: Unfinished,
}

/// Why a recording cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}{}: {message}", line_in(*.line))]
pub struct RecordingError {
    /// What it goes by.
    name: String,
    /// Counted from 1; `None` where it is about the whole.
    line: Option<u64>,
    message: String,
}

fn line_in(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

/// The columns of a CSV file that are read, by each name they may have: `simulate`'s own, and those of `kubectl`-like
/// recordings.
const TIME: &[&str] = &["time", "t_s"];
const BACKLOG: &[&str] = &["backlog", "llen"];
const BUSY: &[&str] = &["busy"];
const IN_WORK: &[&str] = &["in_flight"];
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
    /// Reads a recording from `text`, which goes by `name` in messages. Lines that begin with `#` are passed over, and so
    /// is what is no sample: a verdict or a summary at the end.
    ///
    /// # Errors
    ///
    /// Names the line that cannot be read. Looks without a Deployment are passed over; there have to be some with one.
    pub fn parse(name: &str, text: &str) -> Result<Self, RecordingError> {
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
        let read = if first.trim_start().starts_with('{') { json(text) } else { csv(text) };
        let wrong = |line, message| RecordingError { name: name.to_owned(), line, message };
        let recording = read.map_err(|(line, message)| wrong(line, message))?;
        if let Some(back) = recording.looks.windows(2).find(|pair| pair[1].at < pair[0].at) {
            return Err(wrong(None, format!("goes back in time, {} s after its begin", back[0].at.as_secs())));
        }
        if recording.looks.is_empty() {
            return Err(wrong(None, "holds no look at a Deployment: nothing to compare with".to_owned()));
        }
        Ok(recording)
    }

    /// From the first look to the last.
    pub fn span(&self) -> Duration {
        self.looks.last().map_or(Duration::ZERO, |look| look.at)
    }

    /// What was counted at `look`; `None` where nobody ever looked at that. Where others of the looks tell, one that does not
    /// could not read it.
    pub fn counted(&self, look: &Look, counted: Counted) -> Option<Option<u64>> {
        let (busy, delayed) = self.told;
        match counted {
            Counted::Waiting => Some(look.readable.then_some(look.backlog)),
            Counted::Busy => busy.then_some(look.busy),
            Counted::Delayed => delayed.then_some(look.delayed),
            Counted::Landing => None,
        }
    }

    fn new(looks: Vec<Look>, polls: Vec<Duration>, syncs: Vec<Duration>) -> Self {
        let told = |count: fn(&Look) -> Option<u64>| looks.iter().any(|look| count(look).is_some());
        Self { told: (told(|look| look.busy), told(|look| look.delayed)), looks, polls, syncs }
    }

    /// The look that holds at `at`.
    pub fn at(&self, at: Duration) -> &Look {
        let after = self.looks.partition_point(|look| look.at <= at);
        &self.looks[after.saturating_sub(1)]
    }

    /// The look that is nearest to `at`.
    pub fn near(&self, at: Duration) -> &Look {
        let after = self.looks.partition_point(|look| look.at <= at);
        let (before, next) = (self.at(at), self.looks.get(after));
        next.filter(|next| next.at.saturating_sub(at) < at.saturating_sub(before.at)).unwrap_or(before)
    }
}

/// A line, where it is about one, and what is wrong with it.
type Wrong = (Option<u64>, String);

fn json(text: &str) -> Result<Recording, Wrong> {
    let mut looks = Vec::new();
    let mut start = None;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(line).map_err(|error| (Some(number), error.to_string()))?;
        if value.get("time").is_none() {
            continue;
        }
        let sample: Sample = serde_json::from_value(value).map_err(|error| (Some(number), error.to_string()))?;
        let Some(deployment) = sample.deployment else { continue };
        looks.push(Look {
            at: since(sample.time, *start.get_or_insert(sample.time), number)?,
            backlog: sample.backlog,
            readable: true,
            busy: at_work(sample.in_flight, Some(deployment.ready)),
            delayed: sample.delayed,
            desired: deployment.desired,
            ready: Some(deployment.ready),
            reason: sample.reason,
            jobs: None,
        });
    }
    Ok(Recording::new(looks, Vec::new(), Vec::new()))
}

fn since(time: SystemTime, start: SystemTime, line: u64) -> Result<Duration, Wrong> {
    time.duration_since(start).map_err(|_| (Some(line), "goes back in time".to_owned()))
}

fn csv(text: &str) -> Result<Recording, Wrong> {
    let mut reader = ::csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let head = reader.headers().map_err(|error| (None, error.to_string()))?.clone();
    let column = |names: &[&str]| head.iter().position(|name| names.contains(&name));
    let required = |names: &[&str]| {
        column(names)
            .ok_or_else(|| (None, format!("is neither JSON nor a CSV file with a column `{}`", names.join("` or `"))))
    };
    let jobs = column(CREATED).zip(column(UNFINISHED)).zip(column(PENDING));
    let (time, backlog) = (required(TIME)?, required(BACKLOG)?);
    // The Jobs are what there are to be.
    let desired = jobs.map_or_else(|| required(DESIRED), |((_, unfinished), _)| Ok(unfinished))?;
    let (busy, in_flight, delayed) = (column(BUSY), column(IN_WORK), column(DELAYED));
    let (ready, reason) = (column(READY), column(REASON));
    let (poll, sync) = (column(POLLS), column(SYNCS));
    let (mut looks, mut polls, mut syncs) = (Vec::<Look>::new(), Vec::new(), Vec::new());
    let mut start = None;
    for record in reader.records() {
        let record = record.map_err(|error| (error.position().map(::csv::Position::line), error.to_string()))?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let number = |column: usize| -> Result<Option<u64>, Wrong> {
            match record.get(column).unwrap_or_default() {
                "" => Ok(None),
                text => text.parse().map(Some).map_err(|_| (Some(line), format!("`{text}` is not a whole number"))),
            }
        };
        let moment = |text: &str| moment(text).map_err(|message| (Some(line), message));
        let at = moment(record.get(time).unwrap_or_default())?;
        for (column, moments) in [(poll, &mut polls), (sync, &mut syncs)] {
            let cell = column.and_then(|column| record.get(column)).unwrap_or_default();
            for text in cell.split([' ', ';']).filter(|text| !text.is_empty()) {
                moments.push(moment(text)?);
            }
        }
        let (read, Some(desired)) = (number(backlog)?, number(desired)?) else { continue };
        let Some(backlog) = read.or_else(|| Some(looks.last()?.backlog)) else { continue };
        let jobs = match jobs {
            Some(((created, unfinished), pending)) => {
                let count = |column| Ok(pods(number(column)?.unwrap_or(0)));
                let unfinished = Unfinished { running: count(unfinished)?, pending: count(pending)? };
                Some(Jobs { created: count(created)?, unfinished })
            }
            None => None,
        };
        let cell = |column: Option<usize>| Ok(column.map(number).transpose()?.flatten());
        let ready = cell(ready)?.map(pods);
        looks.push(Look {
            jobs,
            readable: read.is_some(),
            at: since(at, *start.get_or_insert(at), line)?,
            backlog,
            busy: cell(busy)?.or(at_work(cell(in_flight)?, ready)),
            delayed: cell(delayed)?,
            desired: pods(desired),
            ready,
            reason: reason.and_then(|column| record.get(column)).filter(|text| !text.is_empty()).map(str::to_owned),
        });
    }
    // What was before the first look is of no use here.
    let since_start = |moments: Vec<SystemTime>| {
        let since = |at: SystemTime| at.duration_since(start?).ok();
        moments.into_iter().filter_map(since).collect()
    };
    Ok(Recording::new(looks, since_start(polls), since_start(syncs)))
}

/// RFC 3339, or seconds since whenever.
fn moment(text: &str) -> Result<SystemTime, String> {
    let seconds = || Duration::try_from_secs_f64(text.parse().ok()?).ok();
    match seconds() {
        Some(seconds) => Ok(SystemTime::UNIX_EPOCH + seconds),
        None => {
            humantime::parse_rfc3339(text).map_err(|_| format!("`{text}` is neither a time nor a number of seconds"))
        }
    }
}

/// Of `items` in flight each pod has one at least, and there are no more pods than are ready.
fn at_work(items: Option<u64>, ready: Option<u32>) -> Option<u64> {
    items.map(|items| items.min(ready.unwrap_or(u32::MAX).into()))
}

fn pods(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(seconds: u64, backlog: u64, desired: u32) -> Look {
        let at = Duration::from_secs(seconds);
        Look { at, backlog, readable: true, busy: None, delayed: None, desired, ready: None, reason: None, jobs: None }
    }

    #[test]
    fn a_trace_is_read_by_its_columns() {
        let text = "# load: 10 items\nt_s,utc,llen,deploy_spec_replicas\n5.0,x,7,0\n6.0,x,,0\n8.0,x,9,2\n";
        let recording = Recording::parse("a.csv", text).unwrap();
        let unread = Look { readable: false, ..look(1, 7, 0) };
        assert_eq!(recording.looks, [look(0, 7, 0), unread, look(3, 9, 2)]);
        assert_eq!(recording.at(Duration::from_secs(2)).backlog, 7);
        assert_eq!(recording.near(Duration::from_millis(2_500)).backlog, 9);
        assert_eq!(recording.near(Duration::from_secs(9)).backlog, 9);
        assert_eq!(recording.span(), Duration::from_secs(3));
    }

    #[test]
    fn the_moments_of_polls_and_syncs_are_read_where_they_are_known() {
        let text = "t_s,llen,desired,keda_polls,hpa_reads\n5,7,0,4.5,\n6,7,0,5.25 5.5,\n7,7,0,,6.75\n";
        let recording = Recording::parse("a.csv", text).unwrap();
        let seconds = |moments: &[Duration]| moments.iter().map(Duration::as_secs_f64).collect::<Vec<_>>();
        assert_eq!((seconds(&recording.polls), seconds(&recording.syncs)), (vec![0.25, 0.5], vec![1.75]));
    }

    #[test]
    fn items_in_work_are_no_more_pods_than_are_ready_and_pods_at_work_are_counted_as_they_are() {
        for (column, expected) in [("in_flight", 2), ("busy", 5)] {
            let text = format!("t_s,llen,desired,ready,{column}\n5,7,3,2,5\n");
            assert_eq!(Recording::parse("a.csv", &text).unwrap().looks[0].busy, Some(expected), "{column}");
        }
    }

    #[test]
    fn lines_of_json_are_samples_and_what_is_none_is_passed_over() {
        let text = r#"{"time":"2026-03-01T12:00:00Z","backlog":7,"deployment":null}
{"time":"2026-03-01T12:00:01Z","backlog":8,"deployment":{"namespace":"n","name":"d","desired":3,"current":3,"ready":2,"available":2},"reason":"so"}
{"verdict":"pass"}
"#;
        let recording = Recording::parse("run.jsonl", text).unwrap();
        assert_eq!(recording.looks, [Look { ready: Some(2), reason: Some("so".to_owned()), ..look(0, 8, 3) }]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (text, message) in [
            ("{\"time\":\"soon\",\"backlog\":1}\n", "r:1: `soon` is not a time"),
            ("a,b\n1,2\n", "r: is neither JSON nor a CSV file with a column `time` or `t_s`"),
            ("t_s,llen,desired\n1,x,2\n", "r:2: `x` is not a whole number"),
            ("t_s,llen,desired\nnever,1,2\n", "r:2: `never` is neither a time"),
            ("t_s,llen,desired\n2,1,2\n1,1,2\n", "r:3: goes back in time"),
            ("{\"verdict\":\"pass\"}\n", "r: holds no look at a Deployment"),
            ("", "r: is neither JSON nor a CSV"),
        ] {
            let error = Recording::parse("r", text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }
}

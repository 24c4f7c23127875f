//! Recordings: output of `watch` or `simulate`, read back from JSON lines or from CSV with a header.

mod csv;
mod error;
mod json;
mod played;

use std::time::Duration;

pub use self::error::RecordingError;
use self::error::{LineFault, MAX_SPAN, RecordingFault};
pub use self::played::{PlayedRecording, PlayedSample, played};
use crate::scaler::{Counted, Unfinished};
use crate::units::{decode, float};

/// Samples of a list and its target, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// At least one.
    pub samples: Vec<RecordedSample>,
    /// Times of KEDA's polls, since the first sample; empty if unknown.
    pub polls: Vec<Duration>,
    /// Times of the HPA's syncs, likewise; it reads metrics only while there are pods.
    pub syncs: Vec<Duration>,
    /// Number of the last line, if it is cut off; the samples before it remain.
    pub cut: Option<u64>,
    /// Lists that it has no pods of.
    pub left_out: Vec<String>,
    /// Triggers of other types that have a column.
    triggers: Vec<String>,
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
    /// Values of the triggers that have a column, in order; `None` for one that could not be read.
    others: Vec<Option<f64>>,
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

impl Recording {
    /// Parses a recording; `name` stands for it in errors, and `triggers` may have columns. Lines that begin with `#`, objects without a time, such as a summary
    /// at the end, samples without replica counts, and a last line that is cut off are ignored.
    ///
    /// # Errors
    ///
    /// Fails with the line that cannot be read, or if no sample remains.
    pub fn parse(name: &str, bytes: &[u8], triggers: &[&str]) -> Result<Self, RecordingError> {
        let parse = || {
            let text = decode(bytes).map_err(RecordingFault::from)?;
            let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
            if first.trim_start().starts_with('{') { json::parse(&text, triggers) } else { csv::parse(&text, triggers) }
        };
        let checked = parse().and_then(Self::checked);
        checked.map_err(|LineFault { line, fault }| RecordingError { name: name.to_owned(), line, fault })
    }

    fn checked(self) -> Result<Self, LineFault> {
        if let Some(pair) = self.samples.windows(2).find(|pair| pair[1].at < pair[0].at) {
            return Err(RecordingFault::BackInTimeAfter(pair[0].at).into());
        }
        if self.samples.is_empty() {
            return Err(RecordingFault::Empty.into());
        }
        if self.span() > MAX_SPAN {
            return Err(RecordingFault::TooLong.into());
        }
        Ok(self)
    }

    /// Returns the time from the first sample to the last.
    pub fn span(&self) -> Duration {
        self.samples.last().map_or(Duration::ZERO, |sample| sample.at)
    }

    /// Returns the value counted at `sample`: `None` if the recording never has it, `Some(None)` if it could not be read then.
    pub fn counted(&self, sample: &RecordedSample, counted: &Counted) -> Option<Option<f64>> {
        let count = match counted {
            Counted::Waiting => Some(sample.readable.then_some(sample.backlog)),
            Counted::Busy => self.has_busy.then_some(sample.busy),
            Counted::Delayed => self.has_delayed.then_some(sample.delayed),
            Counted::Landing => None,
            Counted::OfList { name, .. } | Counted::Other(name) => {
                let column = self.triggers.iter().position(|trigger| *trigger == **name)?;
                return sample.others.get(column).copied();
            }
        };
        count.map(|count| count.map(float))
    }

    fn new(samples: Vec<RecordedSample>, triggers: Vec<String>, polls: Vec<Duration>, syncs: Vec<Duration>) -> Self {
        let has = |count: fn(&RecordedSample) -> Option<u64>| samples.iter().any(|sample| count(sample).is_some());
        Self {
            has_busy: has(|sample| sample.busy),
            has_delayed: has(|sample| sample.delayed),
            samples,
            triggers,
            polls,
            syncs,
            cut: None,
            left_out: Vec::new(),
        }
    }

    /// Returns the latest sample at `at`.
    pub fn at(&self, at: Duration) -> &RecordedSample {
        let after = self.samples.partition_point(|sample| sample.at <= at);
        &self.samples[after.saturating_sub(1)]
    }

    /// Returns the latest sample at `at`, and the one after it; the same at the end.
    pub fn around(&self, at: Duration) -> (&RecordedSample, &RecordedSample) {
        let after = self.samples.partition_point(|sample| sample.at <= at);
        let before = self.at(at);
        (before, self.samples.get(after).unwrap_or(before))
    }

    /// Returns the desired pods in the two rows from `at` on, in which a change at `at` shows.
    pub fn desired_after(&self, at: Duration) -> Vec<u32> {
        let after = self.samples.partition_point(|sample| sample.at < at);
        self.samples[after..].iter().take(2).map(|sample| sample.desired).collect()
    }

    /// Returns the time of the first change of the desired pods.
    pub fn first_change(&self) -> Option<Duration> {
        self.samples.windows(2).find(|pair| pair[0].desired != pair[1].desired).map(|pair| pair[1].at)
    }

    /// Returns the median time between two samples; `None` for a single one.
    pub fn usual_row(&self) -> Option<Duration> {
        let mut rows: Vec<Duration> =
            self.samples.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).collect();
        rows.sort_unstable();
        rows.get(rows.len() / 2).copied()
    }

    /// Returns the part from `from` to `to`, with times since `from`.
    #[must_use]
    pub fn part(&self, from: Duration, to: Duration) -> Self {
        let within = |at: &Duration| (from..=to).contains(at);
        let moments = |moments: &[Duration]| {
            moments.iter().filter(|at| within(at)).map(|at| at.saturating_sub(from)).collect::<Vec<_>>()
        };
        let samples = self.samples.iter().filter(|sample| within(&sample.at));
        let samples: Vec<_> =
            samples.map(|sample| RecordedSample { at: sample.at.saturating_sub(from), ..sample.clone() }).collect();
        if samples.is_empty() {
            return self.clone();
        }
        Self { samples, polls: moments(&self.polls), syncs: moments(&self.syncs), ..self.clone() }
    }

    /// Returns the sample nearest to `at`.
    pub fn near(&self, at: Duration) -> &RecordedSample {
        let after = self.samples.partition_point(|sample| sample.at <= at);
        let (before, next) = (self.at(at), self.samples.get(after));
        next.filter(|next| next.at.saturating_sub(at) < at.saturating_sub(before.at)).unwrap_or(before)
    }
}

/// Returns the largest number of pods that can hold `items` in flight: one item each, and only ready pods.
fn busy_pods(items: u64, ready: Option<u32>) -> u64 {
    items.min(ready.unwrap_or(u32::MAX).into())
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
            others: Vec::new(),
        }
    }

    #[test]
    fn csv_is_read_by_its_columns() {
        let text = "# load: 10 items\nt_s,utc,llen,deploy_spec_replicas\n5.0,x,7,0\n6.0,x,,0\n8.0,x,9,2\n";
        let recording = Recording::parse("a.csv", text.as_bytes(), &[]).unwrap();
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
        let recording = Recording::parse("a.csv", text.as_bytes(), &[]).unwrap();
        let seconds = |moments: &[Duration]| moments.iter().map(Duration::as_secs_f64).collect::<Vec<_>>();
        assert_eq!((seconds(&recording.polls), seconds(&recording.syncs)), (vec![0.25, 0.5], vec![1.75]));
    }

    #[test]
    fn busy_pods_are_counted_or_limited_by_items_in_flight_and_ready_pods() {
        for (column, expected) in [("in_flight", 2), ("busy", 5)] {
            let text = format!("t_s,llen,desired,ready,{column}\n5,7,3,2,5\n");
            assert_eq!(
                Recording::parse("a.csv", text.as_bytes(), &[]).unwrap().samples[0].busy,
                Some(expected),
                "{column}"
            );
        }
    }

    #[test]
    fn json_lines_without_a_time_or_target_are_ignored() {
        let text = r#"{"time":"2026-03-01T12:00:00Z","backlog":7,"target":null}
{"time":"2026-03-01T12:00:01Z","backlog":8,"target":{"kind":"Deployment","namespace":"n","name":"d","desired":3,"current":3,"ready":2,"available":2},"reason":"so"}
{"summary":{"verdict":"pass"}}
"#;
        let recording = Recording::parse("run.jsonl", text.as_bytes(), &[]).unwrap();
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
            ("t_s,llen,desired\nnever,1,2\n", "r:2: `never` is not a valid time"),
            ("t_s,llen,desired\n2,1,2\n1,1,2\n", "r:3: goes back in time"),
            ("{\"summary\":{}}\n", "r: contains no sample with replica counts"),
            ("t_s;llen;desired\n1;2;3\n", "r:1: columns are separated by semicolons: use commas"),
            ("t_s,llen,desired\n\n1,2,3\n# x\n2,2,3,4\n", "r:5: has 4 columns: the header has 3"),
            ("t_s,llen,desired\n1\n2,2,3\n", "r:2: has 1 column: the header has 3"),
            ("t_s,llen,desired\n\n1,2,3\n# x\n2,x,3\n", "r:5: `x` is not a whole number"),
            ("t_s,llen,desired\n0,1,2\n3000000,1,2\n", "r: lasts longer than 31 days, the limit"),
            ("", "r: is neither JSON nor a CSV"),
        ] {
            let error = Recording::parse("r", text.as_bytes(), &[]).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text:?}: {error}");
        }
    }

    const CUT: &str = r#"{"time":"2026-03-01T12:00:00Z","backlog":7,"target":{"kind":"Deployment","namespace":"n","name":"d","desired":3,"current":3,"ready":2,"available":2},"reason":"é"}"#;

    #[test]
    fn recording_is_read_up_to_a_last_line_that_is_cut() {
        let whole = format!("{CUT}\n");
        for end in 1..CUT.len() {
            let bytes = [whole.as_bytes(), &CUT.as_bytes()[..end]].concat();
            let recording = Recording::parse("run.jsonl", &bytes, &[]).unwrap();
            assert_eq!((recording.samples.len(), recording.cut), (1, Some(2)), "{end}");
        }
        assert_eq!(Recording::parse("run.jsonl", whole.as_bytes(), &[]).unwrap().cut, None);
        for rows in ["t_s,llen,desired\n5,7,0\n6,", "t_s,llen,desired\n5,7,0\n6"] {
            let recording = Recording::parse("a.csv", rows.as_bytes(), &[]).unwrap();
            assert_eq!((recording.samples, recording.cut), (vec![sample(0, 7, 0)], Some(3)), "{rows}");
        }
        // Only the last line may be cut.
        let error = Recording::parse("run.jsonl", format!("{}\n{CUT}\n", &CUT[..20]).as_bytes(), &[]).unwrap_err();
        assert!(error.to_string().starts_with("run.jsonl:1: is not a sample"), "{error}");
    }

    #[test]
    fn json_null_is_0_and_a_missing_field_is_unknown() {
        let line = |fields: &str| CUT.replace(",\"reason\"", &format!("{fields},\"reason\""));
        let text = [line(",\"in_flight\":null,\"delayed\":null"), line(",\"in_flight\":5")].join("\n");
        let recording = Recording::parse("run.jsonl", text.as_bytes(), &[]).unwrap();
        let counts: Vec<_> = recording.samples.iter().map(|sample| (sample.busy, sample.delayed)).collect();
        assert_eq!(counts, [(Some(0), Some(0)), (Some(2), None)]);
    }

    #[test]
    fn recording_encodings_and_times_are_read() {
        let text = "time,backlog,desired\n1772366400000,7,0\n1772366403000,9,2\n";
        let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let offset =
            text.replace("1772366400000", "2026-03-01 13:00:00+01:00").replace("1772366403000", "2026-03-01T12:00:03Z");
        for bytes in [text.as_bytes(), &utf16, offset.as_bytes()] {
            assert_eq!(Recording::parse("a.csv", bytes, &[]).unwrap().samples, [sample(0, 7, 0), sample(3, 9, 2)]);
        }
    }
}

//! Recordings with all that their samples hold, to be played again.

use std::time::Duration;

use super::error::{LineFault, RecordingFault};
use super::{RecordingError, json};
use crate::sample::Sample;
use crate::units::decode;

/// A sample, and its time since the first one on the clock of the recording.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedSample {
    /// Never decreases.
    pub at: Duration,
    /// The sample as it was recorded.
    pub sample: Sample,
}

/// Samples to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayedRecording {
    /// At least one.
    pub samples: Vec<PlayedSample>,
    /// Number of the last line, if it is cut off; the samples before it remain.
    pub cut: Option<u64>,
}

/// Parses JSON lines as `watch`, `demo` and `simulate` write them; `name` stands for them in errors. Objects without a time, such
/// as a summary at the end, and a last line that is cut off are ignored.
///
/// # Errors
///
/// Fails with the line that cannot be read, or if there is no sample.
pub fn played(name: &str, bytes: &[u8]) -> Result<PlayedRecording, RecordingError> {
    let parse = || -> Result<PlayedRecording, LineFault> { lines(&decode(bytes).map_err(RecordingFault::from)?) };
    parse().map_err(|LineFault { line, fault }| RecordingError { name: name.to_owned(), line, fault })
}

fn lines(text: &str) -> Result<PlayedRecording, LineFault> {
    let mut samples: Vec<PlayedSample> = Vec::new();
    let mut cut = None;
    let last = text.lines().count();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let not_a_sample = |error: serde_json::Error| RecordingFault::NotASample(error.to_string()).at(number);
        let value: serde_json::Value = match serde_json::from_str(line) {
            Ok(value) => value,
            Err(error) if error.is_eof() && number == last as u64 => {
                cut = Some(number);
                break;
            }
            Err(error) => return Err(not_a_sample(error)),
        };
        if value.get("time").is_none() {
            continue;
        }
        let sample: Sample = serde_json::from_value(value).map_err(not_a_sample)?;
        let start = samples.first().map_or(sample.time, |first| first.sample.time);
        let at = json::since(&sample, start, number)?;
        if samples.last().is_some_and(|before| at < before.at) {
            return Err(RecordingFault::BackInTime.at(number));
        }
        samples.push(PlayedSample { at, sample });
    }
    if samples.is_empty() { Err(RecordingFault::NoSample.into()) } else { Ok(PlayedRecording { samples, cut }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_of_a_fast_clock_has_the_times_of_that_clock() {
        let text = r#"{"time":"2026-03-01T12:00:00Z","list":"a","backlog":3,"speed":20.0}
{"time":"2026-03-01T12:00:01.500Z","list":"a","backlog":2,"speed":20.0}
{"summary":{"verdict":"pass"}}
{"time":"2026-03-01T12:00"#;
        let PlayedRecording { samples, cut } = played("run.jsonl", text.as_bytes()).unwrap();
        let seen: Vec<(u64, u64)> = samples.iter().map(|played| (played.at.as_secs(), played.sample.backlog)).collect();
        assert_eq!((seen, cut), (vec![(0, 3), (30, 2)], Some(4)));
    }

    #[test]
    fn recording_that_cannot_be_played_says_why() {
        let fails = |text: &str| played("run.jsonl", text.as_bytes()).unwrap_err().to_string();
        assert_eq!(fails("{\"summary\":{}}\n"), "run.jsonl: contains no sample");
        assert!(fails("t_s,llen\n0,1\n").starts_with("run.jsonl:1: is not a sample: "));
        let back =
            "{\"time\":\"2026-03-01T12:00:01Z\",\"backlog\":1}\n{\"time\":\"2026-03-01T12:00:00Z\",\"backlog\":1}\n";
        assert_eq!(fails(back), "run.jsonl:2: goes back in time");
    }
}

//! A pattern from recorded counts, as monitoring exports them.

use std::time::{Duration, UNIX_EPOCH};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Pattern, Phase, RateShape};
use crate::units::float;

/// Default duration that a count stands for.
const SECOND: Duration = Duration::from_secs(1);

/// Counts that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CountsError {
    /// Malformed CSV.
    #[error("{0}")]
    Csv(String),
    /// A malformed line.
    #[error("line {line}: {problem}")]
    Line {
        /// Number of the line, from 1.
        line: u64,
        /// The problem.
        problem: CountsProblem,
    },
    /// No line with a count.
    #[error("has no counts: expected one per line, or `seconds,count`")]
    Empty,
}

/// Problem of a line of counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CountsProblem {
    /// Not a whole number.
    #[error("`{0}` is not a valid count")]
    Count(String),
    /// Neither seconds nor RFC 3339.
    #[error("`{0}` is not a valid time: expected seconds, or RFC 3339 such as 2026-01-31T12:00:00Z")]
    Time(String),
    /// Too many columns.
    #[error("has {0} columns: expected a count, or `seconds,count`")]
    Columns(usize),
    /// Another number of columns than the line before.
    #[error("must have as many columns as the line before")]
    ColumnsDiffer,
    /// A time that is not later than that of the line before.
    #[error("time must be later than that of the line before")]
    Order,
}

impl Pattern {
    /// Reads comma-separated counts of items: one a line, each for a second, or a time before each.
    ///
    /// A time is a number of seconds or RFC 3339; its count stands for the time until the next, the last one for as long
    /// as the one before it. The first line may be a header.
    ///
    /// # Errors
    ///
    /// Fails with the number of a malformed line.
    pub fn from_counts(text: &str) -> Result<Self, CountsError> {
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
        let mut rows: Vec<Row> = Vec::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|error| CountsError::Csv(error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = match row(&record) {
                Ok(row) => row,
                Err(_) if index == 0 && is_header(&record) => continue,
                Err(problem) => return Err(CountsError::Line { line, problem }),
            };
            if let Some(last) = rows.last() {
                match (last.time, row.time) {
                    (Some(before), Some(time)) if time <= before => {
                        return Err(CountsError::Line { line, problem: CountsProblem::Order });
                    }
                    (Some(_), None) | (None, Some(_)) => {
                        return Err(CountsError::Line { line, problem: CountsProblem::ColumnsDiffer });
                    }
                    _ => {}
                }
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(CountsError::Empty);
        }
        Ok(Self { phases: phases(&rows), rounds: Some(1) })
    }
}

struct Row {
    /// From any fixed moment.
    time: Option<Duration>,
    count: u64,
}

fn row(record: &StringRecord) -> Result<Row, CountsProblem> {
    let count = |text: &str| text.parse().map_err(|_| CountsProblem::Count(text.to_owned()));
    match record.iter().collect::<Vec<_>>()[..] {
        [items] => Ok(Row { time: None, count: count(items)? }),
        [at, items] => Ok(Row { time: Some(time(at)?), count: count(items)? }),
        _ => Err(CountsProblem::Columns(record.len())),
    }
}

fn time(text: &str) -> Result<Duration, CountsProblem> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let date = || humantime::parse_rfc3339_weak(text).ok()?.duration_since(UNIX_EPOCH).ok();
    seconds.or_else(date).ok_or_else(|| CountsProblem::Time(text.to_owned()))
}

/// Returns whether a line is a header: no cell of it is a number.
fn is_header(record: &StringRecord) -> bool {
    record.iter().all(|cell| cell.parse::<f64>().is_err())
}

fn phases(rows: &[Row]) -> Vec<Phase> {
    let mut span = SECOND;
    let next = rows.iter().skip(1).map(Some).chain([None]);
    rows.iter()
        .zip(next)
        .map(|(row, next)| {
            if let (Some(time), Some(next)) = (row.time, next.and_then(|next| next.time)) {
                span = next.saturating_sub(time);
            }
            let rate = float(row.count) / span.as_secs_f64();
            Phase::Over { span, shape: RateShape::Constant(rate) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Pattern::from_counts(text).expect("the counts of this test can be read").to_string()
    }

    #[test]
    fn counts_are_read_with_and_without_times_and_header() {
        assert_eq!(shown("3\n0\n5\n"), "1s@3, 1s@0, 1s@5");
        assert_eq!(shown("items\r\n3\r\n\r\n5"), "1s@3, 1s@5");
        assert_eq!(shown("time,count\n0, 10\n10, 20\n15, 5\n"), "10s@1, 5s@4, 5s@1");
        assert_eq!(shown("\"2026-01-31T12:00:00Z\",60\n\"2026-01-31T12:01:00Z\",120"), "1m@1, 1m@2");
    }

    #[test]
    fn counts_are_kept_exactly() {
        let text = (0..500).map(|second| (second * 7919 % 113).to_string()).collect::<Vec<_>>().join("\n");
        let pattern = Pattern::from_counts(&text).unwrap();
        let mut counts = vec![0_u64; 500];
        for arrival in pattern.arrivals(0) {
            counts[usize::try_from(arrival.at.as_secs()).unwrap()] += arrival.count;
        }
        assert_eq!(counts.iter().map(u64::to_string).collect::<Vec<_>>().join("\n"), text);
    }

    #[test]
    fn counts_error_names_the_line() {
        for (text, reason) in [
            ("", "no counts"),
            ("time,count\n", "no counts"),
            ("3\nx\n", "line 2: `x` is not a valid count"),
            ("3\n-1\n", "line 2: `-1` is not a valid count"),
            ("1,x\n", "line 1: `x` is not a valid count"),
            ("0,3\n5\n", "line 2: must have as many columns"),
            ("5,3\n5,3\n", "line 2: time must be later"),
            ("noon,3\n1,2", "line 1: `noon` is not a valid time"),
            ("1,2,3\n", "3 columns"),
        ] {
            let error = Pattern::from_counts(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}

//! A pattern from recorded counts, as monitoring exports them.

use std::time::{Duration, UNIX_EPOCH};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Pattern, Phase, Shape};
use crate::units::float;

/// Default duration that a count stands for.
const SECOND: Duration = Duration::from_secs(1);

impl Pattern {
    /// Reads comma-separated counts of items: one a line, each for a second, or a time before each.
    ///
    /// A time is a number of seconds or RFC 3339; its count stands for the time until the next, the last one for as long
    /// as the one before it. The first line may be a header.
    ///
    /// # Errors
    ///
    /// Names the line that cannot be.
    pub fn from_counts(text: &str) -> Result<Self, String> {
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text.as_bytes());
        let mut rows: Vec<Row> = Vec::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.map_err(|error| error.to_string())?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = match row(&record) {
                Ok(row) => row,
                Err(_) if index == 0 && is_header(&record) => continue,
                Err(message) => return Err(format!("line {line}: {message}")),
            };
            if let Some(last) = rows.last() {
                match (last.time, row.time) {
                    (Some(before), Some(time)) if time <= before => {
                        return Err(format!("line {line}: the time does not come after the one before"));
                    }
                    (Some(_), None) | (None, Some(_)) => {
                        return Err(format!("line {line}: has not as many columns as the line before"));
                    }
                    _ => {}
                }
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err("has no counts: write one a line, or `seconds,count`".to_owned());
        }
        Ok(Self { phases: phases(&rows), rounds: Some(1) })
    }
}

struct Row {
    /// From any fixed moment.
    time: Option<Duration>,
    count: u64,
}

fn row(record: &StringRecord) -> Result<Row, String> {
    let count = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a count of items"));
    match record.iter().collect::<Vec<_>>()[..] {
        [items] => Ok(Row { time: None, count: count(items)? }),
        [at, items] => Ok(Row { time: Some(time(at)?), count: count(items)? }),
        _ => Err(format!("has {} columns: write a count, or `seconds,count`", record.len())),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let date = || humantime::parse_rfc3339_weak(text).ok()?.duration_since(UNIX_EPOCH).ok();
    seconds.or_else(date).ok_or_else(|| format!("`{text}` is not a time: seconds, or 2026-01-31T12:00:00Z"))
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
            Phase::Over { span, shape: Shape::Constant(rate) }
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
    fn every_count_is_kept_to_the_item() {
        let text = (0..500).map(|second| (second * 7919 % 113).to_string()).collect::<Vec<_>>().join("\n");
        let pattern = Pattern::from_counts(&text).unwrap();
        let mut counts = vec![0_u64; 500];
        for arrival in pattern.arrivals(0) {
            counts[usize::try_from(arrival.at.as_secs()).unwrap()] += arrival.count;
        }
        assert_eq!(counts.iter().map(u64::to_string).collect::<Vec<_>>().join("\n"), text);
    }

    #[test]
    fn a_line_that_cannot_be_is_named() {
        for (text, reason) in [
            ("", "no counts"),
            ("time,count\n", "no counts"),
            ("3\nx\n", "line 2: `x` is not a count"),
            ("3\n-1\n", "line 2: `-1` is not a count"),
            ("1,x\n", "line 1: `x` is not a count"),
            ("0,3\n5\n", "line 2: has not as many columns"),
            ("5,3\n5,3\n", "line 2: the time does not come after"),
            ("noon,3\n1,2", "line 1: `noon` is not a time"),
            ("1,2,3\n", "3 columns"),
        ] {
            let error = Pattern::from_counts(text).unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}

//! A pattern from recorded counts, as monitoring exports them, and values of triggers next to it.

use std::time::Duration;

use csv::StringRecord;

use super::grammar::HIGHEST;
use super::{Pattern, Phase, RateShape};
use crate::units::{
    CsvError, CsvRows, EncodingError, RowTime, TimeColumn, decode, float, is_before_1970, other_separator,
};
use crate::workload::series::{TriggerSeries, TriggerValue};

/// Default duration that a count stands for.
const SECOND: Duration = Duration::from_secs(1);

/// Limit of rows: more than a week of seconds.
const MAX_ROWS: usize = 1_000_000;

/// Recorded counts.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedCounts {
    /// The load.
    pub pattern: Pattern,
    /// Values of the triggers that have a column.
    pub triggers: Vec<TriggerSeries>,
}

/// Recorded counts that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CountsError {
    /// Not text.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Malformed CSV.
    #[error(transparent)]
    Csv(#[from] CsvError),
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
    #[error("`{0}` is not a valid count: expected a whole number")]
    Count(String),
    /// A number with thousands separators.
    #[error("`{0}` is not a valid count: write it without thousands separators")]
    Thousands(String),
    /// A cell without a count.
    #[error("has no count: expected a whole number, 0 for none")]
    NoCount,
    /// A time in no known form, or in another form than those before.
    #[error(
        "`{0}` is not a valid time: expected seconds, a number since 1970, or RFC 3339 such as 2026-01-31T12:00:00Z, \
         the same in all lines"
    )]
    Time(String),
    /// A date before the first that can be read.
    #[error("`{0}` is before 1970, the first year of a time")]
    TooEarly(String),
    /// Too many columns.
    #[error(
        "has {0} columns: expected a count, or `seconds,count`; more columns need a header with the names of triggers"
    )]
    Columns(usize),
    /// A column that is none of a trigger.
    #[error("column {column}: `{name}` is not a trigger of the profile: {}", expected(known))]
    UnknownTrigger {
        /// Number of the column, from 1.
        column: usize,
        /// Its name.
        name: String,
        /// Triggers that may have a column.
        known: Vec<String>,
    },
    /// Two columns of one trigger.
    #[error("column {0}: `{1}` has a column already")]
    TriggerTwice(usize, String),
    /// A column of a trigger where the count belongs.
    #[error("`{0}` is a trigger: write a time and a count before its column, as in `seconds,count,{0}`")]
    TriggerFirst(String),
    /// A name of a time in the place of the count.
    #[error("column 2: `{0}` names a time: write the time first, as in `{0},count`")]
    TimeSecond(String),
    /// Not a value of a trigger.
    #[error("column {0}: `{1}` is not a valid value: expected a number of at least 0, or nothing to keep the last one")]
    Value(usize, String),
    /// Columns that are not separated by commas.
    #[error("columns are separated by {0}: use commas")]
    Separator(&'static str),
    /// Another number of columns than the line before.
    #[error("must have as many columns as the line before")]
    ColumnsDiffer,
    /// A time that is not later than that of the line before.
    #[error("time must be later than that of the line before")]
    Order,
    /// More items per second than any load has.
    #[error("has more than 1000000000 items per second, the limit")]
    Rate,
    /// More lines than a load has.
    #[error("is one of more than {MAX_ROWS} lines, the limit")]
    Rows,
}

/// Names the triggers that may have a column.
fn expected(known: &[String]) -> String {
    match known {
        [] => "it has none besides those of the list; see [[scale.triggers]]".to_owned(),
        [one] => format!("expected `{one}`"),
        _ => format!("expected one of {}", known.join(", ")),
    }
}

impl RecordedCounts {
    /// Reads comma-separated counts of items: one a line, each for a second, or a time before each. After the count may be
    /// columns of `triggers`, by the names in the header; a cell without a value keeps the last one.
    ///
    /// A time is a number of seconds, or of the unit that the header names, since the start or since 1970, or RFC 3339; its
    /// count stands for the time until the next, the last one for as long as the one before it. A load whose first time
    /// since the start is not 0 begins with a pause. The first line may be a header.
    ///
    /// # Errors
    ///
    /// Fails with the number of a malformed line.
    pub fn read(bytes: &[u8], triggers: &[&str]) -> Result<Self, CountsError> {
        let text = decode(bytes)?;
        let mut rows: Vec<Row> = Vec::new();
        let mut times = TimeColumn::default();
        let mut series: Vec<TriggerSeries> = Vec::new();
        for (index, row) in CsvRows::new(&text).enumerate() {
            let row = row?;
            let (line, cells) = (row.line, row.cells);
            let wrong = |problem| CountsError::Line { line, problem };
            if let Some(separator) = cells.iter().find_map(other_separator) {
                return Err(wrong(CountsProblem::Separator(separator)));
            }
            if index == 0 && is_header(&cells) {
                times = TimeColumn::with_header(&cells[0]);
                let is_time = |name: &&str| TimeColumn::is_named(name) && !TimeColumn::is_named(&cells[0]);
                if let Some(name) = cells.get(1).filter(is_time) {
                    return Err(wrong(CountsProblem::TimeSecond(name.to_owned())));
                }
                series = columns(&cells, triggers).map_err(wrong)?;
                continue;
            }
            if rows.len() == MAX_ROWS {
                return Err(wrong(CountsProblem::Rows));
            }
            let row = Row::read(line, &cells, &mut times, series.len()).map_err(wrong)?;
            if let Some(last) = rows.last() {
                match (last.time, row.time) {
                    (Some(before), Some(time)) if time.elapsed() <= before.elapsed() => {
                        return Err(wrong(CountsProblem::Order));
                    }
                    (Some(_), None) | (None, Some(_)) => return Err(wrong(CountsProblem::ColumnsDiffer)),
                    _ => {}
                }
            }
            let at = rows.first().unwrap_or(&row).since_start(&row);
            add_values(&mut series, at, &cells).map_err(wrong)?;
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(CountsError::Empty);
        }
        Ok(Self { pattern: Pattern { phases: phases(&rows)?, rounds: Some(1) }, triggers: series })
    }
}

/// Returns the series of the columns after time and count, without values.
fn columns(head: &StringRecord, triggers: &[&str]) -> Result<Vec<TriggerSeries>, CountsProblem> {
    if let Some(name) = head.iter().take(2).find(|name| triggers.contains(name)) {
        return Err(CountsProblem::TriggerFirst(name.to_owned()));
    }
    let mut series: Vec<TriggerSeries> = Vec::new();
    for (column, name) in (1..).zip(head).skip(2) {
        if !triggers.contains(&name) {
            let known = triggers.iter().map(|known| (*known).to_owned()).collect();
            return Err(CountsProblem::UnknownTrigger { column, name: name.to_owned(), known });
        }
        if series.iter().any(|known| known.name == name) {
            return Err(CountsProblem::TriggerTwice(column, name.to_owned()));
        }
        series.push(TriggerSeries { name: name.to_owned(), values: Vec::new() });
    }
    Ok(series)
}

/// Adds the values of a row; one that is missing, or the same, keeps the last.
fn add_values(series: &mut [TriggerSeries], at: Duration, cells: &StringRecord) -> Result<(), CountsProblem> {
    for ((column, cell), series) in (1..).zip(cells).skip(2).zip(series) {
        if cell.is_empty() {
            continue;
        }
        let value = cell.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
        let value = value.ok_or_else(|| CountsProblem::Value(column, cell.to_owned()))?;
        series.values.push(TriggerValue { at, value });
    }
    Ok(())
}

struct Row {
    line: u64,
    time: Option<RowTime>,
    count: u64,
}

impl Row {
    /// Returns the time of another row, which is not before this one, since the start of a load that begins with this one.
    fn since_start(&self, other: &Self) -> Duration {
        match (self.time, other.time) {
            (Some(RowTime::Absolute(first)), Some(time)) => time.elapsed().saturating_sub(first),
            (_, time) => time.map_or(Duration::ZERO, RowTime::elapsed),
        }
    }

    /// Reads time and count, before as many values of `triggers`.
    fn read(line: u64, cells: &StringRecord, times: &mut TimeColumn, triggers: usize) -> Result<Self, CountsProblem> {
        let own = cells.len().saturating_sub(triggers);
        if triggers > 0 && own != 2 {
            return Err(CountsProblem::ColumnsDiffer);
        }
        match cells.iter().take(own).collect::<Vec<_>>()[..] {
            [items] => Ok(Self { line, time: None, count: count(items)? }),
            [at, items] => {
                let time = times.read(at).ok_or_else(|| {
                    let problem = if is_before_1970(at) { CountsProblem::TooEarly } else { CountsProblem::Time };
                    problem(at.to_owned())
                })?;
                Ok(Self { line, time: Some(time), count: count(items)? })
            }
            // A count such as 1,000.
            [_, ref groups @ ..] if is_grouped(&groups.join(",")) => Err(CountsProblem::Thousands(groups.join(","))),
            _ => Err(CountsProblem::Columns(cells.len())),
        }
    }
}

fn count(text: &str) -> Result<u64, CountsProblem> {
    match text.strip_suffix(".0").unwrap_or(text).parse() {
        Ok(count) => Ok(count),
        Err(_) if text.is_empty() => Err(CountsProblem::NoCount),
        Err(_) if is_grouped(text) => Err(CountsProblem::Thousands(text.to_owned())),
        Err(_) => Err(CountsProblem::Count(text.to_owned())),
    }
}

/// Returns whether a text is a number in groups of three digits, such as `1 000` or `1'000`.
fn is_grouped(text: &str) -> bool {
    let mut groups = text.split(|c: char| c.is_whitespace() || ",.'’_".contains(c));
    let digits = |group: &str| !group.is_empty() && group.chars().all(|c| c.is_ascii_digit());
    groups.next().is_some_and(|first| digits(first) && first.len() <= 3)
        && groups.clone().count() > 0
        && groups.all(|group| digits(group) && group.len() == 3)
}

/// Returns whether a line is a header: its cells are names, or empty, and none begins as a number does.
fn is_header(cells: &StringRecord) -> bool {
    let is_name = |cell: &str| {
        let begins_as_number = cell.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        cell.chars().any(char::is_alphabetic) && !begins_as_number && cell.parse::<f64>().is_err()
    };
    cells.iter().all(|cell| cell.is_empty() || is_name(cell)) && cells.iter().any(|cell| !cell.is_empty())
}

fn phases(rows: &[Row]) -> Result<Vec<Phase>, CountsError> {
    let pause = match rows[0].time {
        Some(RowTime::Relative(first)) if !first.is_zero() => {
            Some(Phase::Over { span: first, shape: RateShape::Constant(0.0) })
        }
        _ => None,
    };
    let mut phases: Vec<Phase> = pause.into_iter().collect();
    let mut span = SECOND;
    for (index, row) in rows.iter().enumerate() {
        if let (Some(time), Some(next)) = (row.time, rows.get(index + 1).and_then(|next| next.time)) {
            span = next.elapsed().saturating_sub(time.elapsed());
        }
        let rate = float(row.count) / span.as_secs_f64();
        if rate > HIGHEST {
            return Err(CountsError::Line { line: row.line, problem: CountsProblem::Rate });
        }
        phases.push(Phase::Over { span, shape: RateShape::Constant(rate) });
    }
    Ok(phases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let counts = RecordedCounts::read(text.as_bytes(), &[]).expect("the counts of this test can be read");
        counts.pattern.to_string()
    }

    #[test]
    fn counts_are_read_with_and_without_times_and_header() {
        assert_eq!(shown("3\n0\n5\n"), "1s@3, 1s@0, 1s@5");
        assert_eq!(shown("items\r\n3\r\n\r\n5"), "1s@3, 1s@5");
        assert_eq!(shown("time,count\n0, 10\n10, 20\n15, 5\n"), "10s@1, 5s@4, 5s@1");
        assert_eq!(shown("# load\n\ntime, count\n# note\n0,3.0\n"), "1s@3");
        assert_eq!(shown("\u{feff}count\r3\r5\r"), "1s@3, 1s@5");
        assert_eq!(shown(",requests\n0,3\n"), "1s@3");
        assert_eq!(shown("t,requests/s\n0,3\n"), "1s@3");
        assert_eq!(shown("day,count\n0,86400\n1,172800\n"), "1day@1, 1day@2");
        assert_eq!(shown("\"2026-01-31T12:00:00Z\",60\n\"2026-01-31T12:01:00Z\",120"), "1m@1, 1m@2");
    }

    #[test]
    fn counts_are_kept_exactly() {
        let text = (0..500).map(|second| (second * 7919 % 113).to_string()).collect::<Vec<_>>().join("\n");
        let pattern = RecordedCounts::read(text.as_bytes(), &[]).unwrap().pattern;
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
            ("1,2,3\n", "line 1: has 3 columns"),
            ("timestamp,requests,errors\n0,5,0\n", "line 1: column 3: `errors` is not a trigger"),
            ("0,5,\n", "line 1: has 3 columns"),
            (
                "count,seconds\n5,0\n",
                "line 1: column 2: `seconds` names a time: write the time first, as in `seconds,count`",
            ),
            ("count,time\n5,0\n", "line 1: column 2: `time` names a time: write the time first, as in `time,count`"),
            ("requests,Timestamp\n5,0\n", "line 1: column 2: `Timestamp` names a time"),
            ("time,count\n1900-01-01T00:00:00Z,5\n", "line 2: `1900-01-01T00:00:00Z` is before 1970"),
            ("0,1,000\n", "line 1: `1,000` is not a valid count: write it without thousands"),
            ("1 000\n5\n", "line 1: `1 000` is not a valid count: write it without thousands"),
            ("1\u{a0}000\n", "line 1: `1\u{a0}000` is not a valid count: write it without"),
            ("1\u{202f}000\n", "write it without thousands"),
            ("1'000\n", "line 1: `1'000` is not a valid count: write it without"),
            ("0,\"1,000,000\"\n", "line 1: `1,000,000` is not a valid count: write it without"),
            ("1.000\n", "line 1: `1.000` is not a valid count: write it without"),
            ("0 5\n", "line 1: `0 5` is not a valid count: expected a whole number"),
            ("5;\n3\n", "line 1: columns are separated by semicolons: use commas"),
            ("seconds;count\n0;5\n", "line 1: columns are separated by semicolons"),
            ("0,5;3\n", "line 1: columns are separated by semicolons"),
            ("0\t5\n1\t3\n", "line 1: columns are separated by tabs"),
            ("0,2.5\n", "line 1: `2.5` is not a valid count: expected a whole number"),
            ("0,\"2,5\"\n", "line 1: `2,5` is not a valid count: expected"),
            ("0,1e3\n", "line 1: `1e3` is not a valid count"),
            ("0,5\n1,\n", "line 2: has no count"),
            ("NaN\n", "line 1: `NaN` is not a valid count"),
            ("€5\n", "line 1: `€5` is not a valid count"),
            ("time,count\n0,5\n\n# note\n1,x\n", "line 5: `x`"),
            ("time,count\r\n0,5\r\n\r\n1,x\r\n", "line 4: `x`"),
            ("5\r\rx\r", "line 3: `x`"),
            ("00:00,5\n", "line 1: `00:00` is not a valid time"),
            ("0,5\n2026-01-31T12:00:00Z,5\n", "line 2: `2026-01-31T12:00:00Z` is not a valid time"),
            ("3,5\n1,3\n", "line 2: time must be later"),
            ("0,3000000000\n", "line 1: has more than 1000000000 items per second"),
        ] {
            let error = RecordedCounts::read(text.as_bytes(), &[]).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn counts_begin_at_the_first_time() {
        assert_eq!(shown("15,5\n20,5\n"), "15s@0, 5s@1, 5s@1");
        assert_eq!(shown("1735689600,5\n1735689605,5\n"), "5s@1, 5s@1");
        assert_eq!(shown("2026-01-31T12:00:15+01:00,5\n2026-01-31T12:00:20+01:00,5\n"), "5s@1, 5s@1");
    }

    #[test]
    fn counts_have_times_in_the_unit_of_the_header_or_of_their_size() {
        for text in [
            "time,count\n1735689600000,5\n1735689605000,10\n",
            "1735689600000000,5\n1735689605000000,10\n",
            "time_ms,count\n0,5\n5000,10\n",
            "2026-01-31 12:00:00,5\n2026-01-31 12:00:05,10\n",
        ] {
            assert_eq!(shown(text), "5s@1, 5s@2", "{text}");
        }
        assert_eq!(shown("minute,count\n0,60\n1,120\n"), "1m@1, 1m@2");
        assert_eq!(shown("t (h),count\n1,3600\n2,7200\n"), "1h@0, 1h@1, 1h@2");
    }

    #[test]
    fn counts_in_utf_16_are_read() {
        let bytes: Vec<u8> = "\u{feff}time,count\r\n0,5\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(RecordedCounts::read(&bytes, &[]).unwrap().pattern.to_string(), "1s@5");
        let error = RecordedCounts::read(b"5\n\xff\n", &[]).unwrap_err();
        assert_eq!(error.to_string(), "is not UTF-8 text (from byte 3 on)");
    }

    #[test]
    fn columns_of_triggers_are_read_by_their_names() {
        let text = "time,count,requests,office\n2026-01-31T12:00:00Z,60,,0\n2026-01-31T12:01:00Z,120,7.5,\n2026-01-31T12:02:00Z,0,9,3\n";
        let counts = RecordedCounts::read(text.as_bytes(), &["office", "unused", "requests"]).unwrap();
        assert_eq!(counts.pattern.to_string(), "1m@1, 1m@2, 1m@0");
        let series = counts.triggers.iter().map(|series| {
            let values = series.values.iter().map(|TriggerValue { at, value }| (at.as_secs(), *value));
            (series.name.as_str(), values.collect::<Vec<_>>())
        });
        let expected = [("requests", vec![(60, 7.5), (120, 9.0)]), ("office", vec![(0, 0.0), (120, 3.0)])];
        assert_eq!(series.collect::<Vec<_>>(), expected);
        // Times since the start are kept.
        let counts = RecordedCounts::read(b"s,n,requests\n10,1,5\n20,1,6\n", &["requests"]).unwrap();
        assert_eq!(
            (counts.pattern.to_string(), counts.triggers[0].end()),
            ("10s@0, 10s@0.1, 10s@0.1".to_owned(), Duration::from_secs(20))
        );
    }

    #[test]
    fn column_of_a_trigger_that_is_wrong_is_named() {
        let known = ["requests", "office"];
        for (text, triggers, reason) in [
            (
                "s,n,request\n0,1,2\n",
                &known[..],
                "line 1: column 3: `request` is not a trigger of the profile: expected one of requests, office",
            ),
            (
                "s,n,request\n0,1,2\n",
                &known[..1],
                "line 1: column 3: `request` is not a trigger of the profile: expected `requests`",
            ),
            (
                "\ns,n,busy\n0,1,2\n",
                &[],
                "line 2: column 3: `busy` is not a trigger of the profile: it has none besides",
            ),
            ("s,n,requests,requests\n0,1,2,3\n", &known, "line 1: column 4: `requests` has a column already"),
            (
                "n,requests\n1,2\n",
                &known,
                "line 1: `requests` is a trigger: write a time and a count before its column",
            ),
            ("s,n,requests\n0,1,x\n", &known, "line 2: column 3: `x` is not a valid value"),
            ("s,n,requests\n0,1,-1\n", &known, "line 2: column 3: `-1` is not a valid value"),
            ("s,n,requests\n0,1\n", &known, "line 2: must have as many columns"),
            ("s,n,requests\n0,1,2,3\n", &known, "line 2: must have as many columns"),
            (
                "0,1,2\n",
                &known,
                "line 1: has 3 columns: expected a count, or `seconds,count`; more columns need a header",
            ),
        ] {
            let error = RecordedCounts::read(text.as_bytes(), triggers).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{text:?}: {error}");
        }
    }
}

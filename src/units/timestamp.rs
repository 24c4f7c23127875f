//! Times as monitoring exports them: RFC 3339, or numbers since 1970 or since the start.

use std::time::{Duration, SystemTime};

use humantime::Rfc3339Timestamp;

/// Numbers from here on count milliseconds: as seconds they would be in the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// Seconds from which a number counts from 1970, and not from the start of a recording: three years.
const SINCE_1970_FROM: f64 = 1e8;

/// End of the year 9999, the last time that RFC 3339 has, since 1970.
const LAST: Duration = Duration::from_millis(253_402_300_799_999);

/// Time of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowTime {
    /// Date and time: time since 1970.
    Absolute(Duration),
    /// Time since the start.
    Relative(Duration),
}

impl RowTime {
    /// Returns the time since 1970 or since the start.
    pub fn elapsed(self) -> Duration {
        let (Self::Absolute(elapsed) | Self::Relative(elapsed)) = self;
        elapsed
    }
}

/// Reads a column of times: all are of one kind and, where they are numbers, of one unit.
#[derive(Debug, Clone, Default)]
pub struct TimeColumn {
    /// Units per second that the header names.
    header: Option<f64>,
    /// Kind of the first time.
    kind: Option<TimeKind>,
}

#[derive(Debug, Clone, Copy)]
enum TimeKind {
    Date,
    Number { per_second: f64, absolute: bool },
}

impl TimeColumn {
    /// Creates a column with the unit that its header names, such as `time_ms` or `t (min)`, if it does.
    pub fn with_header(header: &str) -> Self {
        let words = header.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
        let mut per_second = words.filter_map(|word| {
            Some(match word.as_str() {
                "ns" | "nanos" | "nanosecond" | "nanoseconds" => 1e9,
                "us" | "µs" | "μs" | "micros" | "microsecond" | "microseconds" => 1e6,
                "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 1e3,
                "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
                "m" | "min" | "mins" | "minute" | "minutes" => 1.0 / 60.0,
                "h" | "hour" | "hours" => 1.0 / 3600.0,
                "d" | "day" | "days" => 1.0 / 86_400.0,
                _ => return None,
            })
        });
        Self { header: per_second.next_back(), kind: None }
    }

    /// Returns true if a header names a time, with a unit or without.
    pub fn is_named(header: &str) -> bool {
        const NAMES: [&str; 8] = ["time", "timestamp", "date", "datetime", "ts", "t", "when", "clock"];
        let name = header.trim().to_lowercase();
        // A unit and nothing else: `requests/s` is a name for counts.
        let is_unit =
            name.len() > 2 && name.chars().all(char::is_alphabetic) && Self::with_header(&name).header.is_some();
        is_unit || NAMES.contains(&name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default())
    }

    /// Returns true if the header names a unit.
    pub fn names_unit(&self) -> bool {
        self.header.is_some()
    }

    /// Reads the next time; `None` for what is not a time, or one of another kind than the first.
    pub fn read(&mut self, text: &str) -> Option<RowTime> {
        let number = text.parse::<f64>().ok();
        let kind = self.kind.unwrap_or_else(|| number.map_or(TimeKind::Date, |first| self.of_numbers(first)));
        let timestamp = match (kind, number) {
            (TimeKind::Date, None) => RowTime::Absolute(rfc_3339(text)?.duration_since(SystemTime::UNIX_EPOCH).ok()?),
            (TimeKind::Number { per_second, absolute }, Some(number)) => {
                let elapsed = Duration::try_from_secs_f64(number / per_second).ok()?;
                if absolute { RowTime::Absolute(elapsed) } else { RowTime::Relative(elapsed) }
            }
            _ => return None,
        };
        self.kind = Some(kind);
        Some(timestamp)
    }

    /// Returns the kind of a column of numbers from its first one.
    fn of_numbers(&self, first: f64) -> TimeKind {
        let named = self.header.filter(|per_second| first / per_second < MILLISECONDS_FROM);
        let per_second = named.unwrap_or_else(|| units_per_second(first));
        TimeKind::Number { per_second, absolute: first / per_second >= SINCE_1970_FROM }
    }
}

/// Returns how many units of a number since 1970 are a second, judged by its size.
fn units_per_second(number: f64) -> f64 {
    match number {
        _ if number < MILLISECONDS_FROM => 1.0,
        _ if number < MILLISECONDS_FROM * 1e3 => 1e3,
        _ if number < MILLISECONDS_FROM * 1e6 => 1e6,
        _ => 1e9,
    }
}

/// Returns true for a date before 1970, the first year of times here.
pub fn is_before_1970(text: &str) -> bool {
    let year = text.trim().split_once('-').map(|(year, _)| year).filter(|year| year.len() == 4);
    year.and_then(|year| year.parse::<u32>().ok()).is_some_and(|year| year < 1970)
}

/// Returns a number since 1970 as a time: of seconds or smaller units, judged by its size.
pub fn since_1970(number: f64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(number / units_per_second(number)).ok()?)
}

/// Parses RFC 3339 with any offset, with `T` or a blank, and without an offset as UTC.
pub fn rfc_3339(text: &str) -> Option<SystemTime> {
    let text = text.trim().trim_end_matches(" UTC");
    // The date itself has hyphens.
    let sign = text.rfind(['+', '-']).filter(|at| *at > "2026-01-31".len());
    let Some(at) = sign else { return humantime::parse_rfc3339_weak(text).ok() };
    let (local, offset) = text.split_at(at);
    let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "0"),
        4 => digits.split_at_checked(2)?,
        _ => return None,
    };
    let (hours, minutes) = (hours.parse::<u64>().ok()?, minutes.parse::<u64>().ok()?);
    let local = humantime::parse_rfc3339_weak(local.trim_end()).ok()?;
    let offset_seconds = Duration::from_secs((hours * 60 + minutes) * 60);
    if offset.starts_with('+') { local.checked_sub(offset_seconds) } else { local.checked_add(offset_seconds) }
}

/// Formats a time in UTC to the second; one before 1970 or after 9999 as the first or the last of these years.
pub fn rfc_3339_seconds(time: SystemTime) -> Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(formattable(time))
}

/// Formats a time in UTC to the millisecond; one before 1970 or after 9999 as the first or the last of these years.
pub fn rfc_3339_millis(time: SystemTime) -> Rfc3339Timestamp {
    humantime::format_rfc3339_millis(formattable(time))
}

/// Formats a time of the Redis clock (ms since 1970) in UTC.
pub fn redis_time(millis: u64) -> String {
    rfc_3339_millis(SystemTime::UNIX_EPOCH + Duration::from_millis(millis)).to_string()
}

/// Returns the nearest time that can be formatted: humantime panics on any other.
fn formattable(time: SystemTime) -> SystemTime {
    time.clamp(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: u64 = 1_772_366_400;

    fn times(header: &str, texts: &[&str]) -> Vec<Option<RowTime>> {
        let mut column = TimeColumn::with_header(header);
        texts.iter().map(|text| column.read(text)).collect()
    }

    #[test]
    fn timestamps_are_read_in_any_form() {
        for text in [
            "2026-03-01T12:00:00Z",
            "2026-03-01T12:00:00.000Z",
            "2026-03-01 12:00:00",
            "2026-03-01T13:00:00+01:00",
            "2026-03-01 13:00:00 +0100",
            "2026-03-01T13:00:00+01",
            "2026-03-01T06:30:00.000-05:30",
            "2026-03-01 12:00:00 UTC",
            "1772366400",
            "1772366400.0",
            "1772366400000",
            "1772366400000000",
            "1772366400000000000",
        ] {
            let expected = RowTime::Absolute(Duration::from_secs(MOMENT));
            assert_eq!(times("time", &[text]), [Some(expected)], "{text}");
        }
        for text in
            ["", "noon", "00:00", "2026-03-01", "2026-03-01T12:00:00+1:2:3", "-5", "inf", "2026-13-01T00:00:00Z"]
        {
            assert_eq!(times("time", &[text]), [None], "{text}");
        }
    }

    #[test]
    fn timestamp_unit_is_that_of_the_header() {
        for (header, number, millis) in [
            ("seconds", "90", 90_000),
            ("time", "90", 90_000),
            ("time_ms", "90", 90),
            ("t (min)", "1.5", 90_000),
            ("Elapsed hours", "2", 7_200_000),
            ("timestamp (µs)", "5000", 5),
        ] {
            let expected = RowTime::Relative(Duration::from_millis(millis));
            assert_eq!(times(header, &[number]), [Some(expected)], "{header}");
        }
        // A header may be wrong about the unit of a time since 1970.
        assert_eq!(times("seconds", &["1772366400000"]), [Some(RowTime::Absolute(Duration::from_secs(MOMENT)))]);
    }

    #[test]
    fn times_that_the_format_lacks_are_its_first_and_last() {
        let epoch = SystemTime::UNIX_EPOCH;
        let before = epoch - Duration::from_secs(1);
        assert_eq!(rfc_3339_seconds(before).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(redis_time(7), "1970-01-01T00:00:00.007Z");
        for late in [LAST, LAST * 2, Duration::from_millis(u64::MAX)] {
            assert_eq!(rfc_3339_seconds(epoch + late).to_string(), "9999-12-31T23:59:59Z");
            assert_eq!(rfc_3339_millis(epoch + late).to_string(), "9999-12-31T23:59:59.999Z");
        }
    }

    #[test]
    fn timestamps_of_a_column_are_of_one_kind() {
        let seconds = |seconds| Some(RowTime::Absolute(Duration::from_secs(seconds)));
        assert_eq!(times("t", &["1772366400000", "1772366401000"]), [seconds(MOMENT), seconds(MOMENT + 1)]);
        assert_eq!(times("t", &["1772366400", "2026-03-01T12:00:01Z"]), [seconds(MOMENT), None]);
        assert_eq!(times("t", &["2026-03-01T12:00:00Z", "1772366401"]), [seconds(MOMENT), None]);
        let relative = |seconds| Some(RowTime::Relative(Duration::from_secs(seconds)));
        assert_eq!(times("t", &["0", "200000000", "soon"]), [relative(0), relative(200_000_000), None]);
    }
}

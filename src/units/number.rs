//! Saturating conversions between numbers, and counts with their noun.

use std::fmt::Display;
use std::time::Duration;

/// The count as a float; exact up to 2^53, far beyond what a list can hold.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// The signed count as a float; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
pub fn signed_float(count: i64) -> f64 {
    count as f64
}

/// The number without its fraction; 0 below 0 and for NaN.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub fn whole(number: f64) -> u64 {
    number as u64
}

/// The number without its fraction; 0 for NaN.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
pub fn signed_whole(number: f64) -> i64 {
    number as i64
}

/// The count in 32 bits; the largest where it does not fit, 0 below 0.
pub fn saturating_u32(count: impl TryInto<i64>) -> u32 {
    let count = count.try_into().unwrap_or(i64::MAX);
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}

/// Longest duration that a number of seconds becomes, 30 billion years: clocks can add it to any time of theirs.
const LONGEST: Duration = Duration::from_secs(1_000_000_000_000_000_000);

/// A duration of so many seconds; 30 billion years where they are more, and for a negative number or NaN.
pub fn saturating_seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST))
}

/// The whole milliseconds of a duration; the most that 64 bits hold where they are more.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The number rounded to three decimals, as results have rates, and seconds; never -0.
pub fn thousandths(number: f64) -> f64 {
    (number * 1e3).round() / 1e3 + 0.0
}

/// Writes a count with its noun, `one` after 1 and `many` after any other.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let noun = if count == N::from(1) { one } else { many };
    format!("{count} {noun}")
}

/// Formats the first and the last of several seeds.
pub fn seeds(first: u64, last: u64) -> String {
    if first == last { format!("seed {first}") } else { format!("seeds {first} to {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_is_plural_except_after_1() {
        let batches = [0_u64, 1, 2].map(|count| counted(count, "batch", "batches"));
        assert_eq!(batches, ["0 batches", "1 batch", "2 batches"]);
    }

    #[test]
    fn numbers_saturate() {
        assert_eq!([Duration::from_micros(1_999), Duration::MAX].map(millis), [1, u64::MAX]);
        assert_eq!([-1.0, f64::NAN, 2.9, f64::INFINITY].map(whole), [0, 0, 2, u64::MAX]);
        assert_eq!([-2.9, f64::NAN, f64::NEG_INFINITY].map(signed_whole), [-2, 0, i64::MIN]);
        assert_eq!([-1, 7, i64::MAX].map(saturating_u32), [0, 7, u32::MAX]);
        assert_eq!(saturating_u32(u64::MAX), u32::MAX);
        assert_eq!([0.5, 1e300, -1.0].map(saturating_seconds), [Duration::from_millis(500), LONGEST, LONGEST]);
        let now = std::time::Instant::now();
        assert!(now.checked_add(saturating_seconds(f64::MAX)).is_some(), "clocks can add it");
    }
}

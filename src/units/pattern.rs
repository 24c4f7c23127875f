//! Regular expressions of durations, for the schema; they accept every text that the types read, and a few more.

/// The parts that larger expressions are made of.
macro_rules! duration_pattern {
    (unit) => {
        "(nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|M|years?|yrs?|y)"
    };
    (duration) => {
        concat!("\\s*(0|([0-9][0-9\\s]*(\\.[0-9][0-9\\s]*)?", $crate::units::pattern::duration_pattern!(unit), "\\s*)+)\\s*")
    };
    (range) => {
        concat!(
            $crate::units::pattern::duration_pattern!(duration),
            "(\\.\\.=?",
            $crate::units::pattern::duration_pattern!(duration),
            ")?"
        )
    };
}

pub(crate) use duration_pattern;

/// A duration such as `1m 30s`.
pub(crate) const DURATION: &str = concat!("^", duration_pattern!(duration), "$");

/// A duration, or two of them: `2s..6s`.
pub(crate) const DURATION_RANGE: &str = concat!("^", duration_pattern!(range), "$");

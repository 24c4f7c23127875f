//! How the texts of a profile look, as regular expressions: what an editor can tell of them without this program.
//!
//! Each takes every text that its type reads. Of those that it does not read, some are let through: `6s..2s`, say.

/// What several forms are made of.
macro_rules! part {
    (unit) => {
        "(nanos|nsec|ns|usec|us|µs|millis|msec|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|M|years?|yrs?|y)"
    };
    (span) => { concat!("\\s*(0|([0-9][0-9\\s]*(\\.[0-9][0-9\\s]*)?", part!(unit), "\\s*)+)\\s*") };
    (span_range) => { concat!(part!(span), "(\\.\\.=?", part!(span), ")?") };
    (int) => { "\\s*[+-]?[0-9]+\\s*" };
}

/// A duration such as `1m 30s`.
pub(crate) const SPAN: &str = concat!("^", part!(span), "$");

/// A duration, or two of them: `2s..6s`.
pub(crate) const SPAN_RANGE: &str = concat!("^", part!(span_range), "$");

/// Items in a time: `200/s`, `30/m`, `max`.
pub(crate) const RATE: &str = "^(max|\\s*\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?\\s*(/[smh])?)$";

/// Text with placeholders in braces.
pub(crate) const PAYLOAD: &str = concat!(
    "^([^{]|\\{\\{|\\{[^a-z{]|\\{(seq|time|unix|id|text:\\+?[0-9]+|int:",
    part!(int),
    "\\.\\.",
    part!(int),
    ")\\})*\\{?$"
);

/// A quantity of Kubernetes: `50m`, `64Mi`.
pub(crate) const QUANTITY: &str = "^[0-9]+(\\.[0-9]*)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

/// A port, or an address with one.
pub(crate) const LISTEN_ADDRESS: &str =
    "^((localhost)?:?[0-9]{1,5}|[0-9.]+:[0-9]{1,5}|\\[[0-9a-fA-F:.%]+\\]:[0-9]{1,5})$";

/// A URL of Redis, by its scheme.
pub(crate) const REDIS_URL: &str = "^((redis|valkey)s?|((redis|valkey)\\+)?unix)://[^#]+$";

/// A release of KEDA: `2.20.2`, `v2.20`.
pub(crate) const KEDA_VERSION: &str = "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$";

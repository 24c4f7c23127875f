//! How the texts of a profile look, as regular expressions: what an editor can tell of them without this program.
//!
//! Each takes every text that its type reads. Of those that it does not read, some are let through: `6s..2s`, say.

use crate::units::pattern::duration_pattern;

/// What several forms are made of.
macro_rules! part {
    (int) => {
        "\\s*[+-]?[0-9]+\\s*"
    };
}

/// How long an item is worked: a range of durations, `exp(…)`, `lognormal(…)`, `field:NAME` or `none`.
pub(crate) const WORK: &str = concat!("^(none|field:[\\s\\S]+|", duration_pattern!(range), ")$");

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
pub(crate) const LISTEN_ADDRESS: &str = "^((localhost:|:)?\\+?[0-9]+|[0-9.]+:[0-9]+|\\[[0-9a-fA-F:.%]+\\]:[0-9]+)$";

/// A release of KEDA: `2.20.2`, `v2.20`.
pub(crate) const KEDA_VERSION: &str = "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$";

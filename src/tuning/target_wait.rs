//! Target wait: a percentile of the waits, and its limit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::units::{DurationError, HumanDuration};

/// Service level objective for the wait of items, such as `p95=60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetWait {
    /// Percentile of the waits.
    pub percentile: Percentile,
    /// Longest wait from the push to the start of processing.
    pub wait: Duration,
}

/// Percentile that trials measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentile {
    /// 50th percentile.
    P50,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

/// A target wait that cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TargetWaitError {
    /// Text without `=`.
    #[error("`{0}` is not a valid target wait: expected a percentile and a duration, such as `p95=60s`")]
    Form(String),
    /// A percentile that trials do not measure.
    #[error("`{0}` is not a valid percentile: expected p50, p95 or p99")]
    Percentile(String),
    /// A malformed duration.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// A wait of zero.
    #[error("must be more than 0s")]
    Zero,
}

impl Percentile {
    /// Returns the share of items that may wait longer.
    pub fn rest(self) -> f64 {
        match self {
            Self::P50 => 0.5,
            Self::P95 => 0.05,
            Self::P99 => 0.01,
        }
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        })
    }
}

impl fmt::Display for TargetWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.percentile, humantime::format_duration(self.wait))
    }
}

impl FromStr for TargetWait {
    type Err = TargetWaitError;

    fn from_str(text: &str) -> Result<Self, TargetWaitError> {
        let (percentile, wait) = text.split_once('=').ok_or_else(|| TargetWaitError::Form(text.to_owned()))?;
        let percentile = match percentile.trim() {
            "p50" => Percentile::P50,
            "p95" => Percentile::P95,
            "p99" => Percentile::P99,
            other => return Err(TargetWaitError::Percentile(other.to_owned())),
        };
        match wait.trim().parse::<HumanDuration>()?.0 {
            Duration::ZERO => Err(TargetWaitError::Zero),
            wait => Ok(Self { percentile, wait }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_wait_reads_as_it_is_written() {
        assert_eq!("p95=60s".parse(), Ok(TargetWait { percentile: Percentile::P95, wait: Duration::from_secs(60) }));
        assert_eq!("p99=1m 30s".parse::<TargetWait>().unwrap().to_string(), "p99=1m 30s");
        for (text, part) in
            [("60s", "such as `p95=60s`"), ("p90=60s", "`p90`"), ("p95=soon", "soon"), ("p95=0s", "more than 0s")]
        {
            let error = text.parse::<TargetWait>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

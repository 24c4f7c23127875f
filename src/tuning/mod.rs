//! From a wait that is wanted to settings that meet it: formulas for where to look, trials for what holds.
//!
//! With λ items a second at most, s seconds of work an item, c items at a time in a pod, and a wait W:
//!
//! * slots n: the fewest with n > λ·s (utilisation below 1) and, by Erlang C, P(wait > W) = C(n, λ·s) · e^(−(n − λ·s)·W/s)
//!   at most what the percentile leaves; so ⌈n/c⌉ pods at least
//! * list length: a pod that has L items in front of it is L·s/c behind, so L = (W − reaction) / s · c, where the reaction
//!   is one sync of the HPA and the start of a pod, and before that, from zero pods, a poll
//! * polling: a quarter of W, 30 s at most; cooldown and drain: no item in flight is to be cut
//!
//! Loads are no Poisson streams and the HPA counts in steps, so nothing is proposed that trials have not met, and of what
//! meets it the cheapest is taken.

mod demand;
mod search;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use self::demand::Demand;
pub use self::search::{Bounds, Candidate, Refusal, propose};
use crate::units::HumanDuration;

/// Maximum number of pods proposed where none is set.
const MOST_PODS: u32 = 1_000;

/// A percentile of the waits, and how long it may be: `p95=60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Percentile of the waits.
    pub percentile: Percentile,
    /// From the push to the begin of the work.
    pub wait: Duration,
}

/// The percentiles that a trial measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentile {
    /// Half of the items wait for no longer.
    P50,
    /// 95 of 100.
    P95,
    /// 99 of 100.
    P99,
}

impl Percentile {
    /// The share of items that may wait for longer.
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

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.percentile, humantime::format_duration(self.wait))
    }
}

impl FromStr for Want {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((percentile, wait)) = text.split_once('=') else {
            return Err(format!("`{text}` is not like p95=60s: a percentile and how long it may wait"));
        };
        let percentile = match percentile.trim() {
            "p50" => Percentile::P50,
            "p95" => Percentile::P95,
            "p99" => Percentile::P99,
            other => return Err(format!("`{other}` is not one of p50, p95 and p99")),
        };
        match wait.trim().parse::<HumanDuration>().map_err(|error| error.to_string())?.0 {
            Duration::ZERO => Err(format!("`{wait}`: no item can be processed without any wait")),
            wait => Ok(Self { percentile, wait }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_want_reads_as_it_is_written() {
        assert_eq!("p95=60s".parse(), Ok(Want { percentile: Percentile::P95, wait: Duration::from_secs(60) }));
        assert_eq!("p99=1m 30s".parse::<Want>().unwrap().to_string(), "p99=1m 30s");
        for (text, part) in
            [("60s", "is not like p95=60s"), ("p90=60s", "`p90`"), ("p95=soon", "soon"), ("p95=0s", "without any wait")]
        {
            let error = text.parse::<Want>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

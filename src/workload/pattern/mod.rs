//! A load that changes: phases, one after the other, each with a rate of its own.

mod arrivals;
mod counts;
mod grammar;
mod shape;

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::arrivals::{Arrival, Arrivals};
pub use self::counts::{CountsError, CountsProblem};
pub use self::grammar::PatternError;
pub use self::shape::RateShape;
use crate::units::HumanDuration;

/// Load that changes: `30s@50, 1m@200..1000, 2m@sine(100,80,30s), burst 500, 5m@poisson(20)`.
///
/// | phase | means |
/// |---|---|
/// | `30s@50` | 50 items a second for 30 seconds; `30/m` and `0` are rates as well |
/// | `1m@200..1000` | from 200 a second, evenly, to 1000 |
/// | `2m@sine(100,80,30s)` | 100 a second on average, up and down by 80, once in 30 seconds |
/// | `5m@poisson(20)` | 20 a second on average, each independent of the others |
/// | `burst 500` | 500 at once |
/// | `repeat 3`, `repeat` | last: the whole of it three times, or indefinitely |
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("examples" = ["30s@50, burst 500"]))]
pub struct Pattern {
    phases: Vec<Phase>,
    /// Number of rounds; `None` is unlimited.
    rounds: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Over { span: Duration, shape: RateShape },
    Burst(u64),
}

impl Pattern {
    /// Returns when items are due, from the start on; the same times for the same `seed`.
    pub fn arrivals(&self, seed: u64) -> Arrivals {
        Arrivals::new(self.clone(), seed)
    }

    /// Returns how long it takes; `None` when it never ends.
    pub fn length(&self) -> Option<Duration> {
        let rounds = u32::try_from(self.rounds?).unwrap_or(u32::MAX);
        Some(self.round().saturating_mul(rounds))
    }

    /// Returns how many items are due within `limit`, its end left out, or in all; `None` when there is no end to them.
    pub fn items(&self, limit: Option<Duration>, seed: u64) -> Option<u64> {
        (limit.is_some() || self.rounds.is_some()).then(|| self.arrivals(seed).before(limit.unwrap_or(Duration::MAX)))
    }

    /// Duration of one round.
    fn round(&self) -> Duration {
        self.phases.iter().map(Phase::span).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Returns whether repeating the phases would neither take time nor produce an item.
    fn stands_still(&self) -> bool {
        let some = self.phases.iter().any(|phase| match phase {
            Phase::Over { span, shape } => shape.total(span.as_secs_f64()) > 0.0,
            Phase::Burst(items) => *items > 0,
        });
        self.round().is_zero() || !some
    }
}

impl Phase {
    fn span(&self) -> Duration {
        match self {
            Self::Over { span, .. } => *span,
            Self::Burst(_) => Duration::ZERO,
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, phase) in self.phases.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match phase {
                Phase::Over { span, shape } => write!(f, "{}@{shape}", HumanDuration(*span))?,
                Phase::Burst(items) => write!(f, "burst {items}")?,
            }
        }
        match self.rounds {
            Some(1) => Ok(()),
            Some(rounds) => write!(f, ", repeat {rounds}"),
            None => f.write_str(", repeat"),
        }
    }
}

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
pub use self::counts::{CountsError, CountsProblem, RecordedCounts};
pub use self::grammar::{InlinePatternError, PatternError};
pub use self::shape::RateShape;
use crate::units::{HumanDuration, float, saturating_seconds, whole};

/// Longest time for which an item is looked for, in seconds: some thirty years.
const MAX_DUE: f64 = 1e9;

/// Steps in which the time of an item is found to the microsecond.
const HALVINGS: u32 = 52;

/// Limit of phases that are gone through, and of random items that are drawn, only to count items.
const MAX_STEPS: f64 = 2e7;

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

    /// Returns when the item `number`, from 1, is due: about, if the pattern is random. `None` when it has fewer.
    pub fn due(&self, number: u64) -> Option<Duration> {
        let is_due = |end: f64| {
            let items = self.expected(Some(saturating_seconds(end)));
            items.is_some_and(|items| items >= float(number) - 0.5)
        };
        let (mut before, mut after) = (0.0, 1.0);
        while !is_due(after) {
            if self.length().is_some_and(|length| after > length.as_secs_f64()) || after > MAX_DUE {
                return None;
            }
            (before, after) = (after, after * 2.0);
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(before, after);
            if is_due(middle) {
                after = middle;
            } else {
                before = middle;
            }
        }
        Some(saturating_seconds(after))
    }

    /// Returns how many items are due within `limit`, its end left out, or in all; `None` when there is no end to them,
    /// and when they are random and too many to count.
    pub fn items(&self, limit: Option<Duration>, seed: u64) -> Option<u64> {
        let expected = self.expected(limit).filter(|items| items.is_finite())?;
        let end = limit.unwrap_or(Duration::MAX);
        let is_random =
            self.phases.iter().any(|phase| matches!(phase, Phase::Over { shape: RateShape::Poisson(_), .. }));
        let all = self.rounds.map_or(f64::INFINITY, float);
        let phases = (end.as_secs_f64() / self.round().as_secs_f64()).min(all) * float(self.phases.len() as u64);
        if phases > MAX_STEPS || (is_random && expected > MAX_STEPS) {
            return (!is_random).then(|| whole((expected - 0.5).ceil()));
        }
        Some(self.arrivals(seed).before(end))
    }

    /// Returns about how many items are due within `limit`, its end left out, or in all: the integral of the rate, which
    /// takes no longer for more items. `None` when there is no end to them.
    pub fn expected(&self, limit: Option<Duration>) -> Option<f64> {
        let Some(limit) = limit else { return self.rounds.map(|rounds| float(rounds) * self.per_round()) };
        let all = self.rounds.map_or(f64::INFINITY, float);
        let round = self.round().as_secs_f64();
        // The last round counts as begun, so that a burst at its end is left out.
        let over = if limit.is_zero() { 0.0 } else { ((limit.as_secs_f64() / round).ceil() - 1.0).min(all) };
        let mut items = over * self.per_round();
        if over < all {
            let mut left = limit.as_secs_f64() - over * round;
            for phase in &self.phases {
                if left <= 0.0 {
                    break;
                }
                items += match phase {
                    Phase::Over { span, shape } => shape.total(left.min(span.as_secs_f64())),
                    Phase::Burst(count) => float(*count),
                };
                left -= phase.span().as_secs_f64();
            }
        }
        Some(items)
    }

    /// Number of items in one round, on average.
    fn per_round(&self) -> f64 {
        let items = |phase: &Phase| match phase {
            Phase::Over { span, shape } => shape.total(span.as_secs_f64()),
            Phase::Burst(count) => float(*count),
        };
        self.phases.iter().map(items).sum()
    }

    /// Duration of one round.
    fn round(&self) -> Duration {
        self.phases.iter().map(Phase::span).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// Returns whether repeating the phases would neither take time nor produce an item.
    fn stands_still(&self) -> bool {
        self.round().is_zero() || self.per_round() <= 0.0
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

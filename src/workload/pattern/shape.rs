//! How the rate runs within a phase, and how many items that makes.

use std::f64::consts::PI;
use std::fmt;
use std::time::Duration;

use crate::units::HumanDuration;

/// The rate over a phase, in items per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateShape {
    /// Always the same.
    Constant(f64),
    /// Evenly from one to the other.
    Ramp {
        /// At the start.
        from: f64,
        /// At the end.
        to: f64,
        /// Duration, in seconds.
        seconds: f64,
    },
    /// Up from the mean, down below it, and back.
    Sine {
        /// The mean.
        mean: f64,
        /// Amplitude, at most the mean.
        amplitude: f64,
        /// The time from one peak to the next.
        period: Duration,
    },
    /// Items that know nothing of each other, so many on average.
    Poisson(f64),
}

impl RateShape {
    /// Returns how many items are due in the first `time` seconds: the integral of the rate.
    pub fn total(&self, time: f64) -> f64 {
        match *self {
            Self::Constant(rate) | Self::Poisson(rate) => rate * time,
            Self::Ramp { from, to, seconds } => time * (from + (to - from) / seconds * time / 2.0),
            Self::Sine { mean, amplitude, period } => {
                let turn = 2.0 * PI / period.as_secs_f64();
                mean.mul_add(time, amplitude / turn * (1.0 - (turn * time).cos()))
            }
        }
    }

    /// Returns when the integral of the rate reaches `total`, in seconds: the reverse of [`RateShape::total`].
    pub fn time_of(&self, total: f64) -> f64 {
        match *self {
            Self::Constant(rate) | Self::Poisson(rate) => total / rate,
            Self::Ramp { from, to, seconds } => {
                let slope = (to - from) / seconds;
                2.0 * total / (from + from.mul_add(from, 2.0 * slope * total).max(0.0).sqrt())
            }
            Self::Sine { mean, amplitude, period } => {
                // What swings is never below the mean line, and never further above it than one swing.
                let swing = amplitude * period.as_secs_f64() / PI;
                let (mut early, mut late) = (((total - swing) / mean).max(0.0), total / mean);
                while late - early > RESOLUTION * late.max(1.0) {
                    let middle = early.midpoint(late);
                    *(if self.total(middle) < total { &mut early } else { &mut late }) = middle;
                }
                late
            }
        }
    }
}

/// Precision of the time of an item: a nanosecond, or what a float can distinguish.
const RESOLUTION: f64 = 1e-9;

impl fmt::Display for RateShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Constant(rate) => rate.fmt(f),
            Self::Ramp { from, to, seconds: _ } => write!(f, "{from}..{to}"),
            Self::Sine { mean, amplitude, period } => write!(f, "sine({mean},{amplitude},{})", HumanDuration(period)),
            Self::Poisson(rate) => write!(f, "poisson({rate})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shapes() -> impl Strategy<Value = RateShape> {
        prop_oneof![
            (0.01..1e5).prop_map(RateShape::Constant),
            (0.0..1e4, 0.1..1e4).prop_map(|(from, to)| RateShape::Ramp { from, to, seconds: 60.0 }),
            (0.1..1e4, 0.0..1.0, 100_u64..100_000).prop_map(|(mean, part, millis)| RateShape::Sine {
                mean,
                amplitude: mean * part,
                period: Duration::from_millis(millis),
            }),
        ]
    }

    proptest! {
        #[test]
        fn time_of_a_total_is_the_inverse_of_the_total(shape in shapes(), part in 0.0..1.0) {
            let total = part * shape.total(60.0);
            let time = shape.time_of(total);
            prop_assert!((0.0..=60.001).contains(&time), "{time}");
            prop_assert!((shape.total(time) - total).abs() <= 1e-6 * total.max(1.0), "{} for {total}", shape.total(time));
        }
    }
}

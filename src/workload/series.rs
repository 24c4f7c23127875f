//! Values of a trigger over time.

use std::time::Duration;

/// Values of a trigger that does not count what a list holds; each lasts until the next.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerSeries {
    /// Name of the trigger.
    pub name: String,
    /// The values, the earliest first.
    pub values: Vec<TriggerValue>,
}

/// Value of a trigger from a moment on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TriggerValue {
    /// Time since the start.
    pub at: Duration,
    /// The value.
    pub value: f64,
}

impl TriggerSeries {
    /// Returns the value at a moment; 0 before the first.
    pub fn at(&self, moment: Duration) -> f64 {
        let after = self.values.partition_point(|value| value.at <= moment);
        after.checked_sub(1).map_or(0.0, |last| self.values[last].value)
    }

    /// Returns the time of the last value.
    pub fn end(&self) -> Duration {
        self.values.last().map_or(Duration::ZERO, |last| last.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_lasts_until_the_next() {
        let value = |seconds, value| TriggerValue { at: Duration::from_secs(seconds), value };
        let series = TriggerSeries { name: "a".to_owned(), values: vec![value(10, 2.0), value(20, 5.5)] };
        let values = [0, 10, 19, 20, 900].map(|seconds| series.at(Duration::from_secs(seconds)));
        assert_eq!(format!("{values:?}"), "[0.0, 2.0, 2.0, 5.5, 5.5]");
        assert_eq!(series.end(), Duration::from_secs(20));
    }
}

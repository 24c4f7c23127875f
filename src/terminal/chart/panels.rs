//! The data of a chart: panels over one time axis, and marks on it.

use std::time::Duration;

/// Panels that share one time axis, and the marks on it.
#[derive(Debug)]
pub(crate) struct Chart {
    /// First line of the heading.
    pub(crate) title: String,
    /// Second line of the heading: the result.
    pub(crate) subtitle: String,
    /// Length of the time axis.
    pub(crate) span: Duration,
    pub(crate) panels: Vec<Panel>,
    pub(crate) marks: Vec<Mark>,
}

/// One quantity over time, and its desired value where that differs.
#[derive(Debug)]
pub(crate) struct Panel {
    /// Quantity and unit.
    pub(crate) title: String,
    pub(crate) tone: Tone,
    /// Height in lines of text; an SVG keeps the proportion.
    pub(crate) rows: usize,
    /// Values, oldest first; each holds until the next.
    pub(crate) solid: Vec<(Duration, u64)>,
    /// Desired values, drawn where they exceed `solid`; may be empty.
    pub(crate) shade: Vec<(Duration, u64)>,
    /// Names of `solid` and `shade`.
    pub(crate) legend: Option<(&'static str, &'static str)>,
}

/// Subject of a panel, which decides its colour.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Backlog,
    InFlight,
    Pods,
    Recorded,
}

/// A moment with the number of its entry in the timeline.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    pub(crate) number: usize,
    /// Description in one line.
    pub(crate) text: String,
}

impl Panel {
    /// Returns the greatest value, at least 1: the upper end of the scale.
    pub(super) fn peak(&self) -> u64 {
        self.solid.iter().chain(&self.shade).map(|(_, value)| *value).max().unwrap_or(0).max(1)
    }
}

/// Returns the greatest value of each of `count` equal parts of `span`: no peak is lost between two columns.
pub(super) fn columns(series: &[(Duration, u64)], span: Duration, count: usize) -> Vec<u64> {
    let mut columns = vec![0; count];
    let ends = series.iter().skip(1).map(|(at, _)| *at).chain([span]);
    for ((from, value), to) in series.iter().zip(ends) {
        let first = column(*from, span, count);
        // A value shows in every column it overlaps, except where it only touches the start.
        let last = if to >= span { count - 1 } else { column(to, span, count).max(first + 1) - 1 };
        for shown in columns.iter_mut().take(last.max(first) + 1).skip(first) {
            *shown = (*value).max(*shown);
        }
    }
    columns
}

/// Returns the index of the column, out of `count`, that `at` falls into.
pub(super) fn column(at: Duration, span: Duration, count: usize) -> usize {
    let nanos = span.as_nanos().max(1);
    let column = at.as_nanos().saturating_mul(count as u128) / nanos;
    usize::try_from(column).unwrap_or(usize::MAX).min(count.saturating_sub(1))
}

/// Returns the labelled moments of an axis of `span`: at most `most`.
pub(super) fn ticks(span: Duration, most: usize) -> Vec<Duration> {
    let (seconds, step) = (span.as_secs(), tick_step(span, most));
    (0..=seconds / step).map(|tick| Duration::from_secs(tick * step)).collect()
}

/// Returns the time between two labelled moments of an axis of `span`, in seconds: a round one, for at most `most` of them.
pub(crate) fn tick_step(span: Duration, most: usize) -> u64 {
    const STEPS: [u64; 16] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];
    let seconds = span.as_secs();
    let fits = |step: &&u64| seconds / **step < most as u64;
    STEPS.iter().find(fits).copied().unwrap_or_else(|| seconds.div_ceil(most.max(1) as u64).max(1))
}

#[cfg(test)]
mod tests {
    use super::super::elapsed::Elapsed;
    use super::*;

    fn seconds(series: &[(u64, u64)]) -> Vec<(Duration, u64)> {
        series.iter().map(|(at, value)| (Duration::from_secs(*at), *value)).collect()
    }

    #[test]
    fn column_shows_its_peak_and_no_step_of_the_next() {
        let span = Duration::from_secs(8);
        assert_eq!(columns(&seconds(&[(0, 0), (2, 9), (3, 1), (6, 4)]), span, 4), [0, 9, 1, 4]);
        assert_eq!(columns(&seconds(&[(0, 5)]), span, 3), [5, 5, 5]);
        assert_eq!(columns(&[], span, 2), [0, 0]);
    }

    #[test]
    fn axis_has_round_times_as_many_as_fit() {
        let named = |seconds, most| -> Vec<String> {
            ticks(Duration::from_secs(seconds), most).into_iter().map(|tick| Elapsed(tick).to_string()).collect()
        };
        assert_eq!(named(600, 6), ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
        assert_eq!(named(600, 5), ["0:00", "5:00", "10:00"]);
        assert_eq!(named(3_600, 4), ["0:00", "30:00", "1:00:00"]);
        assert_eq!(named(0, 4), ["0:00"]);
        for seconds in 1..5_000 {
            assert!(ticks(Duration::from_secs(seconds), 7).len() <= 7, "{seconds}");
        }
    }
}

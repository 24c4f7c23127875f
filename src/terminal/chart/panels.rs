//! The data of a chart: panels over one time axis, and marks on it.

use std::time::Duration;

use super::elapsed::when;
use crate::units::{float, whole};

/// Panels that share one time axis, and the marks on it.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// First line of the heading.
    pub(crate) title: String,
    /// Second line of the heading: the result.
    pub(crate) subtitle: String,
    /// Start and end of the time axis.
    pub(crate) from: Duration,
    pub(crate) to: Duration,
    pub(crate) panels: Vec<Panel>,
    pub(crate) marks: Vec<Mark>,
    /// Times in which what is compared differs, from and until.
    pub(crate) differences: Vec<(Duration, Duration)>,
}

/// One quantity over time, and its desired value where that differs.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    /// Quantity and unit.
    pub(crate) title: String,
    pub(crate) tone: Tone,
    /// Height in lines of text; an SVG keeps the proportion.
    pub(crate) rows: usize,
    /// Scale of the values.
    pub(crate) axis: AxisScale,
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

/// Scale of a panel's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AxisScale {
    Linear,
    /// Small values show next to large ones.
    Logarithmic,
}

/// An entry of the timeline.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    /// End of the time for which it lasts.
    pub(crate) until: Option<Duration>,
    /// Number of a change; `None` for a reason that prevented one.
    pub(crate) number: Option<usize>,
    /// Description in one line.
    pub(crate) text: String,
}

impl Chart {
    /// Returns the part of the chart from `from` to `to`, as far as it reaches.
    #[must_use]
    pub(crate) fn part(mut self, from: Option<Duration>, to: Option<Duration>) -> Self {
        self.from = from.map_or(self.from, |from| from.max(self.from));
        self.to = to.map_or(self.to, |to| to.min(self.to)).max(self.from + Duration::from_secs(1));
        let Self { from, to, .. } = self;
        self.differences.retain(|(differ_from, until)| *until >= from && *differ_from <= to);
        self.marks.retain(|mark| mark.until.unwrap_or(mark.at) >= from && mark.at <= to);
        self
    }

    /// Returns the chart with the backlog on a logarithmic scale.
    #[must_use]
    pub(crate) fn logarithmic(mut self) -> Self {
        for panel in self.panels.iter_mut().filter(|panel| matches!(panel.tone, Tone::Backlog)) {
            panel.axis = AxisScale::Logarithmic;
        }
        self
    }

    /// Returns the chart with panels that fill `lines` lines of text together, each in proportion.
    #[must_use]
    pub(crate) fn filling(mut self, lines: usize) -> Self {
        let all: usize = self.panels.iter().map(|panel| panel.rows).sum();
        let free = lines.saturating_sub(self.panels.len() + AXIS_LINES);
        for panel in &mut self.panels {
            panel.rows = (free * panel.rows / all.max(1)).max(1);
        }
        self
    }
}

/// Lines of text of the time axis: numbers, rule and times.
const AXIS_LINES: usize = 3;

impl Panel {
    /// Returns the greatest value from `from` to `to`, at least 1: the upper end of the scale.
    pub(super) fn peak(&self, from: Duration, to: Duration) -> u64 {
        let most = |series| columns(series, from, to, 1)[0];
        most(&self.solid).max(most(&self.shade)).max(1)
    }
}

impl AxisScale {
    /// Returns the height of a value in `parts` of the whole scale, rounded up: of a value above 0 something is seen.
    pub(crate) fn height(self, value: u64, peak: u64, parts: usize) -> usize {
        let height = match self {
            Self::Linear => usize::try_from((u128::from(value) * parts as u128).div_ceil(u128::from(peak))),
            Self::Logarithmic => {
                let share = float(value).ln_1p() / float(peak).ln_1p();
                usize::try_from(u128::from(whole((share * float(parts as u64) - 1e-9).ceil())))
            }
        };
        height.unwrap_or(parts).min(parts)
    }
}

impl Mark {
    /// Returns its time, or the times between which it lasts.
    pub(super) fn when(&self) -> String {
        when(self.at, self.until)
    }
}

/// Returns the greatest value of each of `count` equal parts of an axis: no peak is lost between two columns.
pub(super) fn columns(series: &[(Duration, u64)], from: Duration, to: Duration, count: usize) -> Vec<u64> {
    let mut columns = vec![0; count];
    let ends = series.iter().skip(1).map(|(at, _)| *at).chain([to]);
    for ((start, value), end) in series.iter().zip(ends) {
        if end < from || (end == from && *start < from) || *start > to {
            continue;
        }
        let first = column((*start).max(from), from, to, count);
        // A value shows in every column it overlaps, except where it only touches the start.
        let last = if end >= to { count - 1 } else { column(end, from, to, count).max(first + 1) - 1 };
        for shown in columns.iter_mut().take(last.max(first) + 1).skip(first) {
            *shown = (*value).max(*shown);
        }
    }
    columns
}

/// Returns the index of the column, out of `count`, that `at` falls into.
pub(super) fn column(at: Duration, from: Duration, to: Duration, count: usize) -> usize {
    let nanos = to.saturating_sub(from).as_nanos().max(1);
    let column = at.saturating_sub(from).as_nanos().saturating_mul(count as u128) / nanos;
    usize::try_from(column).unwrap_or(usize::MAX).min(count.saturating_sub(1))
}

/// Returns the labelled moments of an axis: at most `most`.
pub(super) fn ticks(from: Duration, to: Duration, most: usize) -> Vec<Duration> {
    let step = tick_step(to.saturating_sub(from), most);
    let first = u64::try_from(from.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).div_ceil(step);
    (first..=to.as_secs() / step).map(|tick| Duration::from_secs(tick * step)).collect()
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
        let of = |series: &[(u64, u64)], from, to, count| {
            columns(&seconds(series), Duration::from_secs(from), Duration::from_secs(to), count)
        };
        let series = [(0, 0), (2, 9), (3, 1), (6, 4)];
        assert_eq!(of(&series, 0, 8, 4), [0, 9, 1, 4]);
        assert_eq!(of(&[(0, 5)], 0, 8, 3), [5, 5, 5]);
        assert_eq!(of(&[], 0, 8, 2), [0, 0]);
        // A part has what holds at its start.
        assert_eq!(of(&series, 3, 7, 4), [1, 1, 1, 4]);
        assert_eq!(of(&series, 7, 9, 2), [4, 4]);
    }

    #[test]
    fn axis_has_round_times_as_many_as_fit() {
        let named = |seconds, most| -> Vec<String> {
            ticks(Duration::ZERO, Duration::from_secs(seconds), most)
                .into_iter()
                .map(|tick| Elapsed(tick).to_string())
                .collect()
        };
        assert_eq!(named(600, 6), ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
        assert_eq!(named(600, 5), ["0:00", "5:00", "10:00"]);
        assert_eq!(named(3_600, 4), ["0:00", "30:00", "1:00:00"]);
        assert_eq!(named(0, 4), ["0:00"]);
        for seconds in 1..5_000 {
            assert!(ticks(Duration::ZERO, Duration::from_secs(seconds), 7).len() <= 7, "{seconds}");
        }
        let part = ticks(Duration::from_millis(90_500), Duration::from_secs(240), 4);
        assert_eq!(part.iter().map(Duration::as_secs).collect::<Vec<_>>(), [120, 180, 240]);
    }

    #[test]
    fn logarithmic_axis_shows_small_values_next_to_large_ones() {
        let heights = |axis: AxisScale| [0, 1, 100, 10_000, 200_000].map(|value| axis.height(value, 200_000, 48));
        assert_eq!(heights(AxisScale::Linear), [0, 1, 1, 3, 48]);
        assert_eq!(heights(AxisScale::Logarithmic), [0, 3, 19, 37, 48]);
    }
}

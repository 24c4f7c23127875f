//! What happened over time: panels above one axis, drawn with characters or as a picture.

mod picture;
mod text;

use std::fmt;
use std::time::Duration;

pub(crate) use text::width;

/// Panels that share one axis of time, and what is marked on it.
#[derive(Debug)]
pub(crate) struct Chart {
    /// What is shown, and what came of it: the head of a picture.
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// From the left end to the right.
    pub(crate) span: Duration,
    pub(crate) panels: Vec<Panel>,
    pub(crate) marks: Vec<Mark>,
}

/// One quantity over time, and what it ought to be where that is another.
#[derive(Debug)]
pub(crate) struct Panel {
    /// What is counted, and in which unit.
    pub(crate) title: String,
    pub(crate) tone: Tone,
    /// Height in lines of text; a picture keeps the proportion.
    pub(crate) rows: usize,
    /// Oldest first; each holds until the next.
    pub(crate) solid: Vec<(Duration, u64)>,
    /// Drawn where it is above `solid`; may be empty.
    pub(crate) shade: Vec<(Duration, u64)>,
    /// What `solid` and `shade` are, where there are both.
    pub(crate) legend: Option<(&'static str, &'static str)>,
}

/// What a panel is coloured by.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Backlog,
    Work,
    Pods,
    Recorded,
}

/// A moment with a number that the timeline repeats.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    pub(crate) number: usize,
    /// What happened, in one line.
    pub(crate) text: String,
}

impl Panel {
    /// The greatest value, 1 at least: the upper end of the scale.
    fn peak(&self) -> u64 {
        self.solid.iter().chain(&self.shade).map(|(_, value)| *value).max().unwrap_or(0).max(1)
    }
}

/// The greatest value of each of `count` equal parts of `span`: a peak must not fall between two columns.
fn columns(series: &[(Duration, u64)], span: Duration, count: usize) -> Vec<u64> {
    let mut columns = vec![0; count];
    let ends = series.iter().skip(1).map(|(at, _)| *at).chain([span]);
    for ((from, value), to) in series.iter().zip(ends) {
        let first = column(*from, span, count);
        // A part of a column is enough to show in it, its very first moment is not.
        let last = if to >= span { count - 1 } else { column(to, span, count).max(first + 1) - 1 };
        for shown in columns.iter_mut().take(last.max(first) + 1).skip(first) {
            *shown = (*value).max(*shown);
        }
    }
    columns
}

/// The column, of `count`, that `at` falls into.
fn column(at: Duration, span: Duration, count: usize) -> usize {
    let nanos = span.as_nanos().max(1);
    let column = at.as_nanos().saturating_mul(count as u128) / nanos;
    usize::try_from(column).unwrap_or(usize::MAX).min(count.saturating_sub(1))
}

/// The moments that an axis of `span` names, when at most `most` labels fit.
fn ticks(span: Duration, most: usize) -> Vec<Duration> {
    const STEPS: [u64; 16] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400];
    let seconds = span.as_secs();
    let fits = |step: &&u64| seconds / **step < most as u64;
    let step = STEPS.iter().find(fits).copied().unwrap_or_else(|| seconds.div_ceil(most.max(1) as u64).max(1));
    (0..=seconds / step).map(|tick| Duration::from_secs(tick * step)).collect()
}

/// A moment as on a stop watch: `2:05`, `1:00:00`; with tenths where they tell something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(pub(crate) Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = (self.0.as_millis() + 50) / 100;
        let (seconds, tenth) = (tenths / 10, tenths % 10);
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let text = match (hours, tenth) {
            (0, 0) => format!("{minutes}:{seconds:02}"),
            (0, tenth) => format!("{minutes}:{seconds:02}.{tenth}"),
            (hours, 0) => format!("{hours}:{minutes:02}:{seconds:02}"),
            (hours, tenth) => format!("{hours}:{minutes:02}:{seconds:02}.{tenth}"),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(series: &[(u64, u64)]) -> Vec<(Duration, u64)> {
        series.iter().map(|(at, value)| (Duration::from_secs(*at), *value)).collect()
    }

    #[test]
    fn a_column_shows_the_peak_within_it_and_a_step_does_not_leak_into_the_one_before() {
        let span = Duration::from_secs(8);
        assert_eq!(columns(&seconds(&[(0, 0), (2, 9), (3, 1), (6, 4)]), span, 4), [0, 9, 1, 4]);
        assert_eq!(columns(&seconds(&[(0, 5)]), span, 3), [5, 5, 5]);
        assert_eq!(columns(&[], span, 2), [0, 0]);
    }

    #[test]
    fn an_axis_has_round_times_and_no_more_than_fit() {
        let named = |seconds, most| -> Vec<String> {
            ticks(Duration::from_secs(seconds), most).into_iter().map(|tick| Clock(tick).to_string()).collect()
        };
        assert_eq!(named(600, 6), ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
        assert_eq!(named(600, 5), ["0:00", "5:00", "10:00"]);
        assert_eq!(named(3_600, 4), ["0:00", "30:00", "1:00:00"]);
        assert_eq!(named(0, 4), ["0:00"]);
        for seconds in 1..5_000 {
            assert!(ticks(Duration::from_secs(seconds), 7).len() <= 7, "{seconds}");
        }
    }

    #[test]
    fn a_clock_has_tenths_where_there_are_some() {
        for (millis, text) in [(0, "0:00"), (28_630, "0:28.6"), (59_960, "1:00"), (3_600_000, "1:00:00")] {
            assert_eq!(Clock(Duration::from_millis(millis)).to_string(), text);
        }
    }
}

//! Selection of the state that is shown, as keys have set it.

use std::time::Duration;

use crate::terminal::board::KeySet;

/// Lengths of the time axis, in minutes.
const SPANS: [u32; 11] = [1, 2, 5, 10, 15, 30, 60, 120, 360, 1_440, 10_080];

/// Longest axis that is chosen by itself, for a run without an end.
const LONGEST_AUTOMATIC: Duration = Duration::from_secs(15 * 60);

/// Settings of the view.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent settings")]
pub(super) struct ViewSettings {
    /// Index of the list whose charts are shown.
    pub(super) chosen: usize,
    /// Length of the time axis; `None` for one that grows with the run.
    pub(super) span: Option<Duration>,
    /// True if the automatic axis holds all of the run, however long it is.
    pub(super) is_finite: bool,
    pub(super) zoom: Zoom,
    /// True for a logarithmic scale of items.
    pub(super) is_log: bool,
    pub(super) shows_help: bool,
    /// True while the picture stands still.
    pub(super) is_paused: bool,
    pub(super) keys: KeySet,
    /// Latest line of the log, if it is recent.
    pub(super) message: Option<LogLine>,
}

/// A line of the log.
#[derive(Debug, Clone)]
pub(super) struct LogLine {
    pub(super) text: String,
    pub(super) is_warning: bool,
}

/// Panels that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Zoom {
    #[default]
    All,
    Waiting,
    InFlight,
    Pods,
}

impl ViewSettings {
    /// Returns the length of the time axis, for a run of `elapsed`.
    pub(super) fn span(&self, elapsed: Duration) -> Duration {
        let fits = |span: &Duration| *span >= elapsed;
        let automatic = || {
            let span = spans().find(fits).unwrap_or(elapsed);
            if self.is_finite { span } else { span.min(LONGEST_AUTOMATIC) }
        };
        self.span.unwrap_or_else(automatic)
    }

    /// Chooses the next shorter or longer axis.
    pub(super) fn change_span(&mut self, elapsed: Duration, longer: bool) {
        let now = self.span(elapsed);
        let next = if longer { spans().find(|span| *span > now) } else { spans().filter(|span| *span < now).last() };
        self.span = next.or(Some(now));
    }

    /// Lets the axis grow with the run.
    pub(super) fn reset_span(&mut self) {
        self.span = None;
    }
}

impl Zoom {
    pub(super) fn next(self) -> Self {
        match self {
            Self::All => Self::Waiting,
            Self::Waiting => Self::InFlight,
            Self::InFlight => Self::Pods,
            Self::Pods => Self::All,
        }
    }
}

fn spans() -> impl Iterator<Item = Duration> {
    SPANS.into_iter().map(|minutes| Duration::from_secs(u64::from(minutes) * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_grows_with_the_run_and_changes_with_keys() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        let mut view = ViewSettings::default();
        for (elapsed, span) in [(0, 1), (1, 1), (3, 5), (14, 15), (300, 15)] {
            assert_eq!(view.span(minutes(elapsed)), minutes(span), "{elapsed}");
        }
        let finite = ViewSettings { is_finite: true, ..ViewSettings::default() };
        assert_eq!(finite.span(minutes(300)), minutes(360));
        view.change_span(minutes(3), true);
        assert_eq!(view.span(minutes(3)), minutes(10));
        for _ in 0..20 {
            view.change_span(minutes(3), false);
        }
        assert_eq!(view.span(minutes(3)), minutes(1));
        view.reset_span();
        assert_eq!(view.span(minutes(3)), minutes(5));
    }
}

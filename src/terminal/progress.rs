//! Progress of a push: a bar on a terminal, log lines elsewhere.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::columns::fitted_facts;
use super::rate::{RecentRate, shown_count, shown_rate};
use super::screen;
use crate::units::whole;

/// Minimum time between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Minimum time between two drawings.
const DRAW_INTERVAL: Duration = Duration::from_millis(50);

/// Minimum time between two warnings that items are late.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// Length of the bar in its own unit.
const WHOLE: f64 = 1000.0;

/// Columns left for the bar.
const BAR: usize = 12;

/// Shows the number of pushed items.
pub(crate) struct Progress {
    bar: ProgressBar,
    live: bool,
    list: String,
    start: Instant,
    rate: RecentRate,
    drawn_at: Option<Instant>,
    logged: u64,
    logged_at: Option<Instant>,
    /// Last warning that items are late.
    warned_at: Option<Instant>,
    /// Longest lateness since a warning; `None` while items are on schedule.
    longest: Option<Duration>,
}

/// State of a push.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PushState {
    /// Items on the list.
    pub(crate) pushed: u64,
    /// Length of the list.
    pub(crate) backlog: u64,
    /// Time by which the push is behind its schedule; `None` if it keeps up.
    pub(crate) late: Option<Duration>,
    /// Part of the run that is over, from 0 to 1; `None` if that is not known.
    pub(crate) share: Option<f64>,
}

impl Progress {
    pub(super) fn new(bar: ProgressBar, live: bool, list: &str) -> Self {
        Self {
            bar,
            live,
            list: list.to_owned(),
            start: Instant::now(),
            rate: RecentRate::default(),
            drawn_at: None,
            logged: 0,
            logged_at: None,
            warned_at: None,
            longest: None,
        }
    }

    /// Shows the state of the push.
    pub(crate) fn show(&mut self, state: PushState) {
        let PushState { pushed, backlog, late, .. } = state;
        self.show_lateness(late);
        if self.live {
            self.draw(state);
            return;
        }
        if pushed == self.logged || self.logged_at.is_some_and(|last| last.elapsed() < LOG_INTERVAL) {
            return;
        }
        let lateness = late.map(|late| tracing::field::display(ShownSeconds(late)));
        tracing::info!(list = %self.list, items = pushed - self.logged, total = pushed, backlog, lateness, "pushed");
        self.logged = pushed;
        self.logged_at = Some(Instant::now());
    }

    fn draw(&mut self, PushState { pushed, backlog, late, share }: PushState) {
        if self.drawn_at.is_some_and(|last| last.elapsed() < DRAW_INTERVAL) {
            return;
        }
        let elapsed = self.start.elapsed();
        if self.drawn_at.is_none() {
            self.set_style(share.is_some());
        }
        let share = share.map(|share| share.clamp(0.0, 1.0));
        let mut facts = Vec::new();
        facts.extend(share.map(|share| format!("{:3.0}%", share * 100.0)));
        facts.push(shown_count(pushed, "pushed"));
        facts.extend(late.map(|late| format!("{} late", ShownSeconds(late))));
        facts.extend(share.and_then(|share| remaining(elapsed, share)).map(|left| format!("{left:#} left")));
        facts.push(shown_rate(self.rate.observe(pushed, elapsed.as_secs_f64())));
        facts.push(format!("backlog {}", HumanCount(backlog)));
        let bar = if share.is_some() { BAR } else { 0 };
        self.bar.set_message(fitted_facts(&facts, screen::width().saturating_sub(bar + 3)));
        self.bar.set_position(whole((share.unwrap_or_default() * WHOLE).round()));
        self.bar.tick();
        self.drawn_at = Some(Instant::now());
    }

    fn set_style(&self, has_end: bool) {
        // Fills the line without wrapping: a wrapped line cannot be redrawn in place.
        let template = if has_end { "{wide_bar:.cyan} {msg}" } else { "{spinner:.cyan} {msg}" };
        if has_end {
            self.bar.set_length(whole(WHOLE));
        }
        self.bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    /// Warns while items are late, and says when they are on schedule again.
    fn show_lateness(&mut self, late: Option<Duration>) {
        let Some(late) = late else {
            if let Some(longest) = self.longest.take() {
                tracing::info!(list = %self.list, max_lateness = %ShownSeconds(longest), "items are on schedule again");
            }
            return;
        };
        let due = self.warned_at.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL);
        if due {
            tracing::warn!(list = %self.list, lateness = %ShownSeconds(late), "items are late");
            self.warned_at = Some(Instant::now());
        }
        if due || self.longest.is_some() {
            self.longest = self.longest.max(Some(late));
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// Displays a duration in seconds, with one decimal.
struct ShownSeconds(Duration);

impl fmt::Display for ShownSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}s", self.0.as_secs_f64())
    }
}

/// Returns the time that is left once `share` of a run took `elapsed`; `None` before that can be told.
fn remaining(elapsed: Duration, share: f64) -> Option<HumanDuration> {
    let left = elapsed.as_secs_f64() * (1.0 - share) / share;
    Duration::try_from_secs_f64(left).ok().map(HumanDuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_time_follows_from_the_share() {
        let left = |seconds, share| remaining(Duration::from_secs(seconds), share).map(|left| format!("{left:#}"));
        assert_eq!(left(10, 0.25).as_deref(), Some("30s"));
        assert_eq!(left(60, 0.5).as_deref(), Some("60s"));
        assert_eq!((left(10, 1.0).as_deref(), left(10, 0.0)), (Some("0s"), None));
    }
}

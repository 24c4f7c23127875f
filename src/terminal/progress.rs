//! Progress of a push: a bar on a terminal, log lines elsewhere.

use std::fmt::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

use super::rate::shown_rate;

/// Minimum time between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Minimum time between two warnings that items are late.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// Shows the number of pushed items.
pub(crate) struct Progress {
    bar: ProgressBar,
    live: bool,
    list: String,
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
}

impl Progress {
    pub(super) fn new(bar: ProgressBar, live: bool, list: &str) -> Self {
        let template = match bar.length() {
            // Fills the line without wrapping: a wrapped line cannot be redrawn in place.
            Some(_) => "{wide_bar:.cyan} {human_pos}/{human_len}  {rate}  {msg}  ETA {eta}",
            None => "{spinner:.cyan} {human_pos} pushed  {rate}  {msg}  {elapsed}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key("rate", write_rate));
        Self { bar, live, list: list.to_owned(), logged: 0, logged_at: None, warned_at: None, longest: None }
    }

    /// Shows the state of the push.
    pub(crate) fn show(&mut self, PushState { pushed, backlog, late }: PushState) {
        self.show_lateness(late);
        if self.live {
            self.bar.set_position(pushed);
            let late = late.map_or_else(String::new, |late| format!("  {} late", ShownSeconds(late)));
            self.bar.set_message(format!("backlog {}{late}", HumanCount(backlog)));
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

/// Writes the rate.
fn write_rate(state: &ProgressState, text: &mut dyn Write) {
    // Writing to memory does not fail.
    let _ = text.write_str(&shown_rate(state.per_sec()));
}

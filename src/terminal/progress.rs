//! Progress of a push: a bar on a terminal, log lines elsewhere.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::units::whole;
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

/// Minimum time between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(1);

/// Shows the number of pushed items.
pub(crate) struct Progress {
    bar: ProgressBar,
    live: bool,
    list: String,
    logged: u64,
    logged_at: Option<Instant>,
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
        Self { bar, live, list: list.to_owned(), logged: 0, logged_at: None }
    }

    /// Shows that `pushed` items are on the list, which now holds `backlog`.
    pub(crate) fn show(&mut self, pushed: u64, backlog: u64) {
        if self.live {
            self.bar.set_position(pushed);
            self.bar.set_message(format!("backlog {}", HumanCount(backlog)));
            return;
        }
        if pushed == self.logged || self.logged_at.is_some_and(|last| last.elapsed() < LOG_INTERVAL) {
            return;
        }
        tracing::info!(list = self.list, items = pushed - self.logged, total = pushed, backlog, "pushed");
        self.logged = pushed;
        self.logged_at = Some(Instant::now());
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// Writes the rate: with one decimal below 10 items/s, as a whole number above.
fn write_rate(state: &ProgressState, text: &mut dyn Write) {
    let rate = state.per_sec();
    let written = if rate < 10.0 {
        write!(text, "{rate:.1} items/s")
    } else {
        write!(text, "{} items/s", HumanCount(whole(rate.round())))
    };
    // Writing to memory does not fail.
    let _ = written;
}

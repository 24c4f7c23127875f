//! How far a push has come: a bar for who looks, a line now and then for a log.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::units::whole;
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

/// The least time between two lines of the log.
const LINE_EVERY: Duration = Duration::from_secs(1);

/// Shows how many items are pushed.
pub(crate) struct Progress {
    bar: ProgressBar,
    live: bool,
    list: String,
    said: u64,
    last: Option<Instant>,
}

impl Progress {
    pub(super) fn new(bar: ProgressBar, live: bool, list: &str) -> Self {
        let template = match bar.length() {
            // As wide as there is room: a line that wraps cannot be redrawn in place.
            Some(_) => "{wide_bar:.cyan} {human_pos}/{human_len}  {rate}  {msg}  ETA {eta}",
            None => "{spinner:.cyan} {human_pos} pushed  {rate}  {msg}  {elapsed}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key("rate", write_rate));
        Self { bar, live, list: list.to_owned(), said: 0, last: None }
    }

    /// Shows that `pushed` items are on the list, which now holds `backlog`.
    pub(crate) fn show(&mut self, pushed: u64, backlog: u64) {
        if self.live {
            self.bar.set_position(pushed);
            self.bar.set_message(format!("backlog {}", HumanCount(backlog)));
            return;
        }
        if pushed == self.said || self.last.is_some_and(|last| last.elapsed() < LINE_EVERY) {
            return;
        }
        tracing::info!("pushed {} items to `{}`, {pushed} in all; backlog {backlog}", pushed - self.said, self.list);
        self.said = pushed;
        self.last = Some(Instant::now());
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// The rate to a tenth below ten, to the item above: no more of an estimate means anything.
fn write_rate(state: &ProgressState, text: &mut dyn Write) {
    let rate = state.per_sec();
    let written = if rate < 10.0 {
        write!(text, "{rate:.1} items/s")
    } else {
        write!(text, "{} items/s", HumanCount(whole(rate.round())))
    };
    // Text in memory takes whatever is written.
    let _ = written;
}

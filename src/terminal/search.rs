//! Progress of a search: a line redrawn in place on a terminal, log lines elsewhere.

use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::printer::Printer;

/// Minimum time between two log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Shows that a search goes on.
pub(crate) struct SearchProgress {
    bar: Option<ProgressBar>,
    logged_at: Instant,
}

impl SearchProgress {
    /// Draws on stderr if that is a terminal; logs otherwise.
    pub(crate) fn new(printer: &Printer) -> Self {
        let bar = printer.live().then(|| {
            let bar = printer.bars().add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner:.cyan} {msg}  {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar
        });
        Self { bar, logged_at: Instant::now() }
    }

    /// Shows the number of runs so far, that of the items in them, and the `best` settings that were found.
    pub(crate) fn show(&mut self, runs: u64, items: u64, best: Option<&str>) {
        if let Some(bar) = &self.bar {
            let run = if runs == 1 { "run" } else { "runs" };
            let found = best
                .map_or_else(|| "nothing that meets the target yet".to_owned(), |best| format!("best so far {best}"));
            bar.set_message(format!("searching: {} {run}, {found}", HumanCount(runs)));
            bar.tick();
        } else if self.logged_at.elapsed() >= LOG_INTERVAL {
            tracing::info!(runs, items, best, "searching");
            self.logged_at = Instant::now();
        }
    }
}

impl Drop for SearchProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

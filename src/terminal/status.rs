//! Status line of a long run, redrawn in place on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::columns::fitted_facts;
use super::printer::Printer;
use super::screen;

/// Columns before the text: the spinner and a space.
const SPINNER: usize = 2;

/// A line of facts below the log, on a terminal. Gone once it is dropped.
#[derive(Debug)]
pub(crate) struct StatusLine(ProgressBar);

impl StatusLine {
    /// Begins a line; `None` where progress is not drawn.
    pub(crate) fn begin(printer: &Printer) -> Option<Self> {
        printer.live().then(|| {
            let bar = printer.bars().add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{spinner:.cyan} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            Self(bar)
        })
    }

    /// Shows `facts`, the most important first: those at the end are left out where the line is too narrow for all.
    pub(crate) fn show(&self, facts: &[String]) {
        self.0.set_message(fitted_facts(facts, screen::width().saturating_sub(SPINNER + 1)));
        self.0.tick();
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

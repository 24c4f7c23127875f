//! Status line of a long run, redrawn in place on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use super::columns::display_width;
use super::printer::Printer;
use super::screen;
use crate::units::visible;

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
        self.0.set_message(fitted(facts, screen::width().saturating_sub(SPINNER + 1)));
        self.0.tick();
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Joins the first of `facts`, as many as there is room for in `width` columns.
fn fitted(facts: &[String], width: usize) -> String {
    let mut line = String::new();
    for fact in facts {
        let fact = visible(fact);
        let gap = if line.is_empty() { "" } else { "  " };
        if display_width(&line) + gap.len() + display_width(&fact) > width {
            break;
        }
        line.push_str(gap);
        line.push_str(&fact);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_that_do_not_fit_are_left_out_whole() {
        let facts =
            ["mylist:".to_owned(), "1,200 processed".to_owned(), "3 in flight".to_owned(), "0 failed".to_owned()];
        assert_eq!(fitted(&facts, 80), "mylist:  1,200 processed  3 in flight  0 failed");
        assert_eq!(fitted(&facts, 40), "mylist:  1,200 processed  3 in flight");
        assert_eq!(fitted(&facts, 36), "mylist:  1,200 processed");
        assert_eq!(fitted(&["a\nb\u{1b}[2J".to_owned()], 80), "a\\nb\\u{1b}[2J");
    }
}

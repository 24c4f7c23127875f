//! Events with their reasons, in lines that fit the terminal.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::chart::when;
use super::columns::{display_width, pad_end, wrapped};
use crate::units::visible;

/// An event, or a decision that changed nothing.
#[derive(Debug, Clone)]
pub(crate) struct TimelineEntry {
    /// Number of its mark in the chart; `None` for a decision that changed nothing.
    pub(crate) number: Option<usize>,
    pub(crate) at: Duration,
    /// End of the time for which the same decision was repeated.
    pub(crate) until: Option<Duration>,
    /// Component that decided.
    pub(crate) by: &'static str,
    /// Result, such as `0 → 1`.
    pub(crate) what: String,
    pub(crate) reason: String,
}

/// Minimum width of a reason next to its event; with less room it goes below.
const MIN_REASON_WIDTH: usize = 24;

/// Entries of a long timeline that are shown, and how many of them are the last ones.
const SHOWN: usize = 40;
const SHOWN_LAST: usize = 10;

/// Writes the entries as lines of `width` columns, with the reasons on the right, or below if there is too little room. Of many,
/// the first and the last are shown, unless `all` are.
pub(crate) fn timeline(entries: &[TimelineEntry], width: usize, all: bool) -> String {
    let skipped = if all { 0 } else { entries.len().saturating_sub(SHOWN) };
    if skipped == 0 {
        return lines(&entries.iter().collect::<Vec<_>>(), width).concat();
    }
    let first = SHOWN - SHOWN_LAST;
    let shown: Vec<&TimelineEntry> = entries[..first].iter().chain(&entries[first + skipped..]).collect();
    let mut lines = lines(&shown, width);
    let dim = AnsiColor::BrightBlack.on_default();
    lines.insert(first, format!("{dim}  … {skipped} more: --all-events shows all, --from and --to a part{dim:#}\n"));
    lines.concat()
}

/// Writes each entry as lines of text.
fn lines(entries: &[&TimelineEntry], width: usize) -> Vec<String> {
    let longest = |length: fn(&TimelineEntry) -> usize| entries.iter().map(|entry| length(entry)).max().unwrap_or(0);
    let numbers = longest(|entry| entry.number.map_or(0, |number| number.to_string().len()));
    let whens = longest(|entry| display_width(&when(entry.at, entry.until)));
    let whats = longest(|entry| display_width(&entry.what));
    let bys = longest(|entry| entry.by.len());
    let right = numbers + whens + whats + bys + 8;
    let below = right + MIN_REASON_WIDTH > width;
    let indent = if below { numbers + 2 } else { right };
    let (bold, dim) = (Style::new().bold(), AnsiColor::BrightBlack.on_default());
    let written = |entry: &&TimelineEntry| {
        let mut text = String::new();
        let number = entry.number.map(|number| number.to_string()).unwrap_or_default();
        let style = if entry.number.is_some() { bold } else { dim };
        let mut reason = wrapped(&entry.reason, width.saturating_sub(indent).max(MIN_REASON_WIDTH / 2)).into_iter();
        let (when, what, by) = (when(entry.at, entry.until), &entry.what, entry.by);
        // Writing to memory does not fail.
        let _ = if below {
            writeln!(text, "{style}{number:>numbers$}  {when}  {what}{style:#}  {by}")
        } else {
            let first = reason.next().unwrap_or_default();
            let what = pad_end(what, whats);
            writeln!(text, "{style}{number:>numbers$}  {when:>whens$}  {what}{style:#}  {by:<bys$}  {first}")
        };
        for line in reason {
            let _ = writeln!(text, "{:indent$}{line}", "");
        }
        text
    };
    entries.iter().map(written).collect()
}

/// Writes a heading in bold, with an empty line above.
pub(crate) fn heading(title: &str) -> String {
    format!("\n{0}{1}{0:#}\n", Style::new().bold(), visible(title))
}

/// Writes names and values in two columns, `width` columns wide.
pub(crate) fn facts(facts: &[(&str, String)], width: usize) -> String {
    let names = facts.iter().map(|(name, _)| display_width(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in facts {
        for (index, line) in
            wrapped(value, width.saturating_sub(names + 4).max(MIN_REASON_WIDTH / 2)).into_iter().enumerate()
        {
            let name = pad_end(if index == 0 { name } else { "" }, names);
            let _ = writeln!(text, "  {name}  {line}");
        }
    }
    text
}

/// Writes items with a bullet each, `width` columns wide.
pub(crate) fn listed(items: &[String], width: usize) -> String {
    let mut text = String::new();
    for item in items {
        for (index, line) in wrapped(item, width.saturating_sub(4)).into_iter().enumerate() {
            let _ = writeln!(text, "  {} {line}", if index == 0 { '*' } else { ' ' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_next_to_their_events_or_below() {
        let entry = |number, at, until: Option<u64>, what: &str, reason: &str| TimelineEntry {
            number,
            at: Duration::from_secs(at),
            until: until.map(Duration::from_secs),
            by: "HPA",
            what: what.to_owned(),
            reason: reason.to_owned(),
        };
        let entries = [
            entry(Some(1), 45, None, "1 → 4", "the metric asks for 20, at most 4 in one step"),
            entry(None, 60, Some(360), "stays 4", "the window"),
        ];
        let text = anstream::adapter::strip_str(&timeline(&entries, 60, false)).to_string();
        let expected = concat!(
            "1          0:45  1 → 4    HPA  the metric asks for 20, at\n",
            "                               most 4 in one step\n",
            "   1:00 to 6:00  stays 4  HPA  the window\n",
        );
        assert_eq!(text, expected);
        let narrow = anstream::adapter::strip_str(&timeline(&entries, 40, false)).to_string();
        let expected = concat!(
            "1  0:45  1 → 4  HPA\n",
            "   the metric asks for 20, at most 4 in\n",
            "   one step\n",
            "   1:00 to 6:00  stays 4  HPA\n",
            "   the window\n",
        );
        assert_eq!(narrow, expected);
    }

    #[test]
    fn long_timeline_shows_its_ends() {
        let entry = |second| TimelineEntry {
            number: Some(second),
            at: Duration::from_secs(second as u64),
            until: None,
            by: "HPA",
            what: "1 → 2".to_owned(),
            reason: "so".to_owned(),
        };
        let entries: Vec<TimelineEntry> = (1..=500).map(entry).collect();
        let text = anstream::adapter::strip_str(&timeline(&entries, 80, false)).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 41, "{text}");
        assert!(
            lines[29].starts_with(" 30  ") && lines[31].starts_with("491  ") && lines[40].starts_with("500  "),
            "{text}"
        );
        assert_eq!(lines[30], "  … 460 more: --all-events shows all, --from and --to a part");
        assert_eq!(timeline(&entries, 80, true).lines().count(), 500);
    }
}

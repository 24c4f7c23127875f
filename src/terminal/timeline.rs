//! What happened and why, in lines that a terminal does not break.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::chart::Clock;
use super::lines::wrapped;

/// Something that happened, or did not.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The number a chart marks it with; `None` for what changed nothing.
    pub(crate) number: Option<usize>,
    pub(crate) at: Duration,
    /// Until when it went on the same, where it did.
    pub(crate) until: Option<Duration>,
    /// Who decided.
    pub(crate) by: &'static str,
    /// What came of it, such as `0 → 1`.
    pub(crate) what: String,
    pub(crate) reason: String,
}

/// A reason in fewer columns than this is read word by word: it has lines of its own then.
const NARROWEST: usize = 24;

/// Writes the entries one below the other, the reasons beside them, or below where that leaves too little, `width` columns
/// wide.
pub(crate) fn timeline(entries: &[Entry], width: usize) -> String {
    let longest = |length: fn(&Entry) -> usize| entries.iter().map(length).max().unwrap_or(0);
    let numbers = longest(|entry| entry.number.map_or(0, |number| number.to_string().len()));
    let whens = longest(|entry| when(entry).chars().count());
    let whats = longest(|entry| entry.what.chars().count());
    let bys = longest(|entry| entry.by.len());
    let beside = numbers + whens + whats + bys + 8;
    let below = beside + NARROWEST > width;
    let indent = if below { numbers + 2 } else { beside };
    let (bold, dim) = (Style::new().bold(), AnsiColor::BrightBlack.on_default());
    let mut text = String::new();
    for entry in entries {
        let number = entry.number.map(|number| number.to_string()).unwrap_or_default();
        let style = if entry.number.is_some() { bold } else { dim };
        let mut reason = wrapped(&entry.reason, width.saturating_sub(indent).max(NARROWEST / 2)).into_iter();
        let (when, what, by) = (when(entry), &entry.what, entry.by);
        // Writing to memory does not fail.
        let _ = if below {
            writeln!(text, "{style}{number:>numbers$}  {when}  {what}{style:#}  {by}")
        } else {
            let first = reason.next().unwrap_or_default();
            writeln!(text, "{style}{number:>numbers$}  {when:>whens$}  {what:<whats$}{style:#}  {by:<bys$}  {first}")
        };
        for line in reason {
            let _ = writeln!(text, "{:indent$}{line}", "");
        }
    }
    text
}

fn when(entry: &Entry) -> String {
    match entry.until {
        Some(until) if until > entry.at => format!("{} to {}", Clock(entry.at), Clock(until)),
        _ => Clock(entry.at).to_string(),
    }
}

/// Writes names and values in two columns, `width` columns wide.
pub(crate) fn facts(facts: &[(&str, String)], width: usize) -> String {
    let names = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in facts {
        for (index, line) in wrapped(value, width.saturating_sub(names + 4).max(NARROWEST / 2)).into_iter().enumerate()
        {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(text, "  {name:<names$}  {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_beside_what_they_explain() {
        let entry = |number, at, until: Option<u64>, what: &str, reason: &str| Entry {
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
        let text = anstream::adapter::strip_str(&timeline(&entries, 60)).to_string();
        let expected = concat!(
            "1          0:45  1 → 4    HPA  the metric asks for 20, at\n",
            "                               most 4 in one step\n",
            "   1:00 to 6:00  stays 4  HPA  the window\n",
        );
        assert_eq!(text, expected);
        let narrow = anstream::adapter::strip_str(&timeline(&entries, 40)).to_string();
        let expected = concat!(
            "1  0:45  1 → 4  HPA\n",
            "   the metric asks for 20, at most 4 in\n",
            "   one step\n",
            "   1:00 to 6:00  stays 4  HPA\n",
            "   the window\n",
        );
        assert_eq!(narrow, expected);
    }
}

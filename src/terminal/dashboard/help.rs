//! The keys: in one line, and as a page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::put;
use super::theme::Theme;
use crate::terminal::board::KeySet;
use crate::terminal::columns::display_width;

/// Keys of the view, and what they do.
const VIEW: &[(&str, &str)] = &[
    ("q, Ctrl-C", "quit"),
    ("?", "show or hide the keys"),
    ("space", "pause the picture"),
    ("← →", "shorter, longer time axis"),
    ("a", "axis that grows with the run"),
    ("z", "all charts, or one of them"),
    ("l", "linear or logarithmic scale"),
    ("Tab, n", "next list"),
];

/// Keys of a demo.
const DEMO: &[(&str, &str)] = &[
    ("+ −", "more, less load"),
    ("b", "push a burst"),
    ("k", "kill a consumer (SIGKILL)"),
    ("p", "pause the producer"),
];

/// Returns the most important keys in one line of `width` columns: as many as fit.
pub(super) fn line(keys: KeySet, has_lists: bool, width: usize) -> String {
    const VIEWED: &[&str] = &["q quit", "? keys", "space pause", "← → time", "z zoom", "l log"];
    const LISTS: &[&str] = &["q quit", "? keys", "Tab next list", "space pause", "← → time", "z zoom", "l log"];
    const CONTROLLED: &[&str] = &["q quit", "? keys", "+ − load", "b burst", "k kill", "p producer", "space pause"];
    let hints = match (keys, has_lists) {
        (KeySet::Watch | KeySet::Play, false) => VIEWED,
        (KeySet::Watch | KeySet::Play, true) => LISTS,
        (KeySet::Demo, _) => CONTROLLED,
        (KeySet::None, _) => &[],
    };
    let mut line = String::new();
    for hint in hints {
        let gap = if line.is_empty() { "" } else { "  " };
        if display_width(&line) + gap.len() + display_width(hint) > width {
            break;
        }
        line.push_str(gap);
        line.push_str(hint);
    }
    line
}

/// Draws all keys in the middle of `area`.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, keys: KeySet, theme: Theme) {
    let own = if keys == KeySet::Demo { DEMO } else { &[] };
    let lines: Vec<String> = own.iter().chain(VIEW).map(|(key, what)| format!(" {key:<10} {what:<28}")).collect();
    let width = u16::try_from(lines.first().map_or(0, |line| line.chars().count())).unwrap_or(0).min(area.width);
    let height = u16::try_from(lines.len()).unwrap_or(0).min(area.height);
    let (x, y) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
    for (row, line) in (0..height).zip(&lines) {
        let shown: String = theme.text(line).chars().take(usize::from(width)).collect();
        put(buffer, x, y + row, &shown, theme.headline());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_of_the_keys_fits_the_smallest_screen() {
        for (key, what) in DEMO.iter().chain(VIEW) {
            assert!(display_width(key) <= 10 && display_width(what) <= 28, "{key}: {what}");
        }
    }

    #[test]
    fn keys_that_do_not_fit_are_left_out() {
        assert_eq!(line(KeySet::Watch, true, 40), "q quit  ? keys  Tab next list");
        assert_eq!(line(KeySet::Demo, false, 80).split("  ").last(), Some("space pause"));
        assert_eq!(line(KeySet::None, false, 80), "");
    }
}

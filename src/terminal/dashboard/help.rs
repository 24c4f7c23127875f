//! The keys: in one line, and as a page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::put;
use super::theme::Theme;

/// Keys of the view, and what they do.
const VIEW: &[(&str, &str)] = &[
    ("q, Ctrl-C", "quit"),
    ("?", "show or hide the keys"),
    ("space", "pause the picture"),
    ("← →", "shorter, longer time axis"),
    ("a", "time axis that grows with the run"),
    ("z", "zoom: all charts, or one of them"),
    ("l", "linear or logarithmic scale"),
    ("Tab, n", "next list"),
];

/// Returns the most important keys in one line.
pub(super) fn line(has_lists: bool) -> &'static str {
    if has_lists {
        "q quit  ? keys  Tab next list  space pause  ← → time  z zoom  l log"
    } else {
        "q quit  ? keys  space pause  ← → time  z zoom  l log"
    }
}

/// Draws all keys in the middle of `area`.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, theme: Theme) {
    let lines: Vec<String> = VIEW.iter().map(|(key, what)| format!(" {key:<10} {what:<35} ")).collect();
    let width = u16::try_from(lines.first().map_or(0, |line| line.chars().count())).unwrap_or(0).min(area.width);
    let height = u16::try_from(lines.len()).unwrap_or(0).min(area.height);
    let (x, y) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
    for (row, line) in (0..height).zip(&lines) {
        let shown: String = theme.text(line).chars().take(usize::from(width)).collect();
        put(buffer, x, y + row, &shown, theme.headline());
    }
}

//! The keys: in one line, and as a page.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::put;
use super::theme::Theme;
use super::view::KeySet;

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

/// Keys of a demo.
const DEMO: &[(&str, &str)] = &[
    ("+ −", "more, less load"),
    ("b", "push a burst"),
    ("k", "kill a consumer (SIGKILL)"),
    ("p", "pause the producer"),
];

/// Returns the most important keys in one line.
pub(super) fn line(keys: KeySet, has_lists: bool) -> &'static str {
    match (keys, has_lists) {
        (KeySet::Watch | KeySet::Play, false) => "q quit  ? keys  space pause  ← → time  z zoom  l log",
        (KeySet::Watch | KeySet::Play, true) => "q quit  ? keys  Tab next list  space pause  ← → time  z zoom  l log",
        (KeySet::None, _) => "",
        (KeySet::Demo, _) => "q quit  ? keys  + − load  b burst  k kill  p producer  space pause",
    }
}

/// Draws all keys in the middle of `area`.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, keys: KeySet, theme: Theme) {
    let own = if keys == KeySet::Demo { DEMO } else { &[] };
    let lines: Vec<String> = own.iter().chain(VIEW).map(|(key, what)| format!(" {key:<10} {what:<35} ")).collect();
    let width = u16::try_from(lines.first().map_or(0, |line| line.chars().count())).unwrap_or(0).min(area.width);
    let height = u16::try_from(lines.len()).unwrap_or(0).min(area.height);
    let (x, y) = (area.x + (area.width - width) / 2, area.y + (area.height - height) / 2);
    for (row, line) in (0..height).zip(&lines) {
        let shown: String = theme.text(line).chars().take(usize::from(width)).collect();
        put(buffer, x, y + row, &shown, theme.headline());
    }
}

//! Several lists as rows, one of which is chosen for the charts.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::charts::short;
use super::paint::{abbreviated, put};
use super::theme::Theme;
use super::view::ViewSettings;
use super::words::{age, rate, real_seconds};
use crate::terminal::board::{BoardState, Latest, ListState};
use crate::terminal::columns::{display_width, pad_end};
use crate::units::visible;

/// Columns of the table, each with its width.
const COLUMNS: [(&str, usize); 7] =
    [("waiting", 9), ("in flight", 9), ("dead", 7), ("consumers", 9), ("in", 9), ("out", 9), ("", 22)];

/// Least width of the names.
const NAME: usize = 12;

/// Returns the number of lines of the table: none for a single list, and at most a third of the height.
pub(super) fn lines(state: &BoardState, height: u16) -> u16 {
    let lists = u16::try_from(state.lists.len()).unwrap_or(u16::MAX);
    if lists < 2 { 0 } else { (lists + 1).min(height / 3) }
}

/// Draws as many rows as fit, among them the chosen one.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    state: &BoardState,
    view: &ViewSettings,
    now: Duration,
    theme: Theme,
) {
    if area.height < 2 {
        return;
    }
    let longest = state.lists.iter().map(|list| display_width(&visible(&list.title))).max().unwrap_or(0);
    let mut left = usize::from(area.width).saturating_sub(2);
    let name = longest.clamp(NAME, NAME.max(left / 3));
    left = left.saturating_sub(name);
    let shown: Vec<usize> = COLUMNS
        .iter()
        .map_while(|(_, width)| {
            left = left.checked_sub(width + 1)?;
            Some(*width)
        })
        .collect();
    let row = |cells: [String; 7]| {
        let cells: Vec<String> = cells.iter().zip(&shown).map(|(cell, width)| format!(" {cell:>width$}")).collect();
        cells.concat()
    };
    let head = format!("  {}{}", pad_end("list", name), row(COLUMNS.map(|(title, _)| title.to_owned())));
    put(buffer, area.x, area.y, &head, theme.label());
    let room = usize::from(area.height) - 1;
    let first = (view.chosen + 1).saturating_sub(room);
    for (line, (index, list)) in (1..area.height).zip(state.lists.iter().enumerate().skip(first)) {
        let is_chosen = index == view.chosen;
        let title = abbreviated(&list.title, name);
        let marker = if is_chosen { ">" } else { " " };
        let text = format!("{marker} {}{}", pad_end(&title, name), row(cells(state, list, now)));
        let is_old = list.latest.as_ref().is_none_or(|latest| state.age(latest.at, now).is_some());
        let style = match (is_old, is_chosen) {
            (true, _) => theme.stale(),
            (false, true) => theme.bold(),
            (false, false) => theme.label(),
        };
        put(buffer, area.x, area.y + line, &theme.text(&text), style);
    }
}

fn cells(state: &BoardState, list: &ListState, now: Duration) -> [String; 7] {
    let unknown = || "-".to_owned();
    let Some(Latest { at, sample }) = &list.latest else { return std::array::from_fn(|_| unknown()) };
    let count = |value: Option<u64>| value.map_or_else(unknown, short);
    let flow = |value: Option<f64>| value.map_or_else(unknown, rate);
    let outlook = match state.age(*at, now) {
        Some(old) => format!("no data for {}", age(real_seconds(old, state))),
        None => sample.outlook().to_string(),
    };
    [
        short(sample.backlog),
        count(sample.in_flight),
        count(sample.dead),
        count(sample.consumers),
        flow(sample.in_per_second),
        flow(sample.out_per_second),
        outlook,
    ]
}

//! One frame of the dashboard: a pure function of state, view, time and size.

use std::time::Duration;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::charts;
use super::help;
use super::numbers::{self, Digits};
use super::paint::{Rows, abbreviated, put};
use super::reasons;
use super::tables;
use super::theme::Theme;
use super::view::ViewSettings;
use super::words;
use crate::terminal::board::KeySet;
use crate::terminal::board::{BoardState, ListState};
use crate::terminal::chart::Elapsed;
use crate::terminal::columns::{display_width, fitted};

/// Smallest size that is drawn.
const LEAST: (u16, u16) = (40, 12);

/// Width below which words are left out.
const NARROW: usize = 60;

/// The keys next to a line of the log.
const SHORT_KEYS: &str = "q quit  ? keys";

/// Heights of the parts in a frame of some size.
struct Parts {
    digits: Digits,
    facts: u16,
    headline: u16,
    reasons: u16,
    /// Lines for the log and the keys.
    footer: u16,
    /// Empty lines between the parts.
    gap: u16,
}

/// Draws the dashboard at `now`, on the clock that it shows.
pub(super) fn draw(frame: &mut Frame<'_>, state: &BoardState, view: &ViewSettings, now: Duration, theme: Theme) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let (columns, lines) = LEAST;
    if area.width < columns || area.height < lines {
        let needed = format!("{columns}×{lines} needed");
        let text = format!("{needed}, here {}×{}", area.width, area.height);
        // Cut off, the size would be another.
        let text = if text.chars().count() > usize::from(area.width) { needed } else { text };
        put(buffer, area.x, area.y, &theme.text(&text), theme.bold());
        return;
    }
    let Some(list) = state.lists.get(view.chosen).or(state.lists.first()) else { return };
    let parts = Parts::of(area, state, list, view, theme);
    let mut rows = Rows(area);
    title(buffer, rows.top(1), state, list, view, now, theme);
    let table = tables::lines(state, area.height);
    tables::draw(buffer, rows.top(table), state, view, now, theme);
    rows.top(parts.gap);
    numbers::draw(buffer, rows.top(parts.digits.lines()), (state, list), now, parts.digits, theme);
    numbers::draw_facts(buffer, rows.top(parts.facts), (state, list), now, theme);
    rows.top(parts.gap);
    headline(buffer, rows.top(parts.headline), &words::headline(state, list, now), theme);
    next(buffer, rows.top(1), words::next(state, list, now), theme);
    rows.top(parts.gap);
    footer(buffer, rows.bottom(parts.footer), state, view, theme);
    reasons::draw(buffer, rows.bottom(parts.reasons), list, theme);
    rows.bottom(parts.gap);
    charts::draw(buffer, rows.0, list, view, now, theme);
    if view.shows_help {
        help::draw(buffer, area, view.keys, theme);
    }
}

impl Parts {
    fn of(area: Rect, state: &BoardState, list: &ListState, view: &ViewSettings, theme: Theme) -> Self {
        let (width, height) = (area.width, area.height);
        let digits = match (width, height) {
            _ if theme.is_ascii() => Digits::Plain,
            (160.., 50..) => Digits::Large(2),
            (60.., 20..) => Digits::Large(1),
            _ => Digits::Plain,
        };
        let has_pods = list.pods.is_some();
        Self {
            digits,
            facts: match height {
                ..20 => 1,
                20..34 => 2,
                _ => 3,
            },
            headline: match (width, height) {
                (_, 34..) | (..60, _) => 3,
                _ => 2,
            },
            reasons: if has_pods { height.saturating_sub(13) / 4 } else { 0 },
            footer: match height {
                _ if view.keys == KeySet::None => 0,
                30.. => 2,
                _ => 1,
            },
            gap: u16::from(height >= 34 && state.lists.len() < 10),
        }
    }
}

/// Draws what is shown, and the clock.
fn title(
    buffer: &mut Buffer,
    area: Rect,
    state: &BoardState,
    list: &ListState,
    view: &ViewSettings,
    now: Duration,
    theme: Theme,
) {
    let clock = Elapsed(Duration::from_secs(now.as_secs()));
    let clock = match (words::is_model_clock(state), area.width) {
        (false, _) => clock.to_string(),
        (true, 60..) => format!("model time {clock} (×{})", state.speed),
        (true, _) => format!("model {clock} ×{}", state.speed),
    };
    let paused = if view.is_paused { "PAUSED  " } else { "" };
    let right = theme.text(&format!(" {paused}{clock}"));
    let width = usize::from(area.width).saturating_sub(display_width(&right));
    let notice = state.notice.as_ref().map(|notice| format!("  {notice}")).unwrap_or_default();
    let name = abbreviated(&list.title, width * 3 / 4);
    let left = fitted(&format!("{name}  {}{notice}", state.title), width, 1).concat();
    put(buffer, area.x, area.y, &theme.text(&left), theme.bold());
    let column = area.width - u16::try_from(display_width(&right)).unwrap_or(area.width).min(area.width);
    put(buffer, area.x + column, area.y, &right, theme.bold());
}

/// Draws the one large line, over the whole width.
fn headline(buffer: &mut Buffer, area: Rect, text: &str, theme: Theme) {
    buffer.set_style(area, theme.headline());
    let lines = fitted(text, usize::from(area.width).saturating_sub(2), usize::from(area.height));
    let top = (area.height - u16::try_from(lines.len()).unwrap_or(area.height).min(area.height)) / 2;
    for (row, line) in (area.y + top..).zip(lines) {
        put(buffer, area.x + 1, row, &theme.text(&line), theme.headline());
    }
}

/// Draws the step that is expected next.
fn next(buffer: &mut Buffer, area: Rect, text: Option<String>, theme: Theme) {
    // On a narrow screen the time has to say it alone.
    let text = text.map(|text| if usize::from(area.width) < NARROW { text } else { format!("next {text}") });
    for line in fitted(&text.unwrap_or_default(), usize::from(area.width).saturating_sub(2), 1) {
        put(buffer, area.x + 1, area.y, &theme.text(&line), theme.bold());
    }
}

/// Draws the last line of the log, and the keys.
fn footer(buffer: &mut Buffer, area: Rect, state: &BoardState, view: &ViewSettings, theme: Theme) {
    let width = usize::from(area.width);
    let (keys, room) = match &view.message {
        // On one line, both are short.
        Some(_) if area.height == 1 => (SHORT_KEYS.to_owned(), width.saturating_sub(SHORT_KEYS.len() + 2)),
        _ => (help::line(view.keys, state.lists.len() > 1, width), width),
    };
    if let Some(message) = &view.message {
        let style = if message.is_warning { theme.warning() } else { theme.label() };
        let text = if width < NARROW { without_time(&message.text) } else { &message.text };
        let shown = fitted(text, room, 1).concat();
        put(buffer, area.x, area.y, &theme.text(&shown), style);
    }
    let column = if room < width { u16::try_from(room + 2).unwrap_or(area.width) } else { 0 };
    put(buffer, area.x + column, area.bottom() - 1, &theme.text(&keys), theme.label());
}

/// Returns a line of the log without its time, which is a moment ago.
fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.ends_with('Z') => rest.trim_start(),
        _ => line,
    }
}

//! Text on a buffer: cut at its edge, in rows and flows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::terminal::columns::{display_width, wrapped};
use crate::units::visible;

/// Writes `text` from a cell to the right, as far as the buffer reaches.
pub(super) fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
    let area = *buffer.area();
    if y >= area.top() && y < area.bottom() && x >= area.left() && x < area.right() {
        buffer.set_stringn(x, y, text, usize::from(area.right() - x), style);
    }
}

/// Rows that are taken from an area, from the top and from the bottom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows(pub(super) Rect);

impl Rows {
    /// Takes `count` rows from the top, or what is left.
    pub(super) fn top(&mut self, count: u16) -> Rect {
        let count = count.min(self.0.height);
        let taken = Rect { height: count, ..self.0 };
        self.0 = Rect { y: self.0.y + count, height: self.0.height - count, ..self.0 };
        taken
    }

    /// Takes `count` rows from the bottom, or what is left.
    pub(super) fn bottom(&mut self, count: u16) -> Rect {
        let count = count.min(self.0.height);
        self.0.height -= count;
        Rect { y: self.0.y + self.0.height, height: count, ..self.0 }
    }
}

/// Returns `text` in at most `lines` lines of `width` columns, without characters that control a terminal; what does not fit
/// ends in `…`.
pub(super) fn fitted(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut all = wrapped(&visible(text), width.max(1));
    let is_cut = all.len() > lines;
    all.truncate(lines);
    let last = all.len().saturating_sub(1);
    for (index, line) in all.iter_mut().enumerate() {
        if display_width(line) > width || (is_cut && index == last) {
            *line = cut(line, width);
        }
    }
    all
}

/// Shortens `text` to `width` columns, the last of which shows that it was cut.
fn cut(text: &str, width: usize) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        shown.push(c);
        if display_width(&shown) >= width {
            shown.pop();
            break;
        }
    }
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_does_not_fit_is_cut_visibly() {
        assert_eq!(fitted("one two three", 20, 1), ["one two three"]);
        assert_eq!(fitted("one two three", 8, 1), ["one two…"]);
        assert_eq!(fitted("one two three", 8, 2), ["one two", "three"]);
        assert_eq!(fitted("unbroken", 4, 1), ["unb…"]);
        assert_eq!(fitted("订单订单", 4, 1), ["订…"]);
        assert_eq!(fitted("a\u{1b}[2J", 20, 1), ["a\\u{1b}[2J"]);
    }

    #[test]
    fn rows_never_exceed_the_area() {
        let mut rows = Rows(Rect::new(0, 2, 10, 5));
        assert_eq!(rows.top(2), Rect::new(0, 2, 10, 2));
        assert_eq!(rows.bottom(1), Rect::new(0, 6, 10, 1));
        assert_eq!(rows.top(9), Rect::new(0, 4, 10, 2));
        assert_eq!((rows.top(1).height, rows.bottom(1).height), (0, 0));
    }
}

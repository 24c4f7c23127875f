//! Text on a buffer: cut at its edge, in rows and flows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::terminal::columns::display_width;
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

/// Returns a name in at most `width` columns, without its middle: names that begin alike often end differently.
pub(super) fn abbreviated(name: &str, width: usize) -> String {
    let name = visible(name);
    let mut left = width.saturating_sub(1);
    if display_width(&name) <= width {
        return name.into_owned();
    }
    let mut taken = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut part = String::new();
        for c in chars {
            part.push(c);
            if display_width(&part) > room.min(left) {
                part.pop();
                break;
            }
        }
        left = left.saturating_sub(display_width(&part));
        part
    };
    let beginning = taken(&mut name.chars(), width / 2);
    let end = taken(&mut name.chars().rev(), width);
    format!("{beginning}…{}", end.chars().rev().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_does_not_fit_keeps_both_ends() {
        assert_eq!(abbreviated("orders", 6), "orders");
        assert_eq!(abbreviated("shop:production:orders-1", 12), "shop:p…ers-1");
        assert_eq!(abbreviated("订单订单订单", 8), "订单…单");
        assert_eq!(abbreviated("a\u{1b}[2J", 20), "a\\u{1b}[2J");
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

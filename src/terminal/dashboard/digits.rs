//! Digits that are readable from the back of a room: of half blocks, three pixels wide and five high.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::paint::put;
use super::theme::Theme;

/// Height of a digit in pixels; a line of text has two.
const PIXELS: u16 = 5;

/// Returns the rows of a character, each of three pixels from the left: `1` for a set one.
fn font(c: char) -> [&'static str; 5] {
    match c {
        '0' => ["111", "101", "101", "101", "111"],
        '1' => ["010", "110", "010", "010", "111"],
        '2' => ["111", "001", "111", "100", "111"],
        '3' => ["111", "001", "111", "001", "111"],
        '4' => ["101", "101", "111", "001", "001"],
        '5' => ["111", "100", "111", "001", "111"],
        '6' => ["111", "100", "111", "101", "111"],
        '7' => ["111", "001", "001", "010", "010"],
        '8' => ["111", "101", "111", "101", "111"],
        '9' => ["111", "101", "111", "001", "111"],
        'k' => ["100", "101", "110", "110", "101"],
        'M' => ["101", "111", "111", "101", "101"],
        'G' => ["111", "100", "101", "101", "111"],
        '/' => ["001", "001", "010", "100", "100"],
        '?' => ["111", "001", "011", "000", "010"],
        '.' => ["0", "0", "0", "0", "1"],
        ',' => ["0", "0", "0", "1", "1"],
        _ => ["000", "000", "000", "000", "000"],
    }
}

/// Returns the number of lines that digits take, each pixel `scale` times as large.
pub(super) fn lines(scale: u16) -> u16 {
    (PIXELS * scale).div_ceil(2)
}

/// Returns the number of columns that `text` takes.
pub(super) fn width(text: &str, scale: u16) -> u16 {
    let columns: usize = text.chars().map(|c| font(c)[0].len() + 1).sum();
    u16::try_from(columns).unwrap_or(u16::MAX).saturating_sub(1).saturating_mul(scale)
}

/// Draws `text` with its upper left corner at a cell.
pub(super) fn draw(buffer: &mut Buffer, (x, y): (u16, u16), text: &str, scale: u16, style: Style, theme: Theme) {
    let mut left = x;
    for c in text.chars() {
        let rows = font(c);
        let columns = u16::try_from(rows[0].len()).unwrap_or(0);
        let is_set = |column: u16, pixel: u16| {
            let row = rows.get(usize::from(pixel / scale));
            row.is_some_and(|row| row.as_bytes().get(usize::from(column / scale)) == Some(&b'1'))
        };
        for line in 0..lines(scale) {
            for column in 0..columns * scale {
                let block = theme.half(is_set(column, line * 2), is_set(column, line * 2 + 1));
                if block != ' ' {
                    put(buffer, left + column, y + line, block.encode_utf8(&mut [0; 4]), style);
                }
            }
        }
        left += (columns + 1) * scale;
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn digits_are_as_large_as_they_say() {
        let rows = |scale: u16| -> Vec<String> {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width("1.3", scale), lines(scale)));
            draw(&mut buffer, (0, 0), "1.3", scale, Style::new(), Theme::new(false, false));
            let rows = buffer.content().chunks(usize::from(buffer.area().width));
            rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect()).collect()
        };
        assert_eq!(rows(1), ["▄█    ▀▀█", " █    ▀▀█", "▀▀▀ ▀ ▀▀▀"]);
        assert_eq!(
            rows(2),
            [
                "  ██        ██████",
                "████            ██",
                "  ██        ██████",
                "  ██            ██",
                "██████  ██  ██████"
            ]
        );
    }
}

//! Text in terminal columns: its display width, padding and line breaks, and the width of the terminal.

use std::io;

use unicode_width::UnicodeWidthStr as _;

use crate::units::visible;

/// Width of an output that has none of its own: a pipe, a file.
const DEFAULT_WIDTH: usize = 80;

/// Range of widths that text is laid out for.
const READABLE: std::ops::RangeInclusive<usize> = 40..=200;

/// Returns the width of the terminal, else `COLUMNS`, else 80.
pub(crate) fn terminal_width() -> usize {
    let asked = || std::env::var("COLUMNS").ok()?.parse().ok();
    stdout_width().or_else(asked).unwrap_or(DEFAULT_WIDTH).clamp(*READABLE.start(), *READABLE.end())
}

/// Returns the width of the terminal on stdout; `None` where stdout is none.
pub(crate) fn stdout_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// Returns the width of the terminal on stderr that lines are broken for; `None` where stderr is none, or the terminal does not
/// tell.
pub(crate) fn stderr_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0).max(*READABLE.start()))
}

/// Returns the number of lines of the terminal, else `LINES`; `None` for an output without an end.
pub(crate) fn terminal_height() -> Option<usize> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(_, height)| usize::from(height.0));
    terminal.or_else(|| std::env::var("LINES").ok()?.parse().ok())
}

/// Returns the number of columns that `text` takes up in a terminal.
pub(crate) fn display_width(text: &str) -> usize {
    text.width()
}

/// Pads `text` on the right to `width` columns; longer text is left as it is.
pub(crate) fn pad_end(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(display_width(text)))
}

/// Breaks `text` between words into lines of at most `width` columns; a longer word has a line of its own. Line breaks in the
/// text, and what else a terminal does not show, are escaped.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let text = visible(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && display_width(&line) + 1 + display_width(word) > width {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Breaks a `line`, styles and all, between words into lines of at most `width` columns, the later ones indented.
pub(crate) fn wrapped_line(line: &str, width: usize, indent: usize) -> String {
    let (mut shown, mut column) = (String::with_capacity(line.len()), 0);
    for (nth, word) in line.split(' ').enumerate() {
        let columns = console::measure_text_width(word.trim_end());
        if nth > 0 && column > indent && column + 1 + columns > width {
            shown.push('\n');
            shown.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if nth > 0 {
            shown.push(' ');
            column += 1;
        }
        shown.push_str(word);
        column += columns;
    }
    shown
}

/// Breaks the lines of a message as [`wrapped_line`] does; those that begin with no word may be a drawing, such as the place in
/// a file, and stay as they are.
pub(crate) fn wrapped_message(text: &str, width: usize) -> String {
    let begins_with_word = |line: &str| {
        let plain = console::strip_ansi_codes(line);
        plain.starts_with(|first: char| first.is_alphabetic() || matches!(first, '`' | '-' | '\''))
    };
    let shown = |line: &str| if begins_with_word(line) { wrapped_line(line, width, 2) } else { line.to_owned() };
    text.split_inclusive('\n').map(shown).collect()
}

/// Returns `text` in at most `lines` lines of `width` columns, without characters that control a terminal; what does not fit
/// ends in `…`.
pub(crate) fn fitted(text: &str, width: usize, lines: usize) -> Vec<String> {
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

/// Joins the first of `facts`, as many as there is room for in `width` columns.
pub(crate) fn fitted_facts(facts: &[String], width: usize) -> String {
    let mut line = String::new();
    for fact in facts {
        let fact = visible(fact);
        let gap = if line.is_empty() { "" } else { "  " };
        if display_width(&line) + gap.len() + display_width(&fact) > width {
            break;
        }
        line.push_str(gap);
        line.push_str(&fact);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdef g", 4), ["abcdef", "g"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("a\nb c\u{1b}[2J", 5), ["a\\nb", "c\\u{1b}[2J"]);
    }

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
    fn drawings_in_messages_are_not_broken() {
        let message = "error: not a wait\n 3 | wait = 1\n   |        ^ here it is\nhint: write p95=60s\n";
        assert_eq!(
            wrapped_message(message, 14),
            "error: not a\n  wait\n 3 | wait = 1\n   |        ^ here it is\nhint: write\n  p95=60s\n"
        );
        assert_eq!(wrapped_message("\u{1b}[1merror:\u{1b}[0m a b", 8), "\u{1b}[1merror:\u{1b}[0m a\n  b");
    }

    #[test]
    fn lines_break_between_words_whatever_their_style() {
        assert_eq!(wrapped_line("12:00 INFO ended a=1 b=2\n", 16, 2), "12:00 INFO ended\n  a=1 b=2\n");
        assert_eq!(
            wrapped_line("\u{1b}[2m12:00\u{1b}[0m  \u{1b}[32mok\u{1b}[0m abc", 13, 2),
            "\u{1b}[2m12:00\u{1b}[0m  \u{1b}[32mok\u{1b}[0m abc"
        );
        assert_eq!(wrapped_line("a longer-than-all b", 6, 2), "a longer-than-all\n  b");
    }

    #[test]
    fn width_counts_columns_and_not_characters() {
        for (text, width) in [("abc", 3), ("订单", 4), ("e\u{301}", 1), ("0 → 1", 5), ("█░", 2)] {
            assert_eq!(display_width(text), width, "{text}");
        }
        assert_eq!(pad_end("订单", 6), "订单  ");
        assert_eq!(pad_end("abc", 2), "abc");
        assert_eq!(wrapped("订单 订单", 8), ["订单", "订单"]);
    }

    #[test]
    fn facts_that_do_not_fit_are_left_out_whole() {
        let facts =
            ["mylist:".to_owned(), "1,200 processed".to_owned(), "3 in flight".to_owned(), "0 failed".to_owned()];
        assert_eq!(fitted_facts(&facts, 80), "mylist:  1,200 processed  3 in flight  0 failed");
        assert_eq!(fitted_facts(&facts, 40), "mylist:  1,200 processed  3 in flight");
        assert_eq!(fitted_facts(&facts, 36), "mylist:  1,200 processed");
        assert_eq!(fitted_facts(&["a\nb\u{1b}[2J".to_owned()], 80), "a\\nb\\u{1b}[2J");
    }
}

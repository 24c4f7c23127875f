//! A line of text with carets below a part of it.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Columns to which a snippet is cut; callers decide which lines are too long to show.
const WIDTH: usize = 10_000;

/// Renders line `number` of a file, with carets below `columns`: characters counted from 0.
///
/// Tabs are expanded and control characters made visible; carets follow the display width.
pub(crate) fn of_line(number: usize, text: &str, columns: Range<usize>) -> String {
    render(Snippet::source(text).line_start(number), text, columns)
}

/// Renders a text that is no line of a file: without a number.
pub(crate) fn of_text(text: &str, columns: Range<usize>) -> String {
    render(Snippet::source(text).line_numbering(false), text, columns)
}

fn render<'a>(snippet: Snippet<'a, annotate_snippets::Annotation<'a>>, text: &'a str, columns: Range<usize>) -> String {
    let byte = |column: usize| text.char_indices().nth(column).map_or(text.len(), |(at, _)| at);
    let span = AnnotationKind::Primary.span(byte(columns.start)..byte(columns.end));
    let group = Group::with_level(Level::ERROR).element(snippet.annotation(span));
    Renderer::plain().term_width(WIDTH).render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_columns() {
        for (text, columns, expected) in [
            ("list = \"\"", 7..9, "  |\n2 | list = \"\"\n  |        ^^"),
            ("日本 = \"é\"", 5..8, "  |\n2 | 日本 = \"é\"\n  |        ^^^"),
            ("\tx", 1..2, "  |\n2 |     x\n  |     ^"),
            ("abc", 3..9, "  |\n2 | abc\n  |    ^"),
        ] {
            assert_eq!(of_line(2, text, columns), expected);
        }
        assert_eq!(of_text("2m@1, 1m@x", 9..10), " |\n | 2m@1, 1m@x\n |          ^");
    }
}

//! Colours and characters of the dashboard. Nothing is told by colour alone, and without colour no colour is sent at all.

use ratatui::style::{Color, Modifier, Style};

use crate::terminal::chart::Tone;

/// Colours and characters that the terminal takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    is_colored: bool,
    is_ascii: bool,
}

/// Blocks of one eighth of a line, two eighths, up to a whole line.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Number of marks that have a character of their own.
const CIRCLED: u32 = 20;

#[allow(clippy::unused_self, reason = "every style is asked of the theme")]
impl Theme {
    pub(super) fn new(is_colored: bool, is_ascii: bool) -> Self {
        Self { is_colored, is_ascii }
    }

    /// Returns true if only ASCII characters are drawn.
    pub(super) fn is_ascii(self) -> bool {
        self.is_ascii
    }

    /// Returns the style of a quantity: one of the colours that colour-blind people tell apart, too.
    pub(super) fn tone(self, tone: Tone) -> Style {
        let color = match tone {
            Tone::Backlog => Color::Yellow,
            Tone::InFlight => Color::Cyan,
            Tone::Pods => Color::Green,
            Tone::Recorded => Color::Magenta,
        };
        self.colored(color)
    }

    /// Returns the style of what needs attention.
    pub(super) fn warning(self) -> Style {
        self.colored(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    /// Returns the style of numbers that are not of now.
    pub(super) fn stale(self) -> Style {
        self.colored(Color::DarkGray).add_modifier(Modifier::DIM)
    }

    /// Returns the style of names, in contrast to their values.
    pub(super) fn label(self) -> Style {
        Style::new()
    }

    pub(super) fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns the style of the line that says why.
    pub(super) fn headline(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    fn colored(self, color: Color) -> Style {
        if self.is_colored { Style::new().fg(color) } else { Style::new() }
    }

    /// Returns the character of a line that is filled up to `eighths`, from 1 to 8.
    pub(super) fn block(self, eighths: usize) -> char {
        let eighths = eighths.clamp(1, 8);
        match (self.is_ascii, eighths) {
            (false, _) => EIGHTHS[eighths - 1],
            (true, 1..=2) => '_',
            (true, 3..=6) => '=',
            (true, _) => '#',
        }
    }

    /// Returns the upper or lower half of a block, or all of it.
    pub(super) fn half(self, upper: bool, lower: bool) -> char {
        match (upper, lower) {
            (false, false) => ' ',
            _ if self.is_ascii => '#',
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
        }
    }

    /// Returns the character of what is desired and not there yet.
    pub(super) fn shade(self) -> char {
        if self.is_ascii { ':' } else { '░' }
    }

    /// Returns the line of an axis, its corner, its edge next to a label, and without one, and a tick.
    pub(super) fn axis(self) -> AxisGlyphs {
        if self.is_ascii {
            AxisGlyphs { line: '-', corner: '+', labelled: '+', edge: '|', tick: '+', gap: '.' }
        } else {
            AxisGlyphs { line: '─', corner: '└', labelled: '┤', edge: '│', tick: '┴', gap: '·' }
        }
    }

    /// Returns the mark of a numbered change.
    pub(super) fn mark(self, number: usize) -> String {
        match u32::try_from(number) {
            Ok(circled @ 1..=CIRCLED) if !self.is_ascii => {
                char::from_u32('①' as u32 + circled - 1).map_or_else(|| number.to_string(), String::from)
            }
            _ => number.to_string(),
        }
    }

    /// Returns `text` with the characters that the terminal has.
    pub(super) fn text(self, text: &str) -> String {
        if !self.is_ascii {
            return text.to_owned();
        }
        let mut plain = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '→' => plain.push_str("->"),
                '÷' => plain.push('/'),
                '×' => plain.push('x'),
                '−' | '─' => plain.push('-'),
                '·' | '│' => plain.push('|'),
                '…' => plain.push('~'),
                '≠' => plain.push_str("!="),
                '←' => plain.push('<'),
                '▁' | '▂' => plain.push('_'),
                '▃'..='▆' => plain.push('='),
                '▇' | '█' => plain.push('#'),
                '░' => plain.push(':'),
                '┤' | '└' | '┴' => plain.push('+'),
                c if c.is_ascii() => plain.push(c),
                _ => plain.push('?'),
            }
        }
        plain
    }
}

/// Characters of an axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct AxisGlyphs {
    pub(super) line: char,
    pub(super) corner: char,
    /// Edge next to a label.
    pub(super) labelled: char,
    pub(super) edge: char,
    pub(super) tick: char,
    /// Time without data.
    pub(super) gap: char,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_colour_is_sent_without_colour() {
        let plain = Theme::new(false, false);
        for style in [plain.tone(Tone::Pods), plain.warning(), plain.stale(), plain.headline(), plain.bold()] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_eq!(Theme::new(true, false).tone(Tone::Backlog).fg, Some(Color::Yellow));
    }

    #[test]
    fn ascii_has_only_ascii() {
        let ascii = Theme::new(false, true);
        let blocks: String = (1..=8).map(|eighths| ascii.block(eighths)).collect();
        let text = format!("{blocks}{}{}{}", ascii.half(true, false), ascii.mark(3), ascii.text("0 → 1, 5 ÷ 2…"));
        assert!(text.is_ascii(), "{text}");
        assert_eq!(ascii.text("5 ┤ ▁▂▃▆▇█░\n  └┴─│"), "5 + __==##:\n  ++-|");
        assert_eq!((Theme::new(true, false).mark(20).as_str(), Theme::new(true, false).mark(21).as_str()), ("⑳", "21"));
    }
}

//! Characters that must not reach a terminal or a log as they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns whether a character controls a terminal, or reorders or hides the text around it.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns `text` with hidden characters escaped as in Rust: `\u{9b}`, `\n`.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Returns text of several lines with hidden characters escaped, except ends of lines and tabs.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// Returns the output of a command with hidden characters escaped, except ends of lines, tabs and colors of the terminal.
///
/// The escapes are those of JSON, `\u009b`: JSON keeps its value, for it has hidden characters in its strings only.
pub fn visible_output(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !matches!(c, '\n' | '\t');
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let next = color(rest).unwrap_or(c.len_utf8());
        if next == c.len_utf8() && hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to memory does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push_str(&rest[..next]);
        }
        rest = &rest[next..];
    }
    Cow::Owned(shown)
}

/// Returns the output of a command as [`visible_output`] does, with bytes that are not UTF-8 as `\xff`.
pub fn visible_bytes(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return visible_output(text);
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        shown.push_str(&visible_output(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to memory does not fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    Cow::Owned(shown)
}

/// Returns the length of the color sequence at the start of `text`.
fn color(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').strip_prefix('m')?;
    Some(text.len() - end.len())
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !keep(c);
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hidden_characters_are_escaped() {
        for (text, shown) in [
            ("grüße, 订单 🦀", "grüße, 订单 🦀"),
            ("a\u{1b}]0;x\u{7}", "a\\u{1b}]0;x\\u{7}"),
            ("a\u{9b}31m", "a\\u{9b}31m"),
            ("a\u{202e}b\u{2066}c\u{feff}", "a\\u{202e}b\\u{2066}c\\u{feff}"),
            ("a\nb\tc\u{7f}", "a\\nb\\tc\\u{7f}"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_lines("a\n\tb\r\u{9b}"), "a\n\tb\\r\\u{9b}");
    }

    #[test]
    fn colors_are_kept_and_other_sequences_escaped() {
        for (text, shown) in [
            ("\u{1b}[1;31merror:\u{1b}[0m x\n", "\u{1b}[1;31merror:\u{1b}[0m x\n"),
            ("a\u{1b}[2J\u{1b}[m\u{9b}1m", "a\\u001b[2J\u{1b}[m\\u009b1m"),
            ("\u{1b}]0;title\u{7}\u{1b}", "\\u001b]0;title\\u0007\\u001b"),
        ] {
            assert_eq!(visible_output(text), shown);
        }
    }

    proptest! {
        #[test]
        fn json_keeps_its_value(text in "\\PC{0,20}[\u{0}-\u{a0}\u{200b}-\u{206f}\u{e0000}-\u{e007f}]{0,20}") {
            let json = serde_json::to_string(&text).unwrap();
            let shown = visible_output(&json);
            prop_assert!(!shown.contains(is_hidden), "{shown}");
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }
}

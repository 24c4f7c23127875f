//! One item of the list: bytes, and how they are shown to people.

use std::fmt;

use bytes::Bytes;

/// What one element of the list holds, byte for byte. Prints safely, whatever it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item(pub Bytes);

/// How many characters of an item are shown.
const SHOWN: usize = 200;

impl fmt::Display for Item {
    /// Writes text as it is, and escapes what a terminal would act on or could not show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = SHOWN;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if left == 0 {
                    return write!(f, "… ({} bytes)", self.0.len());
                }
                left -= 1;
                if c.is_control() || is_invisible(c) {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
                left = left.saturating_sub(1);
            }
        }
        Ok(())
    }
}

/// Characters that reorder or hide the text around them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &'static [u8]) -> String {
        Item(Bytes::from_static(bytes)).to_string()
    }

    #[test]
    fn text_is_shown_as_it_is_and_the_rest_is_escaped() {
        assert_eq!(shown("grüße {\"a\": 1}".as_bytes()), "grüße {\"a\": 1}");
        assert_eq!(shown(b"a\x1b[31m\n\0"), "a\\u{1b}[31m\\n\\u{0}");
        assert_eq!(shown(b"\xff\xfeok"), "\\xff\\xfeok");
        assert_eq!(shown("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }

    #[test]
    fn a_long_item_is_cut_and_its_size_told() {
        let shown = Item(Bytes::from(vec![b'x'; 1000])).to_string();
        assert!(shown.ends_with("x… (1000 bytes)") && shown.chars().count() < 220);
    }
}

//! Item: the bytes of a list element, and how they are displayed.

use std::fmt;

use bytes::Bytes;

use crate::units::is_hidden;

/// Content of one element of the list, byte for byte. `Display` escapes control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item(pub Bytes);

/// Characters of an item that are shown.
const DISPLAYED: usize = 200;

impl fmt::Display for Item {
    /// Writes text unchanged, and escapes control characters, invisible characters and invalid UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.beginning(DISPLAYED, self.0.len() as u64).fmt(f)
    }
}

impl Item {
    /// Displays the first `most` characters, given that these bytes are the beginning of an item of `size` bytes.
    pub fn beginning(&self, most: usize, size: u64) -> impl fmt::Display {
        Beginning { bytes: &self.0, most, size }
    }
}

/// Beginning of an item.
struct Beginning<'a> {
    bytes: &'a [u8],
    most: usize,
    size: u64,
}

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.most;
        for chunk in self.bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if left == 0 {
                    return write!(f, "… ({} bytes)", self.size);
                }
                left -= 1;
                if is_hidden(c) {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            for byte in chunk.invalid() {
                if left == 0 {
                    return write!(f, "… ({} bytes)", self.size);
                }
                left -= 1;
                write!(f, "\\x{byte:02x}")?;
            }
        }
        if (self.bytes.len() as u64) < self.size {
            return write!(f, "… ({} bytes)", self.size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &'static [u8]) -> String {
        Item(Bytes::from_static(bytes)).to_string()
    }

    #[test]
    fn item_displays_text_unchanged_and_escapes_the_rest() {
        assert_eq!(shown("grüße {\"a\": 1}".as_bytes()), "grüße {\"a\": 1}");
        assert_eq!(shown(b"a\x1b[31m\n\0"), "a\\u{1b}[31m\\n\\u{0}");
        assert_eq!(shown(b"\xff\xfeok"), "\\xff\\xfeok");
        assert_eq!(shown("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }

    #[test]
    fn item_display_is_cut_with_its_size() {
        let shown = Item(Bytes::from(vec![b'x'; 1000])).to_string();
        assert!(shown.ends_with("x… (1000 bytes)") && shown.chars().count() < 220);
        let binary = Item(Bytes::from(vec![0xff; 1000])).to_string();
        assert!(binary.ends_with("\\xff… (1000 bytes)") && binary.len() < 820, "{binary}");
        let beginning = Item(Bytes::from_static(b"abcd")).beginning(10, 4000).to_string();
        assert_eq!(beginning, "abcd… (4000 bytes)");
    }

    proptest! {
        #[test]
        fn any_item_is_shown_in_visible_characters(
            item in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..400),
                "[\u{0}-\u{a0}\u{200b}-\u{206f}\u{e0000}-\u{e007f}]{0,400}".prop_map(String::into_bytes),
            ],
        ) {
            let shown = Item(Bytes::from(item)).to_string();
            prop_assert!(!shown.contains(is_hidden) && shown.len() < 12 * DISPLAYED, "{shown}");
        }
    }
}

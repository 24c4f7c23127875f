//! Text files as people have them: UTF-8 or UTF-16, with or without a byte order mark.

use std::borrow::Cow;

/// Bytes that are not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// Neither UTF-8 nor UTF-16 with a byte order mark.
    #[error("is not UTF-8 text (from byte {} on)", .0 + 1)]
    Utf8(usize),
    /// UTF-16 with half of a character.
    #[error("is not valid UTF-16 text")]
    Utf16,
}

/// Returns the bytes as text without a byte order mark. A last character that is cut off is left out.
///
/// UTF-16 is known by its byte order mark, as spreadsheets and PowerShell write it.
///
/// # Errors
///
/// Fails with the position of the first byte that is not text.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, EncodingError> {
    let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let mut units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        units.pop_if(|last| (0xd800..0xdc00).contains(last));
        String::from_utf16(&units).map(Cow::Owned).map_err(|_| EncodingError::Utf16)
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest).map_err(|at| EncodingError::Utf8(at + 3)),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes).map_err(EncodingError::Utf8),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
    let end = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(error) => return Err(error.valid_up_to()),
    };
    std::str::from_utf8(&bytes[..end]).map(Cow::Borrowed).map_err(|error| error.valid_up_to())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_give_the_same_text() {
        for bytes in [
            b"a,\xc3\xa9".as_slice(),
            b"\xef\xbb\xbfa,\xc3\xa9",
            b"\xff\xfea\0,\0\xe9\0",
            b"\xfe\xff\0a\0,\0\xe9",
            // Cut within the next character.
            b"a,\xc3\xa9\xe2\x82",
            b"\xff\xfea\0,\0\xe9\0\x3d\xd8",
            b"\xff\xfea\0,\0\xe9\0\x3d",
        ] {
            assert_eq!(decode(bytes).as_deref(), Ok("a,é"), "{bytes:?}");
        }
        assert_eq!(decode(b"a\xffb"), Err(EncodingError::Utf8(1)));
        assert_eq!(decode(b"\xef\xbb\xbfa\xffb").unwrap_err().to_string(), "is not UTF-8 text (from byte 5 on)");
        assert_eq!(decode(b"\xff\xfe\x3d\xd8a\0"), Err(EncodingError::Utf16));
    }
}

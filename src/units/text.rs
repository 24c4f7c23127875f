//! Text that is read as a whole, within a limit.

use std::io::{self, Read};

/// Bytes in a mebibyte.
pub const MIB: u64 = 1024 * 1024;

/// Reads text to its end.
///
/// # Errors
///
/// Fails when there are more than `limit` bytes, and for what is not UTF-8.
pub fn read_text(reader: impl Read, limit: u64) -> io::Result<String> {
    text(read_bytes(reader, limit)?)
}

/// Reads bytes to their end.
///
/// # Errors
///
/// Fails when there are more than `limit`.
pub fn read_bytes(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    within(bytes, limit)
}

/// Returns bytes as text, of which at most `limit` and one were read.
///
/// # Errors
///
/// Fails when there are more than `limit` bytes, and for what is not UTF-8.
pub fn text_within(bytes: Vec<u8>, limit: u64) -> io::Result<String> {
    text(within(bytes, limit)?)
}

fn within(bytes: Vec<u8>, limit: u64) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let limit = if limit < MIB { format!("{} KiB", limit / 1024) } else { format!("{} MiB", limit / MIB) };
    Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit}, the limit")))
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let message = format!("not valid UTF-8 from byte {} on", error.utf8_error().valid_up_to() + 1);
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_up_to_its_limit() {
        assert_eq!(read_text(&b"abcd"[..], 4).unwrap(), "abcd");
        let error = read_text(io::repeat(0), 2048).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::FileTooLarge, "larger than 2 KiB, the limit")
        );
        assert_eq!(read_text(io::repeat(0), MIB).unwrap_err().to_string(), "larger than 1 MiB, the limit");
        assert_eq!(read_text(&b"a\xff"[..], 9).unwrap_err().to_string(), "not valid UTF-8 from byte 2 on");
    }
}

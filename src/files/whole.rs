//! A whole file, or all of stdin, within a limit.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::units::read_bytes;

/// Reads a whole file, or stdin for `-`, of at most `limit` bytes. Blocks.
///
/// # Errors
///
/// Fails when there are more bytes, or when they cannot be read.
pub(crate) fn whole(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if path == Path::new("-") { read_bytes(io::stdin().lock(), limit) } else { read_bytes(File::open(path)?, limit) }
}

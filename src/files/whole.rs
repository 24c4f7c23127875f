//! A whole file, or all of stdin, within a limit.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::units::{MIB, read_bytes};

/// Limit of a recording, in bytes.
const MAX_RECORDING: u64 = 256 * MIB;

/// Reads a whole file, or stdin for `-`, of at most `limit` bytes. Blocks.
///
/// # Errors
///
/// Fails when there are more bytes, or when they cannot be read.
pub(crate) fn whole(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if path == Path::new("-") { read_bytes(io::stdin().lock(), limit) } else { read_bytes(File::open(path)?, limit) }
}

/// Reads a whole recording of a run, or stdin for `-`. Blocks.
///
/// # Errors
///
/// Fails when it has more than 256 MiB, or when it cannot be read.
pub(crate) fn recording(path: &Path) -> io::Result<Vec<u8>> {
    whole(path, MAX_RECORDING)
}

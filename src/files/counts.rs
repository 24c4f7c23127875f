//! Load patterns from files of counts.

use std::io;
use std::path::{Path, PathBuf};

use super::whole::whole;
use crate::units::MIB;
use crate::workload::Pattern;
use crate::workload::pattern::CountsError;

/// Limit of a file of counts, in bytes.
const MAX_SIZE: u64 = 64 * MIB;

/// A file of counts that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`: {fault}", path.display())]
pub(crate) struct CountsFileError {
    path: PathBuf,
    fault: CountsFileFault,
}

#[derive(Debug, thiserror::Error)]
enum CountsFileFault {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Counts(#[from] CountsError),
}

/// Reads a pattern from a file of counts, or from stdin for `-`. Blocks.
///
/// # Errors
///
/// Fails with the path and, where there is one, the line that is malformed.
pub(crate) fn read(path: &Path) -> Result<Pattern, CountsFileError> {
    pattern(path).map_err(|fault| CountsFileError { path: path.to_owned(), fault })
}

fn pattern(path: &Path) -> Result<Pattern, CountsFileFault> {
    Ok(Pattern::from_counts(&whole(path, MAX_SIZE)?)?)
}

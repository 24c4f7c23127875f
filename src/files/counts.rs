//! Loads from files of counts.

use std::io;
use std::path::{Path, PathBuf};

use super::whole::whole;
use crate::units::MIB;
use crate::workload::RecordedCounts;
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

/// Reads a file of counts, or stdin for `-`, with columns of `triggers`. Blocks.
///
/// # Errors
///
/// Fails with the path and, where there is one, the line that is malformed.
pub(crate) fn read(path: &Path, triggers: &[&str]) -> Result<RecordedCounts, CountsFileError> {
    counts(path, triggers).map_err(|fault| CountsFileError { path: path.to_owned(), fault })
}

fn counts(path: &Path, triggers: &[&str]) -> Result<RecordedCounts, CountsFileFault> {
    Ok(RecordedCounts::read(&whole(path, MAX_SIZE)?, triggers)?)
}

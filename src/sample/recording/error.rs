//! Faults of recordings.

use std::time::Duration;

use crate::units::{CsvError, EncodingError, counted};

/// Limit of a recording's duration.
pub(super) const MAX_SPAN: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// A recording that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}{}: {fault}", line_suffix(*.line))]
pub struct RecordingError {
    /// Name of the recording.
    pub(super) name: String,
    /// Line, counted from 1; `None` if the fault is not in a single line.
    pub(super) line: Option<u64>,
    pub(super) fault: RecordingFault,
}

/// Fault of a recording.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RecordingFault {
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    #[error("is not a sample: {0}")]
    NotASample(String),
    #[error("is not CSV: {0}")]
    NotCsv(String),
    #[error("columns are separated by {0}: use commas")]
    Separator(&'static str),
    #[error("has {}: the header has {header}", counted(*.row, "column", "columns"))]
    Columns { row: usize, header: usize },
    #[error("is neither JSON nor a CSV file with a column `{}`", .0.join("` or `"))]
    NoColumn(&'static [&'static str]),
    #[error("`{0}` is not a whole number")]
    NotANumber(String),
    #[error("`{0}` is not a number")]
    NotAValue(String),
    #[error("`{0}` is not a valid time: expected RFC 3339 or a number of seconds, the same in all lines")]
    NotATime(String),
    #[error("goes back in time")]
    BackInTime,
    #[error("goes back in time after {}s", .0.as_secs())]
    BackInTimeAfter(Duration),
    #[error("lasts longer than {} days, the limit", MAX_SPAN.as_secs() / 86_400)]
    TooLong,
    #[error("contains no sample")]
    NoSample,
    #[error("contains no sample with replica counts (`target`, or a column `desired`)")]
    Empty,
}

impl RecordingFault {
    pub(super) fn at(self, line: u64) -> LineFault {
        LineFault { line: Some(line), fault: self }
    }
}

/// A fault, and the line it is in.
pub(super) struct LineFault {
    pub(super) line: Option<u64>,
    pub(super) fault: RecordingFault,
}

impl From<CsvError> for LineFault {
    fn from(CsvError { line, reason }: CsvError) -> Self {
        RecordingFault::NotCsv(reason).at(line)
    }
}

impl From<RecordingFault> for LineFault {
    fn from(fault: RecordingFault) -> Self {
        Self { line: None, fault }
    }
}

fn line_suffix(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(":{line}"))
}

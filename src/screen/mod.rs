//! The terminal: results on stdout, everything for people on stderr.

mod echo;
mod logs;
mod printer;
mod progress;
mod readout;

pub(crate) use echo::{Echo, Stream};
pub(crate) use logs::LogFormat;
pub(crate) use printer::{Output, Printer, Verbosity};
pub(crate) use progress::Progress;
pub(crate) use readout::Readout;

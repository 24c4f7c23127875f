//! The terminal: results on stdout, everything for people on stderr.

mod logs;
mod printer;

pub(crate) use logs::LogFormat;
pub(crate) use printer::{Printer, Verbosity};

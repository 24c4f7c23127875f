//! The terminal: results on stdout, everything for people on stderr.

mod chart;
mod echo;
mod lines;
mod logs;
mod printer;
mod progress;
mod readout;
mod timeline;

pub(crate) use chart::{Chart, Clock, Mark, Panel, Tone, width};
pub(crate) use echo::{Echo, Stream};
pub(crate) use logs::LogFormat;
pub(crate) use printer::{Output, Printer, Verbosity};
pub(crate) use progress::Progress;
pub(crate) use readout::Readout;
pub(crate) use timeline::{Entry, facts, timeline};

//! The terminal: results on stdout; progress, log and errors on stderr.

#[cfg(not(feature = "dashboard"))]
mod absent;
mod board;
mod chart;
mod columns;
#[cfg(feature = "dashboard")]
mod dashboard;
mod echo;
mod entry;
mod filter;
mod image;
mod keep;
mod logs;
mod output;
mod output_file;
mod printer;
mod progress;
mod rate;
mod readout;
mod rows;
mod screen;
mod search;
mod status;
mod stderr;
mod tail;
mod timeline;

#[cfg(not(feature = "dashboard"))]
use absent::{CastFrames, Dashboard};
#[cfg(feature = "dashboard")]
use dashboard::{CastFrames, Dashboard};

pub(crate) use board::{DashboardSetup, KeySet, RunAction};
pub(crate) use chart::{AxisScale, Chart, Elapsed, Mark, Panel, Tone, html};
pub(crate) use columns::{
    display_width, pad_end, stdout_width, terminal_height, terminal_width, wrapped, wrapped_line,
};
pub(crate) use echo::{Echo, Speaker, Stream};
pub(crate) use filter::OutputFilter;
pub(crate) use image::{ImageFile, image_file};
pub(crate) use keep::RunFiles;
pub(crate) use output::{LogFormat, Output, Verbosity};
pub(crate) use output_file::OutputFile;
pub(crate) use printer::{PipeWait, Printer, print_mistake};
pub(crate) use progress::{Progress, PushState};
pub(crate) use rate::{RecentRate, shown_count, shown_rate};
pub(crate) use readout::Readout;
pub(crate) use search::SearchProgress;
pub(crate) use status::StatusLine;
pub(crate) use timeline::{TimelineEntry, facts, heading, listed, timeline};

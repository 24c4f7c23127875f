//! The log on stderr, as text or as JSON lines.

use std::io::{self, Write};
use std::time::SystemTime;

use indicatif::MultiProgress;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

use super::columns::{stderr_width, wrapped_line};
use super::entry::{JsonEntry, RunFields, TextFields};
use super::filter::OutputFilter;
use super::output::{LogFormat, Verbosity};
use super::stderr::Stderr;
use super::tail::LogTail;
use crate::units::{rfc_3339_millis, rfc_3339_seconds};

/// Columns of the time and the level before a message on a terminal: the lines that follow are as far to the right.
const INDENT: usize = 16;

/// Starts the log for the whole process; a second call changes nothing.
///
/// On a `terminal`, lines are brief, and stand above the progress bars.
pub(super) fn start(verbosity: Verbosity, format: LogFormat, sink: LogSink, filter: OutputFilter, run: RunFields) {
    let level = match verbosity {
        Verbosity::Quiet => Level::WARN,
        Verbosity::Normal => Level::INFO,
        Verbosity::Verbose => Level::DEBUG,
    };
    // Libraries log every attempt; the connection layer reports each outage once.
    let targets = Targets::new().with_target("qscale", level);
    let terminal = sink.terminal;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(sink)
        // They would be written past the writer, and panic when stderr is closed.
        .log_internal_errors(false)
        .with_timer(Timestamp { brief: terminal && format == LogFormat::Text })
        .with_target(false)
        .with_ansi(anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never);
    let layer = match format {
        LogFormat::Text => lines.fmt_fields(TextFields(filter)).boxed(),
        LogFormat::Json => lines.event_format(JsonEntry { filter, run }).boxed(),
    };
    let _ = Registry::default().with(layer.with_filter(targets)).try_init();
}

/// RFC 3339 in UTC, as in `kubectl logs --timestamps`; on a terminal (`brief`) the time of day alone.
struct Timestamp {
    brief: bool,
}

impl FormatTime for Timestamp {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let now = SystemTime::now();
        if self.brief {
            let stamp = rfc_3339_seconds(now).to_string();
            return write!(writer, "{}", stamp.split_once('T').map_or(stamp.as_str(), |(_, time)| time));
        }
        write!(writer, "{}", rfc_3339_millis(now))
    }
}

/// Writes log lines above the progress bars, which are hidden meanwhile; those of a terminal that the dashboard has are kept.
pub(super) struct LogSink {
    pub(super) bars: MultiProgress,
    pub(super) stderr: Stderr,
    pub(super) tail: LogTail,
    /// True if stderr is a terminal.
    pub(super) terminal: bool,
    /// True if lines that are wider than the terminal break between words.
    pub(super) wraps: bool,
}

impl<'a> MakeWriter<'a> for LogSink {
    type Writer = LineAbove<'a>;

    fn make_writer(&'a self) -> LineAbove<'a> {
        LineAbove { sink: self, level: Level::INFO }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> LineAbove<'a> {
        LineAbove { sink: self, level: *meta.level() }
    }
}

pub(super) struct LineAbove<'a> {
    sink: &'a LogSink,
    level: Level,
}

/// Returns a `line` as it is written to a terminal: broken between words if it is wider.
pub(super) fn broken(line: &[u8]) -> Vec<u8> {
    match (stderr_width(), std::str::from_utf8(line)) {
        (Some(width), Ok(text)) => wrapped_line(text, width, INDENT).into_bytes(),
        _ => line.to_vec(),
    }
}

impl Write for LineAbove<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // The subscriber writes a whole line in one call.
        let Self { sink: LogSink { bars, stderr, tail, terminal, wraps }, level } = self;
        if !tail.keep(*level, line) || !*terminal {
            let shown = if *wraps { broken(line) } else { line.to_vec() };
            bars.suspend(|| stderr.push(shown));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

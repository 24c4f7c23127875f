//! The log on stderr: lines for people, or JSON lines.

use std::io::{self, IsTerminal as _, Write};
use std::time::SystemTime;

use indicatif::MultiProgress;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

use super::printer::Verbosity;

/// The form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log for the whole process; a second call changes nothing.
pub(super) fn start(verbosity: Verbosity, format: LogFormat, bars: MultiProgress) {
    let level = match verbosity {
        Verbosity::Quiet => Level::WARN,
        Verbosity::Normal => Level::INFO,
        Verbosity::Verbose => Level::DEBUG,
    };
    // What libraries say of every try is noise here: the connection layer says once what matters.
    let filter = Targets::new().with_target("qscale", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(AboveBars(bars))
        .with_timer(Clock { brief: io::stderr().is_terminal() && format == LogFormat::Text })
        .with_target(false)
        .with_ansi(anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never);
    let layer = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_ansi(false).boxed(),
    };
    let _ = Registry::default().with(layer.with_filter(filter)).try_init();
}

/// RFC 3339 in UTC, as `kubectl logs --timestamps` has it; the time of day is enough for who looks on.
struct Clock {
    brief: bool,
}

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let now = SystemTime::now();
        if self.brief {
            let stamp = humantime::format_rfc3339_seconds(now).to_string();
            return write!(writer, "{}", stamp.split_once('T').map_or(stamp.as_str(), |(_, time)| time));
        }
        write!(writer, "{}", humantime::format_rfc3339_millis(now))
    }
}

/// Writes log lines above the bars, which are taken away meanwhile.
struct AboveBars(MultiProgress);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = LineAbove<'a>;

    fn make_writer(&'a self) -> LineAbove<'a> {
        LineAbove(&self.0)
    }
}

struct LineAbove<'a>(&'a MultiProgress);

impl Write for LineAbove<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A whole line comes in one call.
        self.0.suspend(|| io::stderr().write_all(line)).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

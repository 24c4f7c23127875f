//! The printer: results go to stdout; progress, log and errors to stderr.

use std::fmt::{self, Debug, Display, Formatter};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use color_eyre::eyre::{Report, Result, WrapErr as _};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use tracing::Level;

use super::columns::{stderr_width, wrapped_message};
use super::echo::Echo;
use super::entry::RunFields;
use super::filter::OutputFilter;
use super::logs::{self, LogSink};
use super::output::{LogFormat, Verbosity};
use super::progress::Progress;
use super::screen;
use super::stderr::{self, Stderr};
use super::tail::LogTail;
use crate::units::visible_output;

const CANNOT_WRITE: &str = "cannot write to stdout";

/// Time to wait at the end for a reader of stderr.
const LAST_FLUSH: Duration = Duration::from_secs(1);

/// Time to wait for a reader of stderr before a result, so that both come in order where they go to the same place.
const FLUSH: Duration = Duration::from_millis(100);

/// The only type that prints.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent settings")]
pub(crate) struct Printer {
    stderr: Stderr,
    bars: MultiProgress,
    stdout: Arc<Stdout>,
    log: LogFormat,
    run: RunFields,
    filter: OutputFilter,
    leave: LeaveScreen,
    tail: LogTail,
    /// Level down to which log lines that the dashboard has kept are written at its end.
    kept_level: Level,
    /// True if an error is shown with its backtrace.
    backtrace: bool,
    /// True if progress bars are drawn: stderr is a terminal, and the log is for people and not quiet.
    live: bool,
    /// True if the terminal takes more than lines.
    smart: bool,
    /// True if stderr is a terminal.
    terminal: bool,
}

/// Returns from the screen of the dashboard, once there is one.
#[derive(Clone, Default)]
struct LeaveScreen(Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>);

/// State of stdout.
#[derive(Debug)]
struct Stdout {
    is_terminal: bool,
    waiting: PipeWait,
}

/// True while the process may wait for the other end of a pipe, for which a signal does not wait.
#[derive(Debug, Clone, Default)]
pub(crate) struct PipeWait(Arc<AtomicBool>);

impl PipeWait {
    /// Runs what may wait.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let outer = self.0.swap(true, Relaxed);
        let done = work();
        self.0.store(outer, Relaxed);
        done
    }
}

impl Printer {
    /// Decides where bars are drawn, and starts the log.
    pub(crate) fn new(verbosity: Verbosity, log: LogFormat, filter: OutputFilter) -> Self {
        let terminal = io::stderr().is_terminal();
        let smart = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let live = terminal && smart && verbosity != Verbosity::Quiet && log == LogFormat::Text;
        let stderr = Stderr::start(io::stderr());
        let target = if live { screen::target(stderr.clone()) } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let tail = LogTail::default();
        let run = RunFields::default();
        let sink = LogSink {
            bars: bars.clone(),
            stderr: stderr.clone(),
            tail: tail.clone(),
            terminal,
            wraps: terminal && log == LogFormat::Text,
        };
        logs::start(verbosity, log, sink, filter.clone(), run.clone());
        let stdout = Arc::new(Stdout { is_terminal: io::stdout().is_terminal(), waiting: PipeWait::default() });
        // Often set permanently, so that it shows a backtrace only together with --verbose.
        let traced = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        let verbose = verbosity == Verbosity::Verbose;
        Self {
            stderr,
            bars,
            stdout,
            log,
            run,
            filter,
            leave: LeaveScreen::default(),
            tail,
            kept_level: if verbose { Level::DEBUG } else { Level::WARN },
            backtrace: traced && verbose,
            live,
            smart,
            terminal,
        }
    }

    /// Returns the progress bars, which are hidden unless [`live`](Self::live).
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Returns true if progress bars are drawn; if not, log lines report progress.
    pub(crate) fn live(&self) -> bool {
        self.live
    }

    /// Returns true if a dashboard can be drawn on stdout.
    pub(super) fn takes_dashboard(&self) -> bool {
        self.stdout.is_terminal && self.smart
    }

    /// Holds log lines back for the dashboard, until [`leave_dashboard`](Self::leave_dashboard) calls `leave` and writes them.
    pub(super) fn dashboard_opened(&self, leave: impl Fn() + Send + Sync + 'static) {
        // A run has one dashboard.
        let _ = self.leave.0.set(Box::new(leave));
        self.tail.open();
    }

    /// Returns the last lines of the log.
    pub(super) fn log_tail(&self) -> &LogTail {
        &self.tail
    }

    /// Leaves the screen of the dashboard, however the program ends, and writes the log lines that it has held back.
    pub(crate) fn leave_dashboard(&self) {
        if let Some(leave) = self.leave.0.get() {
            leave();
        }
        let kept = self.tail.close(self.kept_level);
        // Elsewhere they were written as they came.
        if self.terminal && !kept.is_empty() {
            let lines = kept.split_inclusive(|byte| *byte == b'\n');
            self.stderr.push(if self.log == LogFormat::Text { lines.flat_map(logs::broken).collect() } else { kept });
        }
    }

    /// Returns what every message passes.
    pub(crate) fn filter(&self) -> &OutputFilter {
        &self.filter
    }

    /// Returns what passes on the output of handlers, in the format of the log; `--quiet` does not silence it.
    pub(crate) fn echo(&self) -> Echo {
        Echo::above(self.bars.clone(), self.stderr.clone(), self.log, self.run.clone())
    }

    /// Adds `fields` to every entry of a JSON log from now on.
    pub(crate) fn log_fields<const N: usize>(&self, fields: [(&str, &str); N]) {
        self.run.set(fields);
    }

    /// Starts to show the progress of a push to `list`.
    pub(crate) fn progress(&self, list: &str) -> Progress {
        Progress::new(self.bars.add(ProgressBar::new_spinner()), self.live, list)
    }

    /// Writes a result to stdout, without passwords.
    pub(crate) fn result(&self, line: &impl Display) -> Result<()> {
        self.line(&self.filter.output(&line.to_string()))
    }

    /// Writes a result to stdout as one line of JSON, without passwords.
    pub(crate) fn object(&self, value: &impl Serialize) -> Result<()> {
        self.line(&self.filter.json(serde_json::to_value(value)?))
    }

    /// Writes one line of items to stdout, whatever is in them, except characters that control a terminal.
    pub(crate) fn items(&self, line: &impl Display) -> Result<()> {
        self.line(&visible_output(&line.to_string()))
    }

    fn line(&self, line: &str) -> Result<()> {
        let mut bytes = Vec::new();
        let choice = anstream::AutoStream::choice(&io::stdout());
        writeln!(anstream::AutoStream::new(&mut bytes, choice), "{line}")?;
        self.raw(&bytes)
    }

    /// Writes bytes to stdout as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        let written = self.bars.suspend(|| {
            self.stderr.flush_unless_stalled(FLUSH);
            self.stdout.write(bytes)
        });
        written.wrap_err(CANNOT_WRITE)
    }

    /// Returns true if stdout is a terminal.
    pub(super) fn is_on_terminal(&self) -> bool {
        self.stdout.is_terminal
    }

    /// Returns true while a result waits for a reader of stdout, or a file for the other end of a named pipe.
    pub(crate) fn is_waiting(&self) -> bool {
        self.stdout.waiting.0.load(Relaxed)
    }

    /// Returns what [`is_waiting`](Self::is_waiting) tells, for files.
    pub(crate) fn waiting(&self) -> PipeWait {
        self.stdout.waiting.clone()
    }

    /// Prints why the run failed: one line `error: outer: inner: cause`, and the hint if there is one.
    pub(crate) fn error(&self, report: &Report, hint: Option<&str>) {
        let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
        let backtrace =
            if self.backtrace { format!("\n{}\n", self.filter.output(&format!("{report:?}"))) } else { String::new() };
        let error = self.filter.lines(&chain.join(": "));
        let hint = hint.map(|hint| self.filter.lines(hint));
        let lines = to_stderr(&format!("{}{backtrace}", error_text(&error, hint.as_deref())));
        self.leave_dashboard();
        self.flush();
        self.bars.suspend(|| self.stderr.push(lines));
    }

    /// Prints the report of a panic. Does not touch the progress bars: the thread that panics may be drawing them.
    pub(crate) fn panicked(&self, report: &impl Display) {
        self.leave_dashboard();
        self.stderr.push(to_stderr(&self.filter.output(&format!("{report}\n"))));
        self.flush();
    }

    /// Waits until all of stderr is written, or for a moment where it is not read.
    pub(crate) fn flush(&self) {
        self.stderr.flush(LAST_FLUSH);
    }
}

impl Debug for LeaveScreen {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LeaveScreen").field(&self.0.get().is_some()).finish()
    }
}

impl Stdout {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let written = self.waiting.during(|| stderr::write_all(&mut io::stdout().lock(), bytes));
        // A terminal that is gone is a reader that has left, as with a pipe.
        written.map_err(|error| match error {
            error if self.is_terminal && stderr::is_gone(&error) => io::ErrorKind::BrokenPipe.into(),
            error => error,
        })
    }
}

/// Prints what is wrong with a command line, or how to write one, as clap words it.
pub(crate) fn print_mistake(message: &str, filter: &OutputFilter) {
    let message = filter.lines(message);
    let text = match message.strip_prefix("error: ") {
        Some(error) => error_text(error.trim_end(), None),
        None => message,
    };
    // A closed stderr leaves nothing to report to.
    let _ = io::stderr().write_all(&to_stderr(&text));
}

/// Returns `text` as it is written to stderr: with colors or without.
fn to_stderr(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let choice = anstream::AutoStream::choice(&io::stderr());
    // Writing to memory does not fail.
    let _ = anstream::AutoStream::new(&mut bytes, choice).write_all(text.as_bytes());
    bytes
}

fn error_text(error: &str, hint: Option<&str>) -> String {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
    let hint = hint.map(|hint| format!("{cyan}hint:{cyan:#} {hint}\n")).unwrap_or_default();
    let text = format!("{red}error:{red:#} {error}\n{hint}");
    match stderr_width() {
        Some(width) => wrapped_message(&text, width),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_of_a_panic_leaves_the_dashboard() {
        let printer = Printer::new(Verbosity::Quiet, LogFormat::Text, OutputFilter::default());
        let left = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&left);
        printer.dashboard_opened(move || seen.store(true, Relaxed));
        assert!(!left.load(Relaxed));
        let hook = printer.clone();
        let panicked = std::thread::spawn(move || hook.panicked(&"a task has panicked"));
        panicked.join().unwrap();
        assert!(left.load(Relaxed));
    }
}

//! The printer: results go to stdout; progress, log and errors to stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use color_eyre::eyre::{Report, Result, WrapErr as _};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::echo::Echo;
use super::logs;
use super::output::{LogFormat, Verbosity};
use super::progress::Progress;

const CANNOT_WRITE: &str = "cannot write to stdout";

/// The only type that prints.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    bars: MultiProgress,
    log: LogFormat,
    /// True if an error is shown with its backtrace.
    backtrace: bool,
    /// True if progress bars are drawn: stderr is a terminal, and the log is for people and not quiet.
    live: bool,
}

impl Printer {
    /// Decides where bars are drawn, and starts the log.
    pub(crate) fn new(verbosity: Verbosity, log: LogFormat) -> Self {
        let terminal = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let live = terminal && verbosity != Verbosity::Quiet && log == LogFormat::Text;
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        logs::start(verbosity, log, bars.clone());
        // Often set permanently, so that it shows a backtrace only together with --verbose.
        let traced = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        Self { bars, log, backtrace: traced && verbosity == Verbosity::Verbose, live }
    }

    /// Returns the progress bars, which are hidden unless [`live`](Self::live).
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Returns true if progress bars are drawn; if not, log lines report progress.
    pub(crate) fn live(&self) -> bool {
        self.live
    }

    /// Returns what passes on the output of handlers, in the format of the log; `--quiet` does not silence it.
    pub(crate) fn echo(&self) -> Echo {
        Echo::above(self.bars.clone(), self.log)
    }

    /// Starts to show the progress of a push to `list`, out of `total` items if known.
    pub(crate) fn progress(&self, total: Option<u64>, list: &str) -> Progress {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        Progress::new(self.bars.add(bar), self.live, list)
    }

    /// Writes one line of data to stdout.
    pub(crate) fn result(&self, line: &impl Display) -> Result<()> {
        let written = self.bars.suspend(|| {
            let mut stdout = anstream::stdout().lock();
            writeln!(stdout, "{line}")?;
            stdout.flush()
        });
        written.wrap_err(CANNOT_WRITE)
    }

    /// Writes bytes to stdout as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        let written = self.bars.suspend(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes)?;
            stdout.flush()
        });
        written.wrap_err(CANNOT_WRITE)
    }

    /// Prints why the run failed: one line `error: outer: inner: cause`, and the hint if there is one.
    pub(crate) fn error(&self, report: &Report, hint: Option<&str>) {
        let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
        self.bars.suspend(|| {
            let mut stderr = anstream::stderr().lock();
            // A closed stderr leaves nothing to report to.
            let _ = write_error(&mut stderr, &chain.join(": "), hint);
            if self.backtrace {
                let _ = writeln!(stderr, "\n{report:?}");
            }
        });
    }
}

fn write_error(stderr: &mut impl Write, error: &str, hint: Option<&str>) -> io::Result<()> {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
    writeln!(stderr, "{red}error:{red:#} {error}")?;
    match hint {
        Some(hint) => writeln!(stderr, "{cyan}hint:{cyan:#} {hint}"),
        None => Ok(()),
    }
}

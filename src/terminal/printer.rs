//! Two streams, decided once: what programs read goes to stdout, what people read to stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use color_eyre::eyre::{Report, Result, WrapErr as _};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::echo::Echo;
use super::logs::{self, LogFormat};
use super::progress::Progress;
use crate::exit;

/// The form of a result on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Warnings and errors.
    Quiet,
    /// What happens.
    Normal,
    /// And why.
    Verbose,
}

/// What a disk that is full, say, is an answer to.
const CANNOT_WRITE: &str = "cannot write to stdout";

/// The only one who prints.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    bars: MultiProgress,
    log: LogFormat,
    /// Whether an error is shown with all that is known of where it came from.
    whole: bool,
    /// Whether someone looks at stderr, and wants to see more than errors there.
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
        // Many have the variable set for good: only who asks for more as well is to see a trace.
        let traced = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        Self { bars, log, whole: traced && verbosity == Verbosity::Verbose, live }
    }

    /// Where bars are drawn; nowhere when nobody is looking.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether bars are seen; where not, a log line takes their place.
    pub(crate) fn live(&self) -> bool {
        self.live
    }

    /// Passes on what handlers print, in the form of the log; `--quiet` is about qscale's own words, not theirs.
    pub(crate) fn echo(&self) -> Echo {
        Echo::above(self.bars.clone(), self.log)
    }

    /// Shows how far a push to `list` has come, of `total` items where that is known.
    pub(crate) fn progress(&self, total: Option<u64>, list: &str) -> Progress {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        Progress::new(self.bars.add(bar), self.live, list)
    }

    /// Writes one line of data to stdout: what another program would want to read.
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

    /// Says why the run failed: one line `error: outer: inner: cause`, and the way out where one is known.
    pub(crate) fn error(&self, report: &Report) {
        let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
        self.bars.suspend(|| {
            let mut stderr = anstream::stderr().lock();
            // Nothing is left to do when stderr itself is gone.
            let _ = write_error(&mut stderr, &chain.join(": "), exit::hint(report).as_deref());
            if self.whole {
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

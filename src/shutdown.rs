//! Signals; the only file that handles them.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Time that a stopped process waits for the other end of a pipe.
const PIPE_TIMEOUT: Duration = Duration::from_secs(1);

/// Interval at which a stopped process is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Two tokens: `stop` asks to claim no more items; `abort`, its parent, to requeue those in flight.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    pub(crate) stop: CancellationToken,
    pub(crate) abort: CancellationToken,
    /// First signal that was received.
    signal: Arc<OnceLock<&'static str>>,
}

impl Shutdown {
    /// Listens for signals from now on, on a thread of its own: nothing that holds up the others delays a signal.
    ///
    /// The first signal stops, the second aborts, the third exits at once: by then something hangs that no token reaches.
    /// After the first one, the process also exits if it waits for the other end of a pipe, as `is_waiting` tells. An exit at
    /// once drops nothing; `before_exit` is called before it.
    ///
    /// # Errors
    ///
    /// Fails when no signal handler can be registered.
    pub(crate) fn listen(
        is_waiting: impl Fn() -> bool + Send + 'static,
        before_exit: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let abort = CancellationToken::new();
        let shutdown = Self { stop: abort.child_token(), abort, signal: Arc::default() };
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _context = runtime.enter();
            Signals::register()?
        };
        let tokens = shutdown.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(tokens.follow(signals, is_waiting));
            before_exit();
            exit();
        })?;
        Ok(shutdown)
    }

    /// Ignores all signals: for a supervisor, which ends after what it supervises.
    ///
    /// # Errors
    ///
    /// Fails when no signal handler can be registered.
    pub(crate) fn ignore() -> io::Result<Self> {
        // The handlers stay in place when they are dropped.
        Signals::register()?;
        let abort = CancellationToken::new();
        Ok(Self { stop: abort.child_token(), abort, signal: Arc::default() })
    }

    /// Passes on signals, until the process is to exit at once.
    async fn follow(self, mut signals: Signals, is_waiting: impl Fn() -> bool) {
        let _ = self.signal.set(signals.next().await);
        self.stop.cancel();
        tokio::select! {
            biased;
            _ = signals.next() => self.abort.cancel(),
            () = pipe_stalled(&is_waiting) => return,
        }
        tokio::select! {
            biased;
            _ = signals.next() => {}
            () = pipe_stalled(&is_waiting) => {}
        }
    }

    /// Returns the name of the signal that asked to stop; `None` if there was none.
    pub(crate) fn signal(&self) -> Option<&'static str> {
        self.signal.get().copied()
    }

    /// Aborts once `drain` has passed after the first signal.
    pub(crate) fn abort_after(&self, drain: Duration) {
        let Self { stop, abort, .. } = self.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            tokio::time::sleep(drain).await;
            abort.cancel();
        });
    }
}

/// Waits until the process has waited for the other end of a pipe for some time.
async fn pipe_stalled(is_waiting: &impl Fn() -> bool) {
    let mut waited = Duration::ZERO;
    while waited < PIPE_TIMEOUT {
        tokio::time::sleep(CHECK_INTERVAL).await;
        waited = if is_waiting() { waited + CHECK_INTERVAL } else { Duration::ZERO };
    }
}

/// The signals that end a process: those that ask for it, and those whose default action would end it before it can
/// requeue items and end the processes that it has started.
struct Signals(Vec<(&'static str, Signal)>);

impl Signals {
    fn register() -> io::Result<Self> {
        let always = [("SIGINT", SignalKind::interrupt()), ("SIGTERM", SignalKind::terminate())];
        let unless_ignored = [
            ("SIGHUP", SignalKind::hangup()),
            ("SIGQUIT", SignalKind::quit()),
            ("SIGUSR1", SignalKind::user_defined1()),
            ("SIGUSR2", SignalKind::user_defined2()),
            ("SIGALRM", SignalKind::alarm()),
        ];
        // `nohup` ignores SIGHUP, so that the process survives its terminal.
        let ignored = ignored();
        let heeded = unless_ignored.into_iter().filter(|(_, kind)| ignored & (1 << (kind.as_raw_value() - 1)) == 0);
        let listen = |(name, kind)| signal(kind).map(|signal| (name, signal));
        always.into_iter().chain(heeded).map(listen).collect::<io::Result<_>>().map(Self)
    }

    /// Waits for the next signal, and returns its name.
    async fn next(&mut self) -> &'static str {
        let next = self.0.iter_mut().map(|(name, signal)| {
            Box::pin(async move {
                signal.recv().await;
                *name
            })
        });
        futures_util::future::select_all(next).await.0
    }
}

/// Returns the signals that the process was told to ignore when it was started, as bits; none where that is not known.
fn ignored() -> u64 {
    // In one piece: its size is not known beforehand, and a buffer that grows takes ten reads.
    let mut status = String::with_capacity(8192);
    let _ = File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
    status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok())
        .unwrap_or_default()
}

/// Exits once `end` returns, on a thread of its own.
///
/// # Errors
///
/// Fails when the thread cannot be started.
pub(crate) fn exit_after(end: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let wait = move || {
        end();
        exit()
    };
    thread::Builder::new().name("supervised".to_owned()).spawn(wait).map(drop)
}

/// Exit status after a third signal.
pub(crate) const ABORTED: u8 = 130;

/// Exits at once, however the other threads hang.
#[expect(clippy::exit, reason = "something hangs; 130 is the status of an interrupted program")]
fn exit() -> ! {
    std::process::exit(ABORTED.into());
}

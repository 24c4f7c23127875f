//! Signals; the only file that handles them.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two tokens: `stop` asks to claim no more items; `abort`, its parent, to requeue those in flight.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    pub(crate) stop: CancellationToken,
    pub(crate) abort: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGINT and SIGTERM from now on.
    ///
    /// The first signal stops, the second aborts, the third exits at once: by then something hangs that no token reaches.
    ///
    /// # Errors
    ///
    /// Fails when no signal handler can be registered.
    pub(crate) fn listen() -> io::Result<Self> {
        let abort = CancellationToken::new();
        let shutdown = Self { stop: abort.child_token(), abort };
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let Self { stop, abort } = shutdown.clone();
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            stop.cancel();
            either(&mut interrupt, &mut terminate).await;
            abort.cancel();
            either(&mut interrupt, &mut terminate).await;
            exit();
        });
        Ok(shutdown)
    }

    /// Stops on SIGHUP, too: for a command that would leave processes behind when the terminal is closed. Others ignore it, so
    /// that `nohup` works.
    ///
    /// # Errors
    ///
    /// Fails when no signal handler can be registered.
    pub(crate) fn stop_on_hangup(&self) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let stop = self.stop.clone();
        tokio::spawn(async move {
            hangup.recv().await;
            stop.cancel();
        });
        Ok(())
    }

    /// Aborts once `drain` has passed after the first signal.
    pub(crate) fn abort_after(&self, drain: Duration) {
        let Self { stop, abort } = self.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            tokio::time::sleep(drain).await;
            abort.cancel();
        });
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::exit, reason = "something hangs; 130 is the status of an interrupted program")]
fn exit() {
    std::process::exit(130);
}

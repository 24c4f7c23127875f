//! Signals: the only file that knows them.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two tokens, one a child of the other: `stop` asks to take nothing more, `abort` insists to put down what is in hand.
#[derive(Debug, Clone)]
pub(crate) struct Shutdown {
    pub(crate) stop: CancellationToken,
    pub(crate) abort: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGINT and SIGTERM from now on.
    ///
    /// The first stops. The second aborts. The third leaves at once: by then something hangs that no token reaches.
    ///
    /// # Errors
    ///
    /// Fails when the system refuses to register a handler.
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
            leave();
        });
        Ok(shutdown)
    }

    /// Takes the end of the terminal (SIGHUP) as a signal as well: for who leaves processes behind otherwise. Others leave
    /// it alone, so that `nohup` works.
    ///
    /// # Errors
    ///
    /// Fails when the system refuses to register a handler.
    pub(crate) fn stop_on_hangup(&self) -> io::Result<()> {
        let mut hangup = signal(SignalKind::hangup())?;
        let stop = self.stop.clone();
        tokio::spawn(async move {
            hangup.recv().await;
            stop.cancel();
        });
        Ok(())
    }

    /// Aborts `drain` after the first signal, from now on.
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

#[expect(clippy::exit, reason = "something hangs; 130 is what a shell says of an interrupted program")]
fn leave() {
    std::process::exit(130);
}

//! Persistent processes: each is handed items as lines on its stdin, and answers with lines on its stdout.

mod keeper;
mod log;
mod pipes;
mod process;
mod seats;
mod shared;

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::seats::Seats;
pub(crate) use self::seats::{PoolCall, PoolItem, PoolResult};
use self::shared::PoolShared;
pub(crate) use self::shared::PoolSpec;
use super::launcher::Launcher;
use crate::terminal::Echo;

/// A pool of processes. Dropped, it kills them.
#[derive(Debug)]
pub(crate) struct ProcessPool {
    shared: Arc<PoolShared>,
    keepers: JoinSet<()>,
}

impl ProcessPool {
    /// Starts the processes; `abort` ends them, and requeues what they have in flight.
    pub(crate) fn start(spec: PoolSpec, consumer: &str, echo: Echo, abort: &CancellationToken) -> Self {
        let (seats, closing) = (Seats::new(spec.processes), abort.child_token());
        let (consumer, abort, launcher) = (consumer.into(), abort.clone(), Launcher::default());
        let failing = Mutex::default();
        let shared = Arc::new(PoolShared { spec, consumer, echo, seats, closing, abort, launcher, failing });
        let keepers = (0..shared.spec.processes).map(|place| keeper::keep(Arc::clone(&shared), place)).collect();
        Self { shared, keepers }
    }

    /// Number of calls for which there is room now.
    pub(crate) fn room(&self) -> usize {
        self.shared.seats.room()
    }

    /// Passes on calls; those for which there is no room wait for the next process that is ready.
    pub(crate) fn begin(&self, calls: impl IntoIterator<Item = PoolCall>) {
        self.shared.seats.give(calls);
    }

    /// Returns the results since the last call, without waiting.
    pub(crate) fn results(&self) -> Vec<PoolResult> {
        self.shared.seats.results()
    }

    /// Waits until there may be results, or more room. Cancel-safe.
    pub(crate) async fn progress(&self) {
        self.shared.seats.progress.notified().await;
    }

    /// Tells the processes that there are no more items: their stdin is closed. Items that were not handed over are requeued.
    pub(crate) fn close(&self) {
        self.shared.closing.cancel();
        self.shared.interrupt(self.shared.seats.take_waiting());
    }

    /// Waits until all processes have ended. [`close`](Self::close) comes first.
    pub(crate) async fn end(&mut self) {
        while let Some(ended) = self.keepers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(event = "handler_panicked", %error, "handler panicked: this is a bug in qscale");
            }
        }
    }
}

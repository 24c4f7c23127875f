//! State that a pool and its processes share.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::seats::{PoolCall, PoolResult, Seats};
use crate::handler::Disposition;
use crate::handler::command::CommandSpec;
use crate::handler::group::Group;
use crate::handler::launcher::Launcher;
use crate::terminal::Echo;

/// Longest time for which processes may end before one is ready, if they are given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Long-lived processes that are handed items as lines of JSON, and answer with a line each.
///
/// The environment is that of a command per item, without the variables that describe one. A process that ends, writes
/// anything but an answer, or does not answer within the time limit of the command is ended with all that it has started, and
/// replaced; the attempts of the items that it had in flight fail.
#[derive(Debug, Clone)]
pub(crate) struct PoolSpec {
    pub(crate) command: CommandSpec,
    pub(crate) processes: usize,
    /// Calls that a process has in flight at most.
    pub(crate) per_process: usize,
    /// Items that are handed over as an array, at most; `None` if each is handed over alone.
    pub(crate) batch: Option<usize>,
    /// Time within which a process has to say that it is ready; `None` if it is as soon as it runs.
    pub(crate) ready_within: Option<Duration>,
    /// True if processes that end before one is ready are given up after [`PATIENCE`]: no item can be processed, and the
    /// consumer is not to run without end.
    pub(crate) gives_up: bool,
    /// Number of items after which a process is replaced.
    pub(crate) restart_after: Option<u64>,
    /// Field of a JSON item with its creation time.
    pub(crate) stamp_field: Option<String>,
}

/// A pool, as its processes know it.
#[derive(Debug)]
pub(super) struct PoolShared {
    pub(super) spec: PoolSpec,
    pub(super) consumer: Arc<str>,
    pub(super) echo: Echo,
    pub(super) seats: Seats,
    /// Cancelled when there are no more items.
    pub(super) closing: CancellationToken,
    pub(super) abort: CancellationToken,
    pub(super) launcher: Launcher,
    /// Time of the first failure since a process was ready.
    pub(super) failing: Mutex<Option<Instant>>,
}

impl PoolShared {
    /// Starts a process; `None` once the pool is to end.
    pub(super) async fn start(&self) -> Option<io::Result<Group>> {
        let start = || {
            let mut command = self.spec.command.program(&self.spec.command.arguments, &self.consumer);
            move || Group::start(command.stdin(Stdio::piped()))
        };
        self.launcher.launch(start, &self.closing).await
    }

    /// Records that a process is ready.
    pub(super) fn succeed(&self) {
        *self.failing() = None;
    }

    /// Records that a process has ended; returns true if none is to be started after `pause`, because none has been ready for
    /// too long.
    pub(super) fn fail(&self, pause: Duration) -> bool {
        let mut failing = self.failing();
        let since = *failing.get_or_insert_with(Instant::now);
        self.spec.gives_up && self.spec.ready_within.is_some() && since.elapsed() + pause > PATIENCE
    }

    fn failing(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on that no process can run.
    pub(super) fn unrunnable(&self, disposition: Disposition) {
        self.seats.report([PoolResult { ticket: None, disposition }]);
    }

    /// Requeues items that were not handed over.
    pub(super) fn interrupt(&self, calls: impl IntoIterator<Item = PoolCall>) {
        let results = calls.into_iter().flat_map(|PoolCall(items)| items).map(|item| {
            let ticket = Some(item.ticket);
            PoolResult { ticket, disposition: Disposition::Interrupted }
        });
        self.seats.report(results);
    }
}

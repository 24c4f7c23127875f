//! Processing of items: by a command, by persistent processes, over HTTP, by simulated work, or by printing them to stdout.

mod answer;
mod argument;
mod batch;
mod command;
mod disposition;
mod group;
pub(crate) mod guard;
mod http;
mod inheritance;
mod launcher;
mod line;
mod lines;
mod message;
mod output;
mod pool;
mod quota;
mod shortage;
mod stdout;
#[cfg(test)]
mod tests;
mod time_limit;
mod wait;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub(crate) use self::batch::BatchOutcome;
pub(crate) use self::command::CommandSpec;
pub(crate) use self::disposition::Disposition;
pub(crate) use self::group::kill_all;
use self::http::HttpHandler;
pub(crate) use self::http::HttpSpec;
use self::launcher::Launcher;
pub(crate) use self::line::{LinePrinter, Printed};
pub(crate) use self::pool::{PoolCall, PoolItem, PoolResult, PoolSpec, ProcessPool};
pub(crate) use self::time_limit::TimeLimit;
use self::wait::SimulatedWork;
use crate::delivery::item::Item;
use crate::terminal::Echo;
use crate::workload::Work;

/// An item, and what its handler is told about it.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) item: Item,
    /// Id of the item, the same at each attempt.
    pub(crate) id: String,
    /// Number of this attempt, from 1.
    pub(crate) attempt: u32,
    pub(crate) list: Arc<str>,
    pub(crate) consumer: Arc<str>,
}

/// Processes items one by one, several at a time if asked to. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    kind: HandlerKind,
    /// Calls for several items that may begin.
    calls: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
enum HandlerKind {
    /// Simulate work by waiting.
    Wait(Arc<SimulatedWork>),
    /// Run a command and forward its output.
    Command(Arc<CommandSpec>, Echo, Arc<Launcher>),
    /// Post to an endpoint.
    Http(Arc<HttpHandler>),
}

impl Handler {
    /// Creates a handler that simulates `work`, at `factor` times its pace; with a `seed`, an item always takes the same time.
    pub(crate) fn work(work: Work, factor: f64, seed: Option<u64>) -> Self {
        Self::of(HandlerKind::Wait(Arc::new(SimulatedWork { work, speed: factor, seed })))
    }

    /// Creates a handler that runs a command per item and forwards its output.
    pub(crate) fn command(spec: CommandSpec, echo: Echo) -> Self {
        Self::of(HandlerKind::Command(Arc::new(spec), echo, Arc::default()))
    }

    /// Creates a handler that posts items to an endpoint, and connects to it until `stop` is cancelled.
    pub(crate) fn http(spec: HttpSpec, stop: &CancellationToken) -> Self {
        Self::of(HandlerKind::Http(Arc::new(HttpHandler::start(spec, stop))))
    }

    fn of(kind: HandlerKind) -> Self {
        Self { kind, calls: Arc::new(Semaphore::new(1)) }
    }

    /// Permits so many calls for several items at a time, with all clones of this handler.
    #[must_use]
    pub(crate) fn with_calls(self, calls: usize) -> Self {
        Self { calls: Arc::new(Semaphore::new(calls)), ..self }
    }

    /// Number of calls for several items that may begin now.
    pub(crate) fn free_calls(&self) -> usize {
        self.calls.available_permits()
    }

    /// Returns the permit of a call for several items, if one may begin now.
    pub(crate) fn try_call(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.calls).try_acquire_owned().ok()
    }

    /// Waits for the permit of a call for several items. Cancel-safe.
    pub(crate) async fn call(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.calls).acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => unreachable!("the semaphore is never closed"),
        }
    }

    /// Returns true if items can be processed.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.kind {
            HandlerKind::Wait(_) | HandlerKind::Command(..) => true,
            HandlerKind::Http(http) => http.is_ready(),
        }
    }

    /// Waits until items can be processed that could not before. Cancel-safe.
    pub(crate) async fn ready(&self) {
        match &self.kind {
            HandlerKind::Wait(_) | HandlerKind::Command(..) => std::future::pending().await,
            HandlerKind::Http(http) => http.ready().notified().await,
        }
    }

    /// Processes several items in one call, as [`process`](Self::process) does one.
    pub(crate) async fn process_batch(&self, batch: &[Assignment], abort: &CancellationToken) -> BatchOutcome {
        match &self.kind {
            HandlerKind::Http(http) => http.process_batch(batch, abort).await,
            HandlerKind::Command(spec, echo, launcher) => spec.process_batch(batch, echo, launcher, abort).await,
            // Simulated work is that of one item.
            HandlerKind::Wait(_) => {
                let each = batch.iter().map(|assignment| self.process(assignment, abort));
                BatchOutcome::Each(futures_util::future::join_all(each).await)
            }
        }
    }

    /// Processes an item until it is finished or `abort` is cancelled. Work that takes no time ends at the first poll.
    ///
    /// Cancel-safe: a dropped future leaves no process running.
    pub(crate) async fn process(&self, assignment: &Assignment, abort: &CancellationToken) -> Disposition {
        match &self.kind {
            HandlerKind::Wait(simulated) => wait::wait(simulated, &assignment.item, abort).await,
            HandlerKind::Http(http) => http.process(assignment, abort).await,
            HandlerKind::Command(spec, echo, launcher) => spec.process(assignment, echo, launcher, abort).await,
        }
    }
}

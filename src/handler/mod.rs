//! Processing of items: by a command, by processes that stay, over HTTP, by simulated work, or by printing them to stdout.

mod argument;
mod command;
mod disposition;
mod group;
mod http;
mod inheritance;
mod launcher;
mod line;
mod lines;
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

use tokio_util::sync::CancellationToken;

pub(crate) use self::command::CommandSpec;
pub(crate) use self::disposition::Disposition;
pub(crate) use self::group::kill_all;
use self::http::HttpHandler;
pub(crate) use self::http::HttpSpec;
use self::launcher::Launcher;
pub(crate) use self::line::{LinePrinter, Printed};
pub(crate) use self::pool::{PoolItem, PoolResult, PoolSpec, ProcessPool};
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
        Self { kind: HandlerKind::Wait(Arc::new(SimulatedWork { work, speed: factor, seed })) }
    }

    /// Creates a handler that runs a command per item and forwards its output.
    pub(crate) fn command(spec: CommandSpec, echo: Echo) -> Self {
        Self { kind: HandlerKind::Command(Arc::new(spec), echo, Arc::default()) }
    }

    /// Creates a handler that posts items to an endpoint, and connects to it until `stop` is cancelled.
    pub(crate) fn http(spec: HttpSpec, stop: &CancellationToken) -> Self {
        Self { kind: HandlerKind::Http(Arc::new(HttpHandler::start(spec, stop))) }
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

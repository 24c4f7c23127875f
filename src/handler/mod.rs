//! How one item is worked: by a command, by waiting in place of work, or by handing it on as a line.

mod argument;
mod command;
mod disposition;
mod group;
mod line;
mod lines;
mod output;
#[cfg(test)]
mod tests;
mod wait;

use std::sync::Arc;

use tokio::io::Stdout;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

pub(crate) use self::command::CommandSpec;
pub(crate) use self::disposition::Disposition;
use crate::delivery::item::Item;
use crate::terminal::Echo;
use crate::workload::Work;

/// What a handler is told about an item.
#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) item: Item,
    /// What the item goes by; the same at each attempt.
    pub(crate) id: String,
    /// Which attempt this is, from 1.
    pub(crate) attempt: u32,
    pub(crate) list: Arc<str>,
    pub(crate) consumer: Arc<str>,
}

/// Works items; cheap to clone, and may work several at a time.
#[derive(Debug, Clone)]
pub(crate) struct Handler {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Wait as long as the work takes.
    Wait {
        work: Work,
        /// How many times faster than the work says.
        speed: f64,
    },
    /// Write the item to stdout as a line.
    Line(Arc<Mutex<Stdout>>),
    /// Run a command, and pass on what it prints.
    Command(Arc<CommandSpec>, Echo),
}

impl Handler {
    /// Makes the handler for `work`, `speed` times as fast as it says.
    pub(crate) fn new(work: Work, speed: f64) -> Self {
        let kind = match work {
            Work::None => Kind::Line(Arc::new(Mutex::new(tokio::io::stdout()))),
            work => Kind::Wait { work, speed },
        };
        Self { kind }
    }

    /// Makes the handler that runs a command for each item, and passes on what that prints.
    pub(crate) fn command(spec: CommandSpec, echo: Echo) -> Self {
        Self { kind: Kind::Command(Arc::new(spec), echo) }
    }

    /// Works an item until it is done, or until `abort` insists. Dropped half-way, it leaves nothing running.
    pub(crate) async fn work(&self, assignment: &Assignment, abort: &CancellationToken) -> Disposition {
        match &self.kind {
            Kind::Wait { work, speed } => wait::wait(work, *speed, &assignment.item, abort).await,
            Kind::Line(stdout) => line::write(stdout, &assignment.item, abort).await,
            Kind::Command(spec, echo) => spec.work(assignment, echo, abort).await,
        }
    }
}

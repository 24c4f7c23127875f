//! The plan of `watch`: the arguments laid over the profile.

use std::time::Duration;

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::{Args, EndArgs};
use crate::args::Consumers;
use crate::endpoint::Endpoint;
use crate::exit::Outcome;
use crate::profile::ListenAddress;
use crate::terminal::{Output, RunFiles};

/// List and target to watch, and when to stop.
pub(super) struct Plan {
    pub(super) every: Duration,
    /// Time after which it ends.
    pub(super) limit: Option<Duration>,
    pub(super) stop_when: StopWhen,
    /// One sample of each list.
    pub(super) once: bool,
    pub(super) output: Output,
    /// Lines in place of a dashboard.
    pub(super) plain: bool,
    pub(super) files: RunFiles,
    pub(super) serve: Option<ListenAddress>,
    pub(super) metrics: Option<ListenAddress>,
    /// At least one.
    pub(super) lists: Vec<String>,
    /// Index of the list that the consumers process.
    pub(super) processed: usize,
    /// Field of a JSON item with its creation time.
    pub(super) stamp_field: Option<String>,
    pub(super) endpoint: Endpoint,
    pub(super) consumers: Consumers,
}

/// State of the list that ends the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopWhen {
    /// Runs until it is stopped.
    Stopped,
    Empty,
    Settled,
}

impl Plan {
    pub(super) fn resolve(args: Args, context: &Context) -> Result<Self> {
        let Args {
            every,
            end: EndArgs { duration, once, until_empty, until_settled },
            output,
            plain,
            files,
            serve,
            metrics,
            replay: _,
            speed: _,
            lists,
            consumers,
            stamp_field,
            redis,
        } = args;
        let stop_when = match (until_empty, until_settled) {
            (_, true) => StopWhen::Settled,
            (true, _) => StopWhen::Empty,
            _ => StopWhen::Stopped,
        };
        let lists = context.list_keys(lists)?;
        let own = context.profile.lists().value;
        Ok(Self {
            every,
            limit: duration,
            stop_when,
            once,
            output,
            // A dashboard would be gone at once.
            plain: plain || once,
            files,
            serve,
            metrics,
            // Of several lists the consumers of the profile process its own.
            processed: lists.iter().position(|list| own.keys().contains(list)).unwrap_or(0),
            lists,
            stamp_field: stamp_field.or_else(|| context.profile.consume.stamp_field.clone()),
            endpoint: context.endpoint(redis)?,
            consumers: Consumers::resolve(consumers, &context.profile),
        })
    }

    /// Outcome of a run that was stopped or reached `--duration`.
    pub(super) fn stopped(&self) -> Outcome {
        if self.stop_when == StopWhen::Stopped { Outcome::Done } else { Outcome::Unfinished }
    }
}

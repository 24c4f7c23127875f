//! The `[consume]` table: how items are worked, and what becomes of those that fail.

use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::ProfileError;
use super::exit_map::ExitTable;
use super::listen::ListenAddress;
use super::source::Source;
use crate::delivery::history::RetryPolicy;
use crate::units::{DurationRange, HumanDuration};
use crate::workload::Work;

/// How long items in flight may take after the consumer was told to stop.
pub const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// How long a consumer that is not heard of keeps what it holds.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

/// The shortest lease: below it, a busy machine would lose its items.
pub const SHORTEST_LEASE: Duration = Duration::from_millis(500);

/// How many crashes make a dead letter.
pub const DEFAULT_MAX_CRASHES: u32 = 3;

/// How long a command that was told to end may take until it is killed.
pub const DEFAULT_KILL_AFTER: Duration = Duration::from_secs(5);

/// When a failed item is tried again, and when no more.
pub const DEFAULT_RETRY: RetryPolicy = RetryPolicy {
    max_attempts: 3,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(5 * 60),
    max_age: Duration::from_secs(24 * 60 * 60),
};

/// The `[consume]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConsumeTable {
    /// How surely an item is worked.
    pub delivery: Option<Delivery>,
    /// How many items are worked at a time.
    pub concurrency: Option<NonZeroU32>,
    /// What is done with an item when no command works it.
    pub work: Option<Work>,
    /// Stop after this many items.
    pub max_items: Option<u64>,
    /// Stop when nothing has come for this long.
    pub idle_exit: Option<HumanDuration>,
    /// How long items in flight may take after the consumer was told to stop.
    pub drain: Option<HumanDuration>,
    /// How long a consumer that is not heard of keeps what it holds.
    pub lease: Option<HumanDuration>,
    /// How many failed attempts make a dead letter.
    pub max_attempts: Option<NonZeroU32>,
    /// How many crashes of its consumer make a dead letter.
    pub max_crashes: Option<NonZeroU32>,
    /// The first pause before another attempt, and the longest.
    pub backoff: Option<DurationRange>,
    /// How long an item may go on asking for another try without spending attempts.
    pub max_age: Option<HumanDuration>,
    /// The command that works an item, and its arguments; in place of `work`.
    #[schemars(length(min = 1))]
    pub command: Option<Vec<String>>,
    /// How long the command may take.
    pub timeout: Option<HumanDuration>,
    /// How long a command that was told to end may take until it is killed.
    pub kill_after: Option<HumanDuration>,
    /// What the exit status of the command says of its item.
    pub exit: Option<ExitTable>,
    /// Where figures are served.
    pub metrics: Option<ListenAddress>,
    /// The field of a JSON item that says when it was made.
    pub stamp_field: Option<String>,
}

/// How surely an item is worked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Claimed under a lease, and given to others when its consumer dies.
    #[default]
    AtLeastOnce,
    /// A plain blocking pop: an item in flight is lost when its consumer dies.
    AtMostOnce,
}

impl ConsumeTable {
    /// What no single value can be wrong in alone.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        if self.lease.is_some_and(|lease| lease.0 < SHORTEST_LEASE) {
            return Err(source.error_at(&["consume", "lease"], "is shorter than 500ms"));
        }
        if self.timeout.is_some_and(|timeout| timeout.0.is_zero()) {
            return Err(
                source.error_at(&["consume", "timeout"], "leaves a command no time at all: leave it out for no limit")
            );
        }
        if self.command.is_some() && self.work.is_some() {
            return Err(source.error_at(&["consume", "command"], "excludes `work`: keep one of them"));
        }
        if self.command.as_ref().is_some_and(|words| words.first().is_none_or(String::is_empty)) {
            return Err(source.error_at(&["consume", "command"], "is empty: name the program first"));
        }
        self.exit.as_ref().map_or(Ok(()), |exit| exit.check(source))
    }
}

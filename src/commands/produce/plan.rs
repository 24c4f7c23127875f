//! Producer settings: the arguments over the profile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use color_eyre::eyre::{Report, Result};

use super::super::Context;
use super::Args;
use crate::files::counts;
use crate::profile::ProduceTable;
use crate::profile::scale::trigger_names;
use crate::queue::{MAX_BATCH_ITEMS, Redis};
use crate::terminal::Output;
use crate::units::{Setting, SettingError, counted, saturating_seconds};
use crate::workload::{Pace, Payload, Timing, USUAL_BATCH};

/// Default batch size without a pace; larger batches are not faster.
const UNPACED_BATCH: u64 = 500;

/// Settings of one run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) list: String,
    pub(super) content: Content,
    pub(super) timing: Timing,
    /// Factor by which the pace is faster.
    pub(super) speed: f64,
    /// Random seed.
    pub(super) seed: u64,
    /// Items per batch.
    pub(super) batch: usize,
    /// Number of items to stop after.
    pub(super) total: Option<u64>,
    /// True if the run has an end: a count, a duration, or the end of a pattern or file.
    pub(super) goal: bool,
    /// Time to stop after. With a pace, `total` stops at the exact item, and this only ends waiting.
    pub(super) limit: Option<Duration>,
    pub(super) paced: bool,
    pub(super) max_backlog: Option<u64>,
    /// Replicas that must hold a batch before it counts as pushed.
    pub(super) wait_replicas: u64,
    pub(super) echo: bool,
    pub(super) output: Output,
}

/// Source of the items.
#[derive(Debug)]
pub(super) enum Content {
    Template { payload: Payload, seed: Option<u64> },
    Input { path: PathBuf, separator: u8 },
}

impl Plan {
    /// Merges the arguments with the profile; an argument has precedence.
    pub(super) async fn resolve(args: Args, list: String, context: &Context) -> Result<Self> {
        // Destructured so that a new argument cannot be forgotten here.
        let Args {
            list: _,
            batch,
            every,
            rate,
            pattern,
            pattern_file,
            count,
            duration,
            payload,
            input,
            null,
            max_backlog,
            wait_replicas,
            speed,
            echo,
            seed,
            output,
            redis: _,
        } = args;
        let usual = context.profile.produce.clone();
        let from = context.precedence("produce");
        let given = every.is_some() || rate.is_some() || pattern.is_some() || pattern_file.is_some();
        let mut table = ProduceTable {
            batch: value(from.option("batch", batch, usual.batch)),
            count: value(from.option("count", count, usual.count)),
            duration: value(from.option("duration", duration, usual.duration)),
            payload: value(from.option("payload", payload, usual.payload)),
            max_backlog: value(from.option("max-backlog", max_backlog, usual.max_backlog)),
            echo: Some(from.flag("echo", echo, usual.echo).value),
            seed: value(from.option("seed", seed, usual.seed)),
            ..ProduceTable::default()
        };
        // The profile paces what it describes; items that are there already go as fast as they come.
        (table.every, table.rate, table.pattern, table.pattern_file) = match (given, &input) {
            (true, _) => (every, rate, pattern, pattern_file),
            (false, None) => (
                value(from.option("every", None, usual.every)),
                value(from.option("rate", None, usual.rate)),
                value(from.option("pattern", None, usual.pattern)),
                usual.pattern_file,
            ),
            (false, Some(_)) => (None, None, None, None),
        };
        if let Some(path) = table.pattern_file.take() {
            if path == Path::new("-") && input.as_deref() == Some(Path::new("-")) {
                let message = "is stdin, which --input reads: use a file for one of them";
                return Err(SettingError::new(from.given("pattern-file"), message).into());
            }
            // In a thread of its own, so that a signal ends a wait for stdin.
            let triggers = context.profile.scale.triggers.clone();
            let read = move || counts::read(&path, &trigger_names(&triggers));
            let counts = tokio::task::spawn_blocking(read).await?.map_err(|error| {
                let message = error.to_string();
                if given {
                    return Report::from(SettingError::new(from.given("pattern-file"), message));
                }
                Report::from(context.profile.source.error_at(&["produce", "pattern-file"], message))
            })?;
            table.pattern = Some(counts.pattern);
        }
        let load = table.load();
        let batch = match load.timing {
            Timing::Pace(Pace::Unpaced) => batch.map_or(UNPACED_BATCH, Into::into),
            Timing::Pattern(_) => table.batch.map_or(UNPACED_BATCH, Into::into),
            Timing::Pace(_) => table.batch.map_or(USUAL_BATCH, Into::into),
        };
        let whole_file = input.as_ref().is_some_and(|path| path != Path::new("-"));
        let over = matches!(&load.timing, Timing::Pattern(pattern) if pattern.length().is_some());
        let seed = table.seed.unwrap_or_else(rand::random);
        Ok(Self {
            list,
            content: match input {
                Some(path) => Content::Input { path, separator: if null { 0 } else { b'\n' } },
                None => Content::Template { payload: table.payload.unwrap_or_else(Payload::usual), seed: table.seed },
            },
            batch: usize::try_from(batch).unwrap_or(usize::MAX).min(MAX_BATCH_ITEMS),
            total: load.total(seed),
            goal: load.count.is_some() || load.duration.is_some() || over || whole_file,
            limit: load.duration.map(|limit| slowed(limit, speed)),
            speed,
            paced: load.within(seed).is_some(),
            timing: load.timing,
            seed,
            max_backlog: table.max_backlog,
            wait_replicas: from.or("wait-replicas", wait_replicas, usual.wait_replicas, 0).value,
            echo: table.echo == Some(true),
            output,
        })
    }

    /// Returns the time until the last item is due; `None` if there is none.
    pub(super) fn takes(&self) -> Option<Duration> {
        let takes = match &self.timing {
            Timing::Pace(pace) => {
                let last = self.total.and_then(|total| total.checked_sub(1));
                last.map(|last| pace.next_after(last))
            }
            // It may end in a pause.
            Timing::Pattern(pattern) => self.total.and_then(|total| pattern.due(total)).or_else(|| pattern.length()),
        };
        let takes = takes.map(|takes| slowed(takes, self.speed));
        match (&self.timing, self.limit) {
            (Timing::Pattern(_), Some(limit)) => Some(takes.map_or(limit, |takes| takes.min(limit))),
            _ => takes,
        }
    }

    /// Logs the start of the run.
    pub(super) fn announce(&self, redis: &Redis) {
        let pace = match &self.timing {
            Timing::Pace(Pace::Unpaced) => format!("unpaced, batches of {}", self.batch),
            Timing::Pace(pace) => pace.to_string(),
            Timing::Pattern(pattern) => match self.total {
                Some(total) => format!("pattern of {}", counted(total, "item", "items")),
                None if pattern.length().is_some() => "pattern".to_owned(),
                None => "repeating pattern".to_owned(),
            },
        };
        let takes = self.takes();
        // Rounded up, so that the run is not longer than announced.
        let seconds = takes.map(|takes| takes.as_millis().div_ceil(1000));
        let duration = seconds.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        let duration = duration.map(|seconds| humantime::format_duration(Duration::from_secs(seconds)).to_string());
        let duration = duration.map(tracing::field::display);
        let speed = Some(self.speed).filter(|speed| (speed - 1.0).abs() >= f64::EPSILON);
        tracing::info!(list = %self.list, %redis, %pace, speed, duration, "producing");
    }
}

/// Returns the duration at `speed` of what takes `time` at speed 1.
fn slowed(time: Duration, speed: f64) -> Duration {
    saturating_seconds(time.as_secs_f64() / speed)
}

fn value<T>(setting: Option<Setting<T>>) -> Option<T> {
    setting.map(|setting| setting.value)
}

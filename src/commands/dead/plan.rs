//! Settings of `dead`: the selection of dead letters, and the action.

use color_eyre::eyre::Result;

use super::super::Context;
use super::args::{ActionArgs, Args, ChoiceArgs, DeadCommand, PlaceArgs};
use crate::args::RedisArgs;
use crate::delivery::dead_letter::Filter;
use crate::exit::UsageError;
use crate::queue::{DeadLetterAction, DeadLetterOrder};
use crate::terminal::Output;
use crate::workload::Rate;

/// Bytes of an item that `ls` reads from Redis: enough for what it shows.
const CUT: usize = 256;

/// Resolved settings.
#[derive(Debug)]
pub(super) struct Plan {
    /// At least one.
    pub(super) lists: Vec<String>,
    pub(super) output: Output,
    pub(super) filter: Filter,
    pub(super) order: DeadLetterOrder,
    /// Maximum number of dead letters of all lists together.
    pub(super) most: u64,
    /// Dead letters per second that are requeued at most.
    pub(super) rate: Option<f64>,
    pub(super) task: Task,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Task {
    List,
    /// Count by cause.
    Summarize,
    Show {
        raw: bool,
    },
    Do(DeadLetterAction),
}

impl Plan {
    /// Resolves the arguments; returns those of the connection separately.
    pub(super) fn resolve(args: Args, context: &Context) -> Result<(Self, RedisArgs)> {
        let mut rate = None;
        let (ids, choice, place, task, order) = match args.command {
            DeadCommand::Ls { choice, summary, place } => {
                let task = if summary { Task::Summarize } else { Task::List };
                (Vec::new(), choice, place, task, DeadLetterOrder::NewestFirst)
            }
            DeadCommand::Show { id, raw, place } => {
                let choice = ChoiceArgs { older_than: None, text: None, limit: Some(1) };
                (vec![id], choice, place, Task::Show { raw }, DeadLetterOrder::NewestFirst)
            }
            DeadCommand::Requeue { rate: given, action } => {
                rate = given;
                action.resolve(DeadLetterAction::Requeue)
            }
            DeadCommand::Purge { action } => {
                let ActionArgs { ids, all, choice, .. } = &action;
                if !all && ids.is_empty() && choice.older_than.is_none() && choice.text.is_none() {
                    return Err(UsageError(
                        "purge deletes items for good: select dead letters (ID, --older-than, --match), or use --all"
                            .to_owned(),
                    )
                    .into());
                }
                action.resolve(DeadLetterAction::Purge)
            }
        };
        let ChoiceArgs { older_than, text, limit } = choice;
        let PlaceArgs { output, lists, redis } = place;
        let lists = context.list_keys(lists)?;
        let rate = rate.and_then(|rate| match rate {
            Rate::PerSecond(rate) => Some(rate),
            Rate::Max => None,
        });
        let filter = Filter { ids, older_than, text };
        Ok((Self { lists, output, filter, order, most: limit.unwrap_or(u64::MAX), rate, task }, redis))
    }

    /// Bytes of each item to read; `None` is all.
    pub(super) fn cut(&self) -> Option<usize> {
        let is_cut =
            matches!(self.task, Task::Summarize) || (self.output == Output::Text && matches!(self.task, Task::List));
        is_cut.then_some(CUT)
    }
}

impl ActionArgs {
    pub(super) fn resolve(
        self,
        action: DeadLetterAction,
    ) -> (Vec<String>, ChoiceArgs, PlaceArgs, Task, DeadLetterOrder) {
        let Self { ids, all: _, choice, dry_run, place } = self;
        let task = if dry_run { Task::List } else { Task::Do(action) };
        (ids, choice, place, task, DeadLetterOrder::OldestFirst)
    }
}

//! Which dead letters are meant, and what is done with them.

use super::super::Context;
use super::args::{ActionArgs, Args, ChoiceArgs, DeadCommand, PlaceArgs};
use crate::args::RedisArgs;
use crate::delivery::dead_letter::Filter;
use crate::exit::UsageError;
use crate::queue::{DeadLetterAction, DeadLetterOrder};
use crate::terminal::Output;

/// How much of an item `ls` asks Redis for, in bytes: enough for what it shows.
const CUT: usize = 256;

/// What will be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) list: String,
    pub(super) output: Output,
    pub(super) filter: Filter,
    pub(super) order: DeadLetterOrder,
    /// How many letters at most.
    pub(super) most: u64,
    pub(super) task: Task,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Task {
    List,
    Show { raw: bool },
    Do(DeadLetterAction),
}

impl Plan {
    /// Decides what was meant, and takes out how Redis is reached.
    pub(super) fn resolve(args: Args, context: &Context) -> Result<(Self, RedisArgs), UsageError> {
        let (ids, choice, place, task, order) = match args.command {
            DeadCommand::Ls { choice, place } => (Vec::new(), choice, place, Task::List, DeadLetterOrder::NewestFirst),
            DeadCommand::Show { id, raw, place } => {
                let choice = ChoiceArgs { older_than: None, text: None, limit: Some(1) };
                (vec![id], choice, place, Task::Show { raw }, DeadLetterOrder::NewestFirst)
            }
            DeadCommand::Requeue { action } => action.resolve(DeadLetterAction::Requeue),
            DeadCommand::Purge { all, action } => {
                let ActionArgs { ids, choice, .. } = &action;
                if !all && ids.is_empty() && choice.older_than.is_none() && choice.text.is_none() {
                    return Err(UsageError(
                        "purge throws away what nobody can bring back: say which (ID, --older-than, --match), or --all"
                            .to_owned(),
                    ));
                }
                action.resolve(DeadLetterAction::Purge)
            }
        };
        let ChoiceArgs { older_than, text, limit } = choice;
        let PlaceArgs { output, list, redis } = place;
        let list = context.list(list);
        let filter = Filter { ids, older_than, text };
        Ok((Self { list, output, filter, order, most: limit.unwrap_or(u64::MAX), task }, redis))
    }

    /// How much of each item is wanted, in bytes; `None` is all.
    pub(super) fn cut(&self) -> Option<usize> {
        (self.output == Output::Text && matches!(self.task, Task::List)).then_some(CUT)
    }
}

impl ActionArgs {
    pub(super) fn resolve(
        self,
        action: DeadLetterAction,
    ) -> (Vec<String>, ChoiceArgs, PlaceArgs, Task, DeadLetterOrder) {
        let Self { ids, choice, dry_run, place } = self;
        let task = if dry_run { Task::List } else { Task::Do(action) };
        (ids, choice, place, task, DeadLetterOrder::OldestFirst)
    }
}

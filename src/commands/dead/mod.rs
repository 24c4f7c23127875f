//! `dead`: lists, shows, requeues and purges dead letters.

mod action;
mod args;
mod plan;
mod summary;
mod table;

use color_eyre::eyre::Result;

pub(crate) use self::args::Args;
use self::plan::{Plan, Task};
use self::summary::CauseSummary;
use self::table::{Table, details, encode};
use super::Context;
use crate::exit::Outcome;
use crate::queue::{DeadLetters, Page, QueueError, Redis};
use crate::terminal::Output;

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let (plan, redis) = Plan::resolve(args, &context)?;
    let redis = Redis::new(context.endpoint(redis)?, None, context.shutdown.stop.clone());
    let mut lists = match connect(&plan, &redis).await {
        Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
        connected => connected?,
    };
    let outcome = match plan.task {
        Task::Summarize => summarize(&plan, &mut lists, &context).await,
        Task::List => list(&plan, &mut lists, &context).await,
        Task::Show { raw } => show(&plan, raw, &mut lists, &context).await,
        Task::Do(action) => action::act(&plan, action, &mut lists, &context).await,
    }?;
    for dead_letters in lists {
        dead_letters.close().await;
    }
    Ok(outcome)
}

/// Connects to the dead letters of every list.
async fn connect(plan: &Plan, redis: &Redis) -> Result<Vec<DeadLetters>, QueueError> {
    let mut lists = Vec::new();
    for list in &plan.lists {
        lists.push(DeadLetters::connect(redis, list, plan.filter.clone(), plan.order, plan.cut()).await?);
    }
    Ok(lists)
}

/// Lists dead letters page by page, list after list.
async fn list(plan: &Plan, lists: &mut [DeadLetters], context: &Context) -> Result<Outcome> {
    let mut left = plan.most;
    let mut table = None;
    for dead_letters in lists {
        while left > 0 && !context.shutdown.stop.is_cancelled() {
            let page = match dead_letters.next_page(left).await {
                Err(error) if error.is_stop() => break,
                page => page?,
            };
            left = left.saturating_sub(page.dead_letters.len() as u64);
            for dead_letter in &page.dead_letters {
                match plan.output {
                    Output::Json => context.printer.items(&dead_letter.to_json(dead_letters.list(), encode))?,
                    Output::Text => {
                        if table.is_none() {
                            context.printer.items(&Table::of(&plan.lists, &page).head())?;
                        }
                        let table = table.get_or_insert_with(|| Table::of(&plan.lists, &page));
                        context.printer.items(&table.row(dead_letters.list(), dead_letter, page.now))?;
                    }
                }
            }
            if page.over {
                break;
            }
        }
    }
    if left == plan.most && plan.most > 0 && plan.output == Output::Text {
        say_none(plan);
    }
    Ok(Outcome::Done)
}

/// Says that there are no dead letters.
fn say_none(plan: &Plan) {
    let message = if plan.filter.is_empty() { "no dead letters" } else { "no dead letters match" };
    tracing::info!(list = %plan.lists.join(","), "{message}");
}

/// Counts dead letters by list and cause.
async fn summarize(plan: &Plan, lists: &mut [DeadLetters], context: &Context) -> Result<Outcome> {
    let (mut left, mut summaries) = (plan.most, Vec::new());
    for dead_letters in lists {
        let mut summary = CauseSummary::of(dead_letters.list());
        while left > 0 {
            let page = match dead_letters.next_page(left).await {
                Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
                page => page?,
            };
            left = left.saturating_sub(page.dead_letters.len() as u64);
            for dead_letter in &page.dead_letters {
                summary.add(dead_letter, page.now);
            }
            if page.over {
                break;
            }
        }
        summaries.push(summary);
    }
    match plan.output {
        Output::Json => {
            let objects = summaries.iter().flat_map(CauseSummary::objects);
            objects.into_iter().try_for_each(|object| context.printer.items(&object))?;
        }
        Output::Text => {
            let lines = summary::table(&summaries);
            if lines.is_empty() {
                say_none(plan);
            }
            lines.iter().try_for_each(|line| context.printer.items(line))?;
        }
    }
    Ok(Outcome::Done)
}

/// Shows one dead letter in full, from the first list that has it.
async fn show(plan: &Plan, raw: bool, lists: &mut [DeadLetters], context: &Context) -> Result<Outcome> {
    for dead_letters in lists {
        loop {
            let Page { dead_letters: found, over, now } = match dead_letters.next_page(1).await {
                Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
                page => page?,
            };
            if let Some(dead_letter) = found.first() {
                let list = dead_letters.list();
                match plan.output {
                    _ if raw => context.printer.raw(&dead_letter.item.0)?,
                    Output::Json => context.printer.items(&dead_letter.to_json(list, encode))?,
                    Output::Text => context.printer.items(&details(list, dead_letter, now))?,
                }
                return Ok(Outcome::Done);
            }
            if over {
                break;
            }
        }
    }
    tracing::error!(list = %plan.lists.join(","), id = %plan.filter.ids.join(" "), "no such dead letter");
    Ok(Outcome::CheckFailed)
}

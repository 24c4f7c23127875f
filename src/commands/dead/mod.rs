//! `dead`: lists, shows, requeues and purges dead letters.

mod args;
mod plan;
mod summary;
mod table;

use std::time::Instant;

use color_eyre::eyre::{Result, WrapErr};
use serde_json::json;

pub(crate) use self::args::Args;
use self::plan::{Plan, Task};
use self::summary::CauseSummary;
use self::table::{Table, details, encode};
use super::Context;
use crate::exit::Outcome;
use crate::queue::{DeadLetterAction, DeadLetters, Page, QueueError, Redis};
use crate::terminal::{Output, RecentRate, StatusLine, shown_count, shown_rate};
use crate::units::counted;
use crate::workload::RateLimit;

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let (plan, redis) = Plan::resolve(args, &context)?;
    let redis = Redis::new(context.endpoint(redis)?, None, context.shutdown.stop.clone());
    let filter = plan.filter.clone();
    let mut dead_letters = match DeadLetters::connect(&redis, &plan.list, filter, plan.order, plan.cut()).await {
        Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
        connected => connected?,
    };
    let outcome = match plan.task {
        Task::Summarize => summarize(&plan, &mut dead_letters, &context).await,
        Task::List => list(&plan, &mut dead_letters, &context).await,
        Task::Show { raw } => show(&plan, raw, &mut dead_letters, &context).await,
        Task::Do(action) => act(&plan, action, &mut dead_letters, &context).await,
    }?;
    dead_letters.close().await;
    Ok(outcome)
}

/// Lists dead letters page by page.
async fn list(plan: &Plan, dead_letters: &mut DeadLetters, context: &Context) -> Result<Outcome> {
    let mut left = plan.most;
    let mut table = None;
    while left > 0 && !context.shutdown.stop.is_cancelled() {
        let page = match dead_letters.next_page(left).await {
            Err(error) if error.is_stop() => break,
            page => page?,
        };
        left -= page.dead_letters.len() as u64;
        for dead_letter in &page.dead_letters {
            match plan.output {
                Output::Json => context.printer.items(&dead_letter.to_json(encode))?,
                Output::Text => {
                    if table.is_none() {
                        context.printer.items(&Table::of(&page).head())?;
                    }
                    let table = table.get_or_insert_with(|| Table::of(&page));
                    context.printer.items(&table.row(dead_letter, page.now))?;
                }
            }
        }
        if page.over {
            break;
        }
    }
    if left == plan.most && plan.most > 0 && plan.output == Output::Text {
        let message = if plan.filter.is_empty() { "no dead letters" } else { "no dead letters match" };
        tracing::info!(list = %plan.list, "{message}");
    }
    Ok(Outcome::Done)
}

/// Counts dead letters by cause.
async fn summarize(plan: &Plan, dead_letters: &mut DeadLetters, context: &Context) -> Result<Outcome> {
    let (mut left, mut summary) = (plan.most, CauseSummary::default());
    while left > 0 {
        let page = match dead_letters.next_page(left).await {
            Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
            page => page?,
        };
        left -= page.dead_letters.len() as u64;
        for dead_letter in &page.dead_letters {
            summary.add(dead_letter, page.now);
        }
        if page.over {
            break;
        }
    }
    match plan.output {
        Output::Json => summary.objects().iter().try_for_each(|object| context.printer.items(object))?,
        Output::Text if summary.is_empty() => {
            let message = if plan.filter.is_empty() { "no dead letters" } else { "no dead letters match" };
            tracing::info!(list = %plan.list, "{message}");
        }
        Output::Text => summary.lines().iter().try_for_each(|line| context.printer.items(line))?,
    }
    Ok(Outcome::Done)
}

/// Shows one dead letter in full.
async fn show(plan: &Plan, raw: bool, dead_letters: &mut DeadLetters, context: &Context) -> Result<Outcome> {
    loop {
        let Page { dead_letters: found, over, now } = match dead_letters.next_page(1).await {
            Err(error) if error.is_stop() => return Ok(Outcome::Unfinished),
            page => page?,
        };
        if let Some(dead_letter) = found.first() {
            match plan.output {
                _ if raw => context.printer.raw(&dead_letter.item.0)?,
                Output::Json => context.printer.items(&dead_letter.to_json(encode))?,
                Output::Text => context.printer.items(&details(dead_letter, now))?,
            }
            return Ok(Outcome::Done);
        }
        if over {
            tracing::error!(list = %plan.list, id = %plan.filter.ids.join(" "), "no such dead letter");
            return Ok(Outcome::CheckFailed);
        }
    }
}

/// Requeues or purges page by page, and says how many.
async fn act(
    plan: &Plan,
    action: DeadLetterAction,
    dead_letters: &mut DeadLetters,
    context: &Context,
) -> Result<Outcome> {
    let (mut done, mut foreign, mut limit) = (0, 0, plan.rate.map(RateLimit::new));
    let (line, mut rate, start) = (StatusLine::begin(&context.printer), RecentRate::default(), Instant::now());
    let field = match action {
        DeadLetterAction::Requeue => "requeued",
        DeadLetterAction::Purge => "purged",
    };
    let ended = loop {
        if done == plan.most {
            break Ok(true);
        }
        if context.shutdown.stop.is_cancelled() {
            break Ok(false);
        }
        let allowed = limit.as_mut().map_or(u64::MAX, |limit| limit.allowed(start.elapsed()) as u64);
        if allowed == 0
            && let Some(next) = limit.and_then(|limit| limit.next())
        {
            let pause = next.saturating_sub(start.elapsed()).min(DeadLetters::LONGEST_PAUSE);
            let _ = context.shutdown.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        match dead_letters.apply(action, allowed.min(plan.most - done)).await {
            Ok(page) => {
                if let Some(limit) = &mut limit {
                    limit.begun(usize::try_from(page.dead_letters).unwrap_or(usize::MAX));
                }
                done += page.dead_letters;
                foreign += page.foreign;
                if let Some(line) = &line {
                    let rate = shown_rate(rate.observe(done, start.elapsed().as_secs_f64()));
                    line.show(&[format!("{}:", plan.list), shown_count(done, field), rate]);
                }
                if page.over {
                    break Ok(true);
                }
            }
            Err(error) => break Err(error),
        }
    };
    drop(line);
    let in_words = |count| counted(count, "dead letter", "dead letters");
    let what = match action {
        DeadLetterAction::Requeue => format!("requeued {} to `{}`", in_words(done), plan.list),
        DeadLetterAction::Purge => format!("purged {} of `{}`", in_words(done), plan.list),
    };
    match plan.output {
        Output::Json => context.printer.result(&json!({ "list": plan.list, (field): done, "foreign": foreign }))?,
        Output::Text => context.printer.result(&what)?,
    }
    if foreign > 0 {
        tracing::warn!(elements = foreign, "skipped elements that are not dead letters");
    }
    let ended = match ended {
        Err(error) if QueueError::is_stop(&error) => false,
        ended => ended.wrap_err_with(|| format!("stopped after {}", in_words(done)))?,
    };
    let asked = plan.filter.ids.len() as u64;
    if ended && done < asked.min(plan.most) {
        tracing::error!(found = done, missing = asked - done, "some ids match no dead letter");
        return Ok(Outcome::CheckFailed);
    }
    Ok(if ended { Outcome::Done } else { Outcome::Unfinished })
}

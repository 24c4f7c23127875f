//! `requeue` and `purge`: page by page, list after list.

use std::time::Instant;

use color_eyre::eyre::{Result, WrapErr};
use serde_json::json;

use super::super::Context;
use super::plan::Plan;
use crate::exit::Outcome;
use crate::queue::{DeadLetterAction, DeadLetters, QueueError};
use crate::terminal::{Output, RecentRate, StatusLine, shown_count, shown_rate};
use crate::units::{counted, visible};
use crate::workload::RateLimit;

/// Progress of an action over all lists.
struct ActionProgress {
    start: Instant,
    limit: Option<RateLimit>,
    rate: RecentRate,
    /// Dead letters of the lists before the current one.
    before: u64,
    /// Dead letters of the current list.
    done: u64,
    /// Elements of the current list that are not dead letters.
    foreign: u64,
}

/// Requeues or purges the dead letters of all lists, and says how many of each.
pub(super) async fn act(
    plan: &Plan,
    action: DeadLetterAction,
    lists: &mut [DeadLetters],
    context: &Context,
) -> Result<Outcome> {
    let limit = plan.rate.map(RateLimit::new);
    let rate = RecentRate::default();
    let mut progress = ActionProgress { start: Instant::now(), limit, rate, before: 0, done: 0, foreign: 0 };
    let mut is_over = true;
    for dead_letters in lists {
        let ended = move_all(plan, action, dead_letters, &mut progress, context).await;
        say(plan, action, dead_letters.list(), &progress, context)?;
        let ended = match ended {
            Err(error) if error.is_stop() => false,
            ended => ended.wrap_err_with(|| format!("stopped after {}", in_words(progress.all())))?,
        };
        progress.before = progress.all();
        (progress.done, progress.foreign) = (0, 0);
        if !ended {
            is_over = false;
            break;
        }
    }
    let asked = plan.filter.ids.len() as u64;
    let found = progress.all();
    if is_over && found < asked.min(plan.most) {
        tracing::error!(found, missing = asked - found, "some ids match no dead letter");
        return Ok(Outcome::CheckFailed);
    }
    Ok(if is_over { Outcome::Done } else { Outcome::Unfinished })
}

/// Moves the dead letters of one list; returns false if it was stopped.
async fn move_all(
    plan: &Plan,
    action: DeadLetterAction,
    dead_letters: &mut DeadLetters,
    progress: &mut ActionProgress,
    context: &Context,
) -> Result<bool, QueueError> {
    let line = StatusLine::begin(&context.printer);
    loop {
        if progress.all() >= plan.most {
            return Ok(true);
        }
        if context.shutdown.stop.is_cancelled() {
            return Ok(false);
        }
        let allowed = progress.limit.as_mut().map_or(u64::MAX, |limit| limit.allowed(progress.start.elapsed()) as u64);
        if allowed == 0
            && let Some(next) = progress.limit.and_then(|limit| limit.next())
        {
            let pause = next.saturating_sub(progress.start.elapsed()).min(DeadLetters::LONGEST_PAUSE);
            let _ = context.shutdown.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        let page = dead_letters.apply(action, allowed.min(plan.most - progress.all())).await?;
        if let Some(limit) = &mut progress.limit {
            limit.begun(usize::try_from(page.dead_letters).unwrap_or(usize::MAX));
        }
        progress.done += page.dead_letters;
        progress.foreign += page.foreign;
        if let Some(line) = &line {
            let rate = progress.rate.observe(progress.all(), progress.start.elapsed().as_secs_f64());
            let count = shown_count(progress.done, field(action));
            line.show(&[format!("{}:", dead_letters.list()), count, shown_rate(rate)]);
        }
        if page.over {
            return Ok(true);
        }
    }
}

/// Says how many dead letters of one list were moved.
fn say(plan: &Plan, action: DeadLetterAction, list: &str, progress: &ActionProgress, context: &Context) -> Result<()> {
    let ActionProgress { done, foreign, .. } = *progress;
    match (plan.output, action) {
        (Output::Json, _) => {
            context.printer.object(&json!({ "list": list, (field(action)): done, "foreign": foreign }))?;
        }
        (Output::Text, DeadLetterAction::Requeue) => {
            context.printer.result(&format!("requeued {} to `{}`", in_words(done), visible(list)))?;
        }
        (Output::Text, DeadLetterAction::Purge) => {
            context.printer.result(&format!("purged {} of `{}`", in_words(done), visible(list)))?;
        }
    }
    if foreign > 0 {
        tracing::warn!(elements = foreign, list, "skipped elements that are not dead letters");
    }
    Ok(())
}

fn field(action: DeadLetterAction) -> &'static str {
    match action {
        DeadLetterAction::Requeue => "requeued",
        DeadLetterAction::Purge => "purged",
    }
}

fn in_words(count: u64) -> String {
    counted(count, "dead letter", "dead letters")
}

impl ActionProgress {
    /// Number of dead letters of all lists so far.
    fn all(&self) -> u64 {
        self.before + self.done
    }
}

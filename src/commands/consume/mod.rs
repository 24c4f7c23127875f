//! `consume`: items off the list, each worked.

mod args;
mod at_least_once;
mod at_most_once;
mod notifier;
mod plan;
mod summary;
mod variables;
mod vitals;
mod workers;

use color_eyre::eyre::{Result, WrapErr};
use tokio::time::Instant;

pub(crate) use self::args::Args;
use self::plan::{Job, Plan};
use self::vitals::Vitals;
use self::workers::Workers;
use super::Context;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::tally::Tally;
use crate::exit::{Outcome, UsageError};
use crate::handler::Handler;
use crate::queue::Redis;
use crate::units::Environment;

/// Why nothing more is taken.
#[derive(Debug, Default)]
enum Ending {
    /// There were enough, none came, or a signal did.
    #[default]
    Orderly,
    /// The handler's command cannot be run.
    Unrunnable(String),
    /// What handlers give out is not taken any more.
    Closed(std::io::Error),
}

pub(crate) async fn run(args: Args, context: Context) -> Result<Outcome> {
    let mut args = args.or_variables(&context.environment)?;
    let endpoint = context.endpoint(std::mem::take(&mut args.redis))?;
    let list = context.list(args.list.take());
    let plan = Plan::resolve(args, list, &host(&context.environment), &context.profile)?;
    let shutdown = &context.shutdown;
    shutdown.abort_after(plan.drain);

    let start = Instant::now();
    let redis = Redis::new(endpoint, None, shutdown.abort.clone());
    let handler = match plan.job.clone() {
        Job::Work { work, speed } => Handler::new(work, speed),
        Job::Command(spec) => Handler::command(spec, context.printer.echo()),
    };
    let vitals = Vitals::show(&plan, &redis).await?;
    let workers = Workers::new(handler, &plan, vitals, shutdown.abort.clone());
    let mut tally = Tally::default();
    let ended = match plan.delivery {
        DeliveryGuarantee::AtLeastOnce => at_least_once::consume(&plan, &redis, workers, &mut tally, shutdown).await,
        DeliveryGuarantee::AtMostOnce => at_most_once::consume(&plan, &redis, workers, &mut tally, shutdown).await,
    };
    summary::show(&plan, &tally, start.elapsed(), &context)?;
    match ended.wrap_err_with(|| format!("stopped after {} items", tally.acknowledged))? {
        Ending::Orderly => {}
        Ending::Unrunnable(reason) => return Err(UsageError(reason).into()),
        Ending::Closed(error) => return Err(error).wrap_err("cannot write to stdout"),
    }
    let short = plan.max_items.is_some_and(|most| tally.acknowledged + tally.retried + tally.dead < most);
    Ok(if short && shutdown.stop.is_cancelled() { Outcome::Unfinished } else { Outcome::Done })
}

/// What this consumer's name begins with: the pod's name, where it runs in one.
fn host(environment: &Environment) -> String {
    let name = environment.get("HOSTNAME").unwrap_or_else(|| "consumer".to_owned());
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).take(100).collect()
}

fn announce_drain(workers: &Workers) {
    if workers.in_flight() > 0 {
        tracing::info!("finishing {} items in flight", workers.in_flight());
    }
}

//! What a consumer has done, said at its end.

use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::{Context, Plan};
use crate::delivery::tally::{Percentiles, Tally};
use crate::terminal::Output;

/// The tally on stdout.
#[derive(Debug, Serialize)]
struct ConsumeSummary<'a> {
    list: &'a str,
    #[serde(flatten)]
    tally: &'a Tally,
    seconds: f64,
    handler_duration_seconds: Percentiles,
}

pub(super) fn show(plan: &Plan, tally: &Tally, elapsed: Duration, context: &Context) -> Result<()> {
    let Tally { claimed, acknowledged, retried, dead, requeued, lease_lost, .. } = tally;
    match plan.output {
        Output::Json => {
            let seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
            let handler_duration_seconds = tally.percentiles();
            let summary = ConsumeSummary { list: &plan.list, tally, seconds, handler_duration_seconds };
            context.printer.result(&serde_json::to_string(&summary)?)?;
        }
        // With no one to work them, the items themselves are the result.
        Output::Text => {
            let times = match tally.percentiles() {
                Percentiles { p50: Some(p50), p90: Some(p90), p99: Some(p99) } => {
                    format!("; handlers took {p50:.3} s (p50), {p90:.3} s (p90), {p99:.3} s (p99)")
                }
                _ => String::new(),
            };
            tracing::info!(
                "claimed {claimed}, acknowledged {acknowledged}, retried {retried}, dead {dead}, requeued {requeued}, \
                 lease lost {lease_lost}{times}"
            );
        }
    }
    Ok(())
}

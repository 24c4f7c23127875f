//! Result of a consumer.

use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::{Context, Plan};
use crate::delivery::tally::{Percentiles, Tally};
use crate::terminal::Output;

/// Result as JSON.
#[derive(Debug, Serialize)]
struct ConsumeSummary<'a> {
    list: &'a str,
    #[serde(flatten)]
    tally: &'a Tally,
    seconds: f64,
    handler_duration_seconds: Percentiles,
}

pub(super) fn show(plan: &Plan, tally: &Tally, elapsed: Duration, context: &Context) -> Result<()> {
    let Tally { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, .. } = tally;
    match plan.output {
        Output::Json => {
            let seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
            let handler_duration_seconds = tally.percentiles();
            let summary = ConsumeSummary { list: &plan.list, tally, seconds, handler_duration_seconds };
            context.printer.result(&serde_json::to_string(&summary)?)?;
        }
        // Without a handler, stdout holds the items.
        Output::Text => {
            let event = "consumer_stopped";
            let expired = (*expired > 0).then_some(expired);
            tracing::info!(
                event,
                claimed,
                acknowledged,
                retried,
                dead,
                expired,
                requeued,
                lease_lost,
                "consumer stopped"
            );
            if let Percentiles { p50: Some(p50), p90: Some(p90), p99: Some(p99) } = tally.percentiles() {
                tracing::info!(event = "handler_durations", p50, p90, p99, "handler duration in seconds");
            }
        }
    }
    Ok(())
}

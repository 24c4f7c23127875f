//! Result of a consumer.

use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::list_run::ListEnd;
use super::{Context, Plan};
use crate::delivery::tally::{Percentiles, Tally};
use crate::terminal::Output;
use crate::units::thousandths;

/// Result as JSON.
#[derive(Debug, Serialize)]
struct ConsumeSummary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<&'a str>,
    #[serde(flatten)]
    tally: &'a Tally,
    seconds: f64,
    handler_duration_seconds: Percentiles,
    /// Each of several lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lists: Vec<ListSummary<'a>>,
}

/// Part of one of several lists.
#[derive(Debug, Serialize)]
struct ListSummary<'a> {
    list: &'a str,
    #[serde(flatten)]
    tally: &'a Tally,
    handler_duration_seconds: Percentiles,
}

/// Shows the sums over all lists, and of several lists those of each.
pub(super) fn show(plan: &Plan, ended: &[ListEnd], elapsed: Duration, context: &Context) -> Result<()> {
    let tally = &super::total(ended);
    match plan.output {
        Output::Json => {
            let is_one = plan.lists.is_one();
            let summary = ConsumeSummary {
                list: is_one.then_some(plan.lists.first()),
                tally,
                seconds: thousandths(elapsed.as_secs_f64()),
                handler_duration_seconds: tally.percentiles(),
                lists: if is_one { Vec::new() } else { ended.iter().map(ListSummary::of).collect() },
            };
            context.printer.object(&summary)?;
        }
        // Without a handler, stdout holds the items.
        Output::Text => {
            if !plan.lists.is_one() {
                for end in ended {
                    log("list_stopped", Some(&end.list), &end.tally, "counts of the list");
                }
            }
            log("consumer_stopped", None, tally, "consumer stopped");
            if let Percentiles { p50: Some(p50), p90: Some(p90), p99: Some(p99) } = tally.percentiles() {
                tracing::info!(event = "handler_durations", p50, p90, p99, "handler duration in seconds");
            }
        }
    }
    Ok(())
}

impl<'a> ListSummary<'a> {
    fn of(end: &'a ListEnd) -> Self {
        let ListEnd { list, tally, .. } = end;
        Self { list, tally, handler_duration_seconds: tally.percentiles() }
    }
}

fn log(event: &str, list: Option<&str>, tally: &Tally, message: &str) {
    let Tally { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, .. } = tally;
    let expired = (*expired > 0).then_some(expired);
    tracing::info!(event, list, claimed, acknowledged, retried, dead, expired, requeued, lease_lost, "{message}");
}

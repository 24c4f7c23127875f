//! Result of a producer.

use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::Plan;
use crate::queue::Pusher;
use crate::terminal::Output;
use crate::units::{counted, float};

/// Result of a run.
#[derive(Debug, Serialize)]
pub(super) struct ProduceSummary {
    list: String,
    pub(super) items: u64,
    batches: u64,
    seconds: f64,
    items_per_second: f64,
    backlog: u64,
}

impl ProduceSummary {
    pub(super) fn of(plan: &Plan, pusher: &Pusher, elapsed: Duration) -> Self {
        let seconds = elapsed.as_secs_f64();
        let items_per_second = if seconds > 0.0 { float(pusher.pushed()) / seconds } else { 0.0 };
        Self {
            list: plan.list.clone(),
            items: pusher.pushed(),
            batches: pusher.batches(),
            seconds: (seconds * 1000.0).round() / 1000.0,
            items_per_second: (items_per_second * 10.0).round() / 10.0,
            backlog: pusher.backlog(),
        }
    }

    pub(super) fn show(&self, output: Output) -> Result<String> {
        Ok(match output {
            Output::Json => serde_json::to_string(self)?,
            Output::Text => {
                let Self { list, items, batches, seconds, items_per_second, backlog: _ } = self;
                format!(
                    "pushed {} in {} to `{list}` in {seconds:.1} s ({items_per_second} items/s)",
                    counted(*items, "item", "items"),
                    counted(*batches, "batch", "batches")
                )
            }
        })
    }
}

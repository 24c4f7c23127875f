//! Result of a producer.

use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::Plan;
use crate::queue::Pusher;
use crate::terminal::Output;
use crate::units::{counted, float};
use crate::workload::Lateness;

/// Result of a run.
#[derive(Debug, Serialize)]
pub(super) struct ProduceSummary {
    list: String,
    pub(super) items: u64,
    batches: u64,
    seconds: f64,
    items_per_second: f64,
    backlog: u64,
    /// Items that were pushed a second or more after they were due; `null` without a pace.
    late_items: Option<u64>,
    /// Longest time from when an item was due until it was pushed; `null` likewise.
    max_lateness_seconds: Option<f64>,
}

impl ProduceSummary {
    pub(super) fn of(plan: &Plan, pusher: &Pusher, lateness: &Lateness, elapsed: Duration) -> Self {
        let seconds = elapsed.as_secs_f64();
        let items_per_second = if seconds > 0.0 { float(pusher.pushed()) / seconds } else { 0.0 };
        let millis = |seconds: f64| (seconds * 1000.0).round() / 1000.0;
        Self {
            list: plan.list.clone(),
            items: pusher.pushed(),
            batches: pusher.batches(),
            seconds: millis(seconds),
            items_per_second: (items_per_second * 10.0).round() / 10.0,
            backlog: pusher.backlog(),
            late_items: lateness.is_known().then(|| lateness.late()),
            max_lateness_seconds: lateness.is_known().then(|| millis(lateness.longest().as_secs_f64())),
        }
    }

    pub(super) fn show(&self, output: Output) -> Result<String> {
        Ok(match output {
            Output::Json => serde_json::to_string(self)?,
            Output::Text => {
                let Self { list, items, batches, seconds, items_per_second, .. } = self;
                let late = match (self.late_items, self.max_lateness_seconds) {
                    (Some(late @ 1..), Some(longest)) => format!(", {late} late by up to {longest:.1} s"),
                    _ => String::new(),
                };
                format!(
                    "pushed {} in {} to `{list}` in {seconds:.1} s ({}){late}",
                    counted(*items, "item", "items"),
                    counted(*batches, "batch", "batches"),
                    counted(*items_per_second, "item/s", "items/s")
                )
            }
        })
    }
}

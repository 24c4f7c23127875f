//! Result of a producer.

use std::time::Duration;

use color_eyre::eyre::Result;
use serde::Serialize;

use super::Plan;
use crate::queue::Pusher;
use crate::terminal::Output;
use crate::units::{counted, float, thousandths, visible};
use crate::workload::Lateness;

/// Result of a run.
#[derive(Debug, Serialize)]
pub(super) struct ProduceSummary {
    list: String,
    pub(super) items: u64,
    batches: u64,
    seconds: f64,
    #[serde(skip)]
    elapsed: Duration,
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
        Self {
            list: plan.list.clone(),
            items: pusher.pushed(),
            batches: pusher.batches(),
            seconds: thousandths(seconds),
            elapsed,
            items_per_second: (items_per_second * 10.0).round() / 10.0,
            backlog: pusher.backlog(),
            late_items: lateness.is_known().then(|| lateness.late()),
            max_lateness_seconds: lateness.is_known().then(|| thousandths(lateness.longest().as_secs_f64())),
        }
    }

    pub(super) fn show(&self, output: Output) -> Result<String> {
        Ok(match output {
            Output::Json => serde_json::to_string(self)?,
            Output::Text => {
                let Self { list, items, batches, elapsed, items_per_second, .. } = self;
                let late = match (self.late_items, self.max_lateness_seconds) {
                    (Some(late @ 1..), Some(longest)) => format!(", {late} late by up to {longest:.1} s"),
                    _ => String::new(),
                };
                format!(
                    "pushed {} in {} to `{}` in {} ({}){late}",
                    counted(*items, "item", "items"),
                    counted(*batches, "batch", "batches"),
                    visible(list),
                    took(*elapsed),
                    rate(*items_per_second)
                )
            }
        })
    }
}

/// Formats the time of a run: most are far shorter than a second.
fn took(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.1} s") }
}

/// Formats a rate, without digits that mean nothing.
fn rate(items_per_second: f64) -> String {
    if items_per_second < 100.0 {
        counted(items_per_second, "item/s", "items/s")
    } else {
        format!("{items_per_second:.0} items/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_rate_have_digits_that_mean_something() {
        let shown = [412, 201_370, 999_949, 1_000_000, 61_230_000].map(|micros| took(Duration::from_micros(micros)));
        assert_eq!(shown, ["0.4 ms", "201.4 ms", "999.9 ms", "1.0 s", "61.2 s"]);
        assert_eq!([0.0, 1.0, 9.5, 742.1].map(rate), ["0 items/s", "1 item/s", "9.5 items/s", "742 items/s"]);
    }
}

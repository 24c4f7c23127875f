//! The summary of a simulated run: as an object, and as text.

use serde::Serialize;

use super::view::View;
use crate::delivery::reconciliation::{Reconciliation, Verdict};
use crate::simulation::{ListWaits, Scenario, Summary, Waits};
use crate::terminal::Elapsed;
use crate::units::{counted, thousandths};

/// Summary of a run, for programs: the fields of a reconciliation, and those of a simulation.
#[derive(Debug, Serialize)]
struct RunSummary {
    #[serde(flatten)]
    reconciliation: Reconciliation,
    /// Interruptions of items in flight because their pod was killed.
    interrupted: u64,
    peak_backlog: u64,
    peak_pods: u32,
    wait_seconds: WaitSeconds,
    /// Waits of each of several lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lists: Vec<ListWaitSeconds>,
    seconds_to_empty: Option<f64>,
    pod_seconds: f64,
    idle_pod_seconds: f64,
    changes: u64,
}

#[derive(Debug, Serialize)]
struct WaitSeconds {
    mean: f64,
    p50: f64,
    p95: f64,
    p99: f64,
}

#[derive(Debug, Serialize)]
struct ListWaitSeconds {
    list: String,
    wait_seconds: WaitSeconds,
}

impl From<Waits> for WaitSeconds {
    fn from(waits: Waits) -> Self {
        let [mean, p50, p95, p99] =
            [waits.mean, waits.p50, waits.p95, waits.p99].map(|wait| thousandths(wait.as_secs_f64()));
        Self { mean, p50, p95, p99 }
    }
}

impl View<'_> {
    /// Returns what became of the items, in the terms of `watch --until-settled`.
    ///
    /// Lost items are a failure; with items that remain at the end of the simulated time the verdict is unknown.
    fn reconciliation(&self) -> Reconciliation {
        let Summary { pushed, acknowledged, interrupted, lost, remaining, .. } = self.run.summary;
        let mut reasons = Vec::new();
        if lost > 0 {
            reasons.push(format!("items lost with the pods that held them: {lost}"));
        }
        if remaining > 0 {
            reasons.push(format!("items remaining at the end of the simulation: {remaining}"));
        }
        Reconciliation {
            verdict: match (lost, remaining) {
                (0, 0) => Verdict::Pass,
                (0, _) => Verdict::Unknown,
                _ => Verdict::Fail,
            },
            pushed,
            acknowledged,
            dead: 0,
            purged: 0,
            remaining,
            redelivered: interrupted.saturating_sub(lost),
            retried: 0,
            lost,
            reasons,
        }
    }

    /// Returns the summary for programs.
    pub(super) fn summary(&self) -> impl Serialize + use<> {
        let summary = &self.run.summary;
        RunSummary {
            reconciliation: self.reconciliation(),
            interrupted: summary.interrupted,
            peak_backlog: summary.peak_backlog,
            peak_pods: summary.peak_pods,
            wait_seconds: summary.wait.into(),
            lists: summary
                .lists
                .iter()
                .map(|one| ListWaitSeconds { list: one.list.clone(), wait_seconds: one.wait.into() })
                .collect(),
            seconds_to_empty: summary.empty_at.map(|at| thousandths(at.as_secs_f64())),
            pod_seconds: thousandths(summary.pod_seconds),
            idle_pod_seconds: thousandths(summary.idle_pod_seconds),
            changes: summary.changes,
        }
    }

    /// Returns the summary as names and values, for people.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let summary = &self.run.summary;
        let Scenario { settings, start_time, boot_time, first_poll, first_sync, .. } = self.scenario;
        let pods = if self.scenario.jobs.is_some() { "Jobs" } else { "pods" };
        let items = |count| counted(count, "item", "items");
        let interrupted = match summary.interrupted {
            0 => "none".to_owned(),
            count if summary.lost > 0 => format!("{}, by pods that were killed; {} lost", items(count), summary.lost),
            count => format!("{}, by pods that were killed; all redelivered", items(count)),
        };
        let still = match summary.waiting {
            0 => String::new(),
            1 => "; 1 item is still waiting and counts with its wait so far".to_owned(),
            waiting => format!("; {waiting} items are still waiting and count with their wait so far"),
        };
        let done = match summary.empty_at {
            Some(at) if summary.lost > 0 => format!("{}, but {} lost", Elapsed(at), summary.lost),
            Some(at) => Elapsed(at).to_string(),
            None if summary.pushed == 0 => "no items were pushed".to_owned(),
            None => "not within the simulated time".to_owned(),
        };
        let idle = summary.idle_pod_seconds / summary.pod_seconds.max(1e-9) * 100.0;
        let hpa = match self.scenario.jobs {
            Some(_) => String::new(),
            None => format!("; the HPA first syncs at {}, then every 15s", Elapsed(*first_sync)),
        };
        let mut facts = vec![
            ("result", self.reconciliation().text()),
            ("interrupted", interrupted),
            ("all processed", done),
            ("peak backlog", items(summary.peak_backlog)),
            (
                "wait",
                format!(
                    "p50 {}, p95 {}, p99 {}, mean {}{still}",
                    Elapsed(summary.wait.p50),
                    Elapsed(summary.wait.p95),
                    Elapsed(summary.wait.p99),
                    Elapsed(summary.wait.mean),
                ),
            ),
            (
                "pods",
                format!(
                    "peak {} of {}{} to {}, {}",
                    summary.peak_pods,
                    settings.idle.map_or(String::new(), |idle| format!("{idle} or ")),
                    settings.min,
                    settings.max,
                    counted(summary.changes, "change", "changes")
                ),
            ),
            (
                "cost",
                format!(
                    "{}, {:.0} of them idle ({idle:.0}%)",
                    counted(summary.pod_seconds.round(), "pod-second", "pod-seconds"),
                    summary.idle_pod_seconds
                ),
            ),
            (
                "phases",
                format!(
                    "KEDA first polls at {}, then every {}{hpa}; {pods} are ready {} after creation",
                    Elapsed(*first_poll),
                    humantime::format_duration(settings.polling),
                    humantime::format_duration(*start_time + *boot_time)
                ),
            ),
        ];
        if !summary.lists.is_empty() {
            let of_list = |one: &ListWaits| {
                format!("`{}` p50 {}, p95 {}", one.list, Elapsed(one.wait.p50), Elapsed(one.wait.p95))
            };
            let waits = summary.lists.iter().map(of_list).collect::<Vec<_>>().join("; ");
            let place = facts.iter().position(|(name, _)| *name == "pods").unwrap_or(facts.len());
            facts.insert(place, ("wait by list", waits));
        }
        facts
    }
}

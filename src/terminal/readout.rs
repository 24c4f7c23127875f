//! Samples as they are shown: a dashboard on a terminal, one line each elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::Result;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::Dashboard;
use super::board::{DashboardSetup, RunAction, SharedBoard};
use super::columns::{stdout_width, wrapped};
use super::keep::{Keeper, RunFiles};
use super::output::Output;
use super::printer::Printer;
use crate::sample::recording::PlayedSample;
use crate::sample::{DeadCause, JobCounts, Outlook, PerSecond, Replicas, Sample};
use crate::units::{rfc_3339_seconds, visible};

/// Time for the last state to reach the pages that are open.
const LAST_EVENT: Duration = Duration::from_millis(400);

/// Start of the further lines of a sample that is broken.
const INDENT: &str = "    ";

/// Shows samples as they come.
pub(crate) struct Readout {
    printer: Printer,
    output: Output,
    board: SharedBoard,
    dashboard: Option<Dashboard>,
    keeper: Keeper,
}

impl Readout {
    /// Opens a dashboard when stdout is a terminal; writes lines to stdout otherwise, and if `plain`. The run leaves `files`.
    ///
    /// # Errors
    ///
    /// Fails when one of the files cannot be written.
    pub(crate) fn new(
        printer: &Printer,
        output: Output,
        plain: bool,
        setup: &DashboardSetup,
        files: &RunFiles,
    ) -> Result<Self> {
        let board = SharedBoard::new(setup, printer.filter());
        let keeper = Keeper::open(files, board.clone(), setup.keys, &printer.waiting())?;
        let has_dashboard = output == Output::Text && !plain;
        let dashboard = has_dashboard.then(|| Dashboard::open(printer, &board, setup.keys)).flatten();
        Ok(Self { printer: printer.clone(), output, board, dashboard, keeper })
    }

    /// Shows a sample.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be shown any more, for example because the pipe or the terminal was closed.
    pub(crate) fn show(&mut self, sample: &Sample) -> Result<()> {
        self.keep(sample)?;
        match (&self.dashboard, self.output) {
            (Some(dashboard), _) => dashboard.check()?,
            (None, Output::Text) => self.printer.result(&shown(sample, stdout_width()))?,
            (None, Output::Json) => self.printer.object(sample)?,
        }
        Ok(())
    }

    /// Shows the samples on a page, too.
    #[must_use]
    pub(crate) fn served(mut self, page: Option<watch::Sender<Arc<str>>>) -> Self {
        if let Some(page) = page {
            self.keeper.serve(page);
        }
        self
    }

    /// Records a sample that is not shown in a line.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be recorded.
    pub(crate) fn keep(&mut self, sample: &Sample) -> Result<()> {
        let at = self.board.take(sample);
        self.keeper.add(sample, at)
    }

    /// Returns true if there is a dashboard.
    pub(crate) fn has_dashboard(&self) -> bool {
        self.dashboard.is_some()
    }

    /// Shows the state of the run in the title of the dashboard.
    pub(crate) fn notice(&self, notice: Option<String>) {
        self.board.board().state.notice = notice;
    }

    /// Shows on the dashboard why the pods of a list cannot be read.
    pub(crate) fn pods_fault(&self, list: &str, fault: Option<&str>) {
        let fault = fault.map(|fault| self.printer.filter().line(fault));
        self.board.board().state.pods_fault(list, fault);
    }

    /// Shows on the page why items of a list were dead-lettered.
    pub(crate) fn dead_letters(&self, list: &str, causes: Vec<DeadCause>) {
        let causes = causes.into_iter().map(|DeadCause { reason, count }| {
            let reason = visible(&self.printer.filter().line(&reason)).into_owned();
            DeadCause { reason, count }
        });
        self.board.board().state.dead_letters(list, causes.collect());
    }

    /// Waits for an action that a key asks for; forever without a dashboard. Cancel-safe.
    pub(crate) async fn action(&mut self) -> RunAction {
        match &mut self.dashboard {
            Some(dashboard) => dashboard.action().await,
            None => std::future::pending().await,
        }
    }

    /// Shows samples of another time at a `speed`; without a dashboard or page all at once.
    ///
    /// # Errors
    ///
    /// Fails as [`show`](Self::show) does.
    pub(crate) async fn play(&mut self, samples: &[PlayedSample], speed: f64) -> Result<()> {
        let start = Instant::now();
        for PlayedSample { at, sample } in samples {
            if self.dashboard.is_some() || self.keeper.is_served() {
                sleep_until(start + at.div_f64(speed)).await;
            }
            self.show(sample)?;
        }
        Ok(())
    }

    /// Closes the dashboard and leaves its charts, and the files of the run.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be written.
    pub(crate) async fn finish(self) -> Result<()> {
        if let Some(dashboard) = self.dashboard {
            dashboard.finish();
        }
        let is_served = self.keeper.is_served();
        self.keeper.finish()?;
        if is_served {
            // The pages learn that the run is over before the server ends.
            sleep(LAST_EVENT).await;
        }
        Ok(())
    }
}

/// Items in flight, where items are claimed; delayed items and dead letters only if there are any.
struct ItemCounts<'a>(&'a Sample);

impl fmt::Display for ItemCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sample { in_flight, delayed, dead, .. } = self.0;
        if let Some(in_flight) = in_flight {
            write!(f, ", {in_flight} in flight")?;
        }
        if let Some(delayed @ 1..) = delayed {
            write!(f, ", {delayed} delayed")?;
        }
        match dead {
            Some(dead @ 1..) => write!(f, ", {dead} dead"),
            _ => Ok(()),
        }
    }
}

/// Returns a sample as a line; one that is wider than the terminal is broken between words.
fn shown(sample: &Sample, width: Option<usize>) -> String {
    let line = Line(sample).to_string();
    match width {
        Some(width) => wrapped(&line, width.saturating_sub(INDENT.len())).join(&format!("\n{INDENT}")),
        None => visible(&line).into_owned(),
    }
}

/// A sample as one line; digits are not grouped, so that `awk` reads them.
struct Line<'a>(&'a Sample);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sample = self.0;
        let time = rfc_3339_seconds(sample.time);
        write!(f, "{time}  {}: {} waiting{}", sample.list, sample.backlog, ItemCounts(sample))?;
        // One look tells no rate.
        if sample.outlook() != Outlook::Unknown {
            write!(f, "  {}", Movement(sample))?;
        }
        if let Some(replicas) = &sample.target {
            write!(f, "  {}", PodCounts(replicas))?;
        }
        if let Some(JobCounts { running, pending, succeeded, failed, .. }) = &sample.jobs {
            write!(f, "  Jobs: {running} running, {pending} pending, {succeeded} succeeded, {failed} failed")?;
        }
        match &sample.reason {
            Some(reason) => write!(f, "  reason: {reason}"),
            None => Ok(()),
        }
    }
}

/// Net rate and outlook; the rate is left out where the outlook contains it.
struct Movement<'a>(&'a Sample);

impl fmt::Display for Movement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.net_per_second, self.0.outlook()) {
            (_, outlook @ Outlook::Growing(_)) | (None, outlook) => outlook.fmt(f),
            (Some(net), outlook) => write!(f, "net {}, {outlook}", PerSecond(net)),
        }
    }
}

/// Pod counts of a scale target.
struct PodCounts<'a>(&'a Replicas);

impl fmt::Display for PodCounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Replicas { namespace, name, desired, current, ready, available, .. } = self.0;
        write!(
            f,
            "pods: {desired} desired, {current} current, {ready} ready, {available} available ({namespace}/{name})"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn sample(backlog: u64, net: Option<f64>, target: Option<Replicas>) -> Sample {
        Sample::new(SystemTime::UNIX_EPOCH + Duration::from_millis(1_500), "mylist", backlog, net, target)
    }

    #[test]
    fn line_has_every_value_once() {
        let target = Replicas {
            kind: "Deployment".into(),
            namespace: "demo".into(),
            name: "demo-consumer".into(),
            desired: 5,
            current: 4,
            ready: 3,
            available: 2,
            terminating: None,
        };
        let pods = "  pods: 5 desired, 4 current, 3 ready, 2 available (demo/demo-consumer)";
        for (sample, line) in [
            (sample(7, None, None), "7 waiting".to_owned()),
            (sample(1_250, Some(-12.5), None), "1250 waiting  net -12.5/s, empty in 1m 40s".to_owned()),
            (sample(1_250, Some(25.0), Some(target)), format!("1250 waiting  growing +25.0/s{pods}")),
            (sample(3, Some(0.0), None), "3 waiting  net 0/s, steady".to_owned()),
            (sample(0, Some(-3.0), None), "0 waiting  net -3.0/s, empty".to_owned()),
        ] {
            assert_eq!(Line(&sample).to_string(), format!("1970-01-01T00:00:01Z  mylist: {line}"));
        }
    }

    #[test]
    fn line_is_broken_between_words_on_a_terminal_only() {
        let reason = "HPA: 274 waiting ÷ 50 per pod = 6 replicas, capped at maxReplicaCount 5".to_owned();
        let jobs = JobCounts { created: 46, running: 3, pending: 1, succeeded: 40, failed: 2 };
        let sample = Sample { reason: Some(reason), jobs: Some(jobs), ..sample(274, Some(-1.5), None) };
        let line = "1970-01-01T00:00:01Z  mylist: 274 waiting  net -1.5/s, empty in 3m 3s  \
            Jobs: 3 running, 1 pending, 40 succeeded, 2 failed  \
            reason: HPA: 274 waiting ÷ 50 per pod = 6 replicas, capped at maxReplicaCount 5";
        assert_eq!(shown(&sample, None), line);
        let broken = shown(&sample, Some(80));
        assert!(broken.lines().all(|line| line.chars().count() <= 80), "{broken}");
        assert_eq!(broken.split_whitespace().collect::<Vec<_>>(), line.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn item_counts_are_shown_where_items_are_claimed() {
        for (claims, text) in [
            ((None, None, None), ""),
            ((Some(0), Some(0), Some(0)), ", 0 in flight"),
            ((Some(5), Some(2), Some(1)), ", 5 in flight, 2 delayed, 1 dead"),
        ] {
            let (in_flight, delayed, dead) = claims;
            let sample = Sample { in_flight, delayed, dead, ..sample(7, None, None) };
            assert_eq!(Line(&sample).to_string(), format!("1970-01-01T00:00:01Z  mylist: 7 waiting{text}"));
        }
    }
}

//! Status of a running consumer: a line on a terminal, elsewhere a log entry from time to time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::job::Job;
use super::plan::Plan;
use crate::delivery::tally::Tally;
use crate::queue::{DepthReader, Redis};
use crate::shutdown::Shutdown;
use crate::terminal::{Printer, RecentRate, StatusLine, shown_count, shown_rate};
use crate::workload::Work;

/// Interval at which the line is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(200);

/// Interval at which the length of the list is read.
const READ_INTERVAL: Duration = Duration::from_secs(1);

/// Interval of log entries.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Counts of a consumer, published by its loop.
#[derive(Debug, Default)]
pub(super) struct ConsumerCounts {
    processed: AtomicU64,
    failed: AtomicU64,
    in_flight: AtomicU64,
}

impl ConsumerCounts {
    /// Adds the counts of all lists.
    fn sum(counts: &[Arc<Self>]) -> ShownCounts {
        let sum = |of: fn(&Self) -> &AtomicU64| counts.iter().map(|counts| of(counts).load(Relaxed)).sum();
        ShownCounts {
            processed: sum(|counts| &counts.processed),
            failed: sum(|counts| &counts.failed),
            in_flight: sum(|counts| &counts.in_flight),
        }
    }

    pub(super) fn publish(&self, tally: &Tally, in_flight: usize) {
        self.processed.store(tally.acknowledged, Relaxed);
        self.failed.store(tally.retried + tally.dead, Relaxed);
        self.in_flight.store(in_flight as u64, Relaxed);
    }
}

/// Counts of all lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct ShownCounts {
    processed: u64,
    failed: u64,
    in_flight: u64,
}

/// Shows the counts until it is dropped.
pub(super) struct ShownStatus {
    _line: Option<Arc<StatusLine>>,
    _task: AbortOnDropHandle<()>,
}

impl ShownStatus {
    /// Starts to show `counts`.
    pub(super) fn start(
        plan: &Plan,
        redis: &Redis,
        shutdown: &Shutdown,
        printer: &Printer,
        counts: Vec<Arc<ConsumerCounts>>,
    ) -> Self {
        // Without a handler stdout has the items, which the line would tear on the same terminal.
        let is_printed = matches!(plan.job, Job::Work { work: Work::None, .. });
        let line = if is_printed { None } else { StatusLine::begin(printer).map(Arc::new) };
        let task = match line.clone() {
            Some(line) => {
                let (redis, shutdown) = (redis.clone(), shutdown.clone());
                let readers = plan.lists.keys().iter().map(|list| DepthReader::new(&redis, list)).collect();
                let lists = plan.lists.keys().join(", ");
                let view = StatusView { lists, drain: plan.drain, redis, shutdown, line, counts };
                tokio::spawn(view.draw(readers))
            }
            None => tokio::spawn(log(counts)),
        };
        Self { _line: line, _task: AbortOnDropHandle::new(task) }
    }
}

/// Logs the counts while they change.
async fn log(counts: Vec<Arc<ConsumerCounts>>) {
    let mut logged = (0, 0);
    loop {
        tokio::time::sleep(LOG_INTERVAL).await;
        let ShownCounts { processed, failed, in_flight } = ConsumerCounts::sum(&counts);
        if (processed, failed) != logged {
            tracing::info!(event = "consumer_progress", processed, failed, in_flight, "progress");
            logged = (processed, failed);
        }
    }
}

/// State of the line on a terminal.
struct StatusView {
    lists: String,
    drain: Duration,
    redis: Redis,
    shutdown: Shutdown,
    line: Arc<StatusLine>,
    counts: Vec<Arc<ConsumerCounts>>,
}

impl StatusView {
    async fn draw(self, mut readers: Vec<DepthReader>) {
        let start = Instant::now();
        let (mut read_at, mut waiting, mut stopped_at) = (None, None, None);
        let mut rate = RecentRate::default();
        loop {
            if read_at.is_none_or(|at: Instant| at.elapsed() >= READ_INTERVAL) {
                let read = futures_util::future::join_all(readers.iter_mut().map(DepthReader::read));
                let depths = timeout(DRAW_INTERVAL, read).await.unwrap_or_default();
                let backlogs = depths.into_iter().map(|depths| depths.ok().map(|depths| depths.backlog));
                waiting = backlogs.collect::<Option<Vec<u64>>>().filter(|backlogs| !backlogs.is_empty());
                read_at = Some(Instant::now());
            }
            if self.shutdown.stop.is_cancelled() {
                stopped_at.get_or_insert_with(Instant::now);
            }
            let counts = ConsumerCounts::sum(&self.counts);
            let rate = rate.observe(counts.processed, start.elapsed().as_secs_f64());
            self.line.show(&self.facts(counts, rate, waiting.as_deref(), stopped_at));
            tokio::time::sleep(DRAW_INTERVAL).await;
        }
    }

    /// Returns the facts of the line, the most important first.
    fn facts(
        &self,
        counts: ShownCounts,
        rate: f64,
        waiting: Option<&[u64]>,
        stopped_at: Option<Instant>,
    ) -> Vec<String> {
        let ShownCounts { processed, failed, in_flight } = counts;
        let mut facts = vec![format!("{}:", self.lists)];
        if let Some(stopped_at) = stopped_at {
            let left = self.drain.saturating_sub(stopped_at.elapsed()).as_secs();
            facts.push(format!("stopping, {left}s left"));
        } else if self.redis.is_disconnected() {
            facts.push("no connection to Redis".to_owned());
        }
        facts.push(shown_count(processed, "processed"));
        facts.push(shown_count(in_flight, "in flight"));
        facts.push(shown_rate(rate));
        facts.push(shown_count(failed, "failed"));
        facts.push(match waiting {
            None => "waiting unknown".to_owned(),
            Some([waiting]) => shown_count(*waiting, "waiting"),
            // In the order of the lists.
            Some(waiting) => {
                let each: Vec<String> = waiting.iter().map(u64::to_string).collect();
                format!("{} waiting", each.join("+"))
            }
        });
        facts
    }
}

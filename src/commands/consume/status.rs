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
    pub(super) fn publish(&self, tally: &Tally, in_flight: usize) {
        self.processed.store(tally.acknowledged, Relaxed);
        self.failed.store(tally.retried + tally.dead, Relaxed);
        self.in_flight.store(in_flight as u64, Relaxed);
    }
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
        counts: Arc<ConsumerCounts>,
    ) -> Self {
        // Without a handler stdout has the items, which the line would tear on the same terminal.
        let is_printed = matches!(plan.job, Job::Work { work: Work::None, .. });
        let line = if is_printed { None } else { StatusLine::begin(printer).map(Arc::new) };
        let task = match line.clone() {
            Some(line) => {
                let (redis, shutdown) = (redis.clone(), shutdown.clone());
                let reader = DepthReader::new(&redis, &plan.list);
                let view = StatusView { list: plan.list.clone(), drain: plan.drain, redis, shutdown, line, counts };
                tokio::spawn(view.draw(reader))
            }
            None => tokio::spawn(log(counts)),
        };
        Self { _line: line, _task: AbortOnDropHandle::new(task) }
    }
}

/// Logs the counts while they change.
async fn log(counts: Arc<ConsumerCounts>) {
    let mut logged = (0, 0);
    loop {
        tokio::time::sleep(LOG_INTERVAL).await;
        let (processed, failed) = (counts.processed.load(Relaxed), counts.failed.load(Relaxed));
        if (processed, failed) != logged {
            let in_flight = counts.in_flight.load(Relaxed);
            tracing::info!(event = "consumer_progress", processed, failed, in_flight, "progress");
            logged = (processed, failed);
        }
    }
}

/// State of the line on a terminal.
struct StatusView {
    list: String,
    drain: Duration,
    redis: Redis,
    shutdown: Shutdown,
    line: Arc<StatusLine>,
    counts: Arc<ConsumerCounts>,
}

impl StatusView {
    async fn draw(self, mut reader: DepthReader) {
        let start = Instant::now();
        let (mut read_at, mut waiting, mut stopped_at) = (None, None, None);
        let mut rate = RecentRate::default();
        loop {
            if read_at.is_none_or(|at: Instant| at.elapsed() >= READ_INTERVAL) {
                waiting =
                    timeout(DRAW_INTERVAL, reader.read()).await.ok().and_then(Result::ok).map(|depths| depths.backlog);
                read_at = Some(Instant::now());
            }
            if self.shutdown.stop.is_cancelled() {
                stopped_at.get_or_insert_with(Instant::now);
            }
            let processed = self.counts.processed.load(Relaxed);
            let rate = rate.observe(processed, start.elapsed().as_secs_f64());
            self.line.show(&self.facts(processed, rate, waiting, stopped_at));
            tokio::time::sleep(DRAW_INTERVAL).await;
        }
    }

    /// Returns the facts of the line, the most important first.
    fn facts(&self, processed: u64, rate: f64, waiting: Option<u64>, stopped_at: Option<Instant>) -> Vec<String> {
        let (failed, in_flight) = (self.counts.failed.load(Relaxed), self.counts.in_flight.load(Relaxed));
        let mut facts = vec![format!("{}:", self.list)];
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
        facts.push(waiting.map_or_else(|| "waiting unknown".to_owned(), |waiting| shown_count(waiting, "waiting")));
        facts
    }
}

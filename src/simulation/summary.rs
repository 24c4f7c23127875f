//! Summary of a run.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Summary of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Items pushed.
    pub pushed: u64,
    /// Items processed.
    pub acknowledged: u64,
    /// Interruptions of items in flight because their pod was killed.
    pub interrupted: u64,
    /// Items lost by an interruption, with at-most-once delivery.
    pub lost: u64,
    /// Items waiting or in flight at the end.
    pub remaining: u64,
    /// Items of these that were never claimed.
    pub waiting: u64,
    /// Items that waited longer than the limit of the scenario, if it has one.
    pub late: u64,
    /// Maximum number of waiting items.
    pub peak_backlog: u64,
    /// Time from push to first claim.
    pub wait: Waits,
    /// The same for each of several lists.
    pub lists: Vec<ListWaits>,
    /// Time at which all items were processed; `None` if that was not reached.
    pub empty_at: Option<Duration>,
    /// Maximum number of pods, including terminating ones.
    pub peak_pods: u32,
    /// Lifetime of all pods together.
    pub pod_seconds: f64,
    /// Part of it without items in flight.
    pub idle_pod_seconds: f64,
    /// Number of changes of the replica count.
    pub changes: u64,
    /// End of the run.
    pub end: Duration,
}

/// Waiting times of the items of one of several lists.
#[derive(Debug, Clone, PartialEq)]
pub struct ListWaits {
    /// Key of the list.
    pub list: String,
    /// Time from push to first claim.
    pub wait: Waits,
}

/// Waiting times of items.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Waits {
    /// Mean.
    pub mean: Duration,
    /// Median.
    pub p50: Duration,
    /// 95th percentile.
    pub p95: Duration,
    /// 99th percentile.
    pub p99: Duration,
    /// Maximum.
    pub max: Duration,
}

/// Collects waiting times.
#[derive(Debug)]
pub(super) struct Stopwatch {
    /// In µs, to three digits.
    times: Histogram<u64>,
    sum: Duration,
    longest: Duration,
}

impl Stopwatch {
    pub(super) fn new() -> Self {
        // From 1 µs to ten days; what is longer counts as that.
        let times = Histogram::new_with_bounds(1, 864_000_000_000, 3).unwrap_or_else(|_| unreachable!("1 < ten days"));
        Self { times, sum: Duration::ZERO, longest: Duration::ZERO }
    }

    pub(super) fn record(&mut self, wait: Duration) {
        self.times.saturating_record(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        self.sum += wait;
        self.longest = self.longest.max(wait);
    }

    pub(super) fn waits(&self) -> Waits {
        if self.times.is_empty() {
            return Waits::default();
        }
        let of = |quantile| Duration::from_micros(self.times.value_at_quantile(quantile)).min(self.longest);
        let count = u32::try_from(self.times.len()).unwrap_or(u32::MAX);
        Waits { mean: self.sum / count, p50: of(0.5), p95: of(0.95), p99: of(0.99), max: self.longest }
    }
}

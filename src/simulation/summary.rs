//! What a run comes to.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Results of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Items that were pushed.
    pub arrived: u64,
    /// Items processed.
    pub done: u64,
    /// Items in flight interrupted by the end of their pod.
    pub cut: u64,
    /// Items that were cut off and are gone: with at-most-once delivery.
    pub lost: u64,
    /// Items left.
    pub left: u64,
    /// Items left that were never claimed.
    pub waiting: u64,
    /// The most that ever waited.
    pub peak_backlog: u64,
    /// Waiting times, from the push to the first claim.
    pub wait: Waits,
    /// Time at which everything was processed for good; `None` if not reached.
    pub empty_at: Option<Duration>,
    /// The most pods there ever were, with those that were told to stop.
    pub peak_pods: u32,
    /// The time of all pods together, from their creation until they were gone.
    pub pod_seconds: f64,
    /// Pod-seconds without an item in flight.
    pub idle_pod_seconds: f64,
    /// Number of changes of the replicas.
    pub changes: u64,
    /// End of the run.
    pub end: Duration,
}

/// Distribution of waiting times.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Waits {
    /// On the average.
    pub mean: Duration,
    /// Half of them no longer.
    pub p50: Duration,
    /// 95 of 100 no longer.
    pub p95: Duration,
    /// 99 of 100 no longer.
    pub p99: Duration,
    /// None longer.
    pub max: Duration,
}

/// Waits as they are measured.
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

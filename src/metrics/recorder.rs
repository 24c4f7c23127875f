//! Handle through which a consumer records its metrics.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::registry::{self, MetricSet, RedisStatus};
use crate::delivery::item::Item;
use crate::delivery::tally::Tally;
use crate::workload::made_at;

/// Metrics of one list of a consumer; does nothing unless metrics are enabled. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Option<Arc<MetricSet>>);

impl Metrics {
    /// Creates the metrics of a consumer of `list`; `stamp_field` names the JSON field that holds an item's creation time.
    pub(crate) fn of(list: &str, stamp_field: Option<String>) -> Self {
        Self(Some(Arc::new(MetricSet::new(list, stamp_field))))
    }

    /// Records the queue wait of an item whose first attempt begins.
    ///
    /// Retries are not recorded: they mostly wait for the backoff that was asked for.
    pub(crate) fn begun(&self, item: &Item) {
        if let Some(metrics) = &self.0
            && let Some((field, waits)) = &metrics.queue_wait
            && let Some(made) = made_at(item, field)
        {
            // Two clocks are compared: a consumer's clock that is behind must not make a wait negative.
            let wait = SystemTime::now().duration_since(made).unwrap_or_default();
            waits.observe(wait.as_secs_f64());
        }
    }

    /// Records the duration of a handler.
    pub(crate) fn handled(&self, duration: Duration) {
        if let Some(metrics) = &self.0 {
            metrics.handler_duration.observe(duration.as_secs_f64());
        }
    }

    /// Publishes the counts so far, and the number of items in flight.
    pub(crate) fn publish(&self, tally: &Tally, in_flight: usize) {
        if let Some(metrics) = &self.0 {
            metrics.publish(tally, in_flight);
        }
    }
}

/// Returns all metrics of a consumer's lists as OpenMetrics text; empty when metrics are disabled.
///
/// # Errors
///
/// Fails only if writing to a `String` does.
pub(crate) fn text<'a>(lists: impl Iterator<Item = (&'a Metrics, RedisStatus)>) -> Result<String, fmt::Error> {
    registry::text(lists.filter_map(|(metrics, redis)| Some((Arc::clone(metrics.0.as_ref()?), redis))).collect())
}

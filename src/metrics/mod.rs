//! What a consumer has done, as figures for others to collect: OpenMetrics over HTTP. `docs/metrics.md` lists them.

mod figures;
mod server;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::figures::Figures;
pub(crate) use self::figures::{Depths, Link};
pub(crate) use self::server::serve;
use crate::delivery::item::Item;
use crate::delivery::tally::Tally;
use crate::workload::made_at;

/// Where a consumer writes down what it does. Does nothing unless somebody asked for figures; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metrics(Option<Arc<Figures>>);

impl Metrics {
    /// Keeps figures of the consumer of `list`, whose items say in `stamp_field`, if anywhere, when they were made.
    pub(crate) fn of(list: &str, stamp_field: Option<String>) -> Self {
        Self(Some(Arc::new(Figures::new(list, stamp_field))))
    }

    /// Takes note that work on an item begins that nobody has had before.
    ///
    /// Only then is it known how long it has waited: the time of another try is mostly the pause that was asked for.
    pub(crate) fn begun(&self, item: &Item) {
        if let Some(figures) = &self.0
            && let Some((field, waits)) = &figures.queue_wait
            && let Some(made) = made_at(item, field)
        {
            // Two clocks meet here: one that is behind must not make a wait less than nothing.
            let wait = SystemTime::now().duration_since(made).unwrap_or_default();
            waits.observe(wait.as_secs_f64());
        }
    }

    /// Takes note of how long a handler took.
    pub(crate) fn handled(&self, took: Duration) {
        if let Some(figures) = &self.0 {
            figures.handler_time.observe(took.as_secs_f64());
        }
    }

    /// Takes note of what has been done so far, and of how many items are in flight now.
    pub(crate) fn publish(&self, tally: &Tally, in_flight: usize) {
        if let Some(figures) = &self.0 {
            figures.publish(tally, in_flight);
        }
    }
}

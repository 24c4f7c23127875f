//! Metric names, labels and values.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::delivery::snapshot::Depths;
use crate::delivery::tally::Tally;

/// Prefix of every metric name.
pub(super) const PREFIX: &str = "qscale";

/// Buckets of the handler duration, in seconds: from a millisecond to half an hour.
const HANDLER_DURATION_BUCKETS: [f64; 15] =
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// Buckets of the queue wait, in seconds: from milliseconds to a day.
const QUEUE_WAIT_BUCKETS: [f64; 14] =
    [0.005, 0.05, 0.25, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

/// Metrics of one list of a consumer.
#[derive(Debug)]
pub(super) struct MetricSet {
    list: String,
    pub(super) handler_duration: Histogram,
    /// JSON field that holds the creation time of an item, and the histogram of the time since.
    pub(super) queue_wait: Option<(String, Histogram)>,
    published: Mutex<Published>,
}

/// Counts last published by the consumer's loop.
#[derive(Debug, Clone, Copy, Default)]
struct Published {
    claimed: u64,
    acknowledged: u64,
    retried: u64,
    dead: u64,
    expired: u64,
    requeued: u64,
    lease_lost: u64,
    trimmed: u64,
    in_flight: u64,
}

/// State of Redis at one scrape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RedisStatus {
    /// True while the consumer is connected.
    pub(crate) up: bool,
    /// Number of times a lost connection was re-established.
    pub(crate) reconnects: u64,
    /// Lengths of the list's keys; `None` when they cannot be read.
    pub(crate) depths: Option<Depths>,
}

impl MetricSet {
    pub(super) fn new(list: &str, stamp_field: Option<String>) -> Self {
        let queue_wait = stamp_field.map(|field| (field, Histogram::new(QUEUE_WAIT_BUCKETS)));
        let handler_duration = Histogram::new(HANDLER_DURATION_BUCKETS);
        Self { list: list.to_owned(), handler_duration, queue_wait, published: Mutex::default() }
    }

    pub(super) fn publish(&self, tally: &Tally, in_flight: usize) {
        let Tally { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, trimmed, .. } = *tally;
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        *self.published() =
            Published { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, trimmed, in_flight };
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns all metrics of a consumer's lists as OpenMetrics text.
///
/// # Errors
///
/// Fails only if writing to a `String` does.
pub(super) fn text(lists: Vec<(Arc<MetricSet>, RedisStatus)>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    let lists = lists.into_iter().map(|(metrics, redis)| {
        let published = *metrics.published();
        ScrapedList { metrics, published, redis }
    });
    registry.register_collector(Box::new(Scrape(lists.collect())));
    let mut text = String::new();
    encode_registry(&mut text, &registry)?;
    encode_eof(&mut text)?;
    Ok(text)
}

/// Values of one scrape. A value that cannot be read is absent, not stale.
#[derive(Debug)]
struct Scrape(Vec<ScrapedList>);

/// Values of one list.
#[derive(Debug)]
struct ScrapedList {
    metrics: Arc<MetricSet>,
    published: Published,
    redis: RedisStatus,
}

/// A number of a list, if it is known.
type ListNumber = (&'static str, &'static str, fn(&ScrapedList) -> Option<u64>);

/// Counters with a value per list.
const COUNTERS: [ListNumber; 3] = [
    ("items_claimed", "Total number of items claimed, counting every attempt.", |list| Some(list.published.claimed)),
    (
        "dead_letters_removed",
        "Total number of dead letters removed because there were more than the limit, or older ones.",
        |list| Some(list.published.trimmed),
    ),
    ("reconnects", "Total number of reconnects to Redis.", |list| Some(list.redis.reconnects)),
];

/// Gauges with a value per list.
const GAUGES: [ListNumber; 5] = [
    ("in_flight", "Number of items in flight at this consumer.", |list| Some(list.published.in_flight)),
    ("redis_up", "1 while this consumer is connected to Redis, else 0.", |list| Some(u64::from(list.redis.up))),
    ("list_backlog", "Number of items waiting on the list.", |list| list.redis.depths.map(|depths| depths.backlog)),
    ("list_delayed", "Number of items waiting for a retry.", |list| list.redis.depths.map(|depths| depths.delayed)),
    ("list_dead_letters", "Number of dead letters.", |list| list.redis.depths.map(|depths| depths.dead)),
];

impl Scrape {
    /// Encodes a histogram of each list that has it.
    fn histogram<'a>(
        &'a self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        of: impl Fn(&'a MetricSet) -> Option<&'a Histogram>,
    ) -> fmt::Result {
        let known: Vec<_> =
            self.0.iter().filter_map(|list| Some((list.metrics.list.as_str(), of(&list.metrics)?))).collect();
        if known.is_empty() {
            return Ok(());
        }
        let mut family = encoder.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (list, histogram) in known {
            histogram.encode(family.encode_family(&[("list", list)])?)?;
        }
        Ok(())
    }

    /// Encodes a number of each list for which it is known.
    fn number(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help, of): ListNumber,
        kind: MetricType,
    ) -> fmt::Result {
        let known = self.0.iter().filter_map(|list| Some((list.metrics.list.as_str(), of(list)?)));
        let known: Vec<(&str, u64)> = known.collect();
        if known.is_empty() {
            return Ok(());
        }
        let mut family = encoder.encode_descriptor(name, help, None, kind)?;
        for (list, number) in known {
            let labels = [("list", list)];
            let encoder = family.encode_family(&labels)?;
            match kind {
                MetricType::Counter => ConstCounter::new(number).encode(encoder)?,
                _ => ConstGauge::new(number).encode(encoder)?,
            }
        }
        Ok(())
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut build = encoder.encode_descriptor("build", "Version of qscale.", None, MetricType::Info)?;
        for list in &self.0 {
            let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
            version.encode(build.encode_family(&[("list", list.metrics.list.as_str())])?)?;
        }
        let help = "Time handlers took to process an item, whatever the outcome.";
        self.histogram(&mut encoder, "handler_duration", help, |metrics| Some(&metrics.handler_duration))?;
        let help = "Time from the creation of an item, as its stamp field says, to its first attempt.";
        self.histogram(&mut encoder, "queue_wait", help, |metrics| {
            metrics.queue_wait.as_ref().map(|(_, waits)| waits)
        })?;
        for counter in COUNTERS {
            self.number(&mut encoder, counter, MetricType::Counter)?;
        }
        let help = "Total number of claimed items by outcome.";
        let mut outcomes = encoder.encode_descriptor("items", help, None, MetricType::Counter)?;
        for ScrapedList { metrics, published, .. } in &self.0 {
            let Published { acknowledged, retried, dead, expired, requeued, lease_lost, .. } = *published;
            for (outcome, count) in [
                ("acknowledged", acknowledged),
                ("retried", retried),
                ("dead", dead),
                ("expired", expired),
                ("requeued", requeued),
                ("lease_lost", lease_lost),
            ] {
                let labels = [("list", metrics.list.as_str()), ("outcome", outcome)];
                ConstCounter::new(count).encode(outcomes.encode_family(&labels)?)?;
            }
        }
        for gauge in GAUGES {
            self.number(&mut encoder, gauge, MetricType::Gauge)?;
        }
        Ok(())
    }
}

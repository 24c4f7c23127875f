//! Metric names, labels and values.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Metrics of one consumer.
#[derive(Debug)]
pub(super) struct MetricSet {
    /// Metrics that are recorded as they happen.
    recorded: Registry,
    labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
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
        let labels = vec![(Cow::Borrowed("list"), Cow::Owned(list.to_owned()))];
        let mut recorded = Registry::with_prefix_and_labels(PREFIX, labels.iter().cloned());
        recorded.register("build", "Version of qscale", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let handler_duration = Histogram::new(HANDLER_DURATION_BUCKETS);
        let help = "Time handlers took to process an item, whatever the outcome";
        recorded.register_with_unit("handler_duration", help, Unit::Seconds, handler_duration.clone());
        let queue_wait = stamp_field.map(|field| {
            let waits = Histogram::new(QUEUE_WAIT_BUCKETS);
            let help = "Time from the creation of an item, as its stamp field says, to its first attempt";
            recorded.register_with_unit("queue_wait", help, Unit::Seconds, waits.clone());
            (field, waits)
        });
        Self { recorded, labels, handler_duration, queue_wait, published: Mutex::default() }
    }

    pub(super) fn publish(&self, tally: &Tally, in_flight: usize) {
        let Tally { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, trimmed, .. } = *tally;
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        *self.published() =
            Published { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, trimmed, in_flight };
    }

    /// Returns all metrics as OpenMetrics text.
    ///
    /// # Errors
    ///
    /// Fails only if writing to a `String` does.
    pub(super) fn text(&self, redis: RedisStatus) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.recorded)?;
        // Not registered for good: a value that cannot be read must be absent, not stale.
        let mut scrape = Registry::with_prefix_and_labels(PREFIX, self.labels.iter().cloned());
        scrape.register_collector(Box::new(Scrape { published: *self.published(), redis }));
        encode_registry(&mut text, &scrape)?;
        encode_eof(&mut text)?;
        Ok(text)
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values of one scrape.
#[derive(Debug)]
struct Scrape {
    published: Published,
    redis: RedisStatus,
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Published { claimed, acknowledged, retried, dead, expired, requeued, lease_lost, trimmed, in_flight } =
            self.published;
        let RedisStatus { up, reconnects, depths } = self.redis;
        let mut counter = |name, help, value| {
            ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
        };
        counter("items_claimed", "Total number of items claimed, counting every attempt.", claimed)?;
        let help = "Total number of dead letters removed because there were more than the limit, or older ones.";
        counter("dead_letters_removed", help, trimmed)?;
        counter("reconnects", "Total number of reconnects to Redis.", reconnects)?;

        let help = "Total number of claimed items by outcome.";
        let mut outcomes = encoder.encode_descriptor("items", help, None, MetricType::Counter)?;
        for (outcome, count) in [
            ("acknowledged", acknowledged),
            ("retried", retried),
            ("dead", dead),
            ("expired", expired),
            ("requeued", requeued),
            ("lease_lost", lease_lost),
        ] {
            ConstCounter::new(count).encode(outcomes.encode_family(&[("outcome", outcome)])?)?;
        }

        let mut gauge = |name, help, value: u64| {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge("in_flight", "Number of items in flight at this consumer.", in_flight)?;
        gauge("redis_up", "1 while this consumer is connected to Redis, else 0.", u64::from(up))?;
        if let Some(Depths { backlog, delayed, dead }) = depths {
            gauge("backlog", "Number of items waiting on the list.", backlog)?;
            gauge("delayed", "Number of items waiting for a retry.", delayed)?;
            gauge("dead_letters", "Number of dead letters.", dead)?;
        }
        Ok(())
    }
}

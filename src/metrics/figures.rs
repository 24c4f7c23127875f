//! The figures and their names.

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

use crate::delivery::tally::Tally;

/// What every name begins with.
const PREFIX: &str = "qscale";

/// Handlers take from a blink to the better part of an hour; in seconds.
const HANDLER_TIMES: [f64; 15] =
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// Items wait from a blink to a day; in seconds.
const QUEUE_WAITS: [f64; 14] =
    [0.005, 0.05, 0.25, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

/// All that one consumer has to say.
#[derive(Debug)]
pub(super) struct Figures {
    /// Names and labels; asked for all of them at every scrape.
    histograms: Registry,
    labels: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    pub(super) handler_time: Histogram,
    /// The field that says when an item was made, and how long items waited since.
    pub(super) queue_wait: Option<(String, Histogram)>,
    counts: Mutex<Counts>,
}

/// What the consumer's loop has counted.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    taken: u64,
    acknowledged: u64,
    retried: u64,
    dead: u64,
    given_back: u64,
    lost: u64,
    in_flight: u64,
}

/// The list in Redis, as it was when somebody looked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depths {
    /// Items that wait.
    pub(crate) backlog: u64,
    /// Items that wait for another try.
    pub(crate) delayed: u64,
    /// Dead letters.
    pub(crate) dead: u64,
}

/// What is known of Redis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// Whether the consumer has its connections.
    pub(crate) up: bool,
    /// How often they were lost and came back.
    pub(crate) reconnects: u64,
    /// `None` where Redis does not say.
    pub(crate) depths: Option<Depths>,
}

impl Figures {
    pub(super) fn new(list: &str, stamp_field: Option<String>) -> Self {
        let labels = vec![(Cow::Borrowed("list"), Cow::Owned(list.to_owned()))];
        let mut histograms = Registry::with_prefix_and_labels(PREFIX, labels.iter().cloned());
        histograms.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let handler_time = Histogram::new(HANDLER_TIMES);
        let help = "How long handlers had an item, however that ended";
        histograms.register_with_unit("handler", help, Unit::Seconds, handler_time.clone());
        let queue_wait = stamp_field.map(|field| {
            let waits = Histogram::new(QUEUE_WAITS);
            let help = "From when an item says it was made until work on it began for the first time";
            histograms.register_with_unit("queue_wait", help, Unit::Seconds, waits.clone());
            (field, waits)
        });
        Self { histograms, labels, handler_time, queue_wait, counts: Mutex::default() }
    }

    pub(super) fn publish(&self, tally: &Tally, in_flight: usize) {
        let Tally { taken, acknowledged, retried, dead, given_back, lost_leases, .. } = *tally;
        let in_flight = u64::try_from(in_flight).unwrap_or(u64::MAX);
        *self.counts() = Counts { taken, acknowledged, retried, dead, given_back, lost: lost_leases, in_flight };
    }

    /// All figures as OpenMetrics text.
    ///
    /// # Errors
    ///
    /// None that a `String` could have.
    pub(super) fn text(&self, link: Link) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.histograms)?;
        // What may be unknown cannot stay registered: absent is the honest word for it.
        let mut moment = Registry::with_prefix_and_labels(PREFIX, self.labels.iter().cloned());
        moment.register_collector(Box::new(Moment { counts: *self.counts(), link }));
        encode_registry(&mut text, &moment)?;
        encode_eof(&mut text)?;
        Ok(text)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is true at one scrape.
#[derive(Debug)]
struct Moment {
    counts: Counts,
    link: Link,
}

impl Collector for Moment {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Counts { taken, acknowledged, retried, dead, given_back, lost, in_flight } = self.counts;
        let Link { up, reconnects, depths } = self.link;
        let mut counter = |name, help, value| {
            ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
        };
        counter("items_taken", "Items taken off the list.", taken)?;
        counter("reconnects", "How often the connection to Redis was lost and came back.", reconnects)?;

        let help = "What became of items that were taken.";
        let mut outcomes = encoder.encode_descriptor("items", help, None, MetricType::Counter)?;
        for (outcome, count) in [
            ("acknowledged", acknowledged),
            ("retried", retried),
            ("dead", dead),
            ("given_back", given_back),
            ("lost", lost),
        ] {
            ConstCounter::new(count).encode(outcomes.encode_family(&[("outcome", outcome)])?)?;
        }

        let mut gauge = |name, help, value: u64| {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge("in_flight", "Items in flight at this consumer.", in_flight)?;
        gauge("redis_up", "Whether this consumer has its connection to Redis.", u64::from(up))?;
        if let Some(Depths { backlog, delayed, dead }) = depths {
            gauge("backlog", "Items that wait on the list.", backlog)?;
            gauge("delayed", "Items that wait for another try.", delayed)?;
            gauge("dead_letters", "Items that were given up and are kept.", dead)?;
        }
        Ok(())
    }
}

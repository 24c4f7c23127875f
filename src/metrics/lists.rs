//! Metrics of lists that are watched: backlog, consumers, and the pods that process it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::registry::PREFIX;
use crate::sample::Sample;
use crate::units::float;

/// Metrics of the watched lists. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ListMetrics {
    lists: Arc<Mutex<Observations>>,
    /// Age above which a sample is not shown any more.
    max_age: Duration,
}

/// Latest sample of each list, and the time of it; `None` before the first one.
type Observations = BTreeMap<String, Option<(Instant, Sample)>>;

/// A gauge: name, description, and its value in a sample.
type Gauge = (&'static str, &'static str, fn(&Sample) -> Option<u64>);

/// Gauges with a value per list.
const GAUGES: [Gauge; 6] = [
    ("list_backlog", "Number of items waiting on the list.", |sample| Some(sample.backlog)),
    ("list_in_flight", "Number of items in flight at all consumers.", |sample| sample.in_flight),
    ("list_delayed", "Number of items waiting for a retry.", |sample| sample.delayed),
    ("list_dead_letters", "Number of dead letters.", |sample| sample.dead),
    ("list_consumers", "Number of consumers that are alive.", |sample| sample.consumers),
    ("list_consumers_busy", "Number of consumers with items in flight.", |sample| sample.busy),
];

/// Counters with a value per list.
const COUNTERS: [Gauge; 2] = [
    ("list_pushed", "Total number of items pushed by qscale produce.", |sample| sample.pushed),
    ("list_acknowledged", "Total number of items processed.", |sample| sample.acknowledged),
];

impl ListMetrics {
    /// Creates the metrics of `lists`; a sample older than `max_age` counts as none.
    pub(crate) fn of(lists: &[String], max_age: Duration) -> Self {
        let lists = lists.iter().map(|list| (list.clone(), None)).collect();
        Self { lists: Arc::new(Mutex::new(lists)), max_age }
    }

    /// Takes a sample.
    pub(crate) fn observe(&self, sample: &Sample) {
        self.lists().insert(sample.list.clone(), Some((Instant::now(), sample.clone())));
    }

    /// Returns all metrics as OpenMetrics text.
    ///
    /// # Errors
    ///
    /// Fails only if writing to a `String` does.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let is_current = |(at, sample): &(Instant, Sample)| (at.elapsed() <= self.max_age).then(|| sample.clone());
        let current = |(list, seen): (&String, &Option<_>)| (list.clone(), seen.as_ref().and_then(is_current));
        let lists = self.lists().iter().map(current).collect();
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register("build", "Version of qscale", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register_collector(Box::new(CurrentSamples(lists)));
        let mut text = String::new();
        encode_registry(&mut text, &registry)?;
        encode_eof(&mut text)?;
        Ok(text)
    }

    fn lists(&self) -> MutexGuard<'_, Observations> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Current samples at one scrape; `None` for a list that cannot be read.
#[derive(Debug)]
struct CurrentSamples(Vec<(String, Option<Sample>)>);

/// A value, and the label that tells it from others of its list: name and value.
type Labelled = (Option<(&'static str, String)>, f64);

impl Collector for CurrentSamples {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for (name, help, value) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for (list, sample) in &self.0 {
                if let Some(count) = sample.as_ref().and_then(value) {
                    ConstCounter::new(count).encode(family.encode_family(&[("list", list.as_str())])?)?;
                }
            }
        }
        for (name, help, value) in GAUGES {
            self.gauges(&mut encoder, name, help, None, |sample| {
                value(sample).map(|value| (None, float(value))).into_iter().collect()
            })?;
        }
        let help = "Age of the item that waits longest, as its stamp field says.";
        self.gauges(&mut encoder, "list_oldest_item", help, Some(&Unit::Seconds), |sample| {
            sample.oldest_seconds.map(|age| (None, age)).into_iter().collect()
        })?;
        let help = "Number of pods by state: desired, current, ready.";
        self.gauges(&mut encoder, "pods", help, None, pods)?;
        let help = "Number of Jobs by state: running, pending, succeeded, failed.";
        self.gauges(&mut encoder, "jobs", help, None, jobs)?;
        let help = "1 for each fault of what scales the consumers, and of their pods.";
        self.gauges(&mut encoder, "scaler_fault", help, None, |sample| {
            sample.faults.iter().map(|fault| (Some(("code", fault.code.clone())), 1.0)).collect()
        })?;
        let mut family =
            encoder.encode_descriptor("redis_up", "1 while the list can be read, else 0.", None, MetricType::Gauge)?;
        for (list, sample) in &self.0 {
            let up = u64::from(sample.is_some());
            ConstGauge::new(up).encode(family.encode_family(&[("list", list.as_str())])?)?;
        }
        Ok(())
    }
}

impl CurrentSamples {
    /// Encodes a gauge whose `values` come from the current sample of each list.
    fn gauges(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: impl Fn(&Sample) -> Vec<Labelled>,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (list, sample) in &self.0 {
            for (label, value) in sample.as_ref().map(&values).unwrap_or_default() {
                let labels: Vec<(&str, &str)> = [("list", list.as_str())]
                    .into_iter()
                    .chain(label.as_ref().map(|(name, value)| (*name, value.as_str())))
                    .collect();
                ConstGauge::new(value).encode(family.encode_family(&labels.as_slice())?)?;
            }
        }
        Ok(())
    }
}

fn pods(sample: &Sample) -> Vec<Labelled> {
    let Some(target) = &sample.target else { return Vec::new() };
    states([("desired", target.desired), ("current", target.current), ("ready", target.ready)])
}

fn jobs(sample: &Sample) -> Vec<Labelled> {
    let Some(jobs) = sample.jobs else { return Vec::new() };
    let counts =
        [("running", jobs.running), ("pending", jobs.pending), ("succeeded", jobs.succeeded), ("failed", jobs.failed)];
    states(counts)
}

fn states<const N: usize>(counts: [(&'static str, u32); N]) -> Vec<Labelled> {
    counts.map(|(state, count)| (Some(("state", state.to_owned())), f64::from(count))).into()
}

//! Metrics, heartbeat and published counts of a consumer.

use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::args::TelemetryArgs;
use super::attempt::Attempt;
use super::plan::Plan;
use super::status::ConsumerCounts;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::Heartbeat;
use crate::metrics::{self, Metrics, RedisStatus};
use crate::profile::ListenAddress;
use crate::queue::{DepthReader, Redis};

/// Time that a scrape waits for the lengths of the keys, together with scrapes before it.
const SCRAPE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Metrics and heartbeat, which do nothing unless enabled, and the counts for the status.
#[derive(Debug, Clone, Default)]
pub(super) struct Telemetry {
    metrics: Metrics,
    heartbeat: Heartbeat,
    counts: Arc<ConsumerCounts>,
}

impl Telemetry {
    /// Starts what the plans enable, one for each list.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be bound or the heartbeat file cannot be written.
    pub(super) async fn start(plans: &[Plan], redis: &Redis) -> Result<Vec<Self>> {
        let settings = plans.first().map(|plan| plan.telemetry.clone()).unwrap_or_default();
        let TelemetryArgs { metrics, stamp_field, heartbeat } = settings;
        let heartbeat = match heartbeat {
            None => Heartbeat::default(),
            Some(file) => {
                let (redis, name) = (redis.clone(), file.display().to_string());
                // A consumer that waits for Redis is healthy, however long it waits.
                Heartbeat::start(file, move || redis.is_awaited())
                    .wrap_err_with(|| format!("cannot write heartbeat `{name}`"))?
            }
        };
        let recorded = match metrics {
            None => vec![Metrics::default(); plans.len()],
            Some(ListenAddress(address)) => {
                let of = |plan: &Plan| Metrics::of(&plan.list, stamp_field.clone());
                let recorded: Vec<Metrics> = plans.iter().map(of).collect();
                let statuses = plans.iter().map(|plan| redis_status(redis, &plan.list));
                let lists: Vec<_> = recorded.iter().cloned().zip(statuses).collect();
                let scrape = move || {
                    let (metrics, statuses): (Vec<_>, Vec<_>) =
                        lists.iter().map(|(metrics, status)| (metrics.clone(), status())).unzip();
                    async move {
                        let statuses = futures_util::future::join_all(statuses).await;
                        metrics::text(metrics.iter().zip(statuses))
                    }
                };
                let served = metrics::serve(address, scrape);
                let address = served.await.wrap_err_with(|| format!("cannot serve metrics at {address}"))?;
                tracing::info!(url = %format_args!("http://{address}/metrics"), "serving metrics");
                recorded
            }
        };
        let telemetry = |metrics| Self { metrics, heartbeat: heartbeat.clone(), counts: Arc::default() };
        Ok(recorded.into_iter().map(telemetry).collect())
    }

    /// Returns the counts as last published.
    pub(super) fn counts(&self) -> Arc<ConsumerCounts> {
        Arc::clone(&self.counts)
    }

    /// Records the start of an attempt.
    pub(super) fn begun(&self, attempt: &impl Attempt) {
        if attempt.is_first() {
            self.metrics.begun(attempt.item());
        }
    }

    /// Records the duration of a handler, for each of `items`.
    pub(super) fn handled(&self, duration: Duration, items: usize) {
        for _ in 0..items {
            self.metrics.handled(duration);
        }
    }

    /// Publishes the counts, and marks an iteration of the consumer's loop.
    pub(super) fn report(&self, tally: &Tally, in_flight: usize) {
        self.metrics.publish(tally, in_flight);
        self.counts.publish(tally, in_flight);
        self.heartbeat.beat();
    }
}

/// Returns the function that reads the state of Redis at each scrape, on its own connection so that no item is delayed.
fn redis_status(
    redis: &Redis,
    list: &str,
) -> impl Fn() -> futures_util::future::BoxFuture<'static, RedisStatus> + Clone + use<> {
    let reader = Arc::new(Mutex::new(DepthReader::new(redis, list)));
    let redis = redis.clone();
    move || {
        let (reader, redis) = (Arc::clone(&reader), redis.clone());
        Box::pin(async move {
            let depths = timeout(SCRAPE_TIMEOUT, async { reader.lock().await.read().await }).await.ok();
            let depths = depths.and_then(|depths| {
                depths.inspect_err(|error| tracing::debug!(%error, "cannot read the lengths of the keys")).ok()
            });
            RedisStatus { up: !redis.is_disconnected(), reconnects: redis.reconnects(), depths }
        })
    }
}

//! What a consumer shows of itself while it works: figures, and a sign of life.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::sync::Mutex;

use super::Plan;
use crate::delivery::tally::Tally;
use crate::files::heartbeat::Heartbeat;
use crate::metrics::{self, Metrics, RedisStatus};
use crate::profile::ListenAddress;
use crate::queue::{Claim, DepthReader, Redis};

/// What is to be shown, and where.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Shown {
    /// Serve figures (OpenMetrics) at /metrics of this address; a port alone is one of the loopback [env: QSCALE_METRICS]
    /// [default: not at all]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) metrics: Option<ListenAddress>,

    /// The field of a JSON item that says when it was made, for the queue wait among the figures: RFC 3339, or seconds or
    /// milliseconds since 1970 [env: QSCALE_STAMP_FIELD]
    #[arg(long, value_name = "FIELD")]
    pub(super) stamp_field: Option<String>,

    // For `qscale health`, and hidden as that is.
    /// Touch this file every second as long as the consumer turns [env: QSCALE_HEARTBEAT]
    #[arg(long, value_name = "FILE", hide = true)]
    pub(super) heartbeat: Option<PathBuf>,
}

impl Shown {
    /// Lays it over what the profile says.
    pub(super) fn over(self, metrics: Option<ListenAddress>, stamp_field: Option<String>) -> Self {
        Self { metrics: self.metrics.or(metrics), stamp_field: self.stamp_field.or(stamp_field), ..self }
    }
}

/// Where a consumer says what it does; nobody may be listening.
#[derive(Debug, Clone, Default)]
pub(super) struct Vitals {
    metrics: Metrics,
    heartbeat: Heartbeat,
}

impl Vitals {
    /// Begins to show what the plan asks for.
    ///
    /// # Errors
    ///
    /// Fails when the address or the file cannot be had.
    pub(super) async fn show(plan: &Plan, redis: &Redis) -> Result<Self> {
        let Shown { metrics, stamp_field, heartbeat } = plan.shown.clone();
        let heartbeat = match heartbeat {
            None => Heartbeat::default(),
            Some(file) => {
                let (redis, name) = (redis.clone(), file.display().to_string());
                // Who waits for Redis waits rightly, however long.
                Heartbeat::start(file, move || redis.is_away()).wrap_err_with(|| format!("cannot touch `{name}`"))?
            }
        };
        let metrics = match metrics {
            None => Metrics::default(),
            Some(ListenAddress(address)) => {
                let metrics = Metrics::of(&plan.list, stamp_field);
                let served = metrics::serve(address, metrics.clone(), look(redis, &plan.list));
                let address = served.await.wrap_err_with(|| format!("cannot serve metrics at {address}"))?;
                tracing::info!("metrics are at http://{address}/metrics");
                metrics
            }
        };
        Ok(Self { metrics, heartbeat })
    }

    /// Work on an item begins.
    pub(super) fn begun(&self, claimed: &Claim) {
        if claimed.history.is_none() {
            self.metrics.begun(&claimed.item);
        }
    }

    /// A handler is through with an item.
    pub(super) fn handled(&self, took: Duration) {
        self.metrics.handled(took);
    }

    /// The consumer's loop has turned, and so much is done.
    pub(super) fn turned(&self, tally: &Tally, in_flight: usize) {
        self.metrics.publish(tally, in_flight);
        self.heartbeat.turned();
    }
}

/// What a scrape asks of Redis: on a connection of its own, so that no scrape holds up an item.
fn look(
    redis: &Redis,
    list: &str,
) -> impl Fn() -> futures_util::future::BoxFuture<'static, RedisStatus> + Clone + use<> {
    let gauge = Arc::new(Mutex::new(DepthReader::new(redis, list)));
    let redis = redis.clone();
    move || {
        let (gauge, redis) = (Arc::clone(&gauge), redis.clone());
        Box::pin(async move {
            let depths = gauge.lock().await.read().await;
            let depths = depths.inspect_err(|error| tracing::debug!("no figures of the list: {error}")).ok();
            RedisStatus { up: !redis.is_away(), reconnects: redis.reconnects(), depths }
        })
    }
}

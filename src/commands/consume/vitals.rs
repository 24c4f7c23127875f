//! What a consumer shows of itself while it works: figures, and a sign of life.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{Result, WrapErr};
use tokio::sync::Mutex;

use super::Plan;
use crate::heartbeat::Heartbeat;
use crate::metrics::{self, Depths, Link, Metrics};
use crate::profile::ListenAddress;
use crate::queue::{Claimed, Gauge, Redis};
use crate::tally::Tally;

/// What is to be shown, and where.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// Where figures are served.
    pub(super) metrics: Option<ListenAddress>,
    /// The field in which items say when they were made.
    pub(super) stamp_field: Option<String>,
    /// The file that is touched as long as the consumer turns.
    pub(super) heartbeat: Option<PathBuf>,
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
    pub(super) fn begun(&self, claimed: &Claimed) {
        if claimed.history.is_none() {
            self.metrics.begun(&claimed.item);
        }
    }

    /// A handler is through with an item.
    pub(super) fn handled(&self, took: Duration) {
        self.metrics.handled(took);
    }

    /// The consumer's loop has turned, and so much is done.
    pub(super) fn turned(&self, tally: &Tally, in_work: usize) {
        self.metrics.publish(tally, in_work);
        self.heartbeat.turned();
    }
}

/// What a scrape asks of Redis: on a connection of its own, so that no scrape holds up an item.
fn look(redis: &Redis, list: &str) -> impl Fn() -> futures_util::future::BoxFuture<'static, Link> + Clone + use<> {
    let gauge = Arc::new(Mutex::new(Gauge::new(redis, list)));
    let redis = redis.clone();
    move || {
        let (gauge, redis) = (Arc::clone(&gauge), redis.clone());
        Box::pin(async move {
            let depths = gauge.lock().await.read().await;
            let depths = depths.inspect_err(|error| tracing::debug!("no figures of the list: {error}")).ok();
            let depths = depths.map(|now| Depths { backlog: now.backlog, delayed: now.delayed, dead: now.dead });
            Link { up: !redis.is_away(), reconnects: redis.reconnects(), depths }
        })
    }
}

//! Metrics of a consumer: OpenMetrics over HTTP. `docs/metrics.md` lists them.

mod recorder;
mod registry;
mod server;

pub(crate) use self::recorder::Metrics;
pub(crate) use self::registry::RedisStatus;
pub(crate) use self::server::serve;

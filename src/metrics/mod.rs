//! Metrics of a consumer, or of watched lists: OpenMetrics over HTTP. `docs/metrics.md` lists them.

mod lists;
mod recorder;
mod registry;
mod server;

pub(crate) use self::lists::ListMetrics;
pub(crate) use self::recorder::{Metrics, text};
pub(crate) use self::registry::RedisStatus;
pub(crate) use self::server::serve;

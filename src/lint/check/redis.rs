//! Redis triggers: those over lists, and those over streams.

use crate::lint::object::Cursor;

/// Types of Redis triggers.
///
/// Source: `pkg/scaling/scalers_builder.go :: buildScaler`
pub(super) const REDIS: [&str; 6] =
    ["redis", "redis-cluster", "redis-sentinel", "redis-streams", "redis-cluster-streams", "redis-sentinel-streams"];

/// Returns whether a trigger reads Redis: a list or a stream.
pub(super) fn is_redis(trigger: &Cursor<'_>) -> bool {
    trigger.get("type").text().is_some_and(|kind| REDIS.contains(&kind))
}

/// Returns whether it reads a list.
pub(super) fn is_list(trigger: &Cursor<'_>) -> bool {
    is_redis(trigger) && !is_stream(trigger)
}

pub(super) fn is_stream(trigger: &Cursor<'_>) -> bool {
    trigger.get("type").text().is_some_and(|kind| kind.ends_with("-streams"))
}

//! Redis triggers: those over lists, and those over streams.

use super::selector::serves;
use crate::lint::finding::Report;
use crate::lint::object::{Cursor, Object, Objects};
use crate::lint::pod;
use crate::lint::rule::Rule;

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

/// Names of images that are servers of Redis, or of what speaks its protocol.
const SERVERS: [&str; 9] =
    ["redis", "valkey", "keydb", "dragonfly", "redis-stack-server", "redis-stack", "redis-alpine", "garnet", "kvrocks"];

/// Checks that the target of a ScaledObject is not the Redis that its triggers read.
pub(super) fn check(scaled: &Object<'_>, objects: &Objects<'_>, report: &mut Report) {
    let Some(target) = pod::target(scaled, objects) else { return };
    let of_trigger = |trigger: &Cursor<'_>| is_redis(trigger) && serves_trigger(trigger, target, objects);
    let triggers = scaled.at(&["spec", "triggers"]).items();
    let reads = triggers.iter().any(of_trigger);
    if reads || (triggers.iter().any(is_redis) && is_server(target)) {
        let message = "is the Redis that the trigger reads: each further pod is another Redis, with lists of its own";
        let at = scaled.at(&["spec", "scaleTargetRef", "name"]);
        report.add(Rule::ScalesRedis, &at, message, "name the workload that processes the items");
    }
}

/// Returns whether the Service that a trigger names sends to the pods of `target`.
fn serves_trigger(trigger: &Cursor<'_>, target: &Object<'_>, objects: &Objects<'_>) -> bool {
    let hosts = ["address", "addresses", "host", "hosts"].map(|key| trigger.at(&["metadata", key]));
    hosts.iter().filter_map(Cursor::text).flat_map(|text| text.split(',')).any(|host| {
        let host = host.trim().split(':').next().unwrap_or_default();
        let mut parts = host.split('.');
        let (name, namespace) = (parts.next().unwrap_or_default(), parts.next());
        let in_namespace = |service: &Object<'_>| {
            service.namespace.zip(namespace).is_none_or(|(own, meant)| own == meant) && service.shares_namespace(target)
        };
        objects.named("Service", name).any(|service| in_namespace(service) && serves(service, target))
    })
}

/// Returns whether the pods of an object run nothing but a Redis: a worker may have one next to it as a cache.
fn is_server(target: &Object<'_>) -> bool {
    let containers = target.template().map(|template| pod::containers(&template)).unwrap_or_default();
    let name = |container: &Cursor<'_>| {
        let image = container.get("image").text()?;
        Some(image.rsplit('/').next()?.split([':', '@']).next()?.to_owned())
    };
    let names: Option<Vec<String>> = containers.iter().map(name).collect();
    let mut names = names.unwrap_or_default();
    names.retain(|name| !name.contains("exporter"));
    // An image of Redis runs its server unless it is told to run another program.
    let own = |container: &Cursor<'_>| {
        let command = container.get("command").items();
        command.first().and_then(Cursor::text).is_none_or(|word| word.contains("server") || word.ends_with("sh"))
    };
    !names.is_empty() && names.iter().all(|name| SERVERS.contains(&name.as_str())) && containers.iter().all(own)
}

//! Rules about profiles, which `render --check` checks on top of the objects rendered from them.

use super::about::About;

pub(super) const INVALID_PROFILE: About = About::error(
    "invalid-profile",
    "The profile cannot be used",
    "A key is unknown, a value is out of range, or two settings conflict. Every subcommand refuses such a profile with \
     exit status 78. This rule cannot be allowed.",
);

pub(super) const NO_HANDLER: About = About::warning(
    "no-handler",
    "The consumers have nothing to run",
    "Without `command` or `work` in `[consume]` the pods print each item to their log and remove it from the list. Set \
     `command`, or `work` to simulate a handler.",
);

pub(super) const NO_TIMEOUT: About = About::warning(
    "no-timeout",
    "The handler's duration is not limited",
    "An item that takes longer than `drain` is cut off when its pod is removed, and without `timeout` in `[consume]` it is unknown \
     whether `drain` and `cooldown-period` are long enough.",
);

pub(super) const CONSUMER_EXITS: About = About::warning(
    "consumer-exits",
    "`idle-exit` or `max-items` ends pods that Kubernetes restarts",
    "A pod of a Deployment that exits is restarted with growing delays (CrashLoopBackOff). Remove the key, as KEDA scales \
     idle pods down, or set `kind = \"ScaledJob\"` in `[scale]`.",
);

pub(super) const JOBS_COUNTED_AGAIN: About = About::warning(
    "jobs-counted-again",
    "KEDA polls again before a new Job claims its item",
    "The strategies `accurate` and `eager` do not subtract a Job whose container runs, so that an item whose Job still boots gets another \
     Job at every poll, up to `max-replica-count`. Make `polling-interval` at least as long as `boot-time` in `[consume]`, or \
     set `strategy = \"default\"`.",
);

pub(super) const UNLIMITED_PRODUCER: About = About::warning(
    "unlimited-producer",
    "The producer pushes without a rate or an end",
    "It fills the memory of Redis. Set `rate` or `every` in `[produce]`, `count` for a Job that ends, or `max-backlog`.",
);

pub(super) const NETWORK_POLICY: About = About::warning(
    "network-policy",
    "The NetworkPolicy of the rendered Redis keeps the target out",
    "With `redis = true` the NetworkPolicy admits KEDA and pods with the workload's `app.kubernetes.io/part-of` label. \
     Pods of a `target` need that label, or `network-policy = false` in `[deploy]`.",
);

pub(super) const PRODUCER_AND_COMMAND: About = About::warning(
    "producer-and-command",
    "Generated items go to a real handler",
    "With `producer = true` in `[deploy]` a pod pushes the items of `[produce]` into the list whose items `command` \
     processes. That suits a load test. Otherwise remove `producer`, or set `work` to simulate the handler.",
);

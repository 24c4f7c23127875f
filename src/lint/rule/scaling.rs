//! Rules about replica counts and the timing of ScaledObjects.

use super::about::About;

pub(super) const MIN_ABOVE_MAX: About = About::error(
    "min-above-max",
    "`minReplicaCount` is greater than `maxReplicaCount`",
    "KEDA refuses the object. `maxReplicaCount` is 100 where it is left out.",
)
.source("scaledobject_types.go, CheckReplicaCountBoundsAreValid");

pub(super) const IDLE_REPLICA_COUNT: About = About::error(
    "idle-replica-count",
    "`idleReplicaCount` is not 0, or not below `minReplicaCount`",
    "KEDA supports only 0: the HPA returns any other count to `minReplicaCount` at its next sync. The webhook refuses a \
     value that is not below `minReplicaCount`, so with a minimum of 0 leave it out.",
)
.source("scaledobject_types.go, CheckReplicaCountBoundsAreValid");

pub(super) const PAUSED_REPLICAS: About = About::error(
    "paused-replicas",
    "The annotation `autoscaling.keda.sh/paused-replicas` is not a number",
    "KEDA cannot pause the target at it. Write a count such as `\"0\"`.",
)
.source("scaledobject_types.go, GetPausedReplicaCount");

pub(super) const FALLBACK_FORMULA: About = About::error(
    "fallback-formula",
    "`fallback.behavior: scalingModifiers` comes without a formula",
    "The formula decides the fallback value of a trigger that cannot be read. KEDA refuses the object without one.",
)
.source("scaledobject_webhook.go");

pub(super) const FALLBACK_NO_EFFECT: About = About::warning(
    "fallback-no-effect",
    "`fallback` does not apply while Redis is unreachable",
    "A Redis trigger connects when KEDA builds it. If that fails KEDA changes nothing, and with no pods running none are \
     started. `fallback` only helps where reading the list fails, for example with WRONGTYPE or NOPERM. To keep processing through an \
     outage set `minReplicaCount` to at least 1.",
)
.source("pkg/fallback/fallback.go");

pub(super) const COOLDOWN_NO_EFFECT: About = About::warning(
    "cooldown-no-effect",
    "`cooldownPeriod` has no effect",
    "`cooldownPeriod` delays scaling to zero only, which never happens with `minReplicaCount` of at least 1 and no \
     `idleReplicaCount`. Scaling from many to few is the HPA's: use `stabilizationWindowSeconds` of `scaleDown`.",
);

pub(super) const POLLING_NO_EFFECT: About = About::warning(
    "polling-no-effect",
    "`pollingInterval` has no effect",
    "`pollingInterval` matters for activation, which never happens with `minReplicaCount` of at least 1 and no \
     `idleReplicaCount`. The HPA reads the metric at every sync (15 seconds) unless `useCachedMetrics` is set.",
);

pub(super) const SLOW_ACTIVATION: About = About::warning(
    "slow-activation",
    "The first item can wait longer than 30 seconds for activation",
    "With `minReplicaCount` 0 an item that arrives in an empty list waits for the next poll before a pod is even created. Set \
     `pollingInterval` to at most 30, or `minReplicaCount` to 1.",
);

pub(super) const COOLDOWN_TOO_SHORT: About = About::warning(
    "cooldown-too-short",
    "`cooldownPeriod` ends before an item is processed",
    "Items in flight have left the list. When the list has been empty for `cooldownPeriod`, KEDA scales to zero while pods \
     still process. Set it to at least the longest item plus `pollingInterval`, or count the items in flight with a second \
     trigger. Checked where the manifest shows how long `qscale consume` takes per item.",
);

pub(super) const REBOUND: About = About::warning(
    "rebound",
    "One item after a pause brings back the previous number of pods",
    "Without `behavior` the HPA stabilizes over its last 300 seconds of recommendations. With a `cooldownPeriod` shorter \
     than that, the target is scaled to zero and back while the old peak is still remembered. Set `behavior` in \
     `horizontalPodAutoscalerConfig`, or a `cooldownPeriod` of at least 300.",
);

pub(super) const EMPTY_POLICIES: About = About::warning(
    "empty-policies",
    "`policies` is empty",
    "The API server fills in its default policies. To stop scaling in a direction set `selectPolicy: Disabled`; else leave \
     the field out.",
);

pub(super) const TOLERANCE: About = About::error(
    "tolerance",
    "`tolerance` is not a ratio of at least 0",
    "The API server refuses the HPA that KEDA creates. Write `\"0.1\"` for 10 %.",
)
.source("Kubernetes, pkg/apis/autoscaling/validation/validation.go");

pub(super) const TOO_MANY_CLIENTS: About = About::warning(
    "too-many-clients",
    "`maxReplicaCount` allows more connections than Redis accepts",
    "Redis accepts `maxclients` connections, 10,000 by default, and refuses further ones. Each consumer of qscale opens \
     two, other programs are counted with one. Lower `maxReplicaCount`, or raise `maxclients`.",
);

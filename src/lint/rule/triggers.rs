//! Rules about triggers and the formula over them.

use super::about::About;

pub(super) const NO_TRIGGER: About = About::error(
    "no-trigger",
    "`triggers` is empty",
    "KEDA refuses a ScaledObject or ScaledJob that has nothing to scale by. Add a trigger.",
)
.source("scaledobject_webhook.go, verifyTriggers");

pub(super) const TRIGGER_TYPE: About = About::error(
    "trigger-type",
    "KEDA has no trigger of this type",
    "The type resembles one of `redis`, `redis-cluster`, `redis-sentinel` and their `-streams` variants, and is none of \
     them. KEDA refuses the object.",
)
.source("pkg/scaling/scalers_builder.go, buildScaler");

pub(super) const DUPLICATE_TRIGGER_NAME: About = About::error(
    "duplicate-trigger-name",
    "Two triggers have the same name",
    "Names have to be unique within the object: a formula refers to them. KEDA refuses the object.",
)
.source("scaledobject_webhook.go, verifyTriggers");

pub(super) const UNKNOWN_PARAMETER: About = About::error(
    "unknown-parameter",
    "The trigger does not read this parameter",
    "KEDA silently ignores unknown metadata and uses the default, for example 5 for a misspelt `listLength`. Parameters \
     such as `ca` or `tls` belong in a TriggerAuthentication, and only connection parameters have a `…FromEnv` form.",
)
.source("pkg/scalers/redis_scaler.go, redisMetadata")
.example("metadata:\n  listLenght: \"50\"  # listLength");

pub(super) const TRIGGER_BOOLEAN: About = About::error(
    "trigger-boolean",
    "The parameter is neither true nor false",
    "`enableTLS` and `unsafeSsl` accept what Go's `strconv.ParseBool` accepts: `\"true\"`, `\"false\"` and their short \
     forms, but not `\"yes\"` or `\"on\"`. KEDA cannot build the trigger.",
);

pub(super) const LIST_NAME: About = About::error(
    "list-name",
    "The trigger names no list",
    "A trigger over lists needs `listName`, in its metadata. KEDA cannot build the trigger.",
)
.source("pkg/scalers/redis_scaler.go, redisMetadata");

pub(super) const LIST_LENGTH: About = About::error(
    "list-length",
    "`listLength` is not an integer of at least 1",
    "The HPA divides the backlog by `listLength`, the average number of items per pod. KEDA cannot build a trigger with \
     anything else than a positive integer.",
)
.source("pkg/scalers/redis_scaler.go, redisMetadata");

pub(super) const LIST_LENGTH_AVERAGE: About = About::warning(
    "list-length-average",
    "`listLength` leaves each pod more than half an hour of work",
    "`listLength` is an average per pod, not a threshold: with `listLength: \"1000\"` a second pod starts only at 1,001 \
     waiting items. Set the number of items one pod should have in front of it. Checked where the manifest shows how long \
     `qscale consume` takes per item.",
);

pub(super) const ACTIVATION_LIST_LENGTH: About = About::error(
    "activation-list-length",
    "`activationListLength` is not an integer of at least 0",
    "KEDA cannot build a trigger with anything that is not an integer. A negative value makes an empty list count as \
     active, so that the target is never scaled to zero.",
)
.source("pkg/scalers/redis_scaler.go, redisMetadata");

pub(super) const ACTIVATION_THRESHOLD: About = About::warning(
    "activation-threshold",
    "Items below the activation threshold wait until more arrive",
    "With `activationListLength` (or `scalingModifiers.activationTarget`) above 0, KEDA neither activates the target for \
     that many items nor keeps it active while pods process them: the last items of a batch can stay in the list \
     indefinitely. Leave it out unless they can wait.",
);

pub(super) const METRIC_TYPE: About = About::error(
    "metric-type",
    "`metricType` is refused here",
    "A ScaledJob has no HPA and accepts no `metricType`. In a ScaledObject a Redis trigger accepts `AverageValue` and \
     `Value` only. Leave it out: `AverageValue` is the default.",
)
.source("pkg/scalers/scaler.go, GetMetricTargetType");

pub(super) const METRIC_TYPE_VALUE: About = About::warning(
    "metric-type-value",
    "`metricType: Value` multiplies the pods at every sync",
    "With `Value` the HPA multiplies the current replicas by the ratio of the metric to its target. As the backlog is not \
     divided by the number of pods, the replicas double at every sync (1, 2, 4, 8, …) up to `maxReplicaCount` for as long as \
     the list is longer than `listLength`. Use `AverageValue`, the default.",
);

pub(super) const CACHED_METRICS: About = About::error(
    "cached-metrics",
    "`useCachedMetrics` is refused for this trigger type",
    "KEDA refuses cached metrics for `cpu`, `memory` and `cron`.",
)
.source("scaledobject_webhook.go, verifyTriggers");

pub(super) const TRIGGERS_MAXIMUM: About = About::warning(
    "triggers-maximum",
    "The largest of several lists decides, not their sum",
    "The HPA computes the desired replicas of each metric and takes the maximum: 40 items in each of two lists get as \
     many pods as 40 items in one. If the sum is meant, name the triggers and add them in `scalingModifiers.formula`; in \
     a ScaledJob set `multipleScalersCalculation: sum`. Lists whose names contain one another are taken for stages of one \
     queue and not reported.",
);

pub(super) const FORMULA: About = About::error(
    "formula",
    "`scalingModifiers.formula` is missing or cannot be evaluated",
    "The formula is empty, incomplete, has unbalanced parentheses, gives a boolean, or names something that is no trigger; \
     or a trigger's name is not an identifier of the expr language. KEDA refuses the object.",
)
.source("scaledobject_webhook.go, ValidateAndCompileScalingModifiers")
.example(
    "advanced:\n  scalingModifiers:\n    formula: waiting + bussy  # busy\n    target: \"10\"\ntriggers:\n- name: waiting\n- name: busy",
);

pub(super) const TRIGGER_WITHOUT_NAME: About = About::warning(
    "trigger-without-name",
    "A formula cannot use a trigger without a name",
    "`scalingModifiers.formula` replaces the metrics of all triggers and refers to them by `name`. A trigger without one \
     is polled and does not count. Name it, or remove it.",
);

pub(super) const FORMULA_TARGET: About = About::error(
    "formula-target",
    "`target` or `activationTarget` of `scalingModifiers` is not a valid number",
    "`target` has to be above zero: the HPA divides the formula's value by it. With a `fallback` it has to be an integer, \
     or KEDA ignores the fallback.",
)
.source("scaledobject_webhook.go; pkg/fallback/fallback.go, doFallback");

pub(super) const FORMULA_BELOW_ZERO: About = About::error(
    "formula-below-zero",
    "The formula can become negative",
    "The HPA's metric is an unsigned quantity: a negative value arrives as a huge one and scales to `maxReplicaCount`. \
     Write `max(0, …)`.",
);

pub(super) const FORMULA_DIVISION_BY_ZERO: About = About::error(
    "formula-division-by-zero",
    "The formula can divide by zero",
    "The result is infinite or not a number, and the HPA cannot use it. Write `/ max(1, …)`.",
);

pub(super) const UNUSED_LIST_NAME: About = About::warning(
    "unused-list-name",
    "The queue library keeps no items under this name",
    "KEDA treats a missing key as an empty list, so a wrong name scales nothing and reports no error. Names of \
     BullMQ, Bull, asynq, Sidekiq, Resque, RQ, Bee-Queue, Celery, Laravel and Faktory are recognized by their prefix, or \
     by the program that the target runs.",
)
.example("listName: bull:translate:waiting  # bull:translate:wait");

pub(super) const ACTIVATION_NO_EFFECT: About = About::warning(
    "activation-no-effect",
    "An activation threshold has no effect",
    "`activationListLength` and `activationTarget` decide between zero pods and one. With `minReplicaCount` of at least 1 \
     and no `idleReplicaCount` pods run anyway, and with a formula only `activationTarget` counts. Remove it.",
)
.source("pkg/scaling/executor/scale_scaledobjects.go");

//! Rules about ScaledJobs.

use super::about::About;

pub(super) const IMMEDIATE_ROLLOUT: About = About::warning(
    "immediate-rollout",
    "A change of the ScaledJob kills its running Jobs",
    "With `rollout.strategy: immediate`, the default, KEDA deletes all running Jobs whenever the ScaledJob changes, \
     with the items they process. Set `gradual`.",
)
.source("controllers/keda/scaledjob_controller.go, deletePreviousVersionScaleJobs")
.example("kind: ScaledJob\nspec:\n  rollout:\n    strategy: gradual  # missing: immediate");

pub(super) const DEPRECATED_ROLLOUT_STRATEGY: About = About::warning(
    "deprecated-rollout-strategy",
    "`rolloutStrategy` is deprecated",
    "Use `rollout.strategy`. Both are about changes of the ScaledJob; how Jobs are started is \
     `scalingStrategy.strategy`.",
);

pub(super) const DEADLINE_TOO_SHORT: About = About::warning(
    "deadline-too-short",
    "`activeDeadlineSeconds` ends before an item is processed",
    "Kubernetes kills the pods of a Job at its deadline, with the item they process. Set it to more than the longest item \
     plus the start of a pod. Checked where the manifest shows how long `qscale consume` takes per item.",
);

pub(super) const HISTORY_LIMITS: About = About::warning(
    "history-limits",
    "Up to a hundred finished Jobs are kept",
    "Without `successfulJobsHistoryLimit` and `failedJobsHistoryLimit` KEDA keeps 100 Jobs of each, with their pods. Set \
     both, to 5 for example.",
)
.source("pkg/scaling/executor/scale_jobs.go, cleanUp");

pub(super) const PARALLELISM: About = About::warning(
    "parallelism",
    "Each Job starts several pods",
    "KEDA computes a number of Jobs and counts one pod for each. With `parallelism` above 1 the pods multiply. Set 1 and \
     let KEDA start more Jobs.",
);

pub(super) const RESTART_POLICY: About = About::error(
    "restart-policy",
    "`restartPolicy: Always` is refused in a Job",
    "The API server accepts `Never` and `OnFailure` in the template of a Job.",
);

pub(super) const STRATEGY_NO_EFFECT: About = About::warning(
    "strategy-no-effect",
    "A setting of the strategy `custom` is set without that strategy",
    "`customScalingQueueLengthDeduction` and `customScalingRunningJobPercentage` matter only with \
     `scalingStrategy.strategy: custom`.",
);

pub(super) const TOO_FEW_JOBS: About = About::warning(
    "too-few-jobs",
    "The strategy subtracts running Jobs from items that they have already taken",
    "With `default`, and with `custom` and a percentage, KEDA subtracts the running Jobs from those that the list asks for. \
     That is right where an item stays in a list that KEDA counts until it is done. With at-most-once delivery it has left \
     the list, so as many items as Jobs run wait until those end. Use `accurate`. Checked where the manifest shows a \
     `qscale consume`.",
)
.source("pkg/scaling/executor/scale_jobs.go");

pub(super) const EMPTY_JOBS: About = About::warning(
    "empty-jobs",
    "`minReplicaCount` starts Jobs for an empty list",
    "KEDA keeps that many Jobs unfinished. A `qscale consume` with `--once`, or with `--idle-exit`, ends when there is \
     nothing to do, and KEDA starts another at its next poll, endlessly. Set `minReplicaCount` to 0.",
)
.source("pkg/scaling/executor/scale_jobs.go");

//! Rules about scale targets, other autoscalers and pods.

use super::about::About;

pub(super) const TARGET_KIND: About = About::error(
    "target-kind",
    "`scaleTargetRef.kind` cannot be scaled",
    "Without an `apiVersion` of its own the target is a Deployment, StatefulSet or ReplicaSet of `apps/v1`, and kinds are \
     case-sensitive. KEDA does not find the target.",
)
.source("pkg/util/gvkr.go, ParseGVKR");

pub(super) const TARGET_MISSING: About = About::warning(
    "target-missing",
    "The scale target resembles an object in the files, but is not one of them",
    "`scaleTargetRef` names an object that is not in the files, while one of another kind or of a similar name is. Correct \
     the name or the `kind`.",
);

pub(super) const TARGET_ELSEWHERE: About = About::error(
    "target-elsewhere",
    "The scale target is in another namespace",
    "KEDA resolves `scaleTargetRef` in the namespace of the ScaledObject. Put both into one namespace.",
);

pub(super) const DUPLICATE_TARGET: About = About::error(
    "duplicate-target",
    "Two ScaledObjects have the same target",
    "KEDA refuses the second. Put the triggers of both into one ScaledObject.",
)
.source("scaledobject_webhook.go, verifyScaledObjects");

pub(super) const DUPLICATE_HPA_NAME: About = About::error(
    "duplicate-hpa-name",
    "Two ScaledObjects name the same HPA",
    "KEDA refuses the second. Change `horizontalPodAutoscalerConfig.name` of one of them.",
)
.source("scaledobject_webhook.go, verifyScaledObjects");

pub(super) const COMPETING_HPA: About = About::error(
    "competing-hpa",
    "An HPA and a ScaledObject scale the same target",
    "KEDA creates an HPA for each ScaledObject. It refuses a target that has one already; without the webhook the two set \
     `replicas` against each other. Remove the HPA and use its metrics as triggers, or let KEDA take it over with the \
     annotation `scaledobject.keda.sh/transfer-hpa-ownership` and its name.",
)
.source("scaledobject_webhook.go, verifyHpas");

pub(super) const REPLICAS: About = About::warning(
    "replicas",
    "`replicas` is set in a workload that KEDA scales",
    "Each time the manifest is applied the workload falls, or rises, to this count until the next sync. Remove the field.",
);

pub(super) const GRACE_PERIOD: About = About::warning(
    "grace-period",
    "Pods are killed before their items are finished",
    "The HPA removes pods without asking which are busy. `terminationGracePeriodSeconds`, 30 by default, is the time \
     between SIGTERM and SIGKILL; it has to cover the longest item. For `qscale consume` it has to exceed `--drain`, and \
     `--drain` the longest item. The pods of a ScaledJob are not removed by scaling down.",
);

pub(super) const BUDGET_BLOCKS: About = About::warning(
    "budget-blocks",
    "The PodDisruptionBudget blocks node drains",
    "`minAvailable` of at least `minReplicaCount`, or `maxUnavailable: 0`, never allows an eviction once KEDA has scaled \
     down. Use `maxUnavailable: 1`.",
)
.source("Kubernetes, https://kubernetes.io/docs/tasks/run-application/configure-pdb/");

pub(super) const IMAGE_TAG: About = About::warning(
    "image-tag",
    "The image has no fixed version",
    "Without a tag, or with `latest`, pods of one workload can run different versions. Use a fixed tag or a digest.",
);

pub(super) const IMAGE_PULL_POLICY: About = About::warning(
    "image-pull-policy",
    "`imagePullPolicy: Never` fails on nodes without the image",
    "Pods start only on nodes that already have the image; elsewhere they report ErrImageNeverPull. `IfNotPresent` also \
     uses images that were loaded onto a node.",
);

pub(super) const HOST_NETWORK: About = About::warning(
    "host-network",
    "The pods use the network of their node",
    "`hostNetwork: true` shares the node's ports, its localhost and, by default, its DNS, which does not know Services. Remove it.",
);

pub(super) const POD_RESOURCES: About = About::warning(
    "pod-resources",
    "`resources` is set on the pod, not on a container",
    "Pod-level resources are enabled from Kubernetes 1.34 on; earlier releases drop the field. Most often it has \
     slipped out of `containers[]`.",
);

pub(super) const SCALES_REDIS: About = About::warning(
    "scales-redis",
    "The target is the Redis that the trigger reads",
    "Each further pod is a Redis of its own with lists of its own, and the Service spreads clients over all of them. Name \
     the workload that processes the items in `scaleTargetRef`. Recognized by a Service whose selector matches the target, \
     or by images that are all servers of Redis.",
);

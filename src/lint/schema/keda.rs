//! Fields of KEDA's kinds.
//!
//! Source: the CRDs of KEDA 2.20 (`config/crd/bases`).

use super::kubernetes::{JOB_SPEC, META};
use super::shape::Type::{Any, Boolean, List, Of, One, Text, Texts, Whole};
use super::shape::{COUNT, FROM_ONE, Shape, object, shape};

pub(super) static SCALED_OBJECT: Shape = shape("a ScaledObject", &["spec"], &object!(SCALED_OBJECT_SPEC));
pub(super) static SCALED_JOB: Shape = shape("a ScaledJob", &["spec"], &object!(SCALED_JOB_SPEC));
pub(super) static TRIGGER_AUTHENTICATION: Shape =
    shape("a TriggerAuthentication", &["spec"], &object!(TRIGGER_AUTHENTICATION_SPEC));

static SCALED_OBJECT_SPEC: Shape = shape(
    "the spec of a ScaledObject",
    &["scaleTargetRef", "triggers"],
    &[
        ("advanced", Of(&ADVANCED)),
        ("cooldownPeriod", COUNT),
        ("fallback", Of(&FALLBACK)),
        ("idleReplicaCount", COUNT),
        ("initialCooldownPeriod", COUNT),
        ("maxReplicaCount", FROM_ONE),
        ("minReplicaCount", COUNT),
        ("pollingInterval", FROM_ONE),
        ("scaleTargetRef", Of(&TARGET)),
        ("triggers", List(&TRIGGER)),
    ],
);

pub(super) static TARGET: Shape = shape(
    "a target",
    &["name"],
    &[("apiVersion", Text), ("envSourceContainerName", Text), ("kind", Text), ("name", Text)],
);

static ADVANCED: Shape = shape(
    "`advanced`",
    &[],
    &[
        ("horizontalPodAutoscalerConfig", Of(&HPA_CONFIG)),
        ("restoreToOriginalReplicaCount", Boolean),
        ("scalingModifiers", Of(&MODIFIERS)),
    ],
);

static HPA_CONFIG: Shape =
    shape("`horizontalPodAutoscalerConfig`", &[], &[("behavior", Of(&BEHAVIOR)), ("name", Text)]);

static BEHAVIOR: Shape = shape("`behavior`", &[], &[("scaleDown", Of(&RULES)), ("scaleUp", Of(&RULES))]);

static RULES: Shape = shape(
    "the rules of a direction",
    &[],
    &[
        ("policies", List(&POLICY)),
        ("selectPolicy", One(&["Max", "Min", "Disabled"])),
        ("stabilizationWindowSeconds", Whole(0, 3600)),
        ("tolerance", Any),
    ],
);

static POLICY: Shape = shape(
    "a policy",
    &["periodSeconds", "type", "value"],
    &[("periodSeconds", Whole(1, 1800)), ("type", One(&["Pods", "Percent"])), ("value", FROM_ONE)],
);

static MODIFIERS: Shape = shape(
    "`scalingModifiers`",
    &[],
    &[("activationTarget", Text), ("formula", Text), ("metricType", One(&["AverageValue", "Value"])), ("target", Text)],
);

static FALLBACK: Shape = shape(
    "a fallback",
    &["failureThreshold", "replicas"],
    &[
        (
            "behavior",
            One(&[
                "static",
                "currentReplicas",
                "currentReplicasIfHigher",
                "currentReplicasIfLower",
                "scalingModifiers",
            ]),
        ),
        ("failureThreshold", COUNT),
        ("replicas", COUNT),
    ],
);

static TRIGGER: Shape = shape(
    "a trigger",
    &["metadata", "type"],
    &[
        ("authenticationRef", Of(&AUTHENTICATION)),
        ("metadata", Texts),
        ("metricType", Text),
        ("name", Text),
        ("type", Text),
        ("useCachedMetrics", Boolean),
    ],
);

static AUTHENTICATION: Shape = shape(
    "a reference",
    &["name"],
    &[("kind", One(&["TriggerAuthentication", "ClusterTriggerAuthentication"])), ("name", Text)],
);

static SCALED_JOB_SPEC: Shape = shape(
    "the spec of a ScaledJob",
    &["jobTargetRef", "triggers"],
    &[
        ("envSourceContainerName", Text),
        ("failedJobsHistoryLimit", COUNT),
        ("jobTargetRef", Of(&JOB_SPEC)),
        ("maxReplicaCount", FROM_ONE),
        ("minReplicaCount", COUNT),
        ("pollingInterval", FROM_ONE),
        ("rollout", Of(&ROLLOUT)),
        ("rolloutStrategy", One(&["gradual", "immediate"])),
        ("scalingStrategy", Of(&STRATEGY)),
        ("successfulJobsHistoryLimit", COUNT),
        ("triggers", List(&TRIGGER)),
    ],
);

static ROLLOUT: Shape = shape(
    "`rollout`",
    &[],
    &[("propagationPolicy", One(&["foreground", "background"])), ("strategy", One(&["gradual", "immediate"]))],
);

static STRATEGY: Shape = shape(
    "`scalingStrategy`",
    &[],
    &[
        ("customScalingQueueLengthDeduction", Whole(i32::MIN as i64, i32::MAX as i64)),
        ("customScalingRunningJobPercentage", Text),
        ("multipleScalersCalculation", One(&["max", "min", "avg", "sum"])),
        ("pendingPodConditions", Any),
        ("strategy", One(&["default", "custom", "accurate", "eager"])),
    ],
);

static TRIGGER_AUTHENTICATION_SPEC: Shape = shape(
    "the spec of a TriggerAuthentication",
    &[],
    &[
        ("awsSecretManager", Any),
        ("azureKeyVault", Any),
        ("boundServiceAccountToken", Any),
        ("configMapTargetRef", List(&TARGET_REF)),
        ("env", List(&AUTHENTICATION_ENV)),
        ("filePath", Text),
        ("gcpSecretManager", Any),
        ("hashiCorpVault", Any),
        ("oauth2", Any),
        ("podIdentity", Any),
        ("secretTargetRef", List(&TARGET_REF)),
    ],
);

static TARGET_REF: Shape =
    shape("a parameter", &["key", "name", "parameter"], &[("key", Text), ("name", Text), ("parameter", Text)]);

static AUTHENTICATION_ENV: Shape =
    shape("a parameter", &["name", "parameter"], &[("containerName", Text), ("name", Text), ("parameter", Text)]);

//! The fields of the kinds of Kubernetes that KEDA scales, or that accompany them.
//!
//! Source: the API of Kubernetes as it is embedded in KEDA's CRD of ScaledJobs, and `staging/src/k8s.io/api`.

use super::shape::Type::{Any, Boolean, List, Of, One, Text, Texts};
use super::shape::{COUNT, FROM_ONE, Shape, object, shape};

pub(super) static DEPLOYMENT: Shape = shape("a Deployment", &["spec"], &object!(DEPLOYMENT_SPEC));
pub(super) static STATEFUL_SET: Shape = shape("a StatefulSet", &["spec"], &object!(STATEFUL_SET_SPEC));
pub(super) static JOB: Shape = shape("a Job", &["spec"], &object!(JOB_SPEC));

pub(super) static CONFIG_MAP: Shape = shape(
    "a ConfigMap",
    &[],
    &[
        ("apiVersion", Text),
        ("binaryData", Texts),
        ("data", Texts),
        ("immutable", Boolean),
        ("kind", Text),
        ("metadata", Of(&META)),
    ],
);

pub(super) static SECRET: Shape = shape(
    "a Secret",
    &[],
    &[
        ("apiVersion", Text),
        ("data", Texts),
        ("immutable", Boolean),
        ("kind", Text),
        ("metadata", Of(&META)),
        ("stringData", Texts),
        ("type", Text),
    ],
);

static DEPLOYMENT_SPEC: Shape = shape(
    "the spec of a Deployment",
    &["selector", "template"],
    &[
        ("minReadySeconds", COUNT),
        ("paused", Boolean),
        ("progressDeadlineSeconds", COUNT),
        ("replicas", COUNT),
        ("revisionHistoryLimit", COUNT),
        ("selector", Any),
        ("strategy", Any),
        ("template", Of(&TEMPLATE)),
    ],
);

static STATEFUL_SET_SPEC: Shape = shape(
    "the spec of a StatefulSet",
    &["selector", "template"],
    &[
        ("minReadySeconds", COUNT),
        ("ordinals", Any),
        ("persistentVolumeClaimRetentionPolicy", Any),
        ("podManagementPolicy", One(&["OrderedReady", "Parallel"])),
        ("replicas", COUNT),
        ("revisionHistoryLimit", COUNT),
        ("selector", Any),
        ("serviceName", Text),
        ("template", Of(&TEMPLATE)),
        ("updateStrategy", Any),
        ("volumeClaimTemplates", Any),
    ],
);

pub(super) static JOB_SPEC: Shape = shape(
    "the spec of a Job",
    &["template"],
    &[
        ("activeDeadlineSeconds", FROM_ONE),
        ("backoffLimit", COUNT),
        ("backoffLimitPerIndex", COUNT),
        ("completionMode", One(&["NonIndexed", "Indexed"])),
        ("completions", COUNT),
        ("managedBy", Text),
        ("manualSelector", Boolean),
        ("maxFailedIndexes", COUNT),
        ("parallelism", COUNT),
        ("podFailurePolicy", Any),
        ("podReplacementPolicy", One(&["TerminatingOrFailed", "Failed"])),
        ("selector", Any),
        ("successPolicy", Any),
        ("suspend", Boolean),
        ("template", Of(&TEMPLATE)),
        ("ttlSecondsAfterFinished", COUNT),
    ],
);

static TEMPLATE: Shape = shape("the template of pods", &["spec"], &[("metadata", Of(&META)), ("spec", Of(&POD))]);

static POD: Shape = shape(
    "the spec of a pod",
    &["containers"],
    &[
        ("activeDeadlineSeconds", FROM_ONE),
        ("affinity", Any),
        ("automountServiceAccountToken", Boolean),
        ("containers", List(&CONTAINER)),
        ("dnsConfig", Any),
        ("dnsPolicy", One(&["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"])),
        ("enableServiceLinks", Boolean),
        ("ephemeralContainers", Any),
        ("hostAliases", Any),
        ("hostIPC", Boolean),
        ("hostNetwork", Boolean),
        ("hostPID", Boolean),
        ("hostUsers", Boolean),
        ("hostname", Text),
        ("hostnameOverride", Text),
        ("imagePullSecrets", Any),
        ("initContainers", List(&CONTAINER)),
        ("nodeName", Text),
        ("nodeSelector", Texts),
        ("os", Any),
        ("overhead", Any),
        ("preemptionPolicy", Text),
        ("priority", Any),
        ("priorityClassName", Text),
        ("readinessGates", Any),
        ("resourceClaims", Any),
        ("resources", Any),
        ("restartPolicy", One(&["Always", "OnFailure", "Never"])),
        ("runtimeClassName", Text),
        ("schedulerName", Text),
        ("schedulingGates", Any),
        ("securityContext", Any),
        ("serviceAccount", Text),
        ("serviceAccountName", Text),
        ("setHostnameAsFQDN", Boolean),
        ("shareProcessNamespace", Boolean),
        ("subdomain", Text),
        ("terminationGracePeriodSeconds", COUNT),
        ("tolerations", Any),
        ("topologySpreadConstraints", Any),
        ("volumes", Any),
        ("workloadRef", Any),
    ],
);

pub(super) static CONTAINER: Shape = shape(
    "a container",
    &["name"],
    &[
        ("args", Any),
        ("command", Any),
        ("env", List(&VARIABLE)),
        ("envFrom", Any),
        ("image", Text),
        ("imagePullPolicy", One(&["Always", "IfNotPresent", "Never"])),
        ("lifecycle", Any),
        ("livenessProbe", Any),
        ("name", Text),
        ("ports", Any),
        ("readinessProbe", Any),
        ("resizePolicy", Any),
        ("resources", Of(&RESOURCES)),
        ("restartPolicy", Text),
        ("restartPolicyRules", Any),
        ("securityContext", Any),
        ("startupProbe", Any),
        ("stdin", Boolean),
        ("stdinOnce", Boolean),
        ("terminationMessagePath", Text),
        ("terminationMessagePolicy", Text),
        ("tty", Boolean),
        ("volumeDevices", Any),
        ("volumeMounts", Any),
        ("workingDir", Text),
    ],
);

static VARIABLE: Shape = shape("a variable", &["name"], &[("name", Text), ("value", Text), ("valueFrom", Any)]);

static RESOURCES: Shape = shape("`resources`", &[], &[("claims", Any), ("limits", Any), ("requests", Any)]);

pub(super) static META: Shape = shape(
    "metadata",
    &[],
    &[
        ("annotations", Texts),
        ("creationTimestamp", Any),
        ("deletionGracePeriodSeconds", Any),
        ("deletionTimestamp", Any),
        ("finalizers", Any),
        ("generateName", Text),
        ("generation", Any),
        ("labels", Texts),
        ("managedFields", Any),
        ("name", Text),
        ("namespace", Text),
        ("ownerReferences", Any),
        ("resourceVersion", Any),
        ("selfLink", Any),
        ("uid", Any),
    ],
);

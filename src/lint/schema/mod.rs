//! Fields of KEDA's kinds, and of the Kubernetes kinds around them.

mod keda;
mod kubernetes;
pub(super) mod parameter;
pub(super) mod shape;

use self::keda::{SCALED_JOB, SCALED_OBJECT, TARGET, TRIGGER_AUTHENTICATION};
use self::kubernetes::{CONFIG_MAP, CONTAINER, DEPLOYMENT, JOB, META, SECRET, STATEFUL_SET};
use self::shape::Type::{List, Of};
use self::shape::{Shape, Type, shape};

/// The fields of an object of this kind, as far as they are known here.
pub(crate) fn of_kind(kind: &str) -> Option<&'static Shape> {
    Some(match kind {
        "ScaledObject" => &SCALED_OBJECT,
        "ScaledJob" => &SCALED_JOB,
        "TriggerAuthentication" | "ClusterTriggerAuthentication" => &TRIGGER_AUTHENTICATION,
        "Deployment" => &DEPLOYMENT,
        "StatefulSet" => &STATEFUL_SET,
        "Job" => &JOB,
        "ConfigMap" => &CONFIG_MAP,
        "Secret" => &SECRET,
        _ => return None,
    })
}

/// Returns the type of a field of this name in any kind of Kubernetes.
pub(crate) fn of_field(name: &str) -> Option<&'static Type> {
    ANYWHERE.field(name)
}

static ANYWHERE: Shape = shape(
    "an object",
    &[],
    &[
        ("containers", List(&CONTAINER)),
        ("initContainers", List(&CONTAINER)),
        ("metadata", Of(&META)),
        ("scaleTargetRef", Of(&TARGET)),
    ],
);

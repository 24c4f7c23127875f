//! References to scaled objects.

/// Reference to an object with replicas, as in KEDA's `scaleTargetRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRef {
    /// Group and version, such as `apps/v1`.
    pub api_version: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Name within its namespace.
    pub name: String,
}

/// Object that KEDA scales.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScaledRef {
    /// The target of a ScaledObject.
    Target(TargetRef),
    /// The ScaledJob of this name.
    Jobs(String),
}

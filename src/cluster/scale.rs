//! The subresource `/scale`: the counts and the selector of a target, wherever its kind keeps them.

use serde::Deserialize;

/// A Scale of `autoscaling/v1`. The API server leaves out counts of zero.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LiveScale {
    pub(super) spec: ScaleSpec,
    pub(super) status: ScaleStatus,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ScaleSpec {
    pub(super) replicas: i32,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ScaleStatus {
    pub(super) replicas: i32,
    /// Labels of the pods, as a query writes them; empty where the kind does not tell.
    pub(super) selector: String,
}

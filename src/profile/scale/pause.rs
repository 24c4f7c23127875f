//! The `[scale.pause]` table: what KEDA and the HPA leave alone for the time being.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::profile::error::ProfileError;
use crate::profile::source::Source;

/// The `[scale.pause]` table; KEDA's annotations of the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PauseTable {
    /// The count stays as it is; a `ScaledJob` starts no Job.
    pub paused: Option<bool>,
    /// The count is set to this, and stays there.
    pub paused_replicas: Option<u32>,
    /// No pods are taken away.
    pub paused_scale_in: Option<bool>,
    /// None are added.
    pub paused_scale_out: Option<bool>,
}

impl PauseTable {
    pub(super) fn check(self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "pause", key], message));
        if self.paused_replicas.is_some_and(|count| i32::try_from(count).is_err()) {
            return wrong("paused-replicas", "is more than Kubernetes counts");
        }
        if self.paused_replicas.is_some() && self.paused == Some(false) {
            return wrong("paused", "has no effect: `paused-replicas` pauses");
        }
        Ok(())
    }
}

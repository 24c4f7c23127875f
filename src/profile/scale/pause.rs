//! `[scale.pause]`: pause annotations.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::profile::error::ProfileError;
use crate::profile::source::Source;

/// `[scale.pause]`: KEDA's annotations of the same names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PauseTable {
    /// Pauses scaling: autoscaling.keda.sh/paused; a `ScaledJob` starts no Jobs.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub paused: Option<bool>,
    /// Pauses scaling at this number of replicas: autoscaling.keda.sh/paused-replicas.
    #[schemars(extend("x-default" = "not paused", "examples" = [2]))]
    pub paused_replicas: Option<u32>,
    /// Pauses scaling down: autoscaling.keda.sh/paused-scale-in.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub paused_scale_in: Option<bool>,
    /// Pauses scaling up: autoscaling.keda.sh/paused-scale-out.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub paused_scale_out: Option<bool>,
}

impl PauseTable {
    pub(super) fn check(self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "pause", key], message));
        if self.paused_replicas.is_some_and(|count| i32::try_from(count).is_err()) {
            return wrong("paused-replicas", "must be at most 2147483647");
        }
        if self.paused_replicas.is_some() && self.paused == Some(false) {
            return wrong("paused", "conflicts with `paused-replicas`, which pauses: remove one");
        }
        Ok(())
    }
}

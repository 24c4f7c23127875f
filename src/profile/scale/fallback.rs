//! The `[scale.fallback]` table: how many pods there are while KEDA cannot read the list.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::FallbackBehaviorValue;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
use crate::scaler::{Fallback, FallbackBehavior, Formula, TRIGGERS};

/// The `[scale.fallback]` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FallbackTable {
    /// Consecutive failures of a trigger before the fallback takes effect.
    pub failure_threshold: u32,
    /// Replicas while the fallback is in effect.
    pub replicas: u32,
    /// Comparison of `replicas` with the current number.
    #[serde(default)]
    #[schemars(with = "Option<FallbackBehaviorValue>")]
    pub behavior: Option<FallbackBehavior>,
}

impl FallbackTable {
    pub(super) fn check(self, source: &Source, formula: Option<&Formula>) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "fallback", key], message));
        for (key, count) in [("failure-threshold", self.failure_threshold), ("replicas", self.replicas)] {
            if i32::try_from(count).is_err() {
                return wrong(key, "is more than Kubernetes counts");
            }
        }
        if self.behavior != Some(FallbackBehavior::ScalingModifiers) {
            return Ok(());
        }
        let Some(formula) = formula else {
            return wrong(
                "behavior",
                "needs a `formula` in [scale] that says what `nil` counts for, as in `busy ?? 0`",
            );
        };
        let Some(unread) = formula.unevaluable_without(&TRIGGERS) else { return Ok(()) };
        let names = unread.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        let message = format!(
            "leaves the formula without a value when {names} cannot be read: KEDA then sees nothing to do, and goes to zero \
             under the load; say in the formula what counts instead, as in `({} ?? 0)`",
            unread[0]
        );
        wrong("behavior", &message)
    }
}

impl From<FallbackTable> for Fallback {
    fn from(FallbackTable { failure_threshold, replicas, behavior }: FallbackTable) -> Self {
        Self { failure_threshold, replicas, behavior: behavior.unwrap_or_default() }
    }
}

//! `[scale.behavior]`: stabilization windows and scaling policies of the HPA.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{PolicyKindValue, SelectPolicyValue};
use super::whole_seconds;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
use crate::scaler::{PolicyKind, Rules, ScalingPolicy, SelectPolicy};
use crate::units::HumanDuration;

/// Longest stabilization window that the API server accepts.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

/// Longest period of a scaling policy that the API server accepts.
const LONGEST_PERIOD: Duration = Duration::from_secs(1800);

/// `[scale.behavior]`: the HPA's `behavior`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BehaviorTable {
    /// Scaling up.
    pub scale_up: RulesTable,
    /// Scaling down to 1; KEDA scales to zero.
    pub scale_down: RulesTable,
}

/// One direction of `[scale.behavior]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulesTable {
    /// Stabilization window, whole seconds up to an hour: stabilizationWindowSeconds; the most cautious recommendation within it applies.
    #[schemars(extend("x-default" = "0s for scale-up, 5m for scale-down", "examples" = ["1m"]))]
    pub stabilization_window: Option<HumanDuration>,
    /// Choice among the policies: selectPolicy.
    #[schemars(with = "Option<SelectPolicyValue>")]
    #[schemars(extend("default" = "Max", "examples" = ["Min", "Disabled"]))]
    pub select_policy: Option<SelectPolicy>,
    /// Scaling policies, each a largest change within a period.
    #[schemars(extend("x-default" = "doubling or 4 pods per 15s for scale-up, half or 1 pod per 60s for scale-down", "examples" = [[{ "type": "Pods", "value": 2, "period": "30s" }]]))]
    pub policies: Option<Vec<PolicyTable>>,
    /// Relative deviation of the usage ratio from 1 without a change: 0.1 is 10%.
    #[schemars(range(min = 0))]
    #[schemars(extend("x-default" = "that of the cluster, usually 0.1", "examples" = [0.05]))]
    pub tolerance: Option<f64>,
}

/// Scaling policy: a largest change within a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyTable {
    /// Unit of `value`.
    #[serde(rename = "type")]
    #[schemars(with = "PolicyKindValue")]
    #[schemars(extend("x-default" = "required", "examples" = ["Pods", "Percent"]))]
    pub kind: PolicyKind,
    /// Largest change within the period.
    #[schemars(range(min = 1))]
    #[schemars(extend("x-default" = "required", "examples" = [2, 100]))]
    pub value: u32,
    /// Period, whole seconds from 1s to 30m: periodSeconds.
    #[schemars(extend("x-default" = "required", "examples" = ["15s", "1m"]))]
    pub period: HumanDuration,
}

impl BehaviorTable {
    /// Returns the rules for scaling up; their defaults are the HPA's own.
    pub(super) fn up(&self) -> Rules {
        self.scale_up.over(Rules::default_up())
    }

    /// Returns the rules for scaling down; by default half of the pods a minute, where the HPA's own default would end them
    /// all at once.
    pub(super) fn down(&self) -> Rules {
        let policies =
            vec![ScalingPolicy::new(PolicyKind::Percent, 50, 60), ScalingPolicy::new(PolicyKind::Pods, 1, 60)];
        self.scale_down.over(Rules { policies, ..Rules::default_down() })
    }

    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        self.scale_up.check(source, "scale-up")?;
        self.scale_down.check(source, "scale-down")
    }
}

impl RulesTable {
    /// Lays the table over `defaults`.
    fn over(&self, defaults: Rules) -> Rules {
        let policies =
            self.policies.as_ref().map(|policies| policies.iter().copied().map(ScalingPolicy::from).collect());
        Rules {
            stabilization_window: self.stabilization_window.map_or(defaults.stabilization_window, |window| window.0),
            select_policy: self.select_policy.unwrap_or(defaults.select_policy),
            policies: policies.unwrap_or(defaults.policies),
            tolerance: self.tolerance,
        }
    }

    /// Checks the limits of the API server (`ValidateHorizontalPodAutoscaler`): it would refuse the HPA that KEDA creates,
    /// and only KEDA's log would tell.
    fn check(&self, source: &Source, direction: &str) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "behavior", direction, key], message));
        if self.stabilization_window.is_some_and(|window| !whole_seconds(window, 0, LONGEST_WINDOW.as_secs())) {
            return wrong("stabilization-window", "must be whole seconds, at most `1h`");
        }
        if self.tolerance.is_some_and(|part| !part.is_finite() || part < 0.0) {
            return wrong("tolerance", "must be at least 0: 0.1 is 10%");
        }
        let Some(policies) = &self.policies else { return Ok(()) };
        if policies.is_empty() {
            return wrong("policies", "is empty: remove it, or set `select-policy = \"Disabled\"`");
        }
        if policies.iter().any(|policy| policy.value == 0 || i32::try_from(policy.value).is_err()) {
            return wrong("policies", "every `value` must be at least 1");
        }
        if policies.iter().any(|policy| !whole_seconds(policy.period, 1, LONGEST_PERIOD.as_secs())) {
            return wrong("policies", "every `period` must be whole seconds from `1s` to `30m`");
        }
        Ok(())
    }
}

impl From<PolicyTable> for ScalingPolicy {
    fn from(PolicyTable { kind, value, period }: PolicyTable) -> Self {
        Self { kind, value, period: period.0 }
    }
}

//! The `[scale.behavior]` table: how fast the HPA may change the number of pods.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{PolicyKindValue, SelectPolicyValue};
use super::whole_seconds;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
use crate::scaler::{PolicyKind, Rules, ScalingPolicy, SelectPolicy};
use crate::units::HumanDuration;

/// The longest stabilization window the API server accepts.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

/// The longest period of a scaling policy the API server accepts.
const LONGEST_PERIOD: Duration = Duration::from_secs(1800);

/// The `[scale.behavior]` table: the HPA's `behavior`, in both directions.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BehaviorTable {
    /// Towards more pods.
    pub scale_up: RulesTable,
    /// Towards fewer pods, down to one: the step to none is KEDA's.
    pub scale_down: RulesTable,
}

/// One direction of `[scale.behavior]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RulesTable {
    /// Stabilization window: time for which recommendations are kept; the most cautious of them counts.
    pub stabilization_window: Option<HumanDuration>,
    /// Policy that decides: the largest change, the smallest, or none.
    #[schemars(with = "Option<SelectPolicyValue>")]
    pub select_policy: Option<SelectPolicy>,
    /// By how much the count may change in which time.
    pub policies: Option<Vec<PolicyTable>>,
    /// By which part the items a pod may be off their target before the count changes: 0.1 is a tenth.
    #[schemars(range(min = 0))]
    pub tolerance: Option<f64>,
}

/// By how much the count may change in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyTable {
    /// Unit of `value`: pods or percent.
    #[serde(rename = "type")]
    #[schemars(with = "PolicyKindValue")]
    pub kind: PolicyKind,
    /// The greatest change within the period; more than zero.
    #[schemars(range(min = 1))]
    pub value: u32,
    /// The time that is looked back on; 1 second to half an hour.
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

    /// The limits of the API server (`ValidateHorizontalPodAutoscaler`): it would refuse the HPA that KEDA makes, and
    /// only KEDA's log would say so.
    fn check(&self, source: &Source, direction: &str) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "behavior", direction, key], message));
        if self.stabilization_window.is_some_and(|span| !whole_seconds(span, 0, LONGEST_WINDOW.as_secs())) {
            return wrong("stabilization-window", "has to be whole seconds, an hour at most");
        }
        if self.tolerance.is_some_and(|part| !part.is_finite() || part < 0.0) {
            return wrong("tolerance", "has to be a part from 0 on: 0.1 is a tenth");
        }
        let Some(policies) = &self.policies else { return Ok(()) };
        if policies.is_empty() {
            return wrong("policies", "is empty: leave it out, or use `select-policy = \"Disabled\"`");
        }
        if policies.iter().any(|policy| policy.value == 0 || i32::try_from(policy.value).is_err()) {
            return wrong("policies", "has a `value` that is not 1 at least");
        }
        if policies.iter().any(|policy| !whole_seconds(policy.period, 1, LONGEST_PERIOD.as_secs())) {
            return wrong("policies", "has a `period` that is not whole seconds from `1s` to `30m`");
        }
        Ok(())
    }
}

impl From<PolicyTable> for ScalingPolicy {
    fn from(PolicyTable { kind, value, period }: PolicyTable) -> Self {
        Self { kind, value, period: period.0 }
    }
}

//! The `[scale.behavior]` table: how fast the HPA may change the number of pods.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::whole_seconds;
use crate::profile::error::ProfileError;
use crate::profile::source::Source;
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
    /// How far back recommendations are remembered: the most cautious of them counts.
    pub stabilization_window: Option<HumanDuration>,
    /// Which of the policies decides.
    pub select_policy: Option<SelectPolicy>,
    /// By how much the count may change in which time.
    pub policies: Option<Vec<ScalingPolicy>>,
    /// By which part the items a pod may be off their target before the count changes: 0.1 is a tenth.
    #[schemars(range(min = 0))]
    pub tolerance: Option<f64>,
}

/// Which of several policies decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SelectPolicy {
    /// The one that allows the greatest change.
    #[default]
    Max,
    /// The one that allows the smallest change.
    Min,
    /// None: no change in this direction.
    Disabled,
}

/// By how much the count may change in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScalingPolicy {
    /// What `value` counts.
    #[serde(rename = "type")]
    pub kind: PolicyKind,
    /// The greatest change within the period; more than zero.
    #[schemars(range(min = 1))]
    pub value: u32,
    /// The time that is looked back on; 1 second to half an hour.
    pub period: HumanDuration,
}

/// What a policy's value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PolicyKind {
    /// Pods.
    Pods,
    /// Per cent of the pods there are.
    Percent,
}

/// One direction of the HPA's behavior, with nothing left open but the tolerance, which is the cluster's.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// How far back recommendations are remembered.
    pub stabilization_window: Duration,
    /// Which of the policies decides.
    pub select_policy: SelectPolicy,
    /// By how much the count may change in which time.
    pub policies: Vec<ScalingPolicy>,
    /// By which part the items a pod may be off their target; `None` is what the cluster says, a tenth as a rule.
    pub tolerance: Option<f64>,
}

impl BehaviorTable {
    /// The way up: at once, doubling or by four pods, as the HPA's own defaults are.
    pub(super) fn up(&self) -> Rules {
        self.scale_up
            .over(Duration::ZERO, [(PolicyKind::Percent, 100, 15), (PolicyKind::Pods, 4, 15)].map(ScalingPolicy::from))
    }

    /// The way down: five minutes later, half of the pods a minute; the HPA's own default would end them all at once.
    pub(super) fn down(&self) -> Rules {
        self.scale_down.over(
            Duration::from_secs(300),
            [(PolicyKind::Percent, 50, 60), (PolicyKind::Pods, 1, 60)].map(ScalingPolicy::from),
        )
    }

    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        self.scale_up.check(source, "scale-up")?;
        self.scale_down.check(source, "scale-down")
    }
}

impl RulesTable {
    /// Lays what is said over what holds where nothing is said.
    fn over(&self, stabilization_window: Duration, policies: [ScalingPolicy; 2]) -> Rules {
        Rules {
            stabilization_window: self.stabilization_window.map_or(stabilization_window, |span| span.0),
            select_policy: self.select_policy.unwrap_or_default(),
            policies: self.policies.clone().unwrap_or_else(|| policies.to_vec()),
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

impl From<(PolicyKind, u32, u64)> for ScalingPolicy {
    fn from((kind, value, seconds): (PolicyKind, u32, u64)) -> Self {
        Self { kind, value, period: HumanDuration(Duration::from_secs(seconds)) }
    }
}

//! The `[scale]` table: how KEDA scales the consumers, in KEDA's and the HPA's terms.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::consume::Delivery;
use super::duration::Span;
use super::source::{ProfileError, Source};

/// The fewest pods where nothing is said; KEDA's own default.
pub const MIN_REPLICA_COUNT: u32 = 0;

/// The most pods where nothing is said; KEDA's own default.
pub const MAX_REPLICA_COUNT: u32 = 100;

/// How often KEDA looks at the list where nothing is said; KEDA's own default.
pub const POLLING_INTERVAL: Duration = Duration::from_secs(30);

/// How long the list must have been idle where nothing is said; KEDA's own default.
pub const COOLDOWN_PERIOD: Duration = Duration::from_secs(300);

/// How many waiting items ask for one pod of a `ScaledObject` where nothing is said; KEDA's own default.
pub const LIST_LENGTH: u64 = 5;

/// How many waiting items ask for one Job where nothing is said: each Job works one.
pub const LIST_LENGTH_OF_JOBS: u64 = 1;

/// The longest stabilization window the API server accepts.
const LONGEST_WINDOW: Duration = Duration::from_secs(3600);

/// The longest period of a scaling policy the API server accepts.
const LONGEST_PERIOD: Duration = Duration::from_secs(1800);

/// The `[scale]` table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScaleTable {
    /// A `ScaledObject` scales the consumers' Deployment; a `ScaledJob` starts Jobs.
    pub kind: Option<ScaleKind>,
    /// The fewest pods.
    pub min_replica_count: Option<u32>,
    /// The most pods.
    #[schemars(range(min = 1))]
    pub max_replica_count: Option<u32>,
    /// How often KEDA looks at the list.
    pub polling_interval: Option<Span>,
    /// How long the list must have been idle before the last pods go; governs the step to zero alone.
    pub cooldown_period: Option<Span>,
    /// How many waiting items ask for one pod: an average, not a threshold.
    #[schemars(range(min = 1))]
    pub list_length: Option<u64>,
    /// Up to how many waiting items leave the consumers at zero.
    pub activation_list_length: Option<u64>,
    /// Where KEDA takes address, user and password from.
    pub authentication: Option<Authentication>,
    /// How a `ScaledJob` reckons the Jobs to start.
    pub strategy: Option<Strategy>,
    /// How fast the HPA may change the number of pods.
    pub behavior: BehaviorTable,
}

/// What KEDA scales.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ScaleKind {
    /// The replicas of a Deployment.
    #[default]
    ScaledObject,
    /// Jobs, one after the other.
    ScaledJob,
}

/// Where KEDA takes address, user and password from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// From a `TriggerAuthentication` that reads the Secret.
    #[default]
    TriggerAuthentication,
    /// From the environment of the consumer's container (`passwordFromEnv` and its like).
    Environment,
}

/// How a `ScaledJob` reckons the Jobs to start; KEDA's `scalingStrategy.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Running Jobs count against what is there: for items that are counted until they are done.
    Default,
    /// Only pending Jobs do: for items that leave the list, uncounted, when their Job starts.
    Accurate,
    /// As many Jobs as there may be.
    Eager,
}

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
    pub stabilization_window: Option<Span>,
    /// Which of the policies decides.
    pub select_policy: Option<SelectPolicy>,
    /// By how much the count may change in which time.
    pub policies: Option<Vec<ScalingPolicy>>,
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
    pub period: Span,
}

/// What a policy's value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PolicyKind {
    /// Pods.
    Pods,
    /// Per cent of the pods there are.
    Percent,
}

/// One direction of the HPA's behavior, with nothing left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How far back recommendations are remembered.
    pub stabilization_window: Duration,
    /// Which of the policies decides.
    pub select_policy: SelectPolicy,
    /// By how much the count may change in which time.
    pub policies: Vec<ScalingPolicy>,
}

impl ScaleTable {
    /// How a `ScaledJob` of this profile reckons, where nothing is said as its delivery asks for: with at-least-once,
    /// items at work are counted as well, and so running Jobs count against them.
    pub fn strategy(&self, delivery: Delivery) -> Strategy {
        self.strategy.unwrap_or(match delivery {
            Delivery::AtLeastOnce => Strategy::Default,
            Delivery::AtMostOnce => Strategy::Accurate,
        })
    }

    /// What KEDA scales.
    pub fn kind(&self) -> ScaleKind {
        self.kind.unwrap_or_default()
    }

    /// The fewest pods.
    pub fn min_replica_count(&self) -> u32 {
        self.min_replica_count.unwrap_or(MIN_REPLICA_COUNT)
    }

    /// The most pods.
    pub fn max_replica_count(&self) -> u32 {
        self.max_replica_count.unwrap_or(MAX_REPLICA_COUNT)
    }

    /// How often KEDA looks at the list; whole seconds.
    pub fn polling_interval(&self) -> Duration {
        self.polling_interval.map_or(POLLING_INTERVAL, |span| span.0)
    }

    /// How long the list must have been idle before the last pods go; whole seconds.
    pub fn cooldown_period(&self) -> Duration {
        self.cooldown_period.map_or(COOLDOWN_PERIOD, |span| span.0)
    }

    /// How many waiting items ask for one pod.
    pub fn list_length(&self) -> u64 {
        self.list_length.unwrap_or(match self.kind() {
            ScaleKind::ScaledObject => LIST_LENGTH,
            ScaleKind::ScaledJob => LIST_LENGTH_OF_JOBS,
        })
    }

    /// Up to how many waiting items leave the consumers at zero.
    pub fn activation_list_length(&self) -> u64 {
        self.activation_list_length.unwrap_or(0)
    }

    /// The way up: at once, doubling or by four pods, as the HPA's own defaults are.
    pub fn scale_up(&self) -> Rules {
        self.behavior
            .scale_up
            .over(Duration::ZERO, [(PolicyKind::Percent, 100, 15), (PolicyKind::Pods, 4, 15)].map(ScalingPolicy::from))
    }

    /// The way down: five minutes later, half of the pods a minute; the HPA's own default would end them all at once.
    pub fn scale_down(&self) -> Rules {
        self.behavior.scale_down.over(
            Duration::from_secs(300),
            [(PolicyKind::Percent, 50, 60), (PolicyKind::Pods, 1, 60)].map(ScalingPolicy::from),
        )
    }

    /// What KEDA or the API server would refuse, or silently pass over.
    pub(super) fn check(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if self.max_replica_count == Some(0) {
            return wrong("max-replica-count", "has to be 1 at least");
        }
        if self.max_replica_count.is_some_and(|count| i32::try_from(count).is_err()) {
            return wrong("max-replica-count", "is more than Kubernetes counts");
        }
        if self.min_replica_count() > self.max_replica_count() {
            return wrong("min-replica-count", "is more than max-replica-count");
        }
        if self.list_length == Some(0) {
            return wrong("list-length", "has to be 1 at least: it is the number of items for one pod");
        }
        if self.polling_interval.is_some_and(|span| !whole_seconds(span, 1, u64::MAX)) {
            return wrong("polling-interval", "has to be whole seconds, 1 at least");
        }
        if self.cooldown_period.is_some_and(|span| !whole_seconds(span, 0, u64::MAX)) {
            return wrong("cooldown-period", "has to be whole seconds");
        }
        // KEDA's ScaledJob has neither, and a ScaledObject no strategy: written down they would do nothing.
        match self.kind() {
            ScaleKind::ScaledJob if self.cooldown_period.is_some() => {
                return wrong("cooldown-period", "has no effect on a ScaledJob: its pods end by themselves");
            }
            ScaleKind::ScaledJob if source.find(&["scale", "behavior"]).is_some() => {
                return wrong("behavior", "has no effect on a ScaledJob: no HPA is there");
            }
            ScaleKind::ScaledObject if self.strategy.is_some() => {
                return wrong("strategy", "belongs to `kind = \"ScaledJob\"`");
            }
            _ => {}
        }
        self.behavior.scale_up.check(source, "scale-up")?;
        self.behavior.scale_down.check(source, "scale-down")
    }
}

impl RulesTable {
    /// Lays what is said over what holds where nothing is said.
    fn over(&self, stabilization_window: Duration, policies: [ScalingPolicy; 2]) -> Rules {
        Rules {
            stabilization_window: self.stabilization_window.map_or(stabilization_window, |span| span.0),
            select_policy: self.select_policy.unwrap_or_default(),
            policies: self.policies.clone().unwrap_or_else(|| policies.to_vec()),
        }
    }

    /// The limits of the API server (`ValidateHorizontalPodAutoscaler`): it would refuse the HPA that KEDA makes, and
    /// only KEDA's log would say so.
    fn check(&self, source: &Source, direction: &str) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", "behavior", direction, key], message));
        if self.stabilization_window.is_some_and(|span| !whole_seconds(span, 0, LONGEST_WINDOW.as_secs())) {
            return wrong("stabilization-window", "has to be whole seconds, an hour at most");
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
        Self { kind, value, period: Span(Duration::from_secs(seconds)) }
    }
}

fn whole_seconds(Span(duration): Span, least: u64, most: u64) -> bool {
    duration.subsec_nanos() == 0 && (least..=most.min(i32::MAX.unsigned_abs().into())).contains(&duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::super::Profile;

    #[test]
    fn what_kubernetes_would_refuse_is_refused_here() {
        for (text, path) in [
            ("max-replica-count = 0", "scale.max-replica-count"),
            ("min-replica-count = 101", "scale.min-replica-count"),
            ("list-length = 0", "scale.list-length"),
            ("polling-interval = \"500ms\"", "scale.polling-interval"),
            ("polling-interval = \"100years\"", "scale.polling-interval"),
            ("cooldown-period = \"1s 1ms\"", "scale.cooldown-period"),
            ("kind = \"ScaledJob\"\ncooldown-period = \"5s\"", "scale.cooldown-period"),
            ("kind = \"ScaledJob\"\n[scale.behavior]\n", "scale.behavior"),
            ("strategy = \"accurate\"", "scale.strategy"),
            (
                "[scale.behavior.scale-up]\nstabilization-window = \"2h\"",
                "scale.behavior.scale-up.stabilization-window",
            ),
            ("[scale.behavior.scale-down]\npolicies = []", "scale.behavior.scale-down.policies"),
            (
                "[scale.behavior.scale-down]\npolicies = [{ type = \"Pods\", value = 0, period = \"1m\" }]",
                "scale.behavior.scale-down.policies",
            ),
            (
                "[scale.behavior.scale-down]\npolicies = [{ type = \"Pods\", value = 1, period = \"1h\" }]",
                "scale.behavior.scale-down.policies",
            ),
        ] {
            let error = Profile::parse("q.toml", &format!("[scale]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(&format!(": {path}: ")) && error.starts_with("q.toml:"), "{text}: {error}");
        }
    }

    #[test]
    fn one_direction_can_be_set_alone() {
        let text = "[scale.behavior.scale-up]\npolicies = [{ type = \"Pods\", value = 1, period = \"20s\" }]\n";
        let scale = Profile::parse("q.toml", text).unwrap().scale;
        assert_eq!(scale.scale_up().policies.len(), 1);
        assert_eq!(scale.scale_down().policies.len(), 2);
        assert_eq!(scale.scale_down().stabilization_window.as_secs(), 300);
    }
}

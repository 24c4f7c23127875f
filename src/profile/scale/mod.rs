//! `[scale]`: scaling of the consumers, in the terms of KEDA and the HPA.

mod behavior;
mod check;
mod fallback;
mod job;
mod pause;
mod settings;
mod trigger;
mod values;
mod version;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::behavior::{BehaviorTable, PolicyTable, RulesTable};
pub use self::fallback::FallbackTable;
pub use self::job::{HISTORY_LIMIT, IDLE_EXIT_OF_JOBS, JobRun, JobTable, Rollout};
pub use self::pause::PauseTable;
pub use self::trigger::{TriggerTable, trigger_names};
use self::values::StrategyValue;
pub use self::version::KedaVersion;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::scaler::defaults::{COOLDOWN_PERIOD, LIST_LENGTH, MAX_REPLICA_COUNT, MIN_REPLICA_COUNT, POLLING_INTERVAL};
use crate::scaler::{Formula, Rules, Strategy, TRIGGERS};
use crate::units::HumanDuration;

/// Default `list-length` of a `ScaledJob`, each of whose Jobs processes one item.
pub const LIST_LENGTH_OF_JOBS: u64 = 1;

/// `[scale]`: scaling of the consumers by KEDA and the HPA.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScaleTable {
    /// Scaled resource: `ScaledObject` scales the consumers' Deployment, `ScaledJob` starts Jobs.
    #[schemars(extend("default" = "ScaledObject", "examples" = ["ScaledJob"]))]
    pub kind: Option<ScaleKind>,
    /// Smallest number of replicas: minReplicaCount.
    #[schemars(extend("default" = MIN_REPLICA_COUNT, "examples" = [0, 2]))]
    pub min_replica_count: Option<u32>,
    /// Largest number of replicas: maxReplicaCount.
    #[schemars(range(min = 1))]
    #[schemars(extend("default" = MAX_REPLICA_COUNT, "examples" = [5, 30]))]
    pub max_replica_count: Option<u32>,
    /// Replicas while no trigger is active, in place of `min-replica-count`: idleReplicaCount; only 0 is allowed.
    #[schemars(range(max = 0))]
    #[schemars(extend("x-default" = "`min-replica-count`", "examples" = [0]))]
    pub idle_replica_count: Option<u32>,
    /// Time between KEDA's polls, in whole seconds: pollingInterval.
    #[schemars(extend("default" = HumanDuration(POLLING_INTERVAL), "examples" = ["10s"]))]
    pub polling_interval: Option<HumanDuration>,
    /// Time without activity after which KEDA scales to zero, in whole seconds: cooldownPeriod; has no other effect.
    #[schemars(extend("default" = HumanDuration(COOLDOWN_PERIOD), "examples" = ["1m"]))]
    pub cooldown_period: Option<HumanDuration>,
    /// The same for a new `ScaledObject` that has never been active: initialCooldownPeriod.
    #[schemars(extend("default" = "0s", "examples" = ["2m"]))]
    pub initial_cooldown_period: Option<HumanDuration>,
    /// Waiting items per pod: listLength; an average, not a threshold.
    #[schemars(range(min = 1, max = 4_294_967_295_u64))]
    #[schemars(extend("x-default" = "5; 1 for a ScaledJob", "examples" = [20, 50]))]
    pub list_length: Option<u64>,
    /// Number of waiting items up to which the consumers stay at zero: activationListLength.
    #[schemars(range(max = 4_294_967_295_u64))]
    #[schemars(extend("default" = 0, "examples" = [10]))]
    pub activation_list_length: Option<u64>,
    /// Combination of the triggers: `max` takes the largest proposal, `sum` adds waiting, busy and delayed.
    #[schemars(extend("default" = "max", "examples" = ["sum"]))]
    pub combine: Option<Combine>,
    /// Formula over the triggers `waiting`, `busy`, `delayed` and `landing`, in place of `combine`: scalingModifiers.formula.
    #[schemars(extend("x-default" = "decided by `combine`", "examples" = ["waiting + busy * 5"]))]
    pub formula: Option<String>,
    /// Value of the sum or formula up to which the consumers stay at zero: scalingModifiers.activationTarget.
    #[schemars(range(min = 0))]
    #[schemars(extend("default" = 0.0, "examples" = [2.5]))]
    pub activation_target: Option<f64>,
    /// Serves the HPA the values of KEDA's last poll in place of current ones: useCachedMetrics.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub use_cached_metrics: Option<bool>,
    /// Source of KEDA's address, user and password.
    #[schemars(extend("default" = "trigger-authentication", "examples" = ["environment"]))]
    pub authentication: Option<Authentication>,
    /// Existing object with the user, password and certificates for KEDA.
    #[schemars(extend("x-default" = "rendered from `secret` in [deploy]", "examples" = [{ "name": "redis" }, { "kind": "ClusterTriggerAuthentication", "name": "redis" }]))]
    pub trigger_authentication: Option<AuthenticationReference>,
    /// Strategy of a `ScaledJob`: scalingStrategy.strategy.
    #[schemars(with = "Option<StrategyValue>")]
    #[schemars(extend("x-default" = "`default`; `accurate` with at-most-once delivery", "examples" = ["default"]))]
    pub strategy: Option<Strategy>,
    /// Name of the HPA that KEDA creates.
    #[schemars(extend("x-default" = "keda-hpa- and the name of the ScaledObject", "examples" = ["orders"]))]
    pub hpa_name: Option<String>,
    /// Takes over the existing HPA `hpa-name`.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub transfer_hpa_ownership: Option<bool>,
    /// Restores the original replicas when the `ScaledObject` is deleted: restoreToOriginalReplicaCount.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub restore_to_original_replica_count: Option<bool>,
    /// Treats the triggers as active, whatever they count: autoscaling.keda.sh/force-activation.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub force_activation: Option<bool>,
    /// KEDA release that the objects are written for.
    #[schemars(extend("default" = KedaVersion::NEWEST.to_string(), "examples" = ["2.16.1"]))]
    pub keda_version: Option<KedaVersion>,
    /// Replicas while a trigger cannot be read.
    pub fallback: Option<FallbackTable>,
    /// Pause annotations.
    pub pause: PauseTable,
    /// Leaves out the HPA's `behavior`, so that the HPA follows its own defaults.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub omit_behavior: Option<bool>,
    /// HPA's `behavior`: stabilization windows and scaling policies.
    pub behavior: BehaviorTable,
    /// Jobs of a `ScaledJob`.
    pub job: JobTable,
    /// Triggers of other types, next to those of the list.
    #[schemars(extend("x-default" = "none", "examples" = [[{ "name": "office", "type": "cron", "metadata": { "timezone": "Europe/Berlin", "start": "0 8 * * 1-5", "end": "0 18 * * 1-5", "desiredReplicas": "3" } }]]))]
    pub triggers: Vec<TriggerTable>,
}

/// Scaled resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ScaleKind {
    /// Replicas of a Deployment.
    #[default]
    ScaledObject,
    /// Jobs that end by themselves.
    ScaledJob,
}

/// Source of KEDA's address, user and password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// A `TriggerAuthentication` that reads the Secret.
    #[default]
    TriggerAuthentication,
    /// Environment of the consumer's container: `passwordFromEnv` and the like.
    Environment,
}

/// Existing object with KEDA's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthenticationReference {
    /// Kind of the object.
    #[serde(default)]
    #[schemars(extend("default" = "TriggerAuthentication", "examples" = ["ClusterTriggerAuthentication"]))]
    pub kind: AuthenticationKind,
    /// Name of the object.
    #[schemars(extend("x-default" = "required", "examples" = ["redis"]))]
    pub name: String,
}

/// Kind of an object with KEDA's credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AuthenticationKind {
    /// Namespaced object; reads Secrets of its own namespace.
    #[default]
    TriggerAuthentication,
    /// Cluster-wide object; reads Secrets of KEDA's namespace.
    ClusterTriggerAuthentication,
}

/// Combination of several triggers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The largest proposal decides.
    #[default]
    Max,
    /// All of them are added, each busy consumer as one pod.
    Sum,
}

impl ScaleTable {
    /// Returns the strategy of a `ScaledJob`, by default the one that fits the delivery guarantee: with at-least-once, items
    /// in flight are counted, so running Jobs are subtracted.
    pub fn strategy(&self, delivery: DeliveryGuarantee) -> Strategy {
        self.strategy.unwrap_or(match delivery {
            _ if self.job.is_custom() => Strategy::Custom,
            DeliveryGuarantee::AtLeastOnce => Strategy::Default,
            DeliveryGuarantee::AtMostOnce => Strategy::Accurate,
        })
    }

    /// Returns the scaled resource.
    pub fn kind(&self) -> ScaleKind {
        self.kind.unwrap_or_default()
    }

    /// Returns `minReplicaCount`.
    pub fn min_replica_count(&self) -> u32 {
        self.min_replica_count.unwrap_or(MIN_REPLICA_COUNT)
    }

    /// Returns `maxReplicaCount`.
    pub fn max_replica_count(&self) -> u32 {
        self.max_replica_count.unwrap_or(MAX_REPLICA_COUNT)
    }

    /// Returns `pollingInterval`, in whole seconds.
    pub fn polling_interval(&self) -> Duration {
        self.polling_interval.map_or(POLLING_INTERVAL, |duration| duration.0)
    }

    /// Returns `cooldownPeriod`, in whole seconds.
    pub fn cooldown_period(&self) -> Duration {
        self.cooldown_period.map_or(COOLDOWN_PERIOD, |duration| duration.0)
    }

    /// Returns `initialCooldownPeriod`, in whole seconds.
    pub fn initial_cooldown_period(&self) -> Duration {
        self.initial_cooldown_period.map_or(Duration::ZERO, |duration| duration.0)
    }

    /// Returns `listLength`.
    pub fn list_length(&self) -> u64 {
        self.list_length.unwrap_or(match self.kind() {
            ScaleKind::ScaledObject => LIST_LENGTH,
            ScaleKind::ScaledJob => LIST_LENGTH_OF_JOBS,
        })
    }

    /// Returns `activationListLength`.
    pub fn activation_list_length(&self) -> u64 {
        self.activation_list_length.unwrap_or(0)
    }

    /// Returns `behavior.scaleUp`.
    pub fn scale_up(&self) -> Rules {
        self.behavior.up()
    }

    /// Returns `behavior.scaleDown`.
    pub fn scale_down(&self) -> Rules {
        self.behavior.down()
    }

    /// Returns the formula over the triggers, if one replaces the largest proposal.
    ///
    /// In a sum a busy consumer counts as `list-length` items: its items have left the list, and it has no free slot.
    pub fn formula(&self, delivery: DeliveryGuarantee) -> Option<Formula> {
        let sum = || format!("waiting + busy * {} + delayed + landing", self.list_length());
        let text = match (&self.formula, self.combine.unwrap_or_default()) {
            (Some(text), _) => text.clone(),
            (None, Combine::Sum) => sum(),
            (None, Combine::Max) => return None,
        };
        // The profile's check has parsed it before.
        Formula::parse(&text, &self.trigger_names(delivery)).ok()
    }

    /// Returns the names of all triggers.
    fn trigger_names(&self, delivery: DeliveryGuarantee) -> Vec<&str> {
        let own = match delivery {
            DeliveryGuarantee::AtLeastOnce => &TRIGGERS[..],
            DeliveryGuarantee::AtMostOnce => &TRIGGERS[..1],
        };
        own.iter().copied().chain(trigger_names(&self.triggers)).collect()
    }

    /// Returns the KEDA release that the objects are written for.
    pub fn keda_version(&self) -> KedaVersion {
        self.keda_version.unwrap_or_default()
    }
}

fn whole_seconds(HumanDuration(duration): HumanDuration, least: u64, most: u64) -> bool {
    duration.subsec_nanos() == 0 && (least..=most.min(i32::MAX.unsigned_abs().into())).contains(&duration.as_secs())
}

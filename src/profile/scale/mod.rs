//! The `[scale]` table: how KEDA scales the consumers, in KEDA's and the HPA's terms.

mod behavior;
mod check;
mod fallback;
mod job;
mod pause;
mod settings;
mod values;
mod version;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::behavior::{BehaviorTable, PolicyTable, RulesTable};
pub use self::fallback::FallbackTable;
pub use self::job::{HISTORY_LIMIT, IDLE_EXIT_OF_JOBS, JobRun, JobTable, Rollout};
pub use self::pause::PauseTable;
use self::values::StrategyValue;
pub use self::version::KedaVersion;
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::scaler::defaults::{COOLDOWN_PERIOD, LIST_LENGTH, MAX_REPLICA_COUNT, MIN_REPLICA_COUNT, POLLING_INTERVAL};
use crate::scaler::{Formula, Rules, Strategy, TRIGGERS};
use crate::units::HumanDuration;

/// Default number of waiting items per Job: each Job processes one.
pub const LIST_LENGTH_OF_JOBS: u64 = 1;

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
    /// Replicas while idle, in place of `min-replica-count`; only 0 is possible.
    #[schemars(range(max = 0), extend("examples" = [0]))]
    pub idle_replica_count: Option<u32>,
    /// Interval at which KEDA polls the list.
    pub polling_interval: Option<HumanDuration>,
    /// Idle time before KEDA scales to zero; governs that step alone.
    pub cooldown_period: Option<HumanDuration>,
    /// The same for a `ScaledObject` that is new and has not seen an item yet.
    pub initial_cooldown_period: Option<HumanDuration>,
    /// Waiting items per pod: an average, not a threshold.
    #[schemars(range(min = 1))]
    pub list_length: Option<u64>,
    /// Up to how many waiting items leave the consumers at zero.
    pub activation_list_length: Option<u64>,
    /// Combination of the triggers (waiting, busy, delayed).
    pub combine: Option<Combine>,
    /// The same as a formula of one's own, in place of `combine`.
    pub formula: Option<String>,
    /// Up to which value of the formula the consumers are left at zero.
    #[schemars(range(min = 0))]
    pub activation_target: Option<f64>,
    /// Serve the HPA the metrics of the last poll, rather than current ones.
    pub use_cached_metrics: Option<bool>,
    /// Source of address, user and password for KEDA.
    pub authentication: Option<Authentication>,
    /// An existing object that says where KEDA takes user, password and certificates from.
    pub trigger_authentication: Option<AuthenticationReference>,
    /// Strategy by which a `ScaledJob` computes the Jobs to start.
    #[schemars(with = "Option<StrategyValue>")]
    pub strategy: Option<Strategy>,
    /// The name of the HPA that KEDA makes.
    pub hpa_name: Option<String>,
    /// Take over an HPA that is there.
    pub transfer_hpa_ownership: Option<bool>,
    /// Give the target as many replicas as it had when the `ScaledObject` is deleted.
    pub restore_to_original_replica_count: Option<bool>,
    /// Scale as if there were items, whatever is there.
    pub force_activation: Option<bool>,
    /// The KEDA that the objects are written for.
    pub keda_version: Option<KedaVersion>,
    /// Replicas while the list cannot be read.
    pub fallback: Option<FallbackTable>,
    /// Pausing of autoscaling.
    pub pause: PauseTable,
    /// Leave the HPA's `behavior` out, so that it follows its own rule, as most ScaledObjects let it.
    pub omit_behavior: Option<bool>,
    /// Scaling behavior of the HPA.
    pub behavior: BehaviorTable,
    /// The Jobs of a `ScaledJob`.
    pub job: JobTable,
}

/// Object that KEDA scales.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ScaleKind {
    /// The replicas of a Deployment.
    #[default]
    ScaledObject,
    /// Jobs, one after the other.
    ScaledJob,
}

/// Source of address, user and password for KEDA.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// From a `TriggerAuthentication` that reads the Secret.
    #[default]
    TriggerAuthentication,
    /// From the environment of the consumer's container (`passwordFromEnv` and its like).
    Environment,
}

/// An existing object of KEDA that says where credentials are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthenticationReference {
    /// Kind of the object.
    #[serde(default)]
    pub kind: AuthenticationKind,
    /// Its name.
    pub name: String,
}

/// Reference to the credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AuthenticationKind {
    /// An object in the workload's own namespace, which reads Secrets there.
    #[default]
    TriggerAuthentication,
    /// An object of the whole cluster, which reads Secrets in KEDA's namespace.
    ClusterTriggerAuthentication,
}

/// Combination of the triggers (waiting, busy, delayed).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The one that asks for the most pods decides.
    #[default]
    Max,
    /// Their sum, with a busy consumer counted as one pod.
    Sum,
}

impl ScaleTable {
    /// Returns the strategy of a `ScaledJob`; the default depends on the delivery guarantee: with at-least-once,
    /// items in flight are counted as well, so running Jobs are deducted.
    pub fn strategy(&self, delivery: DeliveryGuarantee) -> Strategy {
        self.strategy.unwrap_or(match delivery {
            _ if self.job.is_custom() => Strategy::Custom,
            DeliveryGuarantee::AtLeastOnce => Strategy::Default,
            DeliveryGuarantee::AtMostOnce => Strategy::Accurate,
        })
    }

    /// Object that KEDA scales.
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

    /// Returns the polling interval; whole seconds.
    pub fn polling_interval(&self) -> Duration {
        self.polling_interval.map_or(POLLING_INTERVAL, |span| span.0)
    }

    /// Returns the cooldown period; whole seconds.
    pub fn cooldown_period(&self) -> Duration {
        self.cooldown_period.map_or(COOLDOWN_PERIOD, |span| span.0)
    }

    /// Returns the initial cooldown period; whole seconds.
    pub fn initial_cooldown_period(&self) -> Duration {
        self.initial_cooldown_period.map_or(Duration::ZERO, |span| span.0)
    }

    /// Returns the number of waiting items per pod.
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

    /// Returns the rules for scaling up.
    pub fn scale_up(&self) -> Rules {
        self.behavior.up()
    }

    /// Returns the rules for scaling down.
    pub fn scale_down(&self) -> Rules {
        self.behavior.down()
    }

    /// Returns the formula over the triggers that replaces the largest of them, if any.
    ///
    /// In a sum a busy consumer counts as many items as one pod is for: what it has in flight has left the list,
    /// and it has no free slot for more.
    pub fn formula(&self, delivery: DeliveryGuarantee) -> Option<Formula> {
        let sum = || format!("waiting + busy * {} + delayed + landing", self.list_length());
        let text = match (&self.formula, self.combine.unwrap_or_default()) {
            (Some(text), _) => text.clone(),
            (None, Combine::Sum) => sum(),
            (None, Combine::Max) => return None,
        };
        // The profile's check has read it before.
        Formula::parse(&text, triggers(delivery)).ok()
    }

    /// The KEDA that the objects are written for.
    pub fn keda_version(&self) -> KedaVersion {
        self.keda_version.unwrap_or_default()
    }
}

/// The names of the triggers there are.
fn triggers(delivery: DeliveryGuarantee) -> &'static [&'static str] {
    match delivery {
        DeliveryGuarantee::AtLeastOnce => &TRIGGERS,
        DeliveryGuarantee::AtMostOnce => &TRIGGERS[..1],
    }
}

fn whole_seconds(HumanDuration(duration): HumanDuration, least: u64, most: u64) -> bool {
    duration.subsec_nanos() == 0 && (least..=most.min(i32::MAX.unsigned_abs().into())).contains(&duration.as_secs())
}

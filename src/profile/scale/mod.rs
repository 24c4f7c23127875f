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

/// How many waiting items ask for one Job where nothing is said: each Job works one.
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
    /// How many pods there are while nothing is to be done, in place of `min-replica-count`: none.
    #[schemars(range(max = 0), extend("examples" = [0]))]
    pub idle_replica_count: Option<u32>,
    /// How often KEDA looks at the list.
    pub polling_interval: Option<HumanDuration>,
    /// How long the list must have been idle before the last pods go; governs the step to zero alone.
    pub cooldown_period: Option<HumanDuration>,
    /// The same for a `ScaledObject` that is new and has not seen an item yet.
    pub initial_cooldown_period: Option<HumanDuration>,
    /// How many waiting items ask for one pod: an average, not a threshold.
    #[schemars(range(min = 1))]
    pub list_length: Option<u64>,
    /// Up to how many waiting items leave the consumers at zero.
    pub activation_list_length: Option<u64>,
    /// What is made of what waits, is at work and is delayed.
    pub combine: Option<Combine>,
    /// The same as a formula of one's own, in place of `combine`.
    pub formula: Option<String>,
    /// Up to which value of the formula the consumers are left at zero.
    #[schemars(range(min = 0))]
    pub activation_target: Option<f64>,
    /// Whether the HPA is told what KEDA saw at its last look, rather than what is there.
    pub use_cached_metrics: Option<bool>,
    /// Where KEDA takes address, user and password from.
    pub authentication: Option<Authentication>,
    /// An existing object that says where KEDA takes user, password and certificates from.
    pub trigger_authentication: Option<AuthenticationReference>,
    /// How a `ScaledJob` reckons the Jobs to start.
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
    /// How many pods there are while the list cannot be read.
    pub fallback: Option<FallbackTable>,
    /// What is left alone for the time being.
    pub pause: PauseTable,
    /// Leave the HPA's `behavior` out, so that it follows its own rule, as most ScaledObjects let it.
    pub omit_behavior: Option<bool>,
    /// How fast the HPA may change the number of pods.
    pub behavior: BehaviorTable,
    /// The Jobs of a `ScaledJob`.
    pub job: JobTable,
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

/// An existing object of KEDA that says where credentials are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AuthenticationReference {
    /// What it is.
    #[serde(default)]
    pub kind: AuthenticationKind,
    /// Its name.
    pub name: String,
}

/// What says where credentials are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AuthenticationKind {
    /// An object in the workload's own namespace, which reads Secrets there.
    #[default]
    TriggerAuthentication,
    /// An object of the whole cluster, which reads Secrets in KEDA's namespace.
    ClusterTriggerAuthentication,
}

/// What the HPA makes of what waits, is at work and is delayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The one that asks for the most pods decides.
    #[default]
    Max,
    /// All of them together, a consumer at work for one pod.
    Sum,
}

impl ScaleTable {
    /// How a `ScaledJob` of this profile reckons, where nothing is said as its delivery asks for: with at-least-once,
    /// items at work are counted as well, and so running Jobs count against them.
    pub fn strategy(&self, delivery: DeliveryGuarantee) -> Strategy {
        self.strategy.unwrap_or(match delivery {
            _ if self.job.is_custom() => Strategy::Custom,
            DeliveryGuarantee::AtLeastOnce => Strategy::Default,
            DeliveryGuarantee::AtMostOnce => Strategy::Accurate,
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

    /// How long a new object that has not seen an item yet leaves the pods there are alone; whole seconds.
    pub fn initial_cooldown_period(&self) -> Duration {
        self.initial_cooldown_period.map_or(Duration::ZERO, |span| span.0)
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

    /// How fast the HPA may add pods.
    pub fn scale_up(&self) -> Rules {
        self.behavior.up()
    }

    /// How fast the HPA may take pods away.
    pub fn scale_down(&self) -> Rules {
        self.behavior.down()
    }

    /// What is reckoned from the triggers in place of the largest of them, if anything is.
    ///
    /// In a sum a consumer at work stands for as many items as ask for one pod: what it has in flight has left the list,
    /// and it has no hand free for more.
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

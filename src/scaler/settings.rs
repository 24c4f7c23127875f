//! What a ScaledObject or ScaledJob asks for, in the terms of the model.

use std::time::Duration;

use super::reason::{Decision, Reason};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::keys;
use crate::profile::Profile;
use crate::profile::scale::{
    FallbackTable, Formula, PauseTable, PolicyKind, Rules, ScaleTable, ScalingPolicy, TRIGGERS,
};
use crate::units::{HumanDuration, float};

/// A ScaledObject, or what of it a ScaledJob has as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The fewest pods.
    pub min: u32,
    /// The most pods.
    pub max: u32,
    /// How many pods there are while nothing is to do, where that is another number than the fewest.
    pub idle: Option<u32>,
    /// How often KEDA looks.
    pub polling: Duration,
    /// How long after the last activity KEDA ends the last pods.
    pub cooldown: Duration,
    /// How long after the object was made KEDA leaves pods alone that never had anything to do.
    pub initial_cooldown: Duration,
    /// The HPA's `behavior`; without it the HPA follows other rules.
    pub behavior: Option<Behavior>,
    /// What is counted.
    pub triggers: Vec<Trigger>,
    /// What is reckoned from all counts, in place of the largest wish.
    pub composite: Option<Composite>,
    /// Whether the HPA is told what KEDA has seen at its last look.
    pub cached: bool,
    /// What holds where a trigger cannot be read.
    pub fallback: Option<FallbackTable>,
    /// What is left alone.
    pub pause: PauseTable,
    /// Whether there is something to do whatever is counted: `autoscaling.keda.sh/force-activation`.
    pub force_activation: bool,
}

/// The HPA's `behavior`, both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Behavior {
    /// Towards more pods.
    pub up: Rules,
    /// Towards fewer pods.
    pub down: Rules,
}

/// One trigger of type `redis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The key in Redis.
    pub key: String,
    /// What it holds.
    pub counted: Counted,
    /// How many ask for one pod: `listLength`.
    pub target: u64,
    /// Up to how many are no activity: `activationListLength`.
    pub activation: u64,
}

/// What a trigger counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Items that wait.
    Waiting,
    /// Consumers at work.
    Busy,
    /// Items that wait for another try.
    Delayed,
    /// Items of consumers that died as they took them.
    Landing,
}

/// `advanced.scalingModifiers`.
#[derive(Debug, Clone, PartialEq)]
pub struct Composite {
    /// What is reckoned.
    pub formula: Formula,
    /// How much of it asks for one pod.
    pub target: f64,
    /// Up to how much of it is no activity.
    pub activation: f64,
}

impl Behavior {
    /// What `scale` says of it.
    ///
    /// Where it is left out, KEDA leaves it out as well, but for an object that is paused in one direction: there the API
    /// server fills in the rest. `hpa.go::newHPAForScaledObject`, `autoscaling/v2/defaults.go`.
    fn of(scale: &ScaleTable) -> Option<Self> {
        if scale.omit_behavior != Some(true) {
            return Some(Self { up: scale.scale_up(), down: scale.scale_down() });
        }
        let PauseTable { paused_scale_in, paused_scale_out, .. } = scale.pause;
        [paused_scale_in, paused_scale_out].contains(&Some(true)).then(|| {
            let all_at_once =
                ScalingPolicy { kind: PolicyKind::Percent, value: 100, period: HumanDuration(Duration::from_secs(15)) };
            let usual = ScaleTable::default();
            Self { up: usual.scale_up(), down: Rules { policies: vec![all_at_once], ..usual.scale_down() } }
        })
    }
}

impl Counted {
    /// The name by which a formula knows it.
    pub fn name(self) -> &'static str {
        let [waiting, busy, delayed, landing] = TRIGGERS;
        match self {
            Self::Waiting => waiting,
            Self::Busy => busy,
            Self::Delayed => delayed,
            Self::Landing => landing,
        }
    }
}

/// How late a timer of KEDA's is, and how long a look takes: 1 ms in recordings of KEDA 2.20. It decides where the cooldown
/// is a multiple of the polling interval.
const POLL_TAKES: Duration = Duration::from_millis(1);

impl Settings {
    /// From one look of KEDA's to the next: `scale_handler.go::startScaleLoop` starts its timer after each.
    pub fn poll_period(&self) -> Duration {
        self.polling + POLL_TAKES
    }

    /// What `profile` asks for.
    pub fn of(profile: &Profile, list: &str) -> Self {
        let scale = &profile.scale;
        let formula = scale.formula(profile.consume.delivery.unwrap_or_default());
        Self {
            min: scale.min_replica_count(),
            max: scale.max_replica_count(),
            idle: scale.idle_replica_count,
            polling: scale.polling_interval(),
            cooldown: scale.cooldown_period(),
            initial_cooldown: scale.initial_cooldown_period(),
            behavior: Behavior::of(scale),
            triggers: triggers(profile, list),
            composite: formula.map(|formula| Composite {
                formula,
                target: float(scale.list_length()),
                activation: scale.activation_target.unwrap_or(0.0),
            }),
            cached: scale.use_cached_metrics == Some(true),
            fallback: scale.fallback,
            pause: scale.pause,
            force_activation: scale.force_activation == Some(true),
        }
    }

    /// What a paused object does, if it is: `scale_scaledobjects.go::RequestScale`.
    pub(super) fn paused(&self, spec: u32) -> Option<Decision> {
        let replicas = match self.pause {
            PauseTable { paused_replicas: Some(replicas), .. } => replicas,
            PauseTable { paused: Some(true), .. } => spec,
            _ => return None,
        };
        Some(Decision { replicas, reason: Reason::Paused(None) })
    }
}

/// What KEDA looks at: the one place that decides which triggers a workload has.
///
/// Items that are claimed have left the list, and KEDA would scale to zero under them. So with at-least-once delivery more
/// triggers count what is at work, so that there are never fewer pods, what waits for another try, and what a consumer was
/// woken with and died before it claimed. KEDA's script counts sorted sets as it does lists.
pub fn triggers(profile: &Profile, list: &str) -> Vec<Trigger> {
    let scale = &profile.scale;
    let trigger = |counted, key, target, activation| Trigger { key, counted, target, activation };
    let items = scale.list_length();
    let waiting = trigger(Counted::Waiting, list.to_owned(), items, scale.activation_list_length());
    if profile.consume.delivery.unwrap_or_default() == DeliveryGuarantee::AtMostOnce {
        return vec![waiting];
    }
    vec![
        waiting,
        trigger(Counted::Busy, keys::busy(list), 1, 0),
        trigger(Counted::Delayed, keys::delayed(list), items, 0),
        trigger(Counted::Landing, keys::landing(list), 1, 0),
    ]
}

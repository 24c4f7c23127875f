//! ScaledObjects and ScaledJobs, and the settings of the model that they amount to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::hpa::{LiveBehavior, LiveHpa};
use super::metadata::{ObjectMetadata, StatusCondition, TargetReference, condition, moment};
use crate::delivery::keys;
use crate::delivery::snapshot::Snapshot;
use crate::scaler::{
    Calculation, Composite, Counted, Fallback, FallbackBehavior, Formula, JobSettings, MetricType, Pause, Settings,
    Strategy, Trigger,
};
use crate::units::float;

/// A ScaledObject, or a ScaledJob.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LiveScaledObject {
    /// `metadata`.
    pub metadata: ObjectMetadata,
    /// `spec`.
    pub spec: ScaledSpec,
    /// `status`; `None` until KEDA has seen the object.
    pub status: Option<ScaledStatus>,
}

/// `spec` of a ScaledObject, as far as it decides.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScaledSpec {
    /// `scaleTargetRef`.
    pub scale_target_ref: TargetReference,
    min_replica_count: Option<u32>,
    max_replica_count: Option<u32>,
    idle_replica_count: Option<u32>,
    polling_interval: Option<u64>,
    cooldown_period: Option<u64>,
    initial_cooldown_period: Option<u64>,
    fallback: Option<LiveFallback>,
    advanced: AdvancedSpec,
    scaling_strategy: StrategySpec,
    triggers: Vec<LiveTrigger>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LiveFallback {
    failure_threshold: u32,
    replicas: u32,
    #[serde(default)]
    behavior: FallbackBehavior,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AdvancedSpec {
    horizontal_pod_autoscaler_config: AutoscalerConfig,
    scaling_modifiers: Modifiers,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StrategySpec {
    strategy: Option<Strategy>,
    multiple_scalers_calculation: Option<Calculation>,
    custom_scaling_queue_length_deduction: Option<u32>,
    custom_scaling_running_job_percentage: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct AutoscalerConfig {
    behavior: Option<LiveBehavior>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Modifiers {
    formula: String,
    target: String,
    activation_target: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LiveTrigger {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    metadata: BTreeMap<String, String>,
    metric_type: Option<MetricType>,
    use_cached_metrics: bool,
}

/// `status` of a ScaledObject.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScaledStatus {
    /// `conditions`.
    pub conditions: Vec<StatusCondition>,
    last_active_time: Option<String>,
    triggers_activity: BTreeMap<String, TriggerActivity>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct TriggerActivity {
    is_active: bool,
}

/// Values of a list's keys.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Name of the list.
    pub list: &'a str,
    /// Its state.
    pub snapshot: &'a Snapshot,
    /// Names and states of other lists, as far as they are read.
    pub others: &'a [(&'a str, &'a Snapshot)],
}

impl LiveScaledObject {
    /// Returns the condition `kind`.
    pub fn condition(&self, kind: &str) -> Option<&StatusCondition> {
        condition(&self.status.as_ref()?.conditions, kind)
    }

    /// Returns the last time KEDA saw an active trigger, as the time since 1970.
    pub fn last_active(&self) -> Option<Duration> {
        moment(self.status.as_ref()?.last_active_time.as_deref())
    }

    /// Returns the keys in Redis that its triggers read.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.spec.triggers.iter().filter_map(|trigger| trigger.key())
    }

    /// Returns the pause annotations.
    pub fn pause(&self) -> Pause {
        Pause {
            paused: self.is_annotated("paused"),
            replicas: self.annotation("paused-replicas").and_then(|count| count.parse().ok()),
            scale_in: self.is_annotated("paused-scale-in"),
            scale_out: self.is_annotated("paused-scale-out"),
        }
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata.annotations.get(&format!("autoscaling.keda.sh/{name}")).map(String::as_str)
    }

    /// Returns true if an annotation is set. KEDA asks Go's `strconv.ParseBool`, and text that is no boolean counts as true.
    fn is_annotated(&self, name: &str) -> bool {
        self.annotation(name).is_some_and(|text| !["0", "f", "F", "false", "False", "FALSE"].contains(&text))
    }

    /// Returns true if a single item on `list` makes KEDA start a pod.
    pub fn is_activated_by_one_of(&self, list: &str) -> bool {
        let Pause { paused, replicas, scale_out, .. } = self.pause();
        let is_paused = paused || scale_out || replicas.is_some();
        !is_paused
            && self.keys().any(|key| key == list)
            && self.settings(list, None).is_some_and(|settings| {
                settings.composite.is_none() && settings.triggers.iter().all(|trigger| trigger.activation <= 0.0)
            })
    }

    /// Returns the settings of the model for consumers of `list`; the behavior is that of the HPA, where there is one. `None`
    /// for a formula that the model does not know.
    pub fn settings(&self, list: &str, hpa: Option<&LiveHpa>) -> Option<Settings> {
        let spec = &self.spec;
        let composite = self.composite(list);
        if composite.is_none() && !spec.advanced.scaling_modifiers.formula.is_empty() {
            return None;
        }
        let default = Settings::default();
        let seconds = |given: Option<u64>, default: Duration| given.map_or(default, Duration::from_secs);
        let own = spec.advanced.horizontal_pod_autoscaler_config.behavior.as_ref();
        let behavior = hpa.map_or(own, |hpa| hpa.spec.behavior.as_ref());
        Some(Settings {
            min: spec.min_replica_count.unwrap_or(default.min),
            max: spec.max_replica_count.unwrap_or(default.max),
            idle: spec.idle_replica_count,
            polling: seconds(spec.polling_interval, default.polling),
            cooldown: seconds(spec.cooldown_period, default.cooldown),
            initial_cooldown: seconds(spec.initial_cooldown_period, default.initial_cooldown),
            behavior: behavior.map(LiveBehavior::behavior),
            triggers: spec.triggers.iter().enumerate().map(|(index, trigger)| trigger.trigger(index, list)).collect(),
            composite,
            cached: spec.triggers.iter().any(|trigger| trigger.use_cached_metrics),
            fallback: spec.fallback.as_ref().map(|fallback| Fallback {
                failure_threshold: fallback.failure_threshold,
                replicas: fallback.replicas,
                behavior: fallback.behavior,
            }),
            pause: self.pause(),
            force_activation: self.is_annotated("force-activation"),
        })
    }

    /// Returns what only a ScaledJob sets, with KEDA's defaults.
    pub fn job_settings(&self) -> JobSettings {
        let given = &self.spec.scaling_strategy;
        let part = given.custom_scaling_running_job_percentage.as_ref().and_then(|part| part.parse().ok());
        JobSettings {
            strategy: given.strategy.unwrap_or(Strategy::Default),
            calculation: given.multiple_scalers_calculation.unwrap_or(Calculation::Max),
            deduction: given.custom_scaling_queue_length_deduction.unwrap_or(0),
            running_part: part.unwrap_or(0.0),
        }
    }

    /// Returns the formula over the triggers, if the model understands it.
    fn composite(&self, list: &str) -> Option<Composite> {
        let Modifiers { formula, target, activation_target } = &self.spec.advanced.scaling_modifiers;
        let counted: Vec<Counted> =
            self.spec.triggers.iter().enumerate().map(|(index, trigger)| trigger.counted(index, list)).collect();
        // The model knows the triggers of a list by names of its own.
        let same = |(trigger, counted): (&LiveTrigger, &Counted)| {
            trigger.name.as_deref().is_none_or(|name| name == counted.name())
        };
        if !self.spec.triggers.iter().zip(&counted).all(same) {
            return None;
        }
        let names: Vec<&str> = counted.iter().map(Counted::name).collect();
        Some(Composite {
            formula: Formula::parse(formula, &names).ok()?,
            target: target.parse().ok()?,
            activation: activation_target.parse().unwrap_or(0.0),
        })
    }

    /// Returns the values of the triggers: those of the lists as Redis has them, others as the HPA has seen them last.
    pub fn values(&self, of: Values<'_>, hpa: Option<&LiveHpa>) -> Vec<Option<f64>> {
        let Values { list, snapshot, others } = of;
        let read = |(index, trigger): (usize, &LiveTrigger)| {
            let mut lists = std::iter::once((list, snapshot)).chain(others.iter().copied());
            lists
                .find_map(|(list, snapshot)| trigger.value(list, snapshot))
                .or_else(|| hpa.and_then(|hpa| hpa.value(index)))
                .or_else(|| Some(self.at_least(index, trigger)))
        };
        self.spec.triggers.iter().enumerate().map(read).collect()
    }

    /// Returns the least value that a trigger has as KEDA last saw it.
    fn at_least(&self, index: usize, trigger: &LiveTrigger) -> f64 {
        let prefix = format!("s{index}-");
        let mut activity = self.status.iter().flat_map(|status| &status.triggers_activity);
        let active = activity.any(|(name, activity)| name.starts_with(&prefix) && activity.is_active);
        if active { trigger.number("activationListLength", 0.0) + 1.0 } else { 0.0 }
    }
}

impl LiveTrigger {
    /// Returns the key that it reads, if it reads a list in Redis.
    fn key(&self) -> Option<&str> {
        let is_list = ["redis", "redis-cluster", "redis-sentinel"].contains(&self.kind.as_str());
        self.metadata.get("listName").filter(|_| is_list).map(String::as_str)
    }

    fn counted(&self, index: usize, list: &str) -> Counted {
        match self.key() {
            Some(key) if key == list => Counted::Waiting,
            Some(key) if key == keys::busy(list) => Counted::Busy,
            Some(key) if key == keys::delayed(list) => Counted::Delayed,
            Some(key) if key == keys::landing(list) => Counted::Landing,
            key => {
                let name = self.name.as_deref().or(key).unwrap_or(&self.kind);
                Counted::Other(if name.is_empty() { format!("s{index}").into() } else { Arc::from(name) })
            }
        }
    }

    /// Returns the value if it counts this list or one of its companions.
    fn value(&self, list: &str, snapshot: &Snapshot) -> Option<f64> {
        let claims = snapshot.claims.as_ref();
        match self.counted(0, list) {
            Counted::Waiting => Some(float(snapshot.waiting)),
            Counted::Busy => Some(float(claims.map_or(0, |claims| claims.busy))),
            Counted::Delayed => Some(float(claims.map_or(0, |claims| claims.delayed))),
            // For a few milliseconds at a time.
            Counted::Landing => Some(0.0),
            Counted::OfList { .. } | Counted::Other(_) => None,
        }
    }

    fn trigger(&self, index: usize, list: &str) -> Trigger {
        Trigger {
            key: self.key().unwrap_or_default().to_owned(),
            counted: self.counted(index, list),
            target: self.number("listLength", 5.0),
            activation: self.number("activationListLength", 0.0),
            metric_type: self.metric_type.unwrap_or_default(),
        }
    }

    fn number(&self, field: &str, default: f64) -> f64 {
        self.metadata.get(field).and_then(|text| text.trim().parse().ok()).unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::delivery::snapshot::ClaimState;

    #[test]
    fn other_lists_count_as_they_are_read_and_not_as_the_hpa_saw_them() {
        let trigger = |list: &str| json!({ "type": "redis", "metadata": { "listName": list, "listLength": "5" } });
        let triggers = [trigger("high"), trigger("low"), trigger("{low}:busy"), trigger("elsewhere")];
        let object: LiveScaledObject = serde_json::from_value(json!({ "spec": { "triggers": triggers } })).unwrap();
        let metric =
            |name: &str| json!({ "external": { "metric": { "name": name }, "current": { "averageValue": "7" } } });
        let metrics = [metric("s1-redis-low"), metric("s3-redis-elsewhere")];
        let hpa: LiveHpa =
            serde_json::from_value(json!({ "status": { "currentReplicas": 2, "currentMetrics": metrics } })).unwrap();
        let claims = ClaimState { busy: 3, ..ClaimState::default() };
        let high = Snapshot { waiting: 4, ..Snapshot::default() };
        let low = Snapshot { waiting: 30, claims: Some(claims) };
        let read =
            |others: &[(&str, &Snapshot)]| object.values(Values { list: "high", snapshot: &high, others }, Some(&hpa));
        assert_eq!(read(&[("low", &low)]), [Some(4.0), Some(30.0), Some(3.0), Some(14.0)]);
        assert_eq!(read(&[]), [Some(4.0), Some(14.0), Some(0.0), Some(14.0)]);
    }

    #[test]
    fn annotations_are_booleans_as_keda_reads_them() {
        for (text, is_set) in
            [("true", true), ("yes", true), ("", true), ("false", false), ("False", false), ("0", false)]
        {
            let annotations =
                json!({ "autoscaling.keda.sh/paused": text, "autoscaling.keda.sh/force-activation": text });
            let object: LiveScaledObject =
                serde_json::from_value(json!({ "metadata": { "annotations": annotations } })).unwrap();
            assert_eq!(object.pause().paused, is_set, "{text}");
            assert_eq!(object.settings("mylist", None).unwrap().force_activation, is_set, "{text}");
        }
    }
}

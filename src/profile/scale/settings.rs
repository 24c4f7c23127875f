//! Settings of the model, from the tables of a profile.

use super::{PauseTable, ScaleTable, TriggerTable};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::delivery::keys;
use crate::delivery::lists::Lists;
use crate::profile::Profile;
use crate::scaler::{Behavior, Composite, Counted, Fallback, JobSettings, MetricType, Pause, Rules, Settings, Trigger};
use crate::units::float;

impl Profile {
    /// Returns what KEDA and the HPA are told about the consumers of `list`.
    pub fn scaler_settings(&self, list: &str) -> Settings {
        self.scaler_settings_of(&Lists::one(list))
    }

    /// Returns the settings for consumers of several lists.
    pub fn scaler_settings_of(&self, lists: &Lists) -> Settings {
        let scale = &self.scale;
        let formula = scale.formula(self.consume.delivery.unwrap_or_default());
        Settings {
            min: scale.min_replica_count(),
            max: scale.max_replica_count(),
            idle: scale.idle_replica_count,
            polling: scale.polling_interval(),
            cooldown: scale.cooldown_period(),
            initial_cooldown: scale.initial_cooldown_period(),
            behavior: scale.hpa_behavior(),
            triggers: self
                .triggers_of(lists)
                .into_iter()
                .chain(scale.triggers.iter().map(TriggerTable::trigger))
                .collect(),
            composite: formula.map(|formula| Composite {
                formula,
                target: float(scale.list_length()),
                activation: scale.activation_target.unwrap_or(0.0),
            }),
            cached: scale.use_cached_metrics == Some(true),
            fallback: scale.fallback.map(Fallback::from),
            pause: scale.pause.into(),
            force_activation: scale.force_activation == Some(true),
        }
    }

    /// Returns the settings that only a `ScaledJob` has.
    pub fn job_settings(&self) -> JobSettings {
        let job = &self.scale.job;
        JobSettings {
            strategy: self.scale.strategy(self.consume.delivery.unwrap_or_default()),
            calculation: job.multiple_scalers_calculation.unwrap_or_default(),
            deduction: job.custom_scaling_queue_length_deduction.unwrap_or(0),
            running_part: job.custom_scaling_running_job_percentage.unwrap_or(0.0),
        }
    }

    /// Returns the triggers of all lists; those of several are named after their lists.
    pub fn triggers_of(&self, lists: &Lists) -> Vec<Trigger> {
        if lists.is_one() {
            return self.triggers(lists.first());
        }
        let places = lists.keys().iter().zip(prefixes(lists.keys())).enumerate();
        let of_list = |(place, (list, prefix)): (usize, (&String, String))| {
            self.triggers(list).into_iter().map(move |trigger| {
                let name = format!("{prefix}{}", trigger.counted.name()).into();
                Trigger { counted: Counted::OfList { place, name, counted: Box::new(trigger.counted) }, ..trigger }
            })
        };
        places.flat_map(of_list).collect()
    }

    /// Returns the triggers of a list: the one place that decides which it has.
    ///
    /// Claimed items have left the list, and KEDA would scale to zero under them. So with at-least-once delivery more
    /// triggers count busy consumers, each of which keeps its pod, delayed items, and what a consumer popped and did not
    /// claim before it crashed. KEDA's script counts sorted sets as it does lists.
    pub fn triggers(&self, list: &str) -> Vec<Trigger> {
        let trigger = |counted, key, target, activation| {
            let (target, activation) = (float(target), float(activation));
            Trigger { key, counted, target, activation, metric_type: MetricType::AverageValue }
        };
        let items = self.scale.list_length();
        let waiting = trigger(Counted::Waiting, list.to_owned(), items, self.scale.activation_list_length());
        match self.consume.delivery.unwrap_or_default() {
            DeliveryGuarantee::AtMostOnce => vec![waiting],
            DeliveryGuarantee::AtLeastOnce => vec![
                waiting,
                trigger(Counted::Busy, keys::busy(list), 1, 0),
                trigger(Counted::Delayed, keys::delayed(list), items, 0),
                trigger(Counted::Landing, keys::landing(list), 1, 0),
            ],
        }
    }
}

/// Returns what the names of each list's triggers begin with: words as a formula takes them, no two the same.
fn prefixes(lists: &[String]) -> Vec<String> {
    let mut prefixes: Vec<String> = Vec::new();
    for list in lists {
        let word: String = list.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let word = if word.starts_with(|c: char| c.is_ascii_alphabetic()) { word } else { format!("list_{word}") };
        let tries = (1..).map(|number| if number == 1 { format!("{word}_") } else { format!("{word}_{number}_") });
        prefixes.extend(tries.into_iter().find(|tried| !prefixes.contains(tried)));
    }
    prefixes
}

impl ScaleTable {
    /// Returns the HPA's `behavior` as the API server keeps it.
    ///
    /// Where it is left out, KEDA leaves it out as well, except for an object that is paused in one direction: there the
    /// API server fills in the rest. `hpa.go::newHPAForScaledObject`, `autoscaling/v2/defaults.go`.
    fn hpa_behavior(&self) -> Option<Behavior> {
        if self.omit_behavior != Some(true) {
            return Some(Behavior { up: self.scale_up(), down: self.scale_down() });
        }
        let PauseTable { paused_scale_in, paused_scale_out, .. } = self.pause;
        [paused_scale_in, paused_scale_out]
            .contains(&Some(true))
            .then(|| Behavior { up: Rules::default_up(), down: Rules::default_down() })
    }
}

impl From<PauseTable> for Pause {
    fn from(table: PauseTable) -> Self {
        let PauseTable { paused, paused_replicas, paused_scale_in, paused_scale_out } = table;
        Self {
            paused: paused == Some(true),
            replicas: paused_replicas,
            scale_in: paused_scale_in == Some(true),
            scale_out: paused_scale_out == Some(true),
        }
    }
}

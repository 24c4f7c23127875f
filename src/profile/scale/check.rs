//! Validation of `[scale]`: values that KEDA or the API server would refuse or ignore.

use super::{Combine, ScaleKind, ScaleTable, trigger, whole_seconds};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::profile::error::{Problem, ProfileError};
use crate::profile::name::object_name;
use crate::profile::source::Source;
use crate::scaler::{Formula, Strategy};

/// Longest name of an HPA: KEDA uses it as the value of a label.
const LONGEST_HPA_NAME: usize = 63;

/// Number of items that a Redis List can hold.
const LONGEST_LIST: u64 = u32::MAX as u64;

/// Keys that a `ScaledJob` does not have, with the reason.
const OF_OBJECTS: [(&[&str], &str); 16] = [
    (&["cooldown-period"], "its pods end by themselves"),
    (&["initial-cooldown-period"], "its pods end by themselves"),
    (&["idle-replica-count"], "its pods end by themselves"),
    (&["behavior"], "it has no HPA"),
    (&["omit-behavior"], "it has no HPA"),
    (&["hpa-name"], "it has no HPA"),
    (&["transfer-hpa-ownership"], "it has no HPA"),
    (&["use-cached-metrics"], "it has no HPA"),
    (&["combine"], "see `multiple-scalers-calculation` in [scale.job]"),
    (&["formula"], "see `multiple-scalers-calculation` in [scale.job]"),
    (&["fallback"], "it starts no Jobs while the list cannot be read"),
    (&["force-activation"], "it starts Jobs for items only"),
    (&["restore-to-original-replica-count"], "it has no replicas"),
    (&["pause", "paused-replicas"], "it has no replicas, see `paused`"),
    (&["pause", "paused-scale-in"], "it ends no Jobs, see `paused`"),
    (&["pause", "paused-scale-out"], "see `paused`"),
];

impl ScaleTable {
    /// Checks the table for what KEDA would refuse or ignore.
    pub(in crate::profile) fn check(&self, source: &Source, delivery: DeliveryGuarantee) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        self.check_numbers(source)?;
        if self.kind() == ScaleKind::ScaledJob {
            for (path, why) in OF_OBJECTS {
                let path = [&["scale"], path].concat();
                if source.find(&path).is_some() {
                    return Err(source.error_at(&path, format!("is ignored by a ScaledJob ({why}): remove it")));
                }
            }
        } else if self.strategy.is_some() {
            return wrong("strategy", "requires `kind = \"ScaledJob\"`");
        } else if source.find(&["scale", "job"]).is_some() {
            return wrong("job", "requires `kind = \"ScaledJob\"`");
        }
        if delivery == DeliveryGuarantee::AtLeastOnce
            && matches!(self.strategy, Some(Strategy::Accurate | Strategy::Eager))
        {
            let message = "does not count items in flight, so items of a crashed pod would wait for the next push: remove it, \
                           or set `delivery = \"at-most-once\"` in [consume]";
            return wrong("strategy", message);
        }
        trigger::check(&self.triggers, self.kind(), source)?;
        self.check_formula(source, delivery)?;
        self.check_names(source)?;
        self.pause.check(source)?;
        if self.omit_behavior == Some(true) && source.find(&["scale", "behavior"]).is_some() {
            return Err(match source.overlaid_of("scale", ["omit-behavior", "behavior"]) {
                key @ "behavior" => source.error_at(&["scale", key], Problem::Conflict("omit-behavior")),
                key => source.error_at(&["scale", key], "conflicts with [scale.behavior]: remove one"),
            });
        }
        self.behavior.check(source)?;
        self.job.check(source, self.strategy)
    }

    /// Checks numbers, and their order.
    fn check_numbers(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if self.max_replica_count == Some(0) {
            return wrong("max-replica-count", "must be at least 1");
        }
        if self.max_replica_count.is_some_and(|count| i32::try_from(count).is_err()) {
            return wrong("max-replica-count", "must be at most 2147483647");
        }
        if self.min_replica_count() > self.max_replica_count() {
            return Err(match source.overlaid_of("scale", ["min-replica-count", "max-replica-count"]) {
                key @ "max-replica-count" => source.error_at(
                    &["scale", key],
                    "must be at least `min-replica-count`: raise it, or lower `min-replica-count`",
                ),
                key => source.error_at(
                    &["scale", key],
                    "must be at most `max-replica-count`: lower it, or raise `max-replica-count`",
                ),
            });
        }
        match self.idle_replica_count {
            Some(1..) => {
                return wrong(
                    "idle-replica-count",
                    "must be 0: the HPA would scale any other number to `min-replica-count`",
                );
            }
            Some(0) if self.min_replica_count() == 0 => {
                return wrong("idle-replica-count", "is ignored unless `min-replica-count` is at least 1");
            }
            _ => {}
        }
        if self.list_length == Some(0) {
            return wrong("list-length", "must be at least 1: it is the number of items per pod");
        }
        for (key, number) in
            [("list-length", self.list_length), ("activation-list-length", self.activation_list_length)]
        {
            if number.is_some_and(|number| number > LONGEST_LIST) {
                return wrong(key, "must be at most 4294967295, the number of items that a list can hold");
            }
        }
        if self.polling_interval.is_some_and(|duration| !whole_seconds(duration, 1, u64::MAX)) {
            return wrong("polling-interval", "must be whole seconds, from `1s` to 68 years");
        }
        for (key, duration) in
            [("cooldown-period", self.cooldown_period), ("initial-cooldown-period", self.initial_cooldown_period)]
        {
            if duration.is_some_and(|duration| !whole_seconds(duration, 0, u64::MAX)) {
                return wrong(key, "must be whole seconds, at most 68 years");
            }
        }
        Ok(())
    }

    /// Checks the formula, and keys that are ignored with or without one.
    fn check_formula(&self, source: &Source, delivery: DeliveryGuarantee) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if self.formula.is_some() && self.combine.is_some() {
            return Err(source.conflict("scale", "combine", "formula"));
        }
        if self.combine == Some(Combine::Sum) && delivery == DeliveryGuarantee::AtMostOnce {
            return wrong("combine", "is ignored: with at-most-once delivery the list is the only trigger");
        }
        let names = self.trigger_names(delivery);
        if let Some(Err(error)) = self.formula.as_ref().map(|text| Formula::parse(text, &names)) {
            return wrong("formula", &error.to_string());
        }
        if self.combine == Some(Combine::Sum) && !self.triggers.is_empty() {
            return wrong("combine", "adds the triggers of the list only: name all triggers in a `formula`");
        }
        for trigger in &self.triggers {
            let others: Vec<&str> = names.iter().copied().filter(|name| *name != trigger.name).collect();
            if self.formula.as_ref().is_some_and(|text| Formula::parse(text, &others).is_ok()) {
                let message = format!("does not name the trigger `{}`, which KEDA then ignores: add it", trigger.name);
                return wrong("formula", &message);
            }
        }
        let formula = self.formula(delivery);
        if formula.is_some() && self.activation_list_length.is_some() {
            return wrong("activation-list-length", "is ignored by a sum or formula: use `activation-target`");
        }
        if formula.is_none() && self.activation_target.is_some() {
            return wrong("activation-target", "requires a sum or formula: use `activation-list-length`");
        }
        if self.activation_target.is_some_and(|target| !target.is_finite() || target < 0.0) {
            return wrong("activation-target", "must be at least 0: the consumers would never scale to zero");
        }
        let own = formula.as_ref().filter(|_| self.formula.is_some());
        self.fallback.map_or(Ok(()), |fallback| fallback.check(source, own, &names))
    }

    /// Checks what is about the triggers of a single list.
    pub(in crate::profile) fn check_several_lists(&self, source: &Source) -> Result<(), ProfileError> {
        let key = match (&self.formula, self.combine) {
            (Some(_), _) => "formula",
            (None, Some(Combine::Sum)) => "combine",
            _ => return Ok(()),
        };
        let message = "is about the triggers of one list: remove it, and the largest proposal of all lists decides";
        Err(source.error_at(&["scale", key], message))
    }

    /// Checks names of objects, and keys that require them.
    fn check_names(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if let Some(name) = &self.hpa_name {
            if let Err(message) = object_name(name) {
                return wrong("hpa-name", &message.to_string());
            }
            if name.len() > LONGEST_HPA_NAME {
                return wrong("hpa-name", "must be at most 63 characters long");
            }
        }
        if self.transfer_hpa_ownership == Some(true) && self.hpa_name.is_none() {
            return wrong("transfer-hpa-ownership", "requires `hpa-name`: the name of the existing HPA");
        }
        let Some(reference) = &self.trigger_authentication else { return Ok(()) };
        if let Err(message) = object_name(&reference.name) {
            return Err(source.error_at(&["scale", "trigger-authentication", "name"], message));
        }
        if self.authentication.is_some() {
            return Err(source.conflict("scale", "authentication", "trigger-authentication"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::delivery::guarantee::DeliveryGuarantee;
    use crate::profile::Profile;

    #[test]
    fn values_that_kubernetes_refuses_are_errors() {
        for (text, path) in [
            ("max-replica-count = 0", "scale.max-replica-count"),
            ("min-replica-count = 101", "scale.min-replica-count"),
            ("list-length = 0", "scale.list-length"),
            ("list-length = 9223372036854775807", "scale.list-length"),
            ("activation-list-length = 4294967296", "scale.activation-list-length"),
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
    fn direction_of_behavior_can_be_set_alone() {
        let text = "[scale.behavior.scale-up]\npolicies = [{ type = \"Pods\", value = 1, period = \"20s\" }]\n";
        let scale = Profile::parse("q.toml", text).unwrap().scale;
        assert_eq!(scale.scale_up().policies.len(), 1);
        assert_eq!(scale.scale_down().policies.len(), 2);
        assert_eq!(scale.scale_down().stabilization_window.as_secs(), 300);
        assert_eq!(scale.scale_down().tolerance, None, "the cluster's");
    }

    #[test]
    fn ignored_and_conflicting_keys_are_errors() {
        for (text, path, hint) in [
            ("idle-replica-count = 0", "idle-replica-count", "`min-replica-count`"),
            ("min-replica-count = 2\nidle-replica-count = 1", "idle-replica-count", "must be 0"),
            ("formula = \"waiting\"\ncombine = \"sum\"", "combine", "remove one"),
            ("formula = \"waiting - busy\"", "formula", "max(0, waiting - busy)"),
            ("combine = \"sum\"\nactivation-list-length = 3", "activation-list-length", "`activation-target`"),
            ("activation-target = 3.0", "activation-target", "`activation-list-length`"),
            ("combine = \"sum\"\nactivation-target = -0.5", "activation-target", "at least 0"),
            ("hpa-name = \"My_HPA\"", "hpa-name", "lower-case"),
            ("transfer-hpa-ownership = true", "transfer-hpa-ownership", "`hpa-name`"),
            ("trigger-authentication = { name = \"A\" }", "trigger-authentication.name", "lower-case"),
            (
                "authentication = \"environment\"\ntrigger-authentication = { name = \"a\" }",
                "authentication",
                "remove one",
            ),
            ("initial-cooldown-period = \"1.5s\"", "initial-cooldown-period", "whole seconds"),
            ("fallback = { failure-threshold = 3, replicas = 3000000000 }", "fallback.replicas", "at most 2147483647"),
            (
                "combine = \"sum\"\nfallback = { failure-threshold = 3, replicas = 3, behavior = \"scalingModifiers\" }",
                "fallback.behavior",
                "??",
            ),
            ("pause = { paused = false, paused-replicas = 1 }", "pause.paused", "`paused-replicas`"),
            ("behavior = { scale-up = { tolerance = -0.1 } }", "behavior.scale-up.tolerance", "10%"),
            ("omit-behavior = true\nbehavior = { scale-up = { tolerance = 0.1 } }", "omit-behavior", "remove one"),
            ("kind = \"ScaledJob\"\nomit-behavior = true", "omit-behavior", "no HPA"),
            ("job = { run = \"once\" }", "job", "ScaledJob"),
            (
                "formula = \"waiting + (busy ?? 2)\"\n\
                 fallback = { failure-threshold = 3, replicas = 3, behavior = \"scalingModifiers\" }",
                "fallback.behavior",
                "if `waiting` cannot be read, and KEDA then scales to zero",
            ),
            ("kind = \"ScaledJob\"\nfallback = { failure-threshold = 3, replicas = 3 }", "fallback", "starts no Jobs"),
            ("kind = \"ScaledJob\"\npause = { paused-replicas = 3 }", "pause.paused-replicas", "`paused`"),
            ("kind = \"ScaledJob\"\ncombine = \"sum\"", "combine", "multiple-scalers-calculation"),
            ("kind = \"ScaledJob\"\njob = { active-deadline = \"0s\" }", "job.active-deadline", "at least `1s`"),
            ("kind = \"ScaledJob\"\njob = { pending-pod-conditions = [\" \"] }", "job.pending-pod-conditions", "Ready"),
            (
                "kind = \"ScaledJob\"\nstrategy = \"default\"\njob = { custom-scaling-queue-length-deduction = 1 }",
                "job.custom-scaling-queue-length-deduction",
                "custom",
            ),
            (
                "kind = \"ScaledJob\"\nstrategy = \"custom\"\njob = { custom-scaling-running-job-percentage = 50.0 }",
                "job.custom-scaling-running-job-percentage",
                "0.5",
            ),
        ] {
            let error = Profile::parse("q.toml", &format!("[scale]\n{text}\n")).unwrap_err().to_string();
            assert!(error.contains(&format!(": scale.{path}: ")) && error.starts_with("q.toml:"), "{text}: {error}");
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn formula_knows_the_triggers_of_its_delivery() {
        let profile = |delivery: &str| {
            let text = format!("[consume]\ndelivery = \"{delivery}\"\n[scale]\nformula = \"waiting + busy\"\n");
            Profile::parse("q.toml", &text).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(profile("at-least-once"), Ok(()));
        assert!(profile("at-most-once").unwrap_err().contains("unknown trigger `busy`: expected `waiting`"));
    }

    #[test]
    fn sum_counts_a_busy_consumer_as_a_pod() {
        let scale = Profile::parse("q.toml", "[scale]\nlist-length = 5\ncombine = \"sum\"\n").unwrap().scale;
        let formula = scale.formula(DeliveryGuarantee::default()).unwrap();
        // 3 waiting and 4 busy: 23 at 5 per pod are 5 pods, not the 4 that are busy.
        let value = formula.value(&|name| {
            Some(match name {
                "waiting" => 3.0,
                "busy" => 4.0,
                _ => 0.0,
            })
        });
        assert_eq!(value, Ok(Some(23.0)));
    }
}

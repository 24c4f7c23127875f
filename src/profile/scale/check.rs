//! What KEDA or the API server would refuse in `[scale]`, or silently pass over.

use super::{Combine, ScaleKind, ScaleTable, triggers, whole_seconds};
use crate::delivery::guarantee::DeliveryGuarantee;
use crate::profile::error::ProfileError;
use crate::profile::name::object_name;
use crate::profile::source::Source;
use crate::scaler::{Formula, Strategy};

/// The longest name of an HPA: KEDA makes a label of it.
const LONGEST_HPA_NAME: usize = 63;

/// Keys that a `ScaledJob` does not have, and why.
const OF_OBJECTS: [(&[&str], &str); 16] = [
    (&["cooldown-period"], "its pods end by themselves"),
    (&["initial-cooldown-period"], "its pods end by themselves"),
    (&["idle-replica-count"], "its pods end by themselves"),
    (&["behavior"], "no HPA is there"),
    (&["omit-behavior"], "no HPA is there"),
    (&["hpa-name"], "no HPA is there"),
    (&["transfer-hpa-ownership"], "no HPA is there"),
    (&["use-cached-metrics"], "no HPA is there"),
    (&["combine"], "see `multiple-scalers-calculation` in [scale.job]"),
    (&["formula"], "see `multiple-scalers-calculation` in [scale.job]"),
    (&["fallback"], "while the list cannot be read, it starts no Job"),
    (&["force-activation"], "it starts Jobs for items alone"),
    (&["restore-to-original-replica-count"], "it has no replicas"),
    (&["pause", "paused-replicas"], "it has no replicas; see `paused`"),
    (&["pause", "paused-scale-in"], "it ends no Job; see `paused`"),
    (&["pause", "paused-scale-out"], "see `paused`"),
];

impl ScaleTable {
    /// Checks for settings that KEDA refuses or ignores.
    pub(in crate::profile) fn check(&self, source: &Source, delivery: DeliveryGuarantee) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        self.check_numbers(source)?;
        if self.kind() == ScaleKind::ScaledJob {
            for (path, why) in OF_OBJECTS {
                let path = [&["scale"], path].concat();
                if source.find(&path).is_some() {
                    return Err(source.error_at(&path, format!("has no effect on a ScaledJob: {why}; take it away")));
                }
            }
        } else if self.strategy.is_some() {
            return wrong("strategy", "belongs to `kind = \"ScaledJob\"`");
        } else if source.find(&["scale", "job"]).is_some() {
            return wrong("job", "belongs to `kind = \"ScaledJob\"`");
        }
        if delivery == DeliveryGuarantee::AtLeastOnce
            && matches!(self.strategy, Some(Strategy::Accurate | Strategy::Eager))
        {
            let message = "leaves items in flight uncounted, and those of a pod that died would wait for the next push: \
                           leave it out, or set `delivery = \"at-most-once\"` in [consume]";
            return wrong("strategy", message);
        }
        self.check_formula(source, delivery)?;
        self.check_names(source)?;
        self.pause.check(source)?;
        if self.omit_behavior == Some(true) && source.find(&["scale", "behavior"]).is_some() {
            return wrong("omit-behavior", "excludes [scale.behavior]: keep one of them");
        }
        self.behavior.check(source)?;
        self.job.check(source, self.strategy)
    }

    /// The limits of single numbers, and the order of those that have one.
    fn check_numbers(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if self.max_replica_count == Some(0) {
            return wrong("max-replica-count", "has to be 1 at least");
        }
        if self.max_replica_count.is_some_and(|count| i32::try_from(count).is_err()) {
            return wrong("max-replica-count", "is more than Kubernetes counts");
        }
        if self.min_replica_count() > self.max_replica_count() {
            return wrong("min-replica-count", "is more than `max-replica-count`: lower it, or raise that");
        }
        match self.idle_replica_count {
            Some(1..) => {
                return wrong("idle-replica-count", "can only be 0: the HPA would take any other back to the minimum");
            }
            Some(0) if self.min_replica_count() == 0 => {
                return wrong("idle-replica-count", "has no effect without a `min-replica-count` of 1 at least");
            }
            _ => {}
        }
        if self.list_length == Some(0) {
            return wrong("list-length", "has to be 1 at least: it is the number of items for one pod");
        }
        if self.polling_interval.is_some_and(|span| !whole_seconds(span, 1, u64::MAX)) {
            return wrong("polling-interval", "has to be whole seconds, 1 at least and 68 years at most");
        }
        for (key, span) in
            [("cooldown-period", self.cooldown_period), ("initial-cooldown-period", self.initial_cooldown_period)]
        {
            if span.is_some_and(|span| !whole_seconds(span, 0, u64::MAX)) {
                return wrong(key, "has to be whole seconds, 68 years at most");
            }
        }
        Ok(())
    }

    /// Checks the formula, and the keys that have no effect with or without it.
    fn check_formula(&self, source: &Source, delivery: DeliveryGuarantee) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if self.formula.is_some() && self.combine.is_some() {
            return wrong("combine", "excludes `formula`: keep one of them");
        }
        if self.combine == Some(Combine::Sum) && delivery == DeliveryGuarantee::AtMostOnce {
            return wrong("combine", "has no effect: with at-most-once delivery the list is all that is counted");
        }
        if let Some(Err(error)) = self.formula.as_ref().map(|text| Formula::parse(text, triggers(delivery))) {
            return wrong("formula", &error.to_string());
        }
        let formula = self.formula(delivery);
        if formula.is_some() && self.activation_list_length.is_some() {
            return wrong("activation-list-length", "has no effect on a sum or formula: use `activation-target`");
        }
        if formula.is_none() && self.activation_target.is_some() {
            return wrong("activation-target", "belongs to a sum or formula; see `activation-list-length`");
        }
        if self.activation_target.is_some_and(|target| !target.is_finite() || target < 0.0) {
            return wrong("activation-target", "has to be a number from 0 on: below, the pods would never go");
        }
        let own = formula.as_ref().filter(|_| self.formula.is_some());
        self.fallback.map_or(Ok(()), |fallback| fallback.check(source, own))
    }

    /// The names of objects that others make, and what only goes with them.
    fn check_names(&self, source: &Source) -> Result<(), ProfileError> {
        let wrong = |key: &str, message: &str| Err(source.error_at(&["scale", key], message));
        if let Some(name) = &self.hpa_name {
            if let Err(message) = object_name(name) {
                return wrong("hpa-name", &message.to_string());
            }
            if name.len() > LONGEST_HPA_NAME {
                return wrong("hpa-name", "is longer than 63 characters, which KEDA refuses");
            }
        }
        if self.transfer_hpa_ownership == Some(true) && self.hpa_name.is_none() {
            return wrong("transfer-hpa-ownership", "needs the name of the existing HPA: set `hpa-name`");
        }
        let Some(reference) = &self.trigger_authentication else { return Ok(()) };
        if let Err(message) = object_name(&reference.name) {
            return Err(source.error_at(&["scale", "trigger-authentication", "name"], message));
        }
        if self.authentication.is_some() {
            return wrong("authentication", "excludes `trigger-authentication`: keep one of them");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::delivery::guarantee::DeliveryGuarantee;
    use crate::profile::Profile;

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
        assert_eq!(scale.scale_down().tolerance, None, "the cluster's");
    }

    #[test]
    fn keys_without_effect_are_reported() {
        for (text, path, hint) in [
            ("idle-replica-count = 0", "idle-replica-count", "`min-replica-count`"),
            ("min-replica-count = 2\nidle-replica-count = 1", "idle-replica-count", "only be 0"),
            ("formula = \"waiting\"\ncombine = \"sum\"", "combine", "keep one"),
            ("formula = \"waiting - busy\"", "formula", "max(0, waiting - busy)"),
            ("combine = \"sum\"\nactivation-list-length = 3", "activation-list-length", "`activation-target`"),
            ("activation-target = 3.0", "activation-target", "`activation-list-length`"),
            ("combine = \"sum\"\nactivation-target = -0.5", "activation-target", "from 0 on"),
            ("hpa-name = \"My_HPA\"", "hpa-name", "lower-case"),
            ("transfer-hpa-ownership = true", "transfer-hpa-ownership", "`hpa-name`"),
            ("trigger-authentication = { name = \"A\" }", "trigger-authentication.name", "lower-case"),
            ("authentication = \"environment\"\ntrigger-authentication = { name = \"a\" }", "authentication", "keep"),
            ("initial-cooldown-period = \"1.5s\"", "initial-cooldown-period", "whole seconds"),
            ("fallback = { failure-threshold = 3, replicas = 3000000000 }", "fallback.replicas", "Kubernetes"),
            (
                "combine = \"sum\"\nfallback = { failure-threshold = 3, replicas = 3, behavior = \"scalingModifiers\" }",
                "fallback.behavior",
                "??",
            ),
            ("pause = { paused = false, paused-replicas = 1 }", "pause.paused", "`paused-replicas`"),
            ("behavior = { scale-up = { tolerance = -0.1 } }", "behavior.scale-up.tolerance", "a tenth"),
            ("omit-behavior = true\nbehavior = { scale-up = { tolerance = 0.1 } }", "omit-behavior", "keep one"),
            ("kind = \"ScaledJob\"\nomit-behavior = true", "omit-behavior", "no HPA"),
            ("job = { run = \"once\" }", "job", "ScaledJob"),
            (
                "formula = \"waiting + (busy ?? 2)\"\n\
                 fallback = { failure-threshold = 3, replicas = 3, behavior = \"scalingModifiers\" }",
                "fallback.behavior",
                "when `waiting` cannot be read: KEDA then sees nothing to do",
            ),
            ("kind = \"ScaledJob\"\nfallback = { failure-threshold = 3, replicas = 3 }", "fallback", "starts no Job"),
            ("kind = \"ScaledJob\"\npause = { paused-replicas = 3 }", "pause.paused-replicas", "`paused`"),
            ("kind = \"ScaledJob\"\ncombine = \"sum\"", "combine", "multiple-scalers-calculation"),
            ("kind = \"ScaledJob\"\njob = { active-deadline = \"0s\" }", "job.active-deadline", "1 at least"),
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
    fn a_formula_knows_the_triggers_of_its_delivery() {
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
        // Three wait and four are busy: 23 of 5 a pod are five pods, and not the four that are busy.
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

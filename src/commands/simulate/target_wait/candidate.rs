//! A profile with the settings of a candidate.

use std::time::Duration;

use crate::profile::Profile;
use crate::profile::scale::{Combine, PolicyTable, RulesTable};
use crate::scaler::PolicyKind;
use crate::scaler::defaults::TOLERANCE;
use crate::tuning::{Candidate, HpaMetric, ScaleUp};
use crate::units::HumanDuration;

/// Returns `profile` with the settings of `candidate`.
pub(super) fn with_candidate(profile: &Profile, candidate: &Candidate) -> Profile {
    let mut profile = profile.clone();
    let scale = &mut profile.scale;
    scale.list_length = Some(candidate.list_length);
    scale.min_replica_count = Some(candidate.min);
    scale.max_replica_count = Some(candidate.max);
    scale.polling_interval = Some(HumanDuration(candidate.polling));
    scale.cooldown_period = Some(HumanDuration(candidate.cooldown));
    profile.consume.drain = Some(HumanDuration(candidate.drain));
    profile.consume.concurrency = candidate.concurrency.try_into().ok();
    if candidate.metric == HpaMetric::Sum {
        (scale.formula, scale.combine) = (None, Some(Combine::Sum));
    }
    if candidate.scale_up == ScaleUp::Unlimited {
        scale.omit_behavior = None;
        scale.behavior.scale_up = unlimited(candidate.max, &scale.behavior.scale_up);
    }
    if !candidate.activation {
        (scale.activation_list_length, scale.activation_target) = (None, None);
    }
    if !candidate.cached {
        scale.use_cached_metrics = None;
    }
    if !candidate.tolerance {
        let tolerance = &mut scale.behavior.scale_up.tolerance;
        *tolerance = tolerance.filter(|tolerance| *tolerance <= TOLERANCE);
    }
    profile
}

/// Returns policies that allow any step in one sync.
fn unlimited(max: u32, own: &RulesTable) -> RulesTable {
    let policy = PolicyTable { kind: PolicyKind::Pods, value: max, period: HumanDuration(Duration::from_secs(15)) };
    RulesTable { policies: Some(vec![policy]), tolerance: own.tolerance, ..RulesTable::default() }
}

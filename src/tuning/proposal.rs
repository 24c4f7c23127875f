//! Proposal of the cheapest settings that meet a target wait.

use super::candidate::{Bounds, Candidate, HpaMetric, ScaleUp};
use super::demand::{Demand, MAX_PODS};
use super::refusal::Refusal;
use super::search::{POLLS, Search, smallest, variants};
use super::target_wait::TargetWait;
use crate::units::{saturating_u32, whole};

/// Maxima that are tried, as multiples of the fewest pods: late pods have to catch up.
const HEADROOM: [f64; 4] = [1.0, 1.25, 1.75, 2.5];

/// Cost that a change of metric or policies, or the next shorter polling interval, has to save, as a part of all: settings
/// that the profile chose stay otherwise, and Redis is spared polls.
const CHANGE: f64 = 0.03;

/// Returns the cheapest settings within `bounds` that meet the target: `cost` gives their cost, or `None` if they do not.
///
/// For each of several maxima, the search finds the smallest `min`, and with it the largest `list_length`; it also tries a
/// fixed number of pods, the sum of the triggers as metric, and unlimited steps. The cheapest result is returned, with the
/// smallest `max` that still meets the target.
///
/// # Errors
///
/// Fails with the settings that prevent it: those without which the target is met.
pub fn propose(
    target: TargetWait,
    demand: &Demand,
    bounds: Bounds,
    cost: impl FnMut(&Candidate) -> Option<f64>,
) -> Result<Candidate, Refusal> {
    let mut search = Search { target, demand, cost };
    let Some(fewest) = search.fewest(bounds) else { return Err(search.refusal(bounds)) };
    let most = bounds.max.unwrap_or(MAX_PODS);
    let lowest = fewest.max(bounds.min.unwrap_or(0));
    let with_headroom = |factor: f64| saturating_u32(whole((f64::from(lowest) * factor).ceil())).min(most);
    let mut maxima = HEADROOM.map(with_headroom).to_vec();
    maxima.dedup();
    let mut found: Vec<(f64, Candidate)> = Vec::new();
    for (metric, scale_up) in variants(bounds) {
        for max in &maxima {
            let settings = Candidate { metric, scale_up, ..search.settings(bounds, bounds.min.unwrap_or(0), *max) };
            search.collect(bounds, settings, &mut found);
        }
    }
    if bounds.min.is_none() && !bounds.idle && !bounds.jobs {
        found.extend(search.longest(search.settings(bounds, fewest, fewest)));
    }
    let weighted = |(cost, candidate): &(f64, Candidate)| cost * (1.0 + CHANGE * f64::from(changes(candidate)));
    let cheapest = found.into_iter().min_by(|one, other| weighted(one).total_cmp(&weighted(other)));
    let Some((_, cheapest)) = cheapest else {
        // Only the strongest settings meet it.
        return search
            .strongest(bounds, lowest)
            .into_iter()
            .find(|strongest| search.meets(strongest))
            .ok_or(Refusal::Beyond);
    };
    let least = u64::from(cheapest.min.max(search.demand.stable_pods(cheapest.concurrency)).min(cheapest.max));
    let max = smallest(least, u64::from(cheapest.max), |max| {
        search.meets(&Candidate { max: saturating_u32(max), ..cheapest })
    });
    Ok(Candidate { max: max.map_or(cheapest.max, saturating_u32), ..cheapest })
}

/// Number of settings that are changed although others may do.
fn changes(candidate: &Candidate) -> u32 {
    let shorter = POLLS.iter().filter(|polling| candidate.polling < **polling).count();
    u32::from(candidate.metric == HpaMetric::Sum)
        + u32::from(candidate.scale_up == ScaleUp::Unlimited)
        + u32::try_from(shorter).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tuning::Percentile;
    use crate::units::float;

    const TARGET: TargetWait = TargetWait { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    const FREE: Bounds = Bounds {
        min: None,
        max: None,
        idle: false,
        jobs: false,
        several_triggers: true,
        activation: false,
        cached: false,
        tolerance: false,
        concurrency: 1,
        instant: false,
    };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        Demand { rate, service, longest, concurrency: 1, start: Duration::from_secs(2), items: 1_000 }
    }

    /// A cost that needs at least this `max` and `min`, and at most this `list_length`; a higher `min` costs most.
    fn world(max: u32, min: u32, list_length: u64) -> impl FnMut(&Candidate) -> Option<f64> {
        move |tried| {
            let slots = tried.max * tried.concurrency;
            let meets = slots >= max && tried.min >= min && tried.list_length <= list_length;
            meets.then(|| f64::from(tried.min) * 100.0 + f64::from(tried.max) + 1.0 / float(tried.list_length))
        }
    }

    #[test]
    fn search_finds_the_cheapest_settings() {
        let found = propose(TARGET, &demand(2.0, 4.0), FREE, world(12, 2, 7)).unwrap();
        assert_eq!((found.max, found.min, found.list_length), (12, 2, 7));
        assert_eq!(found.polling, Duration::from_secs(15));
        assert_eq!(found.drain, Duration::from_secs(11));
        let free = propose(TARGET, &demand(2.0, 4.0), FREE, |_| Some(1.0)).unwrap();
        assert_eq!((free.min, free.max), (0, 9), "as many as sustain the load");
    }

    #[test]
    fn minimum_of_the_profile_is_kept() {
        let bounds = Bounds { min: Some(20), ..FREE };
        let found = propose(TARGET, &demand(2.0, 4.0), bounds, world(12, 2, 7)).unwrap();
        assert_eq!((found.min, found.max, found.list_length), (20, 20, 7));
    }

    #[test]
    fn fixed_number_of_pods_wins_where_it_costs_less() {
        // Pods that come and go cost more here.
        let world = |tried: &Candidate| (tried.max >= 12).then_some(if tried.min == tried.max { 1.0 } else { 2.0 });
        let found = propose(TARGET, &demand(2.0, 4.0), FREE, world).unwrap();
        assert_eq!((found.min, found.max), (12, 12));
    }

    #[test]
    fn search_tries_metric_policies_and_polling() {
        let kept = Bounds { min: Some(0), ..FREE };
        let found = |bounds, world: fn(&Candidate) -> bool| {
            propose(TARGET, &demand(2.0, 4.0), bounds, |tried: &Candidate| world(tried).then_some(1.0)).unwrap()
        };
        assert_eq!(found(kept, |tried| tried.metric == HpaMetric::Sum).metric, HpaMetric::Sum);
        assert_eq!(found(kept, |tried| tried.scale_up == ScaleUp::Unlimited).scale_up, ScaleUp::Unlimited);
        assert_eq!(found(kept, |tried| tried.polling <= Duration::from_secs(5)).polling, Duration::from_secs(5));
        let jobs = Bounds { jobs: true, ..FREE };
        let jobs = found(jobs, |tried| tried.polling <= Duration::from_secs(2) && tried.max >= 20);
        assert_eq!((jobs.polling, jobs.max, jobs.metric), (Duration::from_secs(2), 20, HpaMetric::Own));
        // Settings of the profile stay where a change saves little.
        let cheap = |tried: &Candidate| Some(if tried.metric == HpaMetric::Sum { 0.99 } else { 1.0 });
        assert_eq!(propose(TARGET, &demand(2.0, 4.0), kept, cheap).unwrap().metric, HpaMetric::Own);
    }

    fn refusal(bounds: Bounds, world: impl FnMut(&Candidate) -> Option<f64>) -> String {
        propose(TARGET, &demand(2.0, 4.0), bounds, world).unwrap_err().to_string()
    }

    #[test]
    fn refusal_names_what_is_in_the_way() {
        let bounds = |min, max| Bounds { min, max, ..FREE };
        let told = refusal(bounds(None, Some(5)), world(9, 0, 5));
        let max = "max-replica-count = 5 is too low: the sustained load keeps 8 slots busy, and 5 pods have 5; \
                   max-replica-count = 9 meets the target";
        assert!(
            told.starts_with(max) && told.contains("Or: concurrency = 1 is too low; concurrency = 2 meets"),
            "{told}"
        );
        let told = refusal(bounds(None, Some(10)), world(12, 3, 5));
        assert!(
            told.starts_with("max-replica-count = 10 is too low; max-replica-count = 12 meets the target"),
            "{told}"
        );
        let told = refusal(bounds(Some(0), None), world(9, 3, 5));
        assert_eq!(
            told,
            "min-replica-count = 0 is too low: scaling up takes up to 18s; min-replica-count = 3 meets the target"
        );
        assert_eq!(
            refusal(FREE, world(64_001, 0, 5)),
            "more than 1000 pods are needed, even if all of them run from the start"
        );
        let activation = Bounds { activation: true, min: Some(0), ..FREE };
        let told = refusal(activation, |tried| (!tried.activation).then_some(1.0));
        assert!(told.starts_with("activation-list-length or activation-target is too high"), "{told}");
        let cached = Bounds { cached: true, max: Some(30), ..FREE };
        let told = refusal(cached, |tried| (!tried.cached).then_some(1.0));
        assert!(told.starts_with("use-cached-metrics = true delays"), "{told}");
        let tolerance = Bounds { tolerance: true, max: Some(30), ..FREE };
        let told = refusal(tolerance, |tried| (!tried.tolerance).then_some(1.0));
        assert!(told.starts_with("tolerance in [scale.behavior.scale-up] is too high"), "{told}");
        let idle = Bounds { idle: true, min: Some(20), ..FREE };
        // The search sees only the time of the first pods.
        let told = refusal(idle, |tried| tried.instant.then_some(1.0));
        assert!(told.starts_with("pods take 2s to their first item"), "{told}");
    }

    #[test]
    fn refusal_names_settings_that_are_in_the_way_together() {
        let told = refusal(Bounds { min: Some(0), max: Some(10), ..FREE }, |tried| {
            (tried.max >= 12 && tried.min >= 4).then_some(1.0)
        });
        for part in
            ["max-replica-count = 12 meets", "min-replica-count = 4 meets", "no other value of one of them is enough"]
        {
            assert!(told.contains(part), "{told}");
        }
    }
}

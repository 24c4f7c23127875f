//! Search for the cheapest settings that meet a target wait.

use std::time::Duration;

use super::demand::{Demand, MAX_PODS};
use super::target_wait::TargetWait;
use crate::units::{saturating_u32, whole};

/// Longest polling interval that is proposed: KEDA's own default.
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// Shortest cooldown that is proposed: below it, pods come and go with every pause.
const SHORTEST_COOLDOWN: Duration = Duration::from_secs(60);

/// Maxima that are tried, as multiples of the fewest pods: late pods have to catch up.
const HEADROOM: [f64; 5] = [1.0, 1.25, 1.5, 2.0, 3.0];

/// Settings that the profile fixes; `None` is free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `minReplicaCount`, kept as it is: scaling to zero is not for a search to decide.
    pub min: Option<u32>,
    /// `maxReplicaCount`, the upper limit.
    pub max: Option<u32>,
    /// `idleReplicaCount: 0`: no pods while inactive, whatever `min` is.
    pub idle: bool,
}

/// Settings to try, and maybe to propose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// `listLength`.
    pub list_length: u64,
    /// `minReplicaCount`.
    pub min: u32,
    /// `maxReplicaCount`.
    pub max: u32,
    /// `pollingInterval`.
    pub polling: Duration,
    /// `cooldownPeriod`.
    pub cooldown: Duration,
    /// Time for items in flight to finish when a pod terminates.
    pub drain: Duration,
}

/// Replicas that meet the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enough {
    /// `minReplicaCount`.
    pub min: u32,
    /// `maxReplicaCount`.
    pub max: u32,
}

/// A bound that no settings meet the target with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too few pods, even if all are always busy.
    #[error(
        "max-replica-count = {max} is too low: the peak load keeps {busy} slots busy, and {max} {} {slots}{}",
        if *.max == 1 { "pod has" } else { "pods have" }, needing(*.needed)
    )]
    Utilisation {
        /// The bound.
        max: u32,
        /// Slots of all pods.
        slots: u32,
        /// λ·s, rounded up.
        busy: u64,
        /// Replicas that meet the target, if any.
        needed: Option<Enough>,
    },
    /// Enough pods for the load, but not for the target.
    #[error(
        "max-replica-count = {max} is too low, even with min-replica-count = {max}{}", needing(*.needed)
    )]
    Max {
        /// The bound.
        max: u32,
        /// Replicas that meet the target, if any.
        needed: Option<Enough>,
    },
    /// Pods that are ready too late.
    #[error(
        "min-replica-count = {min} is too low: scaling up takes up to {}; min-replica-count = {needed} meets the target",
        humantime::format_duration(*.reaction)
    )]
    Min {
        /// The bound.
        min: u32,
        /// Time of poll, sync and pod start.
        reaction: Duration,
        /// `minReplicaCount` that meets the target.
        needed: u32,
    },
    /// No pods when the load begins.
    #[error(
        "idle-replica-count = 0 is too low: scaling up from zero takes up to {}",
        humantime::format_duration(*.reaction)
    )]
    Idle {
        /// Time of poll, sync and pod start.
        reaction: Duration,
    },
    /// More pods than are ever proposed.
    #[error("more than {MAX_PODS} pods are needed")]
    Beyond,
}

fn needing(needed: Option<Enough>) -> String {
    needed.map_or_else(String::new, |Enough { min, max }| {
        format!("; max-replica-count = {max} with min-replica-count = {min} meets the target")
    })
}

/// Returns the cheapest settings within `bounds` that meet the target: `cost` gives their cost, or `None` if they do not.
///
/// For each of several maxima, the search finds the smallest `min`, and with it the largest `list_length`; it also tries a
/// fixed number of pods. The cheapest result is returned, with the smallest `max` that still meets the target.
///
/// # Errors
///
/// Fails with the bound that prevents it, and the value that would meet the target.
pub fn propose(
    target: TargetWait,
    demand: &Demand,
    bounds: Bounds,
    cost: impl FnMut(&Candidate) -> Option<f64>,
) -> Result<Candidate, Refusal> {
    let mut search = Search { target, demand, bounds, cost };
    let Some(fewest) = search.fewest(bounds.max) else { return Err(search.too_few(bounds)) };
    let most = bounds.max.unwrap_or(MAX_PODS);
    let mut found: Vec<(f64, Candidate)> = Vec::new();
    let mut needed = None;
    let bound = bounds.min.unwrap_or(0);
    let with_headroom = |factor: f64| saturating_u32(whole((f64::from(fewest) * factor).ceil())).max(bound).min(most);
    let mut maxima = HEADROOM.map(with_headroom).to_vec();
    maxima.dedup();
    for max in maxima {
        let min = search.min(bound, max);
        if bounds.min.is_some_and(|bound| min > bound) {
            needed = Some(min);
        } else {
            found.extend(search.longest(min, max));
        }
    }
    if bounds.min.is_none() {
        found.extend(search.longest(fewest, fewest));
    }
    let cheapest = found.into_iter().min_by(|(one, _), (other, _)| one.total_cmp(other));
    let Some((_, cheapest)) = cheapest else {
        return Err(Refusal::Min { min: bound, reaction: search.reaction(bound), needed: needed.unwrap_or(fewest) });
    };
    let least = u64::from(cheapest.min.max(fewest));
    let max = smallest(least, u64::from(cheapest.max), |max| {
        search.meets(&Candidate { max: saturating_u32(max), ..cheapest })
    });
    Ok(Candidate { max: max.map_or(cheapest.max, saturating_u32), ..cheapest })
}

/// State of a search.
struct Search<'a, C> {
    target: TargetWait,
    demand: &'a Demand,
    bounds: Bounds,
    cost: C,
}

impl<C: FnMut(&Candidate) -> Option<f64>> Search<'_, C> {
    fn meets(&mut self, settings: &Candidate) -> bool {
        (self.cost)(settings).is_some()
    }

    /// Tells if a fixed number of pods meets the target.
    fn always(&mut self, pods: u32) -> bool {
        let settings = Candidate { list_length: 1, ..self.settings(pods, pods) };
        self.meets(&settings)
    }

    /// Returns the smallest fixed number of pods that meets the target, and that sustains the load if `bound` allows as many:
    /// fewer may be enough for a load that ends, but not for one that goes on. `None` if no number up to `bound` does.
    fn fewest(&mut self, bound: Option<u32>) -> Option<u32> {
        let most = bound.unwrap_or(MAX_PODS);
        let pace = self.demand.pods(self.target).unwrap_or(MAX_PODS).min(most);
        let mut top = pace;
        while !self.always(top) {
            if top == most {
                return None;
            }
            top = top.saturating_mul(2).min(most);
        }
        smallest(u64::from(pace), u64::from(top), |pods| self.always(saturating_u32(pods))).map(saturating_u32)
    }

    /// Returns the smallest `min` that meets the target with this `max` and a `list_length` of 1.
    fn min(&mut self, from: u32, max: u32) -> u32 {
        let met = smallest(u64::from(from), u64::from(max), |min| {
            let settings = Candidate { list_length: 1, ..self.settings(saturating_u32(min), max) };
            self.meets(&settings)
        });
        met.map_or(max, saturating_u32)
    }

    /// Returns the largest `list_length` that meets the target with these replicas, and its cost.
    fn longest(&mut self, min: u32, max: u32) -> Option<(f64, Candidate)> {
        let settings = self.settings(min, max);
        let with = |list_length| Candidate { list_length, ..settings };
        // A `list_length` beyond the number of items changes nothing.
        let items = self.demand.items.max(1);
        let mut top = settings.list_length.saturating_mul(2).min(items);
        while top < items && self.meets(&with(top)) {
            top = top.saturating_mul(2).min(items);
        }
        // Counted backwards, it is the smallest number that does.
        let shorter = smallest(0, top - 1, |less| self.meets(&with(top - less)));
        let longest = with(top - shorter?);
        Some(((self.cost)(&longest)?, longest))
    }

    /// Tells if there are no pods when the load begins.
    fn begins_without(&self, min: u32) -> bool {
        min == 0 || self.bounds.idle
    }

    /// Returns the longest time until more pods are ready.
    fn reaction(&self, min: u32) -> Duration {
        self.demand.reaction(self.begins_without(min).then(|| self.settings(min, min).polling))
    }

    /// Returns the settings that the formulas give.
    fn settings(&self, min: u32, max: u32) -> Candidate {
        let quarter = Duration::from_secs((self.target.wait / 4).as_secs());
        let polling = quarter.clamp(Duration::from_secs(1), LONGEST_POLL);
        let longest = Duration::from_secs(whole(self.demand.longest.as_secs_f64().ceil()));
        Candidate {
            list_length: self.demand.allowance(self.target, self.begins_without(min).then_some(polling)),
            min,
            max,
            polling,
            cooldown: (longest + polling * 2).max(SHORTEST_COOLDOWN),
            drain: longest + Duration::from_secs(5),
        }
    }

    /// Returns the bound that prevents the target, and the replicas that meet it.
    fn too_few(&mut self, bounds: Bounds) -> Refusal {
        if bounds.idle {
            return Refusal::Idle { reaction: self.reaction(0) };
        }
        let Some(max) = bounds.max else { return Refusal::Beyond };
        let needed = self.fewest(None).map(|pods| Enough { min: self.min(bounds.min.unwrap_or(0), pods), max: pods });
        let slots = max.saturating_mul(self.demand.concurrency);
        let offered = self.demand.offered();
        // A short overload can still meet the target, so utilisation is the reason only now.
        if f64::from(slots) <= offered {
            return Refusal::Utilisation { max, slots, busy: whole(offered.ceil()), needed };
        }
        Refusal::Max { max, needed }
    }
}

/// Returns the smallest number from `from` to `to` for which `holds`, given that it holds from there on; `None` if it does
/// not hold for `to`.
fn smallest(from: u64, to: u64, mut holds: impl FnMut(u64) -> bool) -> Option<u64> {
    if from > to || !holds(to) {
        return None;
    }
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuning::Percentile;
    use crate::units::float;

    const TARGET: TargetWait = TargetWait { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        let (start, window) = (Duration::from_secs(2), Duration::from_secs(60));
        Demand { rate, window, service, longest, concurrency: 1, start, items: 1_000 }
    }

    /// A cost that needs at least this `max` and `min`, and at most this `list_length`; a higher `min` costs most.
    fn world(max: u32, min: u32, list_length: u64) -> impl FnMut(&Candidate) -> Option<f64> {
        move |tried| {
            let meets = tried.max >= max && tried.min >= min && tried.list_length <= list_length;
            meets.then(|| f64::from(tried.min) * 100.0 + f64::from(tried.max) + 1.0 / float(tried.list_length))
        }
    }

    #[test]
    fn search_finds_the_cheapest_settings() {
        let found = propose(TARGET, &demand(2.0, 4.0), Bounds::default(), world(12, 2, 7)).unwrap();
        assert_eq!((found.max, found.min, found.list_length), (12, 2, 7));
        assert_eq!(found.polling, Duration::from_secs(15));
        assert_eq!(found.drain, Duration::from_secs(11));
        let free = propose(TARGET, &demand(2.0, 4.0), Bounds::default(), |_| Some(1.0)).unwrap();
        assert_eq!((free.min, Some(free.max)), (0, demand(2.0, 4.0).pods(TARGET)), "as many as sustain the load");
    }

    #[test]
    fn minimum_of_the_profile_is_kept() {
        let bounds = Bounds { min: Some(20), ..Bounds::default() };
        let found = propose(TARGET, &demand(2.0, 4.0), bounds, world(12, 2, 7)).unwrap();
        assert_eq!((found.min, found.max, found.list_length), (20, 20, 7));
        let idle = Bounds { idle: true, ..bounds };
        let refusal = propose(TARGET, &demand(2.0, 4.0), idle, |_| None).unwrap_err().to_string();
        assert_eq!(refusal, "idle-replica-count = 0 is too low: scaling up from zero takes up to 32s");
    }

    #[test]
    fn fixed_number_of_pods_wins_where_it_costs_less() {
        // Pods that come and go cost more here.
        let world = |tried: &Candidate| (tried.max >= 12).then_some(if tried.min == tried.max { 1.0 } else { 2.0 });
        let found = propose(TARGET, &demand(2.0, 4.0), Bounds::default(), world).unwrap();
        assert_eq!((found.min, found.max), (12, 12));
    }

    #[test]
    fn refusal_names_the_bound() {
        let bounds = |min, max| Bounds { min, max, idle: false };
        for (bounds, world, message) in [
            (
                bounds(None, Some(5)),
                world(9, 0, 5),
                "max-replica-count = 5 is too low: the peak load keeps 8 slots busy, and 5 pods have 5",
            ),
            (
                bounds(None, Some(10)),
                world(12, 3, 5),
                "even with min-replica-count = 10; max-replica-count = 12 with min-replica-count = 3 meets",
            ),
            (
                bounds(Some(0), None),
                world(9, 3, 5),
                "min-replica-count = 0 is too low: scaling up takes up to 32s; min-replica-count = 3 meets",
            ),
            (bounds(None, None), world(1_001, 0, 5), "more than 1000 pods are needed"),
        ] {
            let refusal = propose(TARGET, &demand(2.0, 4.0), bounds, world).unwrap_err().to_string();
            assert!(refusal.contains(message), "{refusal}");
        }
    }
}

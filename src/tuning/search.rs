//! Steps of a search: settings that meet the target within bounds, and the least that do.

use std::time::Duration;

use super::candidate::{Bounds, Candidate, HpaMetric, ScaleUp};
use super::demand::{Demand, MAX_PODS};
use super::target_wait::TargetWait;
use crate::units::{saturating_u32, whole};

/// Longest polling interval that is proposed: KEDA's own default.
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// Shortest polling interval that is proposed.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// Polling intervals that are tried after the one that the target suggests.
pub(super) const POLLS: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(5), Duration::from_secs(2)];

/// Shortest cooldown that is proposed: below it, pods come and go with every pause.
const SHORTEST_COOLDOWN: Duration = Duration::from_secs(60);

/// Returns the metrics and policies to try.
pub(super) fn variants(bounds: Bounds) -> Vec<(HpaMetric, ScaleUp)> {
    let all = [
        (HpaMetric::Own, ScaleUp::Own),
        (HpaMetric::Sum, ScaleUp::Own),
        (HpaMetric::Own, ScaleUp::Unlimited),
        (HpaMetric::Sum, ScaleUp::Unlimited),
    ];
    let possible = |(metric, scale_up): &(HpaMetric, ScaleUp)| {
        let sum = *metric == HpaMetric::Own || bounds.several_triggers;
        sum && (!bounds.jobs || (*metric, *scale_up) == (HpaMetric::Own, ScaleUp::Own))
    };
    all.into_iter().filter(possible).collect()
}

/// State of a search.
pub(super) struct Search<'a, C> {
    pub(super) target: TargetWait,
    pub(super) demand: &'a Demand,
    pub(super) cost: C,
}

impl<C: FnMut(&Candidate) -> Option<f64>> Search<'_, C> {
    pub(super) fn meets(&mut self, settings: &Candidate) -> bool {
        settings.max >= self.demand.stable_pods(settings.concurrency) && (self.cost)(settings).is_some()
    }

    /// Returns the settings that react the most, with at most `max` pods: if none of them meets the target, nothing does.
    pub(super) fn strongest(&self, bounds: Bounds, max: u32) -> Vec<Candidate> {
        let minima = match bounds.min {
            Some(min) => vec![min.min(max)],
            None if bounds.jobs => vec![0, max],
            None => vec![max],
        };
        let fixed = minima == [max] && !bounds.idle && !bounds.jobs;
        let strongest = |min| {
            let settings = Candidate { list_length: 1, polling: SHORTEST_POLL, ..self.settings(bounds, min, max) };
            // Without a step to take, neither metric nor policies matter.
            let variants = if fixed { vec![(HpaMetric::Own, ScaleUp::Own)] } else { variants(bounds) };
            variants.into_iter().rev().map(move |(metric, scale_up)| Candidate { metric, scale_up, ..settings })
        };
        minima.into_iter().flat_map(strongest).collect()
    }

    pub(super) fn feasible(&mut self, bounds: Bounds, max: u32) -> bool {
        self.strongest(bounds, max).iter().any(|settings| self.meets(settings))
    }

    /// Returns the smallest maximum with which the target can be met; `None` if no number within the bounds does.
    pub(super) fn fewest(&mut self, bounds: Bounds) -> Option<u32> {
        let most = bounds.max.unwrap_or(MAX_PODS);
        let from = self.demand.stable_pods(bounds.concurrency).max(bounds.min.unwrap_or(0)).max(1);
        if from > most {
            return None;
        }
        let mut top = from;
        while !self.feasible(bounds, top) {
            if top == most {
                return None;
            }
            top = top.saturating_mul(2).min(most);
        }
        smallest(u64::from(from), u64::from(top), |max| self.feasible(bounds, saturating_u32(max))).map(saturating_u32)
    }

    /// Collects what meets the target with this maximum, metric and policies.
    pub(super) fn collect(&mut self, bounds: Bounds, settings: Candidate, found: &mut Vec<(f64, Candidate)>) {
        let at_rest = bounds.min.unwrap_or(0).min(settings.max);
        // From zero, a poll comes first; the longest interval that meets the target is the cheapest for Redis.
        for polling in self.polls(bounds, at_rest) {
            let tried = Candidate { min: at_rest, polling, ..settings };
            if self.meets(&Candidate { list_length: 1, ..tried }) {
                found.extend(self.longest(tried));
                break;
            }
        }
        if bounds.min.is_some() || bounds.idle {
            return;
        }
        let least = smallest(1, u64::from(settings.max), |min| {
            self.meets(&Candidate { list_length: 1, min: saturating_u32(min), ..settings })
        });
        if let Some(min) = least {
            let min = saturating_u32(min);
            let usual = self.settings(bounds, min, settings.max);
            found.extend(self.longest(Candidate { metric: settings.metric, scale_up: settings.scale_up, ..usual }));
        }
    }

    /// Returns the polling intervals to try, the longest first.
    fn polls(&self, bounds: Bounds, min: u32) -> Vec<Duration> {
        let usual = self.settings(bounds, min, min).polling;
        if !bounds.jobs && !begins_without(bounds, min) {
            return vec![usual];
        }
        let shorter = POLLS.into_iter().chain([SHORTEST_POLL]).filter(|polling| *polling < usual);
        [usual].into_iter().chain(shorter).collect()
    }

    /// Returns the largest `list_length` that meets the target with these settings, and its cost.
    pub(super) fn longest(&mut self, settings: Candidate) -> Option<(f64, Candidate)> {
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

    /// Returns the longest time until more pods are ready.
    pub(super) fn reaction(&self, bounds: Bounds, min: u32) -> Duration {
        self.demand.reaction(begins_without(bounds, min).then_some(SHORTEST_POLL))
    }

    /// Returns the settings that the formulas give.
    pub(super) fn settings(&self, bounds: Bounds, min: u32, max: u32) -> Candidate {
        let quarter = Duration::from_secs((self.target.wait / 4).as_secs());
        let polling = quarter.clamp(SHORTEST_POLL, LONGEST_POLL);
        let longest = Duration::from_secs(whole(self.demand.longest.as_secs_f64().ceil()));
        let first = begins_without(bounds, min).then_some(polling);
        Candidate {
            list_length: self.demand.allowance(self.target, bounds.concurrency, first),
            min,
            max,
            polling,
            cooldown: (longest + polling * 2).max(SHORTEST_COOLDOWN),
            drain: longest + Duration::from_secs(5),
            metric: HpaMetric::Own,
            scale_up: ScaleUp::Own,
            activation: bounds.activation,
            cached: bounds.cached,
            tolerance: bounds.tolerance,
            concurrency: bounds.concurrency,
            instant: bounds.instant,
        }
    }
}

/// Tells if there are no pods when the load begins.
fn begins_without(bounds: Bounds, min: u32) -> bool {
    min == 0 || bounds.idle
}

/// Returns the smallest number from `from` to `to` for which `holds`, given that it holds from there on; `None` if it does
/// not hold for `to`.
pub(super) fn smallest(from: u64, to: u64, mut holds: impl FnMut(u64) -> bool) -> Option<u64> {
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

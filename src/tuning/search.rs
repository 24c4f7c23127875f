//! Search for the cheapest settings that meet a target wait.

use std::time::Duration;

use super::candidate::{Bounds, Candidate, HpaMetric, ScaleUp};
use super::demand::{Demand, MAX_PODS};
use super::refusal::{Obstacle, Refusal};
use super::target_wait::TargetWait;
use crate::units::{saturating_u32, whole};

/// Longest polling interval that is proposed: KEDA's own default.
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// Shortest polling interval that is proposed.
const SHORTEST_POLL: Duration = Duration::from_secs(1);

/// Polling intervals that are tried after the one that the target suggests.
const POLLS: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(5), Duration::from_secs(2)];

/// Shortest cooldown that is proposed: below it, pods come and go with every pause.
const SHORTEST_COOLDOWN: Duration = Duration::from_secs(60);

/// Maxima that are tried, as multiples of the fewest pods: late pods have to catch up.
const HEADROOM: [f64; 4] = [1.0, 1.25, 1.75, 2.5];

/// Largest concurrency that is tried.
const MAX_CONCURRENCY: u32 = 64;

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

/// Returns the metrics and policies to try.
fn variants(bounds: Bounds) -> Vec<(HpaMetric, ScaleUp)> {
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
struct Search<'a, C> {
    target: TargetWait,
    demand: &'a Demand,
    cost: C,
}

impl<C: FnMut(&Candidate) -> Option<f64>> Search<'_, C> {
    fn meets(&mut self, settings: &Candidate) -> bool {
        settings.max >= self.demand.stable_pods(settings.concurrency) && (self.cost)(settings).is_some()
    }

    /// Returns the settings that react the most, with at most `max` pods: if none of them meets the target, nothing does.
    fn strongest(&self, bounds: Bounds, max: u32) -> Vec<Candidate> {
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

    fn feasible(&mut self, bounds: Bounds, max: u32) -> bool {
        self.strongest(bounds, max).iter().any(|settings| self.meets(settings))
    }

    /// Returns the smallest maximum with which the target can be met; `None` if no number within the bounds does.
    fn fewest(&mut self, bounds: Bounds) -> Option<u32> {
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
    fn collect(&mut self, bounds: Bounds, settings: Candidate, found: &mut Vec<(f64, Candidate)>) {
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
    fn longest(&mut self, settings: Candidate) -> Option<(f64, Candidate)> {
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
    fn reaction(&self, bounds: Bounds, min: u32) -> Duration {
        self.demand.reaction(begins_without(bounds, min).then_some(SHORTEST_POLL))
    }

    /// Returns the settings that the formulas give.
    fn settings(&self, bounds: Bounds, min: u32, max: u32) -> Candidate {
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
            concurrency: bounds.concurrency,
            instant: bounds.instant,
        }
    }
}

impl<C: FnMut(&Candidate) -> Option<f64>> Search<'_, C> {
    /// Returns what prevents the target, each checked by leaving it out.
    fn refusal(&mut self, bounds: Bounds) -> Refusal {
        let free = Bounds { min: None, max: None, idle: false, activation: false, cached: false, ..bounds };
        let alone: Vec<Obstacle> = [
            self.without_max(bounds),
            self.without_min(bounds),
            bounds
                .idle
                .then(|| {
                    self.obstacle(
                        Bounds { idle: false, ..bounds },
                        Obstacle::Idle { reaction: self.reaction(bounds, 0) },
                    )
                })
                .flatten(),
            bounds
                .activation
                .then(|| self.obstacle(Bounds { activation: false, ..bounds }, Obstacle::Activation))
                .flatten(),
            bounds.cached.then(|| self.obstacle(Bounds { cached: false, ..bounds }, Obstacle::Cached)).flatten(),
            self.without_start(bounds),
            self.without_concurrency(bounds),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !alone.is_empty() {
            return Refusal::Obstacles(alone);
        }
        let instant = Bounds { instant: true, ..free };
        let all = if let Some(needed) = self.fewest(free) {
            (free, needed)
        } else if let Some(needed) = self.fewest(instant) {
            (instant, needed)
        } else {
            return Refusal::Beyond;
        };
        Refusal::Together(self.together(bounds, all))
    }

    /// Returns the obstacles that have to be left out together, of those without which `needed` pods meet the target.
    fn together(&mut self, bounds: Bounds, (mut relaxed, needed): (Bounds, u32)) -> Vec<Obstacle> {
        // Puts back each that is not needed.
        for keep in [
            |relaxed: Bounds, bounds: Bounds| Bounds { idle: bounds.idle, ..relaxed },
            |relaxed: Bounds, bounds: Bounds| Bounds { activation: bounds.activation, ..relaxed },
            |relaxed: Bounds, bounds: Bounds| Bounds { cached: bounds.cached, ..relaxed },
            |relaxed: Bounds, bounds: Bounds| Bounds { min: bounds.min, ..relaxed },
            |relaxed: Bounds, bounds: Bounds| Bounds { max: bounds.max, ..relaxed },
        ] {
            let tried = keep(relaxed, bounds);
            if self.fewest(tried).is_some() {
                relaxed = tried;
            }
        }
        let needed = self.fewest(relaxed).unwrap_or(needed);
        let least = self.least(relaxed, needed);
        let obstacles = [
            bounds.max.filter(|_| relaxed.max.is_none()).map(|max| self.max(bounds, max, needed)),
            bounds.min.filter(|_| relaxed.min.is_none()).map(|min| Obstacle::Min {
                min,
                needed: least.unwrap_or(needed),
                reaction: self.reaction(bounds, min),
            }),
            (bounds.idle && !relaxed.idle).then(|| Obstacle::Idle { reaction: self.reaction(bounds, 0) }),
            (bounds.activation && !relaxed.activation).then_some(Obstacle::Activation),
            (bounds.cached && !relaxed.cached).then_some(Obstacle::Cached),
            relaxed.instant.then_some(Obstacle::Start { start: self.demand.start }),
        ];
        obstacles.into_iter().flatten().collect()
    }

    fn obstacle(&mut self, relaxed: Bounds, obstacle: Obstacle) -> Option<Obstacle> {
        self.fewest(relaxed).map(|_| obstacle)
    }

    fn without_max(&mut self, bounds: Bounds) -> Option<Obstacle> {
        let max = bounds.max?;
        let needed = self.fewest(Bounds { max: None, ..bounds })?;
        Some(self.max(bounds, max, needed))
    }

    fn max(&self, bounds: Bounds, max: u32, needed: u32) -> Obstacle {
        let slots = max.saturating_mul(bounds.concurrency);
        // To hundredths, so that a rate of 4.001 keeps four slots busy.
        let busy = (self.demand.offered() - 0.005).ceil();
        let busy = (f64::from(slots) <= busy).then(|| whole(busy));
        Obstacle::Max { max, needed, busy, slots }
    }

    fn without_min(&mut self, bounds: Bounds) -> Option<Obstacle> {
        let min = bounds.min?;
        let relaxed = Bounds { min: None, ..bounds };
        let max = self.fewest(relaxed)?;
        let needed = self.least(relaxed, bounds.max.unwrap_or(max))?;
        Some(Obstacle::Min { min, needed, reaction: self.reaction(bounds, min) })
    }

    /// Returns the smallest minimum that meets the target with at most `max` pods.
    fn least(&mut self, bounds: Bounds, max: u32) -> Option<u32> {
        let met = |search: &mut Self, min| search.feasible(Bounds { min: Some(min), ..bounds }, max);
        smallest(0, u64::from(max), |min| met(self, saturating_u32(min))).map(saturating_u32)
    }

    fn without_start(&mut self, bounds: Bounds) -> Option<Obstacle> {
        let obstacle = Obstacle::Start { start: self.demand.start };
        let instant = Bounds { instant: true, ..bounds };
        self.obstacle(instant, obstacle).filter(|_| !self.demand.start.is_zero())
    }

    fn without_concurrency(&mut self, bounds: Bounds) -> Option<Obstacle> {
        let from = u64::from(bounds.concurrency) + 1;
        let most = u64::from(MAX_CONCURRENCY);
        let met = |concurrency| {
            let bounds = Bounds { concurrency: saturating_u32(concurrency), ..bounds };
            self.fewest(bounds).is_some()
        };
        let needed = smallest(from, most, met).map(saturating_u32)?;
        Some(Obstacle::Concurrency { concurrency: bounds.concurrency, needed })
    }
}

/// Tells if there are no pods when the load begins.
fn begins_without(bounds: Bounds, min: u32) -> bool {
    min == 0 || bounds.idle
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

    const FREE: Bounds = Bounds {
        min: None,
        max: None,
        idle: false,
        jobs: false,
        several_triggers: true,
        activation: false,
        cached: false,
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
        let idle = Bounds { idle: true, min: Some(20), ..FREE };
        // What the search sees of it is the time of the first pods.
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

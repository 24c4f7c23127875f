//! The cheapest settings that meet a wait: what is tried, in which order, and what is in the way where nothing does.

use std::time::Duration;

use super::{Demand, MOST_PODS, Want};
use crate::units::{saturating_u32, whole};

/// The longest polling interval that is proposed: KEDA's own default.
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// The shortest cooldown that is proposed: below it, pods come and go with every pause.
const SHORTEST_COOLDOWN: Duration = Duration::from_secs(60);

/// The most pods that are tried, over the fewest that can do: who comes late has to catch up.
const ROOM: [f64; 5] = [1.0, 1.25, 1.5, 2.0, 3.0];

/// Limits that were set; `None` is free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Minimum number of pods, fixed: scaling to zero is the user's decision.
    pub min: Option<u32>,
    /// Maximum number of pods.
    pub max: Option<u32>,
    /// There is no pod while nothing is to do, whatever `min` is.
    pub idle: bool,
}

/// Settings that are tried, and may be proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Items that ask for one pod.
    pub list_length: u64,
    /// The fewest pods.
    pub min: u32,
    /// The most pods.
    pub max: u32,
    /// Polling interval.
    pub polling: Duration,
    /// Cooldown period.
    pub cooldown: Duration,
    /// Drain time.
    pub drain: Duration,
}

/// Pods that would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enough {
    /// So many that are there all the time.
    pub min: u32,
    /// So many at most.
    pub max: u32,
}

/// Reason for which nothing can be proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Even all pods running all the time are too few.
    #[error(
        "max-replica-count = {max} is in the way: to keep pace at the peak takes {busy} items in flight at once, \
         and {} {slots}{}", if *.max == 1 { "one pod works".to_owned() } else { format!("{max} pods work") }, needing(*.needed)
    )]
    Utilisation {
        /// The limit.
        max: u32,
        /// Its slots.
        slots: u32,
        /// λ·s, rounded up.
        busy: u64,
        /// Pods that do, where so many were found.
        needed: Option<Enough>,
    },
    /// The pods would be enough for the load, and not for the wait.
    #[error(
        "max-replica-count = {max} is in the way: even with as many pods there all the time it is not met{}", needing(*.needed)
    )]
    Max {
        /// The limit.
        max: u32,
        /// Pods that do, where so many were found.
        needed: Option<Enough>,
    },
    /// The pods that are needed come too late.
    #[error(
        "min-replica-count = {min} is in the way: until more pods are there, up to {} pass; \
         with min-replica-count = {needed} it is met", humantime::format_duration(*.reaction)
    )]
    Min {
        /// The limit.
        min: u32,
        /// Poll, sync and start.
        reaction: Duration,
        /// Pods that have to be there all the time.
        needed: u32,
    },
    /// No pod is there when the load begins.
    #[error(
        "idle-replica-count = 0 is in the way: no pod is there when the load begins, and until one is, up to {} pass",
        humantime::format_duration(*.reaction)
    )]
    Idle {
        /// Poll, sync and start.
        reaction: Duration,
    },
    /// Number of pods beyond any real cluster.
    #[error("more than {MOST_PODS} pods would be needed")]
    Beyond,
}

fn needing(needed: Option<Enough>) -> String {
    needed.map_or_else(String::new, |Enough { min, max }| {
        format!("; with max-replica-count = {max} and min-replica-count = {min} it is met")
    })
}

/// Finds the cheapest settings within `bounds` for which `cost` has an answer: what they cost, or `None` where they do not
/// keep what is wanted.
///
/// For several maxima the smallest `min` is looked for, and with it the longest list; and pods that are all there all the
/// time are tried as well. Of what is found the cheapest is taken, with as small a `max` as does.
///
/// # Errors
///
/// Names the bound that is in the way, and what it would have to be.
pub fn propose(
    want: Want,
    demand: &Demand,
    bounds: Bounds,
    cost: impl FnMut(&Candidate) -> Option<f64>,
) -> Result<Candidate, Refusal> {
    let mut search = Search { want, demand, bounds, cost };
    let Some(fewest) = search.fewest(bounds.max) else { return Err(search.too_few(bounds)) };
    let most = bounds.max.unwrap_or(MOST_PODS);
    let mut found: Vec<(f64, Candidate)> = Vec::new();
    let mut needed = None;
    let bound = bounds.min.unwrap_or(0);
    let with_room = |room: f64| saturating_u32(whole((f64::from(fewest) * room).ceil())).max(bound).min(most);
    let mut maxima = ROOM.map(with_room).to_vec();
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

/// A search, with what it is for.
struct Search<'a, C> {
    want: Want,
    demand: &'a Demand,
    bounds: Bounds,
    cost: C,
}

impl<C: FnMut(&Candidate) -> Option<f64>> Search<'_, C> {
    fn meets(&mut self, settings: &Candidate) -> bool {
        (self.cost)(settings).is_some()
    }

    /// Returns whether this many pods, running all the time, meet the target.
    fn always(&mut self, pods: u32) -> bool {
        let settings = Candidate { list_length: 1, ..self.settings(pods, pods) };
        self.meets(&settings)
    }

    /// Minimum number of pods that meets the target when all run all the time, and sustains the load where the bound allows
    /// for as many: fewer may do for a load that ends, and its end is not to be relied on. `None` where no number up to
    /// `bound` does.
    fn fewest(&mut self, bound: Option<u32>) -> Option<u32> {
        let most = bound.unwrap_or(MOST_PODS);
        let pace = self.demand.pods(self.want).unwrap_or(MOST_PODS).min(most);
        let mut top = pace;
        while !self.always(top) {
            if top == most {
                return None;
            }
            top = top.saturating_mul(2).min(most);
        }
        smallest(u64::from(pace), u64::from(top), |pods| self.always(saturating_u32(pods))).map(saturating_u32)
    }

    /// The smallest `min` that meets it with so many pods at most, however few items ask for one.
    fn min(&mut self, from: u32, max: u32) -> u32 {
        let met = smallest(u64::from(from), u64::from(max), |min| {
            let settings = Candidate { list_length: 1, ..self.settings(saturating_u32(min), max) };
            self.meets(&settings)
        });
        met.map_or(max, saturating_u32)
    }

    /// The longest list with which so many pods meet it, and what that costs.
    fn longest(&mut self, min: u32, max: u32) -> Option<(f64, Candidate)> {
        let settings = self.settings(min, max);
        let with = |list_length| Candidate { list_length, ..settings };
        // A list that is longer than the load changes nothing any more.
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

    /// Returns whether there is no pod when the load begins.
    fn begins_without(&self, min: u32) -> bool {
        min == 0 || self.bounds.idle
    }

    /// Returns the longest time until more pods run.
    fn reaction(&self, min: u32) -> Duration {
        self.demand.reaction(self.begins_without(min).then(|| self.settings(min, min).polling))
    }

    /// Returns the settings by the formulas.
    fn settings(&self, min: u32, max: u32) -> Candidate {
        let quarter = Duration::from_secs((self.want.wait / 4).as_secs());
        let polling = quarter.clamp(Duration::from_secs(1), LONGEST_POLL);
        let longest = Duration::from_secs(whole(self.demand.longest.as_secs_f64().ceil()));
        Candidate {
            list_length: self.demand.allowance(self.want, self.begins_without(min).then_some(polling)),
            min,
            max,
            polling,
            cooldown: (longest + polling * 2).max(SHORTEST_COOLDOWN),
            drain: longest + Duration::from_secs(5),
        }
    }

    /// Returns why no number of pods within the bound suffices, and which would.
    fn too_few(&mut self, bounds: Bounds) -> Refusal {
        if bounds.idle {
            return Refusal::Idle { reaction: self.reaction(0) };
        }
        let Some(max) = bounds.max else { return Refusal::Beyond };
        let needed = self.fewest(None).map(|pods| Enough { min: self.min(bounds.min.unwrap_or(0), pods), max: pods });
        let slots = max.saturating_mul(self.demand.concurrency);
        let offered = self.demand.offered();
        // For a while more items may arrive than are processed, and the wait still be met: only now is it the reason.
        if f64::from(slots) <= offered {
            return Refusal::Utilisation { max, slots, busy: whole(offered.ceil()), needed };
        }
        Refusal::Max { max, needed }
    }
}

/// The smallest number from `from` to `to` for which `holds`, which is taken to hold from there on; `None` where it does
/// not hold at the end.
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

    const WANT: Want = Want { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        let (start, window) = (Duration::from_secs(2), Duration::from_secs(60));
        Demand { rate, window, service, longest, concurrency: 1, start, items: 1_000 }
    }

    /// Meets with so many pods at least, of which so many are there all the time, and a list no longer than this; pods that
    /// are there all the time cost most.
    fn world(max: u32, min: u32, list_length: u64) -> impl FnMut(&Candidate) -> Option<f64> {
        move |tried| {
            let meets = tried.max >= max && tried.min >= min && tried.list_length <= list_length;
            meets.then(|| f64::from(tried.min) * 100.0 + f64::from(tried.max) + 1.0 / float(tried.list_length))
        }
    }

    #[test]
    fn the_cheapest_that_holds_is_found() {
        let found = propose(WANT, &demand(2.0, 4.0), Bounds::default(), world(12, 2, 7)).unwrap();
        assert_eq!((found.max, found.min, found.list_length), (12, 2, 7));
        assert_eq!(found.polling, Duration::from_secs(15));
        assert_eq!(found.drain, Duration::from_secs(11));
        let free = propose(WANT, &demand(2.0, 4.0), Bounds::default(), |_| Some(1.0)).unwrap();
        assert_eq!((free.min, Some(free.max)), (0, demand(2.0, 4.0).pods(WANT)), "as many as keep pace");
    }

    #[test]
    fn minimum_that_is_set_is_kept() {
        let bounds = Bounds { min: Some(20), ..Bounds::default() };
        let found = propose(WANT, &demand(2.0, 4.0), bounds, world(12, 2, 7)).unwrap();
        assert_eq!((found.min, found.max, found.list_length), (20, 20, 7));
        let idle = Bounds { idle: true, ..bounds };
        let refusal = propose(WANT, &demand(2.0, 4.0), idle, |_| None).unwrap_err().to_string();
        assert_eq!(
            refusal,
            "idle-replica-count = 0 is in the way: no pod is there when the load begins, and until one is, up to 32s pass"
        );
    }

    #[test]
    fn pods_that_are_always_there_are_taken_where_they_cost_less() {
        // Pods that come and go cost more here.
        let world = |tried: &Candidate| (tried.max >= 12).then_some(if tried.min == tried.max { 1.0 } else { 2.0 });
        let found = propose(WANT, &demand(2.0, 4.0), Bounds::default(), world).unwrap();
        assert_eq!((found.min, found.max), (12, 12));
    }

    #[test]
    fn the_bound_in_the_way_is_named() {
        let bounds = |min, max| Bounds { min, max, idle: false };
        for (bounds, world, message) in [
            (
                bounds(None, Some(5)),
                world(9, 0, 5),
                "max-replica-count = 5 is in the way: to keep pace at the peak takes 8 items in flight at once",
            ),
            (
                bounds(None, Some(10)),
                world(12, 3, 5),
                "even with as many pods there all the time it is not met; with max-replica-count = 12 and min-replica-count = 3 it",
            ),
            (
                bounds(Some(0), None),
                world(9, 3, 5),
                "min-replica-count = 0 is in the way: until more pods are there, up to 32s pass; with min-replica-count = 3",
            ),
            (bounds(None, None), world(1_001, 0, 5), "more than 1000 pods would be needed"),
        ] {
            let refusal = propose(WANT, &demand(2.0, 4.0), bounds, world).unwrap_err().to_string();
            assert!(refusal.contains(message), "{refusal}");
        }
    }
}

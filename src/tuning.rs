//! From a wait that is wanted to settings that meet it: formulas for where to look, trials for what holds.
//!
//! With λ items a second at most, s seconds of work an item, c items at a time in a pod, and a wait W:
//!
//! * slots n: the fewest with n > λ·s (utilisation below 1) and, by Erlang C, P(wait > W) = C(n, λ·s) · e^(−(n − λ·s)·W/s)
//!   no more than what the percentile leaves; so ⌈n/c⌉ pods at least
//! * list length: a pod that has L items in front of it is L·s/c behind, so L = (W − reaction) / s · c, where the reaction
//!   is one sync of the HPA and the start of a pod, and before that, from zero pods, a poll
//! * polling: a quarter of W, 30 s at most; cooldown and drain: no item in work is to be cut
//!
//! Loads are no Poisson streams and the HPA counts in steps, so nothing is proposed that a trial has not met.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long the HPA takes to look again.
const SYNC: Duration = Duration::from_secs(15);

/// The longest polling interval that is proposed: KEDA's own default.
const LONGEST_POLL: Duration = Duration::from_secs(30);

/// The shortest cooldown that is proposed: below it, pods come and go with every pause.
const SHORTEST_COOLDOWN: Duration = Duration::from_secs(60);

/// More pods than this are not proposed to somebody who has named no maximum.
const MOST_PODS: u32 = 1_000;

/// A percentile of the waits, and how long it may be: `p95=60s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want {
    /// Which of the waits.
    pub percentile: Percentile,
    /// From the push to the begin of the work.
    pub wait: Duration,
}

/// The percentiles that a trial measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percentile {
    /// Half of the items wait for no longer.
    P50,
    /// 95 of 100.
    P95,
    /// 99 of 100.
    P99,
}

impl Percentile {
    /// The share of items that may wait for longer.
    pub fn rest(self) -> f64 {
        match self {
            Self::P50 => 0.5,
            Self::P95 => 0.05,
            Self::P99 => 0.01,
        }
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        })
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.percentile, humantime::format_duration(self.wait))
    }
}

impl FromStr for Want {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((percentile, wait)) = text.split_once('=') else {
            return Err(format!("`{text}` is not like p95=60s: a percentile and how long it may wait"));
        };
        let percentile = match percentile.trim() {
            "p50" => Percentile::P50,
            "p95" => Percentile::P95,
            "p99" => Percentile::P99,
            other => return Err(format!("`{other}` is not one of p50, p95 and p99")),
        };
        match wait.trim().parse::<crate::profile::Span>()?.0 {
            Duration::ZERO => Err(format!("`{wait}`: nothing can be worked without any wait")),
            wait => Ok(Self { percentile, wait }),
        }
    }
}

/// What a load asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Items per second, taken over the stretch of length W that has the most.
    pub rate: f64,
    /// Seconds of work an item, on average.
    pub service: f64,
    /// The longest work seen.
    pub longest: Duration,
    /// Items that a pod works at a time.
    pub concurrency: u32,
    /// From a pod's creation to its first item.
    pub start: Duration,
}

impl Demand {
    /// The most items a second over any stretch of `window`: `arrivals` are moments with counts, in order.
    pub fn peak_rate(arrivals: &[(Duration, u64)], window: Duration) -> f64 {
        let mut most = 0;
        let mut inside = 0;
        let mut first = 0;
        for (at, count) in arrivals {
            inside += count;
            while arrivals[first].0 + window <= *at {
                inside -= arrivals[first].1;
                first += 1;
            }
            most = most.max(inside);
        }
        float(most) / window.as_secs_f64()
    }

    /// Slots that are at work on average, at the peak: λ·s, in erlangs.
    pub fn offered(&self) -> f64 {
        self.rate * self.service
    }

    /// The fewest pods that keep `want` once they are there, by Erlang C; `None` beyond what anybody has.
    pub fn pods(&self, want: Want) -> Option<u32> {
        let offered = self.offered();
        let (mut blocked, mut slots) = (1.0, 0_u32);
        loop {
            slots += 1;
            let n = f64::from(slots);
            // Erlang B from one slot to the next: the only form that neither over- nor underflows.
            blocked = offered * blocked / (n + offered * blocked);
            if n > offered {
                let waits = blocked / (1.0 - offered / n * (1.0 - blocked));
                let longer = waits * (-(n - offered) * want.wait.as_secs_f64() / self.service.max(1e-9)).exp();
                if longer <= want.percentile.rest() {
                    return Some(slots.div_ceil(self.concurrency));
                }
            }
            if slots / self.concurrency > MOST_PODS {
                return None;
            }
        }
    }

    /// How long it takes at worst until there are more pods; from none, a poll comes first.
    fn reaction(&self, from_zero: Option<Duration>) -> Duration {
        SYNC + self.start + from_zero.unwrap_or_default()
    }

    /// The most items in front of one pod that leave `want`, where there is time for any.
    fn list_length(&self, want: Want, from_zero: Option<Duration>) -> u64 {
        let left = want.wait.saturating_sub(self.reaction(from_zero)).as_secs_f64();
        whole(left / self.service.max(1e-9) * f64::from(self.concurrency)).max(1)
    }
}

/// Limits that somebody has set; what is `None` is free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Neither more nor fewer: whether the consumers may go to zero is nothing to decide for somebody.
    pub min: Option<u32>,
    /// No more than these.
    pub max: Option<u32>,
}

/// Settings that are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Items that ask for one pod.
    pub list_length: u64,
    /// The fewest pods.
    pub min: u32,
    /// The most pods.
    pub max: u32,
    /// How often KEDA looks.
    pub polling: Duration,
    /// How long nothing must have been there before the last pods go.
    pub cooldown: Duration,
    /// How long items in work may take after a pod was told to stop.
    pub drain: Duration,
}

/// Why nothing can be proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// All pods at work all the time are too few.
    #[error(
        "max-replica-count = {max} is in the way: to keep pace at the peak takes {busy} items in work at once, \
         and {max} pods work {slots}{}", needing(*.needed)
    )]
    Utilisation {
        /// The limit.
        max: u32,
        /// Its slots.
        slots: u32,
        /// λ·s, rounded up.
        busy: u64,
        /// Pods that do, where so many were found.
        needed: Option<u32>,
    },
    /// The pods would be enough for the load, and not for the wait.
    #[error("max-replica-count = {max} is in the way: even with {max} pods there all the time it is not met{}", needing(*.needed))]
    Max {
        /// The limit.
        max: u32,
        /// Pods that do, where so many were found.
        needed: Option<u32>,
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
    /// More pods than anybody has.
    #[error("more than {MOST_PODS} pods would be needed")]
    Beyond,
}

fn needing(needed: Option<u32>) -> String {
    needed.map_or_else(String::new, |pods| format!("; with {pods} pods it is met"))
}

/// Finds the cheapest settings within `bounds` for which `meets` says yes.
///
/// Pods that are always there cost most, so `min` is as small as it can be; then the list length is as long as it can
/// be, then `max` as small.
///
/// # Errors
///
/// Names the bound that is in the way, and what it would have to be.
pub fn propose(
    want: Want,
    demand: &Demand,
    bounds: Bounds,
    mut meets: impl FnMut(&Settings) -> bool,
) -> Result<Settings, Refusal> {
    let floor = demand.pods(want).ok_or(Refusal::Beyond)?;
    // Who comes late has to catch up: twice what keeps pace is plenty, and what is too much is taken back below.
    let max = bounds.max.unwrap_or((floor * 2).min(MOST_PODS));
    let start = settings(want, demand, bounds.min.unwrap_or(0), max);
    let surest = Settings { list_length: 1, ..start };
    let always = |pods: u32| Settings { min: pods, max: pods, ..surest };
    if !meets(&always(max)) {
        let needed = smallest(u64::from(max) + 1, u64::from(MOST_PODS), |pods| meets(&always(count(pods))));
        let (slots, needed) = (max.saturating_mul(demand.concurrency), needed.map(count));
        // For a while more may come than is worked, and the wait be kept all the same: only now is it the reason.
        if f64::from(slots) <= demand.offered() {
            return Err(Refusal::Utilisation { max, slots, busy: whole(demand.offered().ceil()), needed });
        }
        return Err(Refusal::Max { max, needed });
    }
    let least = smallest(u64::from(start.min), u64::from(max), |min| meets(&Settings { min: count(min), ..surest }));
    let min = least.map_or(max, count);
    if let Some(bound) = bounds.min.filter(|bound| *bound < min) {
        let polling = (bound == 0).then_some(start.polling);
        return Err(Refusal::Min { min: bound, reaction: demand.reaction(polling), needed: min });
    }
    let found = Settings { min, ..start };
    let lengths = found.list_length * 2;
    // From the longest down: counted backwards, it is the smallest number that does.
    let shorter = smallest(0, lengths - 1, |less| meets(&Settings { list_length: lengths - less, ..found }));
    let found = Settings { list_length: lengths - shorter.unwrap_or(lengths - 1), ..found };
    // Fewer than keep pace for ever may do for a load that ends; nobody wants to be held to its end.
    let enough = min.max(1).max(floor.min(max));
    let least = smallest(u64::from(enough), u64::from(max), |max| meets(&Settings { max: count(max), ..found }));
    Ok(Settings { max: least.map_or(max, count), ..found })
}

/// What the formulas say.
fn settings(want: Want, demand: &Demand, min: u32, max: u32) -> Settings {
    let quarter = Duration::from_secs((want.wait / 4).as_secs());
    let polling = quarter.clamp(Duration::from_secs(1), LONGEST_POLL);
    let longest = Duration::from_secs(whole(demand.longest.as_secs_f64().ceil()));
    Settings {
        list_length: demand.list_length(want, (min == 0).then_some(polling)),
        min,
        max,
        polling,
        cooldown: (longest + polling * 2).max(SHORTEST_COOLDOWN),
        drain: longest + Duration::from_secs(5),
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

fn count(pods: u64) -> u32 {
    u32::try_from(pods).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, which is what is wanted")]
fn whole(number: f64) -> u64 {
    number as u64
}

#[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 items is not tuned for")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANT: Want = Want { percentile: Percentile::P95, wait: Duration::from_secs(60) };

    fn demand(rate: f64, service: f64) -> Demand {
        let longest = Duration::from_secs(6);
        Demand { rate, service, longest, concurrency: 1, start: Duration::from_secs(2) }
    }

    #[test]
    fn a_want_reads_as_it_is_written() {
        assert_eq!("p95=60s".parse(), Ok(WANT));
        assert_eq!("p99=1m 30s".parse::<Want>().unwrap().to_string(), "p99=1m 30s");
        for (text, part) in
            [("60s", "is not like p95=60s"), ("p90=60s", "`p90`"), ("p95=soon", "soon"), ("p95=0s", "without any wait")]
        {
            let error = text.parse::<Want>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_fewest_pods_are_those_of_erlang() {
        // Erlang C with 10 erlangs: 11 slots P(wait) = 0.682, 13 slots 0.285, 14 slots 0.174 (tables of M/M/c).
        let soon = |millis, percentile| Want { percentile, wait: Duration::from_millis(millis) };
        assert_eq!(demand(10.0, 1.0).pods(soon(1, Percentile::P50)), Some(12));
        assert_eq!(demand(10.0, 1.0).pods(soon(1_000, Percentile::P95)), Some(13));
        assert_eq!(demand(10.0, 1.0).pods(WANT), Some(11));
        assert_eq!(Demand { concurrency: 4, ..demand(10.0, 1.0) }.pods(WANT), Some(3));
        assert_eq!(demand(1e6, 60.0).pods(WANT), None);
    }

    #[test]
    fn the_peak_is_the_fullest_stretch_of_the_load() {
        let seconds =
            |at: &[(u64, u64)]| -> Vec<_> { at.iter().map(|(at, n)| (Duration::from_secs(*at), *n)).collect() };
        let ten = Duration::from_secs(10);
        assert!((Demand::peak_rate(&seconds(&[(0, 5), (9, 5), (10, 20), (40, 3)]), ten) - 2.5).abs() < 1e-9);
        assert!(Demand::peak_rate(&[], ten).abs() < 1e-9);
    }

    /// Meets with so many pods at least, of which so many are there all the time, and a list no longer than this.
    fn world(max: u32, min: u32, list_length: u64) -> impl FnMut(&Settings) -> bool {
        move |tried| tried.max >= max && tried.min >= min && tried.list_length <= list_length
    }

    #[test]
    fn the_cheapest_that_holds_is_found() {
        let found = propose(WANT, &demand(2.0, 4.0), Bounds::default(), world(12, 2, 7)).unwrap();
        assert_eq!((found.max, found.min, found.list_length), (12, 2, 7));
        assert_eq!(found.polling, Duration::from_secs(15));
        assert_eq!(found.drain, Duration::from_secs(11));
        let free = propose(WANT, &demand(2.0, 4.0), Bounds::default(), |_| true).unwrap();
        assert_eq!((free.min, Some(free.max)), (0, demand(2.0, 4.0).pods(WANT)), "as many as keep pace");
    }

    #[test]
    fn the_bound_in_the_way_is_named() {
        let bounds = |min, max| Bounds { min, max };
        for (bounds, world, message) in [
            (
                bounds(None, Some(5)),
                world(9, 0, 5),
                "max-replica-count = 5 is in the way: to keep pace at the peak takes 8 items in work at once",
            ),
            (
                bounds(None, Some(10)),
                world(12, 0, 5),
                "even with 10 pods there all the time it is not met; with 12 pods it is met",
            ),
            (
                bounds(Some(0), None),
                world(9, 3, 5),
                "min-replica-count = 0 is in the way: until more pods are there, up to 32s pass; with min-replica-count = 3",
            ),
        ] {
            let refusal = propose(WANT, &demand(2.0, 4.0), bounds, world).unwrap_err().to_string();
            assert!(refusal.contains(message), "{refusal}");
        }
    }
}

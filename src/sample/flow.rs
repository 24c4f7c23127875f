//! Rates of a list: its growth, and what enters and leaves it.

use std::time::Duration;

use super::trend::Trend;
use crate::delivery::snapshot::{ClaimState, Snapshot};

/// Recent observations of a list, and the rates that follow from them.
///
/// Arrivals and departures are known where consumers claim items: every item is in a key that Redis counts, or in a counter.
#[derive(Debug)]
pub struct Flow {
    net: Trend,
    arrivals: Counting,
    departures: Counting,
}

/// Rates of a list in items per second; `None` until they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    /// Growth of the backlog.
    pub net: Option<f64>,
    /// Items pushed, by any client.
    pub arrivals: Option<f64>,
    /// Items acknowledged or dead-lettered.
    pub departures: Option<f64>,
}

/// The rate of a counter.
#[derive(Debug)]
struct Counting {
    trend: Trend,
    new: Trend,
    last: u64,
}

impl Flow {
    /// Creates the flow of a list that is observed once per `every`; rates are taken over as little as `short`.
    pub fn new(every: Duration, short: Duration) -> Self {
        let trend = || Trend::new(every).over(short);
        Self { net: trend(), arrivals: Counting::new(trend()), departures: Counting::new(trend()) }
    }

    /// Adds an observation made `at` (since any fixed moment, never decreasing), and returns the rates.
    pub fn observe(&mut self, at: Duration, snapshot: &Snapshot) -> Rates {
        let net = self.net.observe(at, snapshot.waiting);
        let Some(claims) = snapshot.claims.as_ref().filter(|claims| claims.any) else {
            return Rates { net, ..Rates::default() };
        };
        let ClaimState { in_flight, delayed, dead, counters, .. } = claims;
        let present = snapshot.waiting + in_flight + delayed + dead;
        Rates {
            net,
            arrivals: self.arrivals.observe(at, present + counters.acknowledged + counters.purged),
            departures: self.departures.observe(at, counters.acknowledged + counters.dead),
        }
    }
}

impl Counting {
    fn new(trend: Trend) -> Self {
        Self { new: trend.clone(), trend, last: 0 }
    }

    /// Adds a count; starts anew when it falls, as after the counters were deleted.
    fn observe(&mut self, at: Duration, count: u64) -> Option<f64> {
        if count < std::mem::replace(&mut self.last, count) {
            self.trend = self.new.clone();
        }
        self.trend.observe(at, count).map(|rate| rate.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::snapshot::Counters;

    fn snapshot(waiting: u64, in_flight: u64, acknowledged: u64) -> Snapshot {
        let counters = Counters { acknowledged, ..Counters::default() };
        Snapshot { waiting, claims: Some(ClaimState { any: true, in_flight, counters, ..ClaimState::default() }) }
    }

    #[test]
    fn rates_are_of_all_that_enters_and_leaves() {
        let mut flow = Flow::new(Duration::from_secs(1), Duration::from_secs(10));
        let mut rates = Rates::default();
        for second in 0..20 {
            // 30 items per second arrive, 20 are processed.
            rates = flow.observe(Duration::from_secs(second), &snapshot(second * 10, 5, second * 20));
        }
        let near = |rate: Option<f64>, expected: f64| (rate.unwrap() - expected).abs() < 0.01;
        assert!(near(rates.net, 10.0) && near(rates.arrivals, 30.0) && near(rates.departures, 20.0), "{rates:?}");
        let deleted = flow.observe(Duration::from_secs(20), &snapshot(200, 5, 0));
        assert_eq!((deleted.arrivals, deleted.departures), (None, None));
    }

    #[test]
    fn only_growth_is_known_without_claims() {
        let mut flow = Flow::new(Duration::from_secs(1), Duration::from_secs(10));
        let bare = |waiting| Snapshot { waiting, claims: None };
        flow.observe(Duration::ZERO, &bare(10));
        let rates = flow.observe(Duration::from_secs(1), &bare(30));
        assert_eq!(rates, Rates { net: Some(20.0), ..Rates::default() });
    }
}

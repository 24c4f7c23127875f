//! A load, pods that work it, and KEDA and the HPA that count them: what happens when, without waiting for it.

mod pod;
mod rule;
mod world;

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use self::world::World;
use crate::profile::scale::ScaleKind;
use crate::profile::{DEFAULT_DRAIN, Delivery, Profile};
use crate::scaler::{Counted, JobSettings, SYNC_PERIOD, Settings};
use crate::workload::{Arrival, Payload, Work};

/// What is simulated, with nothing left open.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What KEDA and the HPA go by.
    pub settings: Settings,
    /// What a ScaledJob reckons with; `None` for the pods of a Deployment.
    pub jobs: Option<JobSettings>,
    /// When items are pushed, the earliest first.
    pub arrivals: Vec<Arrival>,
    /// What the items hold; it matters where they say themselves how long they are worked.
    pub payload: Payload,
    /// How long items are worked.
    pub work: Work,
    /// Items that a pod works at a time.
    pub concurrency: u32,
    /// From a pod's creation to its first item.
    pub start_time: Duration,
    /// How long items in work may take after their pod was told to stop.
    pub grace: Duration,
    /// Whether what is cut goes back to the list, or is lost.
    pub gives_back: bool,
    /// When KEDA first polls.
    pub first_poll: Duration,
    /// When the HPA first syncs.
    pub first_sync: Duration,
    /// When it ends at the latest.
    pub horizon: Duration,
    /// Whether it ends as soon as all is worked and there are no more pods than the fewest.
    pub until_over: bool,
    /// What chance begins with.
    pub seed: u64,
}

impl Scenario {
    /// What `profile` says, with `arrivals` for its load. Where in their periods KEDA and the HPA begin is drawn.
    pub fn of(profile: &Profile, list: &str, arrivals: Vec<Arrival>, work: Work, seed: u64) -> Self {
        let settings = Settings::of(profile, list);
        // Of its own, so that the phases stay where they are when a load draws more.
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5ca1e);
        Self {
            jobs: (profile.scale.kind() == ScaleKind::ScaledJob).then(|| JobSettings::of(profile)),
            arrivals,
            payload: profile.produce.payload.clone().unwrap_or_else(Payload::usual),
            work,
            concurrency: profile.consume.concurrency.map_or(1, Into::into),
            start_time: Duration::from_secs(2),
            grace: profile.consume.drain.map_or(DEFAULT_DRAIN, |span| span.0),
            gives_back: profile.consume.delivery.unwrap_or_default() == Delivery::AtLeastOnce,
            first_poll: part(settings.polling, &mut rng),
            first_sync: part(SYNC_PERIOD, &mut rng),
            horizon: Duration::from_secs(3_600),
            until_over: true,
            seed,
            settings,
        }
    }

    /// Looks at the list alone, as a ScaledObject does that somebody wrote for a plain consumer.
    #[must_use]
    pub fn without_busy(mut self) -> Self {
        self.settings.triggers.retain(|trigger| trigger.counted == Counted::Waiting);
        self
    }

    /// Plays it through.
    ///
    /// # Errors
    ///
    /// Fails when an item does not say how long it is worked, and should.
    pub fn run(&self) -> Result<Run, String> {
        World::new(self).run()
    }
}

fn part(period: Duration, rng: &mut StdRng) -> Duration {
    let millis = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(rng.random_range(0..millis.max(1)))
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// One a second, from the begin on.
    pub points: Vec<Point>,
    /// What KEDA and the HPA did, and for how long they did nothing for the same reason; in order.
    pub said: Vec<Said>,
    /// All in all.
    pub summary: Summary,
}

/// One second.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Since the begin.
    pub at: Duration,
    /// Items that wait.
    pub backlog: u64,
    /// Items in work.
    pub in_work: u64,
    /// Pods there are to be; of a ScaledJob, Jobs that are not finished.
    pub desired: u32,
    /// Pods that are ready, and not told to stop.
    pub ready: u32,
    /// Pods that finish what they have.
    pub terminating: u32,
    /// Why there are to be so many.
    pub reason: String,
}

/// Who decides on the count of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// At its polls.
    Keda,
    /// At its syncs.
    Hpa,
}

/// A change of the count, or that there was none.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// When it was first said.
    pub at: Duration,
    /// When it was last said.
    pub until: Duration,
    /// Who says so.
    pub by: By,
    /// Pods before.
    pub from: u32,
    /// Pods after.
    pub to: u32,
    /// Why, at first.
    pub reason: String,
    /// By what it is told whether two are the same: the rule, without its numbers.
    pub rule: &'static str,
}

/// All in all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Items pushed.
    pub arrived: u64,
    /// Items worked.
    pub done: u64,
    /// Times that an item was cut, because its pod had to end.
    pub cut: u64,
    /// Items that wait or are in work at the end.
    pub left: u64,
    /// The longest the list was.
    pub peak_backlog: u64,
    /// The most pods there were to be.
    pub peak_pods: u32,
    /// Half of the items waited for no longer, from their push to the begin of their work.
    pub wait_p50: Duration,
    /// 95 of 100.
    pub wait_p95: Duration,
    /// 99 of 100.
    pub wait_p99: Duration,
    /// When the last item was worked, where none is left.
    pub empty_at: Option<Duration>,
    /// Pods times seconds, from creation to end.
    pub pod_seconds: f64,
    /// Those of them in which a pod had nothing in work.
    pub idle_pod_seconds: f64,
    /// How often the count changed.
    pub changes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Load;

    fn scenario(profile: &str) -> Scenario {
        let profile = Profile::parse("q.toml", profile).unwrap();
        let arrivals = Load::of(&profile.produce).arrivals(1).unwrap().collect();
        Scenario::of(&profile, "work", arrivals, profile.consume.work.clone().unwrap(), 1)
    }

    #[test]
    fn no_item_is_lost_or_made_up() {
        for protected in [true, false] {
            let mut scenario = scenario(
                "[produce]\npattern = \"1m@3, 1m@0, burst 20\"\n[consume]\nwork = \"4s..20s\"\n[scale]\ncooldown-period = \"5s\"\npolling-interval = \"1s\"\n",
            );
            if !protected {
                scenario = scenario.without_busy();
                scenario.grace = Duration::ZERO;
            }
            let Summary { arrived, done, cut, left, .. } = scenario.run().unwrap().summary;
            assert_eq!((arrived, done + left), (200, 200));
            assert_eq!(cut > 0, !protected, "{cut} cut");
        }
    }

    #[test]
    fn pods_that_are_always_there_wait_as_erlang_says() {
        // M/M/3 at 2 erlangs: P(wait) = 4/9, mean wait 4/9 of a service, the median none.
        let text = "[produce]\npattern = \"40m@poisson(2)\"\n[consume]\nwork = \"exp(1s)\"\n[scale]\nmin-replica-count = 3\nmax-replica-count = 3\n";
        let summary = scenario(text).run().unwrap().summary;
        assert_eq!(summary.wait_p50, Duration::ZERO);
        // P(wait > t) = 4/9 e^-t: 5 of 100 wait for longer than 2.18 s.
        let p95 = summary.wait_p95.as_secs_f64();
        assert!((p95 - 2.18).abs() < 0.5, "{p95}");
    }

    #[test]
    fn what_it_costs_is_all_pods_from_beginning_to_end() {
        let text = "[produce]\npattern = \"burst 4\"\n[consume]\nwork = \"10s\"\n[scale]\nmin-replica-count = 2\nmax-replica-count = 2\n";
        let mut scenario = scenario(text);
        (scenario.until_over, scenario.horizon) = (false, Duration::from_secs(60));
        let summary = scenario.run().unwrap().summary;
        assert!(
            (summary.pod_seconds - 120.0).abs() < 1e-6 && (summary.idle_pod_seconds - 80.0).abs() < 1e-6,
            "{summary:?}"
        );
        assert_eq!(summary.empty_at, Some(Duration::from_secs(20)));
    }
}

//! The latest decisions of KEDA and the HPA: the one that explains the replicas, and the step that comes next.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::behavior::Direction;
use super::controller::Controller;
use super::reason::{Cooldown, Decision, Limit, Proposal, Reason};
use super::settings::Settings;
use crate::units::{HumanDuration, whole};

/// Latest decisions of both controllers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    keda: Option<Decided>,
    hpa: Option<Decided>,
}

/// A decision and its time.
#[derive(Debug, Clone, PartialEq)]
struct Decided {
    at: Duration,
    reason: Reason,
    replicas: u32,
    /// Fewest and most replicas of the HPA.
    bounds: (u32, u32),
}

/// Times of the polls and syncs to come.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// KEDA's next poll.
    pub next_poll: Duration,
    /// Time between two polls.
    pub poll_period: Duration,
    /// The HPA's next sync.
    pub next_sync: Duration,
    /// Time between two syncs.
    pub sync_period: Duration,
}

/// A step that is expected, if nothing else happens before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextStep {
    /// The step, as the end of a sentence.
    pub what: String,
    /// Time until then.
    pub seconds: f64,
}

impl Rhythm {
    /// Returns the rhythm with the first poll and the first sync that are later than `now`.
    #[must_use]
    pub fn after(self, now: Duration) -> Self {
        Self {
            next_poll: first_after(self.next_poll, self.poll_period, now),
            next_sync: first_after(self.next_sync, self.sync_period, now),
            ..self
        }
    }
}

impl Standing {
    /// Takes a decision that was made `at`, with these settings.
    pub fn decided(&mut self, at: Duration, by: Controller, decision: &Decision, settings: &Settings) {
        let Decision { replicas, reason } = decision.clone();
        let decided = Some(Decided { at, reason, replicas, bounds: (settings.min.max(1), settings.max) });
        match by {
            Controller::Keda => self.keda = decided,
            Controller::Hpa => self.hpa = decided,
        }
    }

    /// Returns the decision that explains the number of replicas.
    pub fn reason(&self) -> Option<(Controller, &Reason)> {
        let keda = self.keda.as_ref().map(|decided| (Controller::Keda, &decided.reason));
        let hpa = self.hpa.as_ref().map(|decided| (Controller::Hpa, &decided.reason));
        let (Some(poll), Some(sync)) = (&self.keda, &self.hpa) else { return keda.or(hpa) };
        let by_keda = match (&poll.reason, &sync.reason) {
            (_, sync) if sync.defers() => true,
            (poll, _) if poll.defers() => false,
            // The cooldown ends the last pods; what keeps more of them is the HPA's to say.
            (Reason::CoolingDown { .. }, sync) => sync.is_at_minimum(),
            _ => poll.at >= sync.at,
        };
        if by_keda { keda } else { hpa }
    }

    /// Returns the step that is expected next.
    pub fn next(&self, now: Duration, rhythm: &Rhythm) -> Option<NextStep> {
        let step = |what: String, at: Duration| NextStep { what, seconds: at.saturating_sub(now).as_secs_f64() };
        let (by, reason) = self.reason()?;
        let zero = self.keda.as_ref().and_then(|decided| decided.ends(rhythm));
        let held = self.hpa.as_ref().filter(|_| by == Controller::Hpa).and_then(|decided| decided.released(rhythm));
        match (zero, held) {
            (Some((what, at)), Some((_, other))) if at <= other => Some(step(what, at)),
            (Some((then, end)), Some((what, at))) => {
                let later = whole(end.saturating_sub(at).as_secs_f64().ceil());
                Some(step(format!("{what}; {} later {then}", HumanDuration(Duration::from_secs(later))), at))
            }
            (_, Some((what, at))) | (Some((what, at)), None) => Some(step(what, at)),
            (None, None) => match reason {
                Reason::Paused(_) => None,
                Reason::Activated { .. } | Reason::Proposed { .. } | Reason::Active(_) | Reason::AtMin { .. } => {
                    Some(step("the HPA computes again".to_owned(), rhythm.next_sync))
                }
                Reason::Inactive(_) | Reason::CooledDown { .. } | Reason::AtZero => {
                    Some(step("KEDA polls, and starts a pod if an item waits".to_owned(), rhythm.next_poll))
                }
                _ => Some(step("KEDA polls again".to_owned(), rhythm.next_poll)),
            },
        }
    }
}

impl Decided {
    /// Returns the end of a cooldown, and what KEDA does then.
    fn ends(&self, rhythm: &Rhythm) -> Option<(String, Duration)> {
        let Reason::CoolingDown { cooldown: Cooldown { replicas, .. }, remaining, .. } = self.reason else {
            return None;
        };
        let what = match replicas {
            0 => "KEDA scales to zero if no item arrives".to_owned(),
            idle => format!("KEDA scales to idleReplicaCount {idle} if no item arrives"),
        };
        Some((what, first_after(rhythm.next_poll, rhythm.poll_period, self.at + remaining)))
    }

    /// Returns the end of what holds the HPA's proposal, and what the HPA does then.
    fn released(&self, rhythm: &Rhythm) -> Option<(String, Duration)> {
        let Reason::Proposed { proposal: Proposal { replicas: proposed, .. }, limit: Some(limit), .. } = &self.reason
        else {
            return None;
        };
        let (fewest, most) = self.bounds;
        let proposed = (*proposed).min(most).max(fewest);
        match limit {
            _ if proposed == self.replicas => None,
            Limit::StabilizationWindow { direction, remaining, .. } => {
                let way = if *direction == Direction::Up { "up" } else { "down" };
                let what = format!("the HPA goes {way} towards {proposed} if the backlog stays");
                Some((what, first_after(rhythm.next_sync, rhythm.sync_period, self.at + *remaining)))
            }
            Limit::Policy { .. } | Limit::ScaleUpFactor { .. } => {
                Some((format!("the HPA takes the next step towards {proposed}"), rhythm.next_sync))
            }
            _ => None,
        }
    }
}

impl Reason {
    /// Returns true if the other controller decides.
    fn defers(&self) -> bool {
        matches!(self, Self::Active(_) | Self::AtMin { .. } | Self::AtZero)
    }

    /// Returns true if the HPA would have fewer replicas than it may.
    fn is_at_minimum(&self) -> bool {
        matches!(self, Self::Proposed { limit: Some(Limit::LastPod | Limit::Min(_)), .. })
    }
}

/// Returns the first of the moments `next`, `next + period`, … that is later than `than`.
fn first_after(next: Duration, period: Duration, than: Duration) -> Duration {
    let behind = than.saturating_sub(next).as_nanos();
    if than < next {
        return next;
    }
    let periods = behind / period.as_nanos().max(1) + 1;
    next + period * u32::try_from(periods).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaler::{Count, Counted, Inactivity};

    const RHYTHM: Rhythm = Rhythm {
        next_poll: Duration::from_secs(120),
        poll_period: Duration::from_secs(30),
        next_sync: Duration::from_secs(105),
        sync_period: Duration::from_secs(15),
    };

    fn count(value: f64) -> Count {
        Count { counted: Some(Counted::Waiting), value, from_fallback: false, activation: 0.0 }
    }

    fn proposed(value: f64, limit: Option<Limit>) -> Reason {
        let proposal = Proposal {
            count: count(value),
            target: 50.0,
            per_pod: true,
            multiplied: None,
            replicas: 6,
            tolerated: None,
        };
        Reason::Proposed { proposal, from: 5, limit }
    }

    fn cooling(remaining: u64) -> Reason {
        let cooldown = Cooldown { period: Duration::from_secs(300), initial: false, replicas: 0 };
        Reason::CoolingDown { cooldown, remaining: Duration::from_secs(remaining), inactivity: Inactivity::NoItems }
    }

    fn window(remaining: u64) -> Limit {
        Limit::StabilizationWindow {
            direction: Direction::Down,
            replicas: 5,
            remaining: Duration::from_secs(remaining),
            window: Duration::from_secs(300),
        }
    }

    /// Takes a decision for 5 replicas, of at most `max`.
    fn decide(standing: &mut Standing, second: u64, by: Controller, reason: Reason, max: u32) {
        let settings = Settings { max, ..Settings::default() };
        standing.decided(Duration::from_secs(second), by, &Decision { replicas: 5, reason }, &settings);
    }

    /// Decisions of KEDA at 90 s and of the HPA at 95 s, and what is said at 100 s.
    fn at_100(keda: Reason, hpa: Reason, max: u32) -> (Controller, String, f64) {
        let mut standing = Standing::default();
        decide(&mut standing, 90, Controller::Keda, keda, max);
        decide(&mut standing, 95, Controller::Hpa, hpa, max);
        let next = standing.next(Duration::from_secs(100), &RHYTHM).unwrap();
        (standing.reason().unwrap().0, next.what, next.seconds)
    }

    #[test]
    fn deciding_controller_is_named_with_the_next_step() {
        let down = "the HPA goes down towards 6 if the backlog stays";
        let zero = "KEDA scales to zero if no item arrives";
        let both = "the HPA goes down towards 6 if the backlog stays; 45s later KEDA scales to zero if no item arrives";
        let again = "the HPA computes again";
        for (keda, hpa, expected) in [
            (Reason::Active(count(9.0)), proposed(9.0, Some(Limit::Max(5))), (Controller::Hpa, again, 5.0)),
            (Reason::Active(count(9.0)), proposed(9.0, Some(window(200))), (Controller::Hpa, down, 200.0)),
            // Until the first sync after the end of the window, and the first poll after the cooldown.
            (cooling(250), proposed(0.0, Some(window(205))), (Controller::Hpa, both, 215.0)),
            (cooling(100), proposed(0.0, Some(window(205))), (Controller::Hpa, zero, 110.0)),
            (cooling(250), proposed(0.0, Some(Limit::LastPod)), (Controller::Keda, zero, 260.0)),
            (Reason::Activated { count: count(9.0), replicas: 1 }, Reason::AtZero, (Controller::Keda, again, 5.0)),
            (
                Reason::Inactive(Inactivity::NoItems),
                Reason::AtZero,
                (Controller::Keda, "KEDA polls, and starts a pod if an item waits", 20.0),
            ),
        ] {
            let (by, what, seconds) = at_100(keda, hpa, 100);
            assert_eq!((by, what.as_str(), seconds), expected);
        }
    }

    #[test]
    fn next_step_stays_within_the_bounds_of_the_hpa() {
        let policy = crate::scaler::ScalingPolicy::new(crate::scaler::PolicyKind::Pods, 4, 15);
        let limited = || proposed(300.0, Some(Limit::Policy { direction: Direction::Up, policy }));
        let what = |max| at_100(Reason::Active(count(300.0)), limited(), max).1;
        assert_eq!(what(100), "the HPA takes the next step towards 6");
        assert_eq!(what(5), "the HPA computes again");
    }

    #[test]
    fn newer_decision_explains_the_replicas() {
        let mut standing = Standing::default();
        assert_eq!(standing.reason(), None);
        decide(&mut standing, 1, Controller::Hpa, proposed(9.0, None), 100);
        decide(&mut standing, 2, Controller::Keda, Reason::Inactive(Inactivity::NoItems), 100);
        assert_eq!(standing.reason().unwrap().0, Controller::Keda);
        decide(&mut standing, 3, Controller::Hpa, proposed(9.0, None), 100);
        assert_eq!(standing.reason().unwrap().0, Controller::Hpa);
    }
}

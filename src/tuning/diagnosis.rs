//! Diagnosis of a target that no settings meet: what is in the way, checked by leaving it out.

use super::candidate::{Bounds, Candidate};
use super::refusal::{Obstacle, Refusal};
use super::search::{Search, smallest};
use crate::units::{saturating_u32, whole};

/// Largest concurrency that is tried.
const MAX_CONCURRENCY: u32 = 64;

impl<C: FnMut(&Candidate) -> Option<f64>> Search<'_, C> {
    /// Returns what prevents the target, each checked by leaving it out.
    pub(super) fn refusal(&mut self, bounds: Bounds) -> Refusal {
        let free =
            Bounds { min: None, max: None, idle: false, activation: false, cached: false, tolerance: false, ..bounds };
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
            bounds
                .tolerance
                .then(|| self.obstacle(Bounds { tolerance: false, ..bounds }, Obstacle::Tolerance))
                .flatten(),
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
            |relaxed: Bounds, bounds: Bounds| Bounds { tolerance: bounds.tolerance, ..relaxed },
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
            (bounds.tolerance && !relaxed.tolerance).then_some(Obstacle::Tolerance),
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

//! The HPA that KEDA creates: from one replica to the maximum, every fifteen seconds.

use std::cmp::Ordering;
use std::time::Duration;

use super::behavior::{Behavior, Direction, PolicyKind, Rules, SelectPolicy};
use super::defaults::{DOWNSCALE_STABILIZATION, TOLERANCE};
use super::metrics::{Counts, Metric};
use super::observation::Scale;
use super::reason::{Decision, Limit, Proposal, Reason, Tolerated};
use super::settings::Settings;
use super::trigger::MetricType;
use crate::units::{saturating_u32, signed_float, signed_whole};

/// State between two syncs; lost when the HPA is created anew or the controller restarts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Hpa {
    /// Recommended replicas, with their times.
    recommendations: Vec<(Duration, u32)>,
    /// Added replicas, with their times.
    added: Vec<(Duration, u32)>,
    /// Removed replicas, with their times.
    removed: Vec<(Duration, u32)>,
}

impl Hpa {
    /// Runs one sync: `horizontal.go::reconcileAutoscaler`. The metrics are read only within the bounds.
    pub(super) fn sync(
        &mut self,
        settings: &Settings,
        scale: Scale,
        read: impl FnOnce() -> Counts,
        now: Duration,
    ) -> Decision {
        if self.recommendations.is_empty() {
            // `recordInitialRecommendation`: the replicas found count as a recommendation.
            self.recommendations.push((now, scale.spec));
        }
        let least = settings.min.max(1);
        if scale.spec == 0 {
            return Decision { replicas: 0, reason: Reason::AtZero };
        }
        if scale.spec > settings.max {
            return self.decide(settings, scale, settings.max, Reason::AboveMax(settings.max), now);
        }
        if scale.spec < least {
            return self.decide(settings, scale, least, Reason::BelowMin(least), now);
        }
        let Some(proposal) = proposal(settings, scale, &read()) else {
            return Decision { replicas: scale.spec, reason: Reason::Unreadable };
        };
        let (replicas, limit) = match &settings.behavior {
            None => self.without_behavior(settings, scale.spec, proposal.replicas, now),
            Some(behavior) => self.with_behavior(settings, behavior, scale.spec, proposal.replicas, now),
        };
        // Two limits may cancel out.
        let limit = limit.filter(|_| replicas != proposal.replicas);
        self.decide(settings, scale, replicas, Reason::Proposed { proposal, from: scale.spec, limit }, now)
    }

    /// Records the change for the policies: `horizontal.go::storeScaleEvent`.
    ///
    /// A change overwrites one that is older than all periods of its own direction. The policies of the other direction,
    /// whose periods may be longer, no longer count that one.
    fn decide(&mut self, settings: &Settings, scale: Scale, replicas: u32, reason: Reason, now: Duration) -> Decision {
        if let Some(behavior) = settings.behavior.as_ref().filter(|_| replicas != scale.spec) {
            let (steps, rules) = if replicas > scale.spec {
                (&mut self.added, &behavior.up)
            } else {
                (&mut self.removed, &behavior.down)
            };
            let longest = rules.policies.iter().map(|policy| policy.period).max().unwrap_or_default();
            let step = (now, replicas.abs_diff(scale.spec));
            match steps.iter().rposition(|(at, _)| now.saturating_sub(*at) > longest) {
                Some(outdated) => steps[outdated] = step,
                None => steps.push(step),
            }
        }
        Decision { replicas, reason }
    }

    /// `horizontal.go::normalizeDesiredReplicas`: the largest recommendation of five minutes, also when scaling up, and in one
    /// sync at most twice the replicas, or four.
    fn without_behavior(
        &mut self,
        settings: &Settings,
        spec: u32,
        proposed: u32,
        now: Duration,
    ) -> (u32, Option<Limit>) {
        self.recommendations.retain(|(at, _)| now.saturating_sub(*at) <= DOWNSCALE_STABILIZATION);
        let held = self.recommendations.iter().map(|(_, pods)| *pods).max().filter(|pods| *pods > proposed);
        self.recommendations.push((now, proposed));
        let stabilized = held.unwrap_or(proposed);
        let step = spec.saturating_mul(2).max(4);
        let least = settings.min.max(1);
        let replicas = stabilized.min(step).min(settings.max).max(least);
        let limit = match held {
            _ if proposed < least && replicas == least => floor(settings),
            Some(_) if proposed < replicas => self.hold(Direction::Down, DOWNSCALE_STABILIZATION, replicas, now),
            _ if replicas == settings.max => Limit::Max(settings.max),
            _ if replicas == step => Limit::ScaleUpFactor { max: step },
            _ => floor(settings),
        };
        (replicas, (replicas != proposed).then_some(limit))
    }

    /// Returns the window's limit: `replicas`, until the last recommendation of as many leaves it.
    fn hold(&self, direction: Direction, window: Duration, replicas: u32, now: Duration) -> Limit {
        let holds = |count: u32| match direction {
            Direction::Down => count >= replicas,
            Direction::Up => count <= replicas,
        };
        let last = self.recommendations.iter().filter(|(_, count)| holds(*count)).map(|(at, _)| *at).max();
        let remaining = last.map_or(Duration::ZERO, |at| (at + window).saturating_sub(now));
        Limit::StabilizationWindow { direction, replicas, remaining, window }
    }

    /// `horizontal.go::stabilizeRecommendationWithBehaviors` and `convertDesiredReplicasWithBehaviorRate`.
    fn with_behavior(
        &mut self,
        settings: &Settings,
        behavior: &Behavior,
        spec: u32,
        proposed: u32,
        now: Duration,
    ) -> (u32, Option<Limit>) {
        let Behavior { up, down } = behavior;
        let longest = up.stabilization_window.max(down.stabilization_window);
        self.recommendations.retain(|(at, _)| now.saturating_sub(*at) < longest);
        let within = |window: Duration| {
            self.recommendations.iter().copied().filter(move |(at, _)| now.saturating_sub(*at) < window)
        };
        let lowest = within(up.stabilization_window).map(|(_, pods)| pods).min().filter(|pods| *pods < proposed);
        let highest = within(down.stabilization_window).map(|(_, pods)| pods).max().filter(|pods| *pods > proposed);
        self.recommendations.push((now, proposed));
        let (up_to, down_to) = (lowest.unwrap_or(proposed), highest.unwrap_or(proposed));
        let stabilized = if spec < up_to {
            up_to
        } else if spec > down_to {
            down_to
        } else {
            spec
        };
        // Both limits are about the current replicas.
        let held_up = lowest.map(|pods| self.hold(Direction::Up, up.stabilization_window, pods.max(spec), now));
        let held_down = highest.map(|pods| self.hold(Direction::Down, down.stabilization_window, pods.min(spec), now));
        if stabilized > spec {
            let mut limit = held_up;
            let (most, policy) = self.most(settings, up, spec, now);
            let mut replicas = stabilized;
            if replicas > most {
                (replicas, limit) = (most, policy);
            }
            if replicas > settings.max {
                (replicas, limit) = (settings.max, Some(Limit::Max(settings.max)));
            }
            return (replicas, limit);
        }
        if stabilized < spec {
            let mut limit = held_down;
            let (fewest, policy) = self.fewest(settings, down, spec, now);
            let mut replicas = stabilized;
            if replicas < fewest {
                (replicas, limit) = (fewest, policy);
            }
            let least = settings.min.max(1);
            if replicas < least || proposed < least && replicas == least {
                (replicas, limit) = (least, Some(floor(settings)));
            }
            return (replicas, limit);
        }
        let limit = match proposed.cmp(&spec) {
            Ordering::Greater if spec >= settings.max => Some(Limit::Max(settings.max)),
            Ordering::Greater => held_up,
            Ordering::Less if spec <= settings.min.max(1) => Some(floor(settings)),
            Ordering::Less => held_down,
            Ordering::Equal => None,
        };
        (spec, limit)
    }
}

impl Hpa {
    /// Returns the most replicas that the policies allow now, and the policy that does:
    /// `horizontal.go::calculateScaleUpLimitWithScalingRules`.
    fn most(&self, settings: &Settings, rules: &Rules, spec: u32, now: Duration) -> (u32, Option<Limit>) {
        let limits = rules.policies.iter().map(|policy| {
            let start = self.start(spec, policy.period, now);
            let most = match policy.kind {
                PolicyKind::Pods => start.saturating_add(i64::from(policy.value)),
                // In floating point, as the HPA does it: 10 % more than 100 pods are 111, as 100 × 1.1 is a little over 110.
                PolicyKind::Percent => {
                    signed_whole((signed_float(start) * (1.0 + f64::from(policy.value) / 100.0)).ceil())
                }
            };
            (most, *policy)
        });
        let chosen = match rules.select_policy {
            _ if settings.pause.scale_out => return (spec, Some(Limit::Disabled(Direction::Up))),
            SelectPolicy::Max => limits.max_by_key(|(most, _)| *most),
            SelectPolicy::Min => limits.min_by_key(|(most, _)| *most),
            SelectPolicy::Disabled => return (spec, Some(Limit::Disabled(Direction::Up))),
        };
        let Some((most, policy)) = chosen else { return (spec, Some(Limit::Disabled(Direction::Up))) };
        (saturating_u32(most).max(spec), Some(Limit::Policy { direction: Direction::Up, policy }))
    }

    /// Returns the fewest replicas that the policies allow now, and the policy that does:
    /// `horizontal.go::calculateScaleDownLimitWithBehaviors`.
    fn fewest(&self, settings: &Settings, rules: &Rules, spec: u32, now: Duration) -> (u32, Option<Limit>) {
        let limits = rules.policies.iter().map(|policy| {
            let start = self.start(spec, policy.period, now);
            let fewest = match policy.kind {
                PolicyKind::Pods => start - i64::from(policy.value),
                PolicyKind::Percent => signed_whole(signed_float(start) * (1.0 - f64::from(policy.value) / 100.0)),
            };
            (fewest, *policy)
        });
        let chosen = match rules.select_policy {
            _ if settings.pause.scale_in => return (spec, Some(Limit::Disabled(Direction::Down))),
            SelectPolicy::Max => limits.min_by_key(|(fewest, _)| *fewest),
            SelectPolicy::Min => limits.max_by_key(|(fewest, _)| *fewest),
            SelectPolicy::Disabled => return (spec, Some(Limit::Disabled(Direction::Down))),
        };
        let Some((fewest, policy)) = chosen else { return (spec, Some(Limit::Disabled(Direction::Down))) };
        (saturating_u32(fewest).min(spec), Some(Limit::Policy { direction: Direction::Down, policy }))
    }
}

impl Hpa {
    /// Returns the replicas at the start of `period`: `getReplicasChangePerPeriod`.
    fn start(&self, spec: u32, period: Duration, now: Duration) -> i64 {
        let sum = |steps: &[(Duration, u32)]| -> i64 {
            steps.iter().filter(|(at, _)| now.saturating_sub(*at) < period).map(|(_, pods)| i64::from(*pods)).sum()
        };
        i64::from(spec) - sum(&self.added) + sum(&self.removed)
    }
}

/// Returns the limit that keeps the HPA from scaling down further.
fn floor(settings: &Settings) -> Limit {
    if settings.min == 0 { Limit::LastPod } else { Limit::Min(settings.min) }
}

/// Returns the largest proposal; `None` if the metrics allow none: `horizontal.go::computeReplicasForMetrics`.
fn proposal(settings: &Settings, scale: Scale, counts: &Counts) -> Option<Proposal> {
    let proposals = counts.metrics.iter().filter_map(|metric| proposed(settings, scale, metric));
    // The first of equal proposals: that of the list itself.
    let most = proposals.reduce(|most, next| if next.replicas > most.replicas { next } else { most })?;
    let failed = counts.metrics.iter().any(|metric| metric.value.is_none());
    (!failed || most.replicas >= scale.spec).then_some(most)
}

/// Returns the proposal of a metric, in thousandths: `replica_calculator.go::GetExternalPerPodMetricReplicas` for a value per
/// pod, `GetExternalMetricReplicas` for the value itself.
fn proposed(settings: &Settings, scale: Scale, metric: &Metric) -> Option<Proposal> {
    let (target, count) = (metric.target, metric.count()?);
    let value = count.value;
    // A negative formula value counts as the largest there is.
    let usage = if value < 0.0 { f64::MAX } else { (value * 1e3).trunc() };
    let target_usage = (target * 1e3).trunc();
    let (ratio, multiplied) = match metric.target_type {
        MetricType::AverageValue => (usage / (target_usage * f64::from(scale.status)), None),
        MetricType::Value => (usage / target_usage, Some(scale.ready).filter(|_| scale.status > 0)),
    };
    let (below, above) = (tolerance(settings, Direction::Down), tolerance(settings, Direction::Up));
    let tolerance = if ratio < 1.0 { below } else { above };
    let tolerable = metric.target_type == MetricType::AverageValue || multiplied.is_some();
    let within = tolerable && (1.0 - below..=1.0 + above).contains(&ratio);
    let tolerated = within.then_some(Tolerated { ratio, tolerance });
    let exact = match multiplied {
        Some(ready) => ratio * f64::from(ready),
        None => usage / target_usage,
    };
    let replicas = if tolerated.is_some() { scale.status } else { saturating_u32(signed_whole(exact.ceil())) };
    let per_pod = metric.target_type == MetricType::AverageValue;
    Some(Proposal { count, target, per_pod, multiplied, replicas, tolerated })
}

/// Returns the tolerance: that of `behavior`, or the controller's.
fn tolerance(settings: &Settings, direction: Direction) -> f64 {
    let rules = settings.behavior.as_ref().map(|behavior| match direction {
        Direction::Up => &behavior.up,
        Direction::Down => &behavior.down,
    });
    rules.and_then(|rules| rules.tolerance).unwrap_or(TOLERANCE)
}

//! ScaledJobs: the number of Jobs that KEDA creates at a poll.

use super::count::{Count, Inactivity};
use super::job_reason::{Created, JobReason, JobSum, StrategyRule};
use super::observation::Unfinished;
use super::settings::Settings;
use super::strategy::{Calculation, Strategy};
use super::trigger::{Counted, Trigger};
use crate::units::{float, saturating_u32, signed_whole, whole};

/// Settings that only a ScaledJob has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobSettings {
    /// `scalingStrategy.strategy`.
    pub strategy: Strategy,
    /// `multipleScalersCalculation`.
    pub calculation: Calculation,
    /// `customScalingQueueLengthDeduction`.
    pub deduction: u32,
    /// `customScalingRunningJobPercentage`, from 0 to 1.
    pub running_part: f64,
}

/// Demand of triggers, in items and in Jobs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct JobDemand {
    queue: f64,
    jobs: f64,
}

impl JobSettings {
    /// Runs one poll: `scale_jobs.go::RequestJobScale`, with the demand of `scaledjob/metrics.go`.
    ///
    /// A trigger that cannot be read is left out.
    pub fn poll(&self, settings: &Settings, values: &[Option<f64>], unfinished: Unfinished) -> Created {
        let (jobs, reason) = self.decide(settings, values, unfinished);
        let triggers = settings.triggers.iter().zip(values);
        let waiting = triggers
            .filter(|(trigger, _)| *trigger.counted.of_list().1 == Counted::Waiting)
            .filter_map(|(_, value)| *value);
        Created { jobs: saturating_u32(jobs), unfinished, waiting: whole(waiting.sum()), reason }
    }

    fn decide(&self, settings: &Settings, values: &[Option<f64>], unfinished: Unfinished) -> (i64, JobReason) {
        let min = settings.min.min(settings.max);
        if settings.pause.paused {
            return (0, JobReason::Paused);
        }
        let below = i64::from(min) - i64::from(unfinished.running);
        if below > 0 {
            return (below, JobReason::BelowMin(min));
        }
        let active: Vec<(&Trigger, f64)> = settings
            .triggers
            .iter()
            .zip(values)
            .filter_map(|(trigger, value)| Some((trigger, (*value)?)))
            .filter(|(trigger, value)| *value > trigger.activation)
            .collect();
        if active.is_empty() {
            let reason = match inactivity(settings, values) {
                None => JobReason::Unreadable,
                Some(inactivity) if min == 0 => JobReason::Inactive(inactivity),
                Some(inactivity) => JobReason::AtMin { min, inactivity },
            };
            return (0, reason);
        }
        self.active(settings, &active, unfinished)
    }

    /// Decides while a trigger is active, with at least the minimum of Jobs.
    fn active(&self, settings: &Settings, active: &[(&Trigger, f64)], unfinished: Unfinished) -> (i64, JobReason) {
        let min = settings.min.min(settings.max);
        let headroom = settings.max - min;
        let demand = self.demand(active, f64::from(headroom));
        let uncapped = self.demand(active, f64::INFINITY);
        let (wanted, queue) = (signed_whole(demand.jobs.ceil()), signed_whole(demand.queue.ceil()));
        let running = unfinished.running - min;
        let rule = self.rule(wanted, running, unfinished.pending, headroom);
        let effective = rule.jobs(wanted);
        // The eager strategy may start more Jobs than there are items.
        let most = if self.strategy == Strategy::Eager { i64::from(headroom) } else { queue };
        let sum = JobSum {
            counted: self
                .deciding(active)
                .iter()
                .map(|(trigger, value)| (trigger.counted.clone(), *value, trigger.target))
                .collect(),
            calculation: (active.len() > 1).then_some(self.calculation),
            uncapped: saturating_u32(signed_whole(uncapped.jobs.ceil())),
            wanted: saturating_u32(wanted),
            min,
            max: settings.max,
            strategy: self.strategy,
            rule,
            items: (effective > most).then(|| saturating_u32(most)),
        };
        (effective.clamp(0, most.max(0)), JobReason::Demand(sum))
    }

    /// Returns the rule that decides: `GetEffectiveMaxScale` of each strategy.
    fn rule(&self, wanted: i64, running: u32, pending: u32, headroom: u32) -> StrategyRule {
        let (all, waiting, most) = (i64::from(running), i64::from(pending), i64::from(headroom));
        match self.strategy {
            Strategy::Default => StrategyRule::LessRunning { running },
            Strategy::Custom => {
                let counted = saturating_u32(signed_whole((self.running_part * f64::from(running)).trunc()));
                let deduction = self.deduction;
                if wanted - i64::from(deduction) - i64::from(counted) > most {
                    return StrategyRule::Most { headroom };
                }
                StrategyRule::LessPart { deduction, counted, running }
            }
            Strategy::Accurate if wanted + all - waiting > most => {
                StrategyRule::Room { headroom, running, pending: None }
            }
            Strategy::Accurate => StrategyRule::LessPending { pending },
            Strategy::Eager if most - all - waiting < wanted => {
                StrategyRule::Room { headroom, running, pending: Some(pending) }
            }
            Strategy::Eager => StrategyRule::All,
        }
    }

    /// Returns the triggers that decide; the first of equal ones.
    fn deciding<'a>(&self, active: &'a [(&'a Trigger, f64)]) -> Vec<&'a (&'a Trigger, f64)> {
        let by_value = |one: &&(&Trigger, f64), other: &&(&Trigger, f64)| one.1.total_cmp(&other.1);
        match self.calculation {
            Calculation::Max => active.iter().rev().max_by(by_value).into_iter().collect(),
            Calculation::Min => active.iter().min_by(by_value).into_iter().collect(),
            Calculation::Sum | Calculation::Avg => active.iter().collect(),
        }
    }

    fn demand(&self, active: &[(&Trigger, f64)], headroom: f64) -> JobDemand {
        let mut demands = active
            .iter()
            .map(|(trigger, value)| JobDemand { queue: *value, jobs: (*value / trigger.target).min(headroom) });
        let sum = |demands: &mut dyn Iterator<Item = JobDemand>| {
            demands.fold(JobDemand { queue: 0.0, jobs: 0.0 }, |sum, next| JobDemand {
                queue: sum.queue + next.queue,
                jobs: sum.jobs + next.jobs,
            })
        };
        let by_queue = |a: &JobDemand, b: &JobDemand| a.queue.total_cmp(&b.queue);
        match self.calculation {
            // Of equal queues the first decides, and its listLength.
            Calculation::Max => demands.rev().max_by(by_queue),
            Calculation::Min => demands.min_by(by_queue),
            Calculation::Sum => {
                let JobDemand { queue, jobs } = sum(&mut demands);
                Some(JobDemand { queue, jobs: jobs.min(headroom) })
            }
            Calculation::Avg => {
                let JobDemand { queue, jobs } = sum(&mut demands);
                let triggers = float(u64::try_from(active.len().max(1)).unwrap_or(u64::MAX));
                Some(JobDemand { queue: queue / triggers, jobs: jobs / triggers })
            }
        }
        .unwrap_or(JobDemand { queue: 0.0, jobs: 0.0 })
    }
}

/// Returns the cause of the inactivity; `None` if a trigger cannot be read.
fn inactivity(settings: &Settings, values: &[Option<f64>]) -> Option<Inactivity> {
    let mut read = settings.triggers.iter().zip(values);
    let something = read.find_map(|(trigger, value)| Some((trigger, value.filter(|value| *value > 0.0)?)));
    match something {
        None if values.iter().any(Option::is_none) => None,
        None => Some(Inactivity::NoItems),
        Some((trigger, value)) => Some(Inactivity::BelowActivation(Count {
            counted: Some(trigger.counted.clone()),
            value,
            from_fallback: false,
            activation: trigger.activation,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaler::{MetricType, Pause, TRIGGERS};

    /// Settings with these triggers, each a `listLength`.
    fn settings(targets: &[u64], max: u32) -> Settings {
        let counted = [Counted::Waiting, Counted::Busy, Counted::Delayed, Counted::Landing];
        let trigger = |(counted, target): (Counted, &u64)| Trigger {
            key: counted.name().to_owned(),
            counted,
            target: float(*target),
            activation: 0.0,
            metric_type: MetricType::AverageValue,
        };
        assert!(targets.len() <= TRIGGERS.len());
        Settings { max, triggers: counted.into_iter().zip(targets).map(trigger).collect(), ..Settings::default() }
    }

    fn jobs(strategy: Strategy) -> JobSettings {
        JobSettings { strategy, calculation: Calculation::Sum, deduction: 0, running_part: 0.0 }
    }

    /// The vectors of KEDA's own `scale_jobs_test.go`, and what follows from its rules.
    #[test]
    fn strategies_create_as_many_jobs_as_keda() {
        let custom = JobSettings { deduction: 1, running_part: 0.5, ..jobs(Strategy::Custom) };
        for (jobs, waiting, running, pending, max, expected) in [
            (jobs(Strategy::Default), 3, 2, 0, 10, 1),
            (jobs(Strategy::Accurate), 5, 4, 2, 5, 1),
            (jobs(Strategy::Accurate), 20, 15, 10, 20, 5),
            (jobs(Strategy::Eager), 4, 7, 0, 10, 3),
            (custom, 3, 2, 0, 10, 1),
            (jobs(Strategy::Default), 3, 3, 0, 10, 0),
            (jobs(Strategy::Accurate), 3, 3, 0, 10, 3),
            (jobs(Strategy::Default), 0, 0, 0, 10, 0),
            (jobs(Strategy::Default), 1_000, 0, 0, 10, 10),
        ] {
            let created = jobs.poll(&settings(&[1], max), &[Some(f64::from(waiting))], Unfinished { running, pending });
            assert_eq!(created.jobs, expected, "{jobs:?}: {waiting} waiting, {running} running, {pending} pending");
        }
    }

    #[test]
    fn minimum_activation_and_pause_come_before_the_strategy() {
        let jobs = jobs(Strategy::Default);
        let min = Settings { min: 2, ..settings(&[1], 10) };
        assert_eq!(jobs.poll(&min, &[Some(0.0)], Unfinished::default()).jobs, 2);
        let mut activation = settings(&[1], 10);
        activation.triggers[0].activation = 5.0;
        assert_eq!(jobs.poll(&activation, &[Some(5.0)], Unfinished::default()).jobs, 0);
        let paused = Settings { pause: Pause { paused: true, ..Pause::default() }, ..min };
        assert_eq!(jobs.poll(&paused, &[Some(5.0)], Unfinished::default()).jobs, 0);
    }

    #[test]
    fn first_of_equal_queues_decides() {
        let jobs = JobSettings { calculation: Calculation::Max, ..jobs(Strategy::Default) };
        let created = jobs.poll(&settings(&[5, 1], 10), &[Some(5.0), Some(5.0)], Unfinished::default());
        assert_eq!(created.to_string(), "max: 5 waiting ÷ 5 per Job = 1 Job; strategy default: 1 − 0 running = 1");
    }

    #[test]
    fn job_reason_names_what_decides() {
        let custom = JobSettings { deduction: 1, running_part: 0.5, ..jobs(Strategy::Custom) };
        let bounds = |min, max| Settings { min, ..settings(&[1], max) };
        for (jobs, settings, waiting, (running, pending), created, reason) in [
            (
                jobs(Strategy::Default),
                bounds(0, 10),
                3,
                (3, 0),
                0,
                "3 waiting ÷ 1 per Job = 3 Jobs; strategy default: 3 − 3 running = 0",
            ),
            (
                jobs(Strategy::Default),
                bounds(0, 10),
                3,
                (6, 0),
                0,
                "3 waiting ÷ 1 per Job = 3 Jobs; strategy default: 3 − 6 running is below 0",
            ),
            (
                jobs(Strategy::Default),
                bounds(0, 6),
                100,
                (2, 0),
                4,
                "100 waiting ÷ 1 per Job = 100 Jobs, capped at maxReplicaCount 6; strategy default: 6 − 2 running = 4",
            ),
            (
                jobs(Strategy::Accurate),
                bounds(0, 48),
                5,
                (5, 2),
                3,
                "5 waiting ÷ 1 per Job = 5 Jobs; strategy accurate: 5 − 2 pending = 3",
            ),
            (
                jobs(Strategy::Accurate),
                bounds(0, 6),
                5,
                (4, 0),
                2,
                "5 waiting ÷ 1 per Job = 5 Jobs; strategy accurate: room for 6 (maxReplicaCount) − 4 running = 2",
            ),
            (
                jobs(Strategy::Eager),
                bounds(0, 10),
                4,
                (7, 1),
                2,
                "4 waiting ÷ 1 per Job = 4 Jobs; \
                 strategy eager: room for 10 (maxReplicaCount) − 7 running − 1 pending = 2",
            ),
            (jobs(Strategy::Eager), bounds(0, 10), 4, (0, 0), 4, "4 waiting ÷ 1 per Job = 4 Jobs; strategy eager: 4"),
            (
                custom,
                bounds(0, 10),
                5,
                (3, 0),
                3,
                "5 waiting ÷ 1 per Job = 5 Jobs; strategy custom: 5 − 1 deducted − 1 of 3 running = 3",
            ),
            (
                jobs(Strategy::Default),
                bounds(2, 4),
                9,
                (3, 0),
                1,
                "9 waiting ÷ 1 per Job = 9 Jobs, capped at 2 (maxReplicaCount 4 − minReplicaCount 2); \
                 strategy default: 2 − 1 running above minReplicaCount 2 = 1",
            ),
            (jobs(Strategy::Default), bounds(2, 4), 9, (0, 0), 2, "0 running, below minReplicaCount 2"),
            (jobs(Strategy::Default), bounds(2, 4), 0, (2, 0), 0, "inactive: minReplicaCount 2 stays"),
            (jobs(Strategy::Default), bounds(0, 4), 0, (2, 0), 0, "inactive: no active trigger"),
        ] {
            let poll = jobs.poll(&settings, &[Some(f64::from(waiting))], Unfinished { running, pending });
            assert_eq!((poll.jobs, poll.to_string()), (created, reason.to_owned()));
        }
    }

    #[test]
    fn job_reason_names_the_activation_value() {
        let mut settings = settings(&[1], 10);
        settings.triggers[0].activation = 15.0;
        let poll = |settings: &Settings, value| {
            jobs(Strategy::Default).poll(settings, &[value], Unfinished { running: 2, pending: 0 }).to_string()
        };
        assert_eq!(poll(&settings, Some(15.0)), "15 waiting, activationListLength 15: inactive");
        assert_eq!(poll(&settings, None), "a trigger cannot be read: no Jobs are created");
        let min = Settings { min: 2, ..settings };
        assert_eq!(poll(&min, Some(15.0)), "15 waiting, activationListLength 15: inactive; minReplicaCount 2 stays");
    }

    #[test]
    fn sum_names_every_count() {
        let values = [Some(7.0), Some(13.0), Some(0.0), None];
        let unfinished = Unfinished { running: 16, pending: 0 };
        let created = jobs(Strategy::Default).poll(&settings(&[1; 4], 100), &values, unfinished);
        let sum = "7 waiting ÷ 1 + 13 busy ÷ 1 per Job = 20 Jobs; strategy default: 20 − 16 running = 4";
        assert_eq!(created.to_string(), sum);
    }
}
